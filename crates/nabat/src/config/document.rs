//! Monitors that are written outside the configuration: in the body of a request, in files of their
//! own. They may name neither variables nor files of this machine.

use std::path::Path;
use std::sync::Arc;

use serde_json::Value;

use super::check::Check;
use super::mistake::ConfigError;
use super::monitor::Monitor;
use super::yaml::{Kind, Node};
use super::{checked, rules, schema, settings};

/// The key below which several monitors stand.
const SEVERAL: &str = "monitors";

/// A monitor that somebody wrote.
#[derive(Clone, Debug, PartialEq)]
pub struct Written {
    /// What it means.
    pub monitor: Arc<Monitor>,
    /// What was written, checked, as JSON.
    pub definition: String,
}

/// Reads the definition of one monitor, YAML or JSON, which messages call `file`.
///
/// # Errors
/// Every mistake at once.
pub fn parse_monitor(file: &Path, bytes: &[u8]) -> Result<Written, ConfigError> {
    read(file, bytes, |check, root| {
        let definition = check
            .value(root, "", schema::of_monitor())
            .unwrap_or_default();
        rules::monitors::one(check, "", &definition);
        definition
    })
    .and_then(|(definition, check)| {
        let text = definition.to_string();
        let monitor: Monitor = settings(check, definition, file)?;
        Ok(Written {
            monitor: Arc::new(monitor),
            definition: text,
        })
    })
}

/// Reads the definitions of monitors: one, a list of them, or a list below `monitors`.
///
/// # Errors
/// Every mistake at once.
pub fn parse_monitors(file: &Path, bytes: &[u8]) -> Result<Vec<Value>, ConfigError> {
    let (definitions, _) = read(file, bytes, |check, root| {
        let (path, nodes) = several(root);
        let mut definitions = Vec::with_capacity(nodes.len());
        for (i, node) in nodes.iter().enumerate() {
            let path = match path {
                Some(path) => format!("{path}[{i}]"),
                None => String::new(),
            };
            let definition = check
                .value(node, &path, schema::of_monitor())
                .unwrap_or_default();
            rules::monitors::one(check, &path, &definition);
            definitions.push(definition);
        }
        definitions
    })?;
    Ok(definitions)
}

/// The monitors of a file, and the path of the list in which they stand.
fn several(root: &Node) -> (Option<&'static str>, &[Node]) {
    match &root.kind {
        Kind::List(items) => (Some(""), items),
        Kind::Map(entries) => match &entries[..] {
            [entry] if entry.key == SEVERAL => match &entry.value.kind {
                Kind::List(items) => (Some(SEVERAL), items),
                _ => (Some(SEVERAL), &[]),
            },
            _ => (None, std::slice::from_ref(root)),
        },
        _ if root.is_null() => (None, &[]),
        _ => (None, std::slice::from_ref(root)),
    }
}

fn read<'t, T>(
    file: &Path,
    bytes: &'t [u8],
    look: impl FnOnce(&mut Check<'t>, &Node) -> T,
) -> Result<(T, Check<'t>), ConfigError> {
    checked((file, None), bytes, schema::of_monitor(), look)
}
