//! Reads the file of modules that the configuration names; its mistakes are told with those of the
//! configuration itself.

use std::path::Path;

use serde_json::Value;

use super::Modules;
use crate::config::check::Check;
use crate::config::mistake::{ConfigError, quote};
use crate::config::{LoadError, checked, masking, read, rules, schema, settings};

/// Where the configuration names the file.
const KEY: &str = "probe.modules_file";

/// The modules that `value` names, if it names any. A file that cannot be read is noted in `check`.
///
/// # Errors
/// Every mistake of the file at once.
pub(in crate::config) fn load(
    check: &mut Check<'_>,
    value: &Value,
) -> Result<Option<Modules>, ConfigError> {
    let named = value.pointer("/probe/modules_file").and_then(Value::as_str);
    let spot = check.places.get(KEY).cloned();
    let (Some(named), Some(spot)) = (named, spot) else {
        return Ok(None);
    };
    let Some(file) = check.file(KEY, &spot, named) else {
        return Ok(None);
    };
    match read(&file) {
        Ok(bytes) => parse(&file, &bytes).map(Some),
        Err(error) => {
            let why = match &error {
                LoadError::Unreadable { source, .. } => source.to_string(),
                _ => "there is no such file".to_owned(),
            };
            let shown = quote(&file.display().to_string());
            let found = format!("{shown}, which cannot be read ({why})");
            let expected = "a readable file of blackbox_exporter's modules".to_owned();
            check.fault(KEY, &spot, found, expected, None);
            Ok(None)
        }
    }
}

/// Reads the modules in `bytes`, which messages call `file` and whose folder is where relative paths
/// begin.
///
/// # Errors
/// Every mistake at once.
fn parse(file: &Path, bytes: &[u8]) -> Result<Modules, ConfigError> {
    let schema = schema::of_modules();
    let folder = file.parent().unwrap_or(Path::new(""));
    let (value, check) = checked((file, Some(folder)), bytes, &schema, |check, root| {
        let value = match root.is_null() {
            true => Value::Object(serde_json::Map::new()),
            false => check.value(root, "", &schema).unwrap_or_default(),
        };
        rules::modules::apply(check, &value);
        value
    })?;
    let shown = masking::without_secrets(&value, &schema, false);
    let shown = shown.get("modules").and_then(Value::as_object).cloned();
    let mut modules: Modules = settings(check, value, file)?;
    modules.definitions = shown.into_iter().flatten().collect();
    modules.settle(folder);
    Ok(modules)
}
