//! Where state is kept, written as an address: `sqlite:nabat.db`.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// The place of the state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Store {
    /// A SQLite file; a relative path is taken from the data directory.
    Sqlite(PathBuf),
}

/// Why a text is not the address of a store.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Another scheme than `sqlite:`.
    #[error("only `sqlite:` stores exist")]
    Scheme,
    /// Nothing behind the scheme.
    #[error("name a file: `sqlite:nabat.db`")]
    NoFile,
    /// SQLite's name for a database that dies with the process.
    #[error("alerts must survive a restart: name a file, such as `sqlite:nabat.db`")]
    InMemory,
}

impl Default for Store {
    fn default() -> Self {
        Self::Sqlite(PathBuf::from("nabat.db"))
    }
}

impl FromStr for Store {
    type Err = StoreError;

    fn from_str(text: &str) -> Result<Self, StoreError> {
        let path = text.strip_prefix("sqlite:").ok_or(StoreError::Scheme)?;
        // `sqlite://nabat.db` and `sqlite:///var/nabat.db` are how other programs write it.
        let path = path.strip_prefix("//").unwrap_or(path);
        match path {
            "" => Err(StoreError::NoFile),
            ":memory:" => Err(StoreError::InMemory),
            path => Ok(Self::Sqlite(PathBuf::from(path))),
        }
    }
}

impl fmt::Display for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
        }
    }
}

impl<'de> Deserialize<'de> for Store {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(de::Error::custom)
    }
}

impl Serialize for Store {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl JsonSchema for Store {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Store".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "format": "store"})
    }
}
