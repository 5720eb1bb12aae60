//! The configuration: one YAML file, read once, wholly right or refused.
//!
//! `settings` says what there is; its JSON Schema drives everything else. Reading goes in steps that
//! each note every mistake: `yaml` reads a tree with places, `environment` fills in variables, `check`
//! holds it against the schema, `rules` looks at what ties settings together. Only a tree without a
//! mistake becomes a [`Config`]. No message ever shows a secret.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

mod alertmanager;
mod certificates;
mod check;
mod comments;
mod document;
mod endpoint;
mod environment;
mod format;
mod group;
mod import;
mod inhibit_rule;
pub mod integration;
mod locate;
mod mailbox;
mod maintenance;
pub mod masking;
mod matchers;
mod mistake;
pub mod modules;
pub mod monitor;
mod period;
mod receiver;
mod reference;
mod report;
mod route;
mod rules;
mod schema;
mod secret;
mod secret_file;
mod settings;
mod smarthost;
mod store;
pub(crate) mod suggest;
mod time_interval;
mod tree;
mod yaml;
mod zone;

#[cfg(test)]
mod tests;

pub use alertmanager::Note;
pub use document::{Written, parse_monitor, parse_monitors};
pub use endpoint::{ApiUrl, OFFICIAL};
pub use environment::environment;
pub use import::{Imported, import};
pub use inhibit_rule::InhibitRule;
pub use integration::Integration;
pub use locate::locate;
pub use mailbox::{Mailbox, MailboxError};
pub use mistake::{ConfigError, Mistake};
pub use monitor::Monitor;
pub use period::{Period, PeriodError};
pub use receiver::TelegramConfig;
pub use reference::reference_markdown;
pub use report::report;
pub use route::Route;
pub use schema::json_schema;
pub use secret::Secret;
pub use settings::{
    Api, Auth, Basic, Bot, Config, History, Intake, Limits, MadeBots, Operator, Telegram, Updates,
    Webhook,
};
pub use smarthost::{Smarthost, SmarthostError};
pub use store::{Store, StoreError};
pub use time_interval::Interval;
pub use tree::hours;

use check::{Check, Places};
use mistake::{Fault, Faults, Spot};
use yaml::Node;

/// The largest configuration file, in bytes.
pub const MAX_BYTES: usize = 4 * 1024 * 1024;

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// No file where one was looked for.
    #[error(
        "found no configuration file; looked at {}; name one with `-c FILE`",
        list(tried)
    )]
    NotFound {
        /// Every place, in the order tried.
        tried: Vec<PathBuf>,
    },
    /// The file that was named is not there.
    #[error("there is no configuration file {}", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// The file is there but cannot be read.
    #[error("failed to read the configuration file {}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The file has mistakes.
    #[error(transparent)]
    Mistakes(#[from] ConfigError),
}

fn list(places: &[PathBuf]) -> String {
    let shown: Vec<String> = places
        .iter()
        .map(|place| place.display().to_string())
        .collect();
    shown.join(", ")
}

/// What a configuration file is written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Nabat's own: `nabat.yml`.
    Nabat,
    /// Alertmanager's: `alertmanager.yml`, in which `${NAME}` stands for itself.
    Alertmanager,
}

/// A configuration file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// Where it is.
    pub path: PathBuf,
    /// What it is written as.
    pub form: Form,
}

/// Reads a configuration file; `env` gives the variables that it names.
///
/// # Errors
/// [`LoadError::Mistakes`] lists every mistake of the file at once.
pub fn load(file: &Named, env: &dyn Fn(&str) -> Option<String>) -> Result<Config, LoadError> {
    let path = &file.path;
    let bytes = read(path)?;
    let config = parse_as(file.form, path, &bytes, env)?;
    Ok(Config {
        hash: hash(&bytes),
        ..config
    })
}

/// The first 48 bits of a digest: as many as a figure can hold exactly.
fn hash(bytes: &[u8]) -> u64 {
    let digest = Sha256::digest(bytes);
    let (head, _) = digest.split_at(6);
    let append = |hash, byte: &u8| hash << 8 | u64::from(*byte);
    head.iter().fold(0, append)
}

/// The bytes of a configuration file, or a few more than it may have.
///
/// # Errors
/// When there is no file, or none that can be read.
pub fn read(path: &Path) -> Result<Vec<u8>, LoadError> {
    let mut bytes = Vec::new();
    let limit = u64::try_from(MAX_BYTES)
        .unwrap_or(u64::MAX)
        .saturating_add(1);
    // A pipe would be waited for, maybe for ever.
    let regular = || match path.metadata()?.is_file() {
        true => File::open(path),
        false => Err(io::Error::other("it is not a regular file")),
    };
    let read = regular().and_then(|file| file.take(limit).read_to_end(&mut bytes));
    match read {
        Err(source) if source.kind() == io::ErrorKind::NotFound => Err(LoadError::Missing {
            path: path.to_owned(),
        }),
        Err(source) => Err(LoadError::Unreadable {
            path: path.to_owned(),
            source,
        }),
        Ok(_) => Ok(bytes),
    }
}

/// Reads a configuration from `bytes`, which messages call `file` and whose folder is where relative
/// paths begin; `env` gives the variables that it names.
///
/// # Errors
/// Every mistake at once.
pub fn parse(
    file: &Path,
    bytes: &[u8],
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<Config, ConfigError> {
    parse_as(Form::Nabat, file, bytes, env)
}

/// The same for a file of either form.
///
/// # Errors
/// Every mistake at once.
pub fn parse_as(
    form: Form,
    file: &Path,
    bytes: &[u8],
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<Config, ConfigError> {
    let mut faults = Faults::default();
    let Some(text) = text(bytes, &mut faults) else {
        return Err(faults.into_error(file, ""));
    };
    let mut root = yaml::read(text, &mut faults);
    let notes = match form {
        Form::Nabat => {
            environment::expand(&mut root, "", text, env, &mut faults);
            Vec::new()
        }
        Form::Alertmanager => alertmanager::adapt(&mut root, file, &mut faults),
    };
    let schema = schema::filled_in();
    let folder = file.parent().unwrap_or(Path::new(""));
    let mut check = Check {
        source: text,
        folder: Some(folder),
        schema: &schema,
        faults,
        places: Places::new(),
    };
    let value = if root.is_null() {
        serde_json::json!({})
    } else {
        check.value(&root, "", &schema).unwrap_or_default()
    };
    if form == Form::Alertmanager && !check.places.contains_key("route") && !check.faults.unread {
        // What a file says that is being written as it is read: taken, it would forget everybody.
        let hint = "Alertmanager does not go by such a file either; is it whole?".to_owned();
        let found = "no `route`".to_owned();
        let expected = "the route that every alert takes".to_owned();
        check.fault("", &Spot::START, found, expected, Some(hint));
    }
    rules::apply(&mut check, &value);
    let modules = modules::load(&mut check, &value);
    if !check.faults.is_empty() || modules.is_err() {
        let mut error = check.faults.into_error(file, text);
        error
            .0
            .extend(modules.err().into_iter().flat_map(|error| error.0));
        return Err(error);
    }
    let written = value.get("monitors").and_then(Value::as_array);
    let written = written.into_iter().flatten();
    let monitor_definitions = written
        .map(|one| masking::masked(one, true).to_string())
        .collect();
    let config: Config = settings(check, value, file)?;
    Ok(Config {
        monitor_definitions,
        modules: modules.ok().flatten().map(Arc::new),
        notes,
        ..config
    })
}

/// What `look` makes of the text in `bytes`, if it finds no mistake. With the file comes the folder from
/// which relative paths are taken; without one no file may be named.
fn checked<'t, T>(
    (file, folder): (&Path, Option<&'t Path>),
    bytes: &'t [u8],
    schema: &'t Value,
    look: impl FnOnce(&mut Check<'t>, &Node) -> T,
) -> Result<(T, Check<'t>), ConfigError> {
    let mut faults = Faults::default();
    let Some(text) = text(bytes, &mut faults) else {
        return Err(faults.into_error(file, ""));
    };
    let root = yaml::read(text, &mut faults);
    let mut check = Check {
        source: text,
        folder,
        schema,
        faults,
        places: Places::new(),
    };
    let found = look(&mut check, &root);
    if !check.faults.is_empty() {
        return Err(check.faults.into_error(file, text));
    }
    Ok((found, check))
}

/// Makes the settings of a checked value without a mistake.
fn settings<T: DeserializeOwned>(
    mut check: Check<'_>,
    value: Value,
    file: &Path,
) -> Result<T, ConfigError> {
    serde_path_to_error::deserialize(value).map_err(|error| {
        // The schema should have caught it; what serde says may quote a value, so it is not repeated.
        let path = error.path().to_string();
        let spot = check.places.get(&path).cloned().unwrap_or(Spot::START);
        let hint = "this is a mistake of Nabat's own: please report it".to_owned();
        let found = "a value that its schema allows and its settings do not".to_owned();
        check.fault(&path, &spot, found, "both to agree".to_owned(), Some(hint));
        check.faults.into_error(file, check.source)
    })
}

/// The bytes as text, if they are not too many and UTF-8.
fn text<'b>(bytes: &'b [u8], faults: &mut Faults) -> Option<&'b str> {
    let mut fault = |line, column, found: &str, expected: String| {
        faults.add(Fault {
            path: String::new(),
            spot: Spot {
                line,
                column,
                range: 0..0,
            },
            found: found.to_owned(),
            expected,
            hint: None,
            unknown_key: false,
        });
    };
    if bytes.len() > MAX_BYTES {
        fault(1, 1, "a larger file", format!("at most {MAX_BYTES} bytes"));
        return None;
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => Some(text),
        Err(error) => {
            let before = String::from_utf8_lossy(&bytes[..error.valid_up_to()]);
            let line = before.matches('\n').count() + 1;
            let column = before
                .rsplit('\n')
                .next()
                .map_or(0, |last| last.chars().count())
                + 1;
            fault(
                line,
                column,
                "a byte that is not UTF-8",
                "a file in UTF-8".to_owned(),
            );
            None
        }
    }
}
