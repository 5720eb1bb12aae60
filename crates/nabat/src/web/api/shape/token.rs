//! What the API takes and answers about tokens.

use nabat_core::matcher;
use nabat_core::token::{self, Role, Token};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::words;

/// A token, without the token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Token")]
pub struct Shown {
    /// What it is called.
    pub name: String,
    /// What it admits to.
    #[schemars(schema_with = "words::role")]
    pub role: Role,
    /// Which alerts and monitors it is about: label matchers, such as `team="db"`; `null`: all.
    pub scope: Option<String>,
    /// Since when it is there, in RFC 3339.
    pub created_at: String,
    /// From when on it admits to nothing, if ever.
    pub expires_at: Option<String>,
    /// When it was used last, if ever; after a restart maybe an hour too early.
    pub used_at: Option<String>,
}

/// A new token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "TokenMade")]
pub struct Made {
    /// What to send as `Authorization: Bearer …`. It is shown this once and kept nowhere.
    pub token: String,
    /// The rest of it.
    #[serde(flatten)]
    pub shown: Shown,
}

/// Some tokens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Tokens")]
pub struct List {
    /// By name.
    pub tokens: Vec<Shown>,
    /// What to send as `after` to get more; `null`: there is no more.
    pub next: Option<String>,
}

/// A token that is wanted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "TokenWanted")]
pub struct Wanted {
    /// What it is called; unique.
    #[schemars(regex(pattern = token::NAME_PATTERN))]
    pub name: String,
    /// What it admits to.
    #[schemars(schema_with = "words::role")]
    pub role: Role,
    /// Which alerts and monitors it is about: label matchers, such as `team="db"`; without it all.
    /// It admits to nothing that concerns more than those.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1000))]
    pub scope: Option<String>,
    /// From when on it admits to nothing, in RFC 3339; without it never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "date-time"))]
    pub expires_at: Option<String>,
}

/// What is to be different about a token; `null` takes away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "TokenPatch")]
pub struct Patch {
    /// What it admits to.
    #[serde(default)]
    #[schemars(schema_with = "words::role")]
    pub role: Option<Role>,
    /// Which alerts and monitors it is about.
    #[serde(default)]
    #[schemars(length(max = 1000))]
    pub scope: Option<String>,
    /// From when on it admits to nothing, in RFC 3339.
    #[serde(default)]
    #[schemars(extend("format" = "date-time"))]
    pub expires_at: Option<String>,
}

impl From<&Token> for Shown {
    fn from(token: &Token) -> Self {
        let scope = (!token.scope.is_empty()).then(|| matcher::list_text(&token.scope));
        Self {
            name: token.name.clone(),
            role: token.role,
            scope,
            created_at: token.created_at.to_string(),
            expires_at: token.expires_at.map(|at| at.to_string()),
            used_at: token.used_at.map(|at| at.to_string()),
        }
    }
}
