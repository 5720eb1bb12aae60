//! Tokens by which programs use the API: what each may do, and of which alerts it may know.
//!
//! A token itself is kept nowhere: only its digest, by which a request that bears it is recognised.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::alert::Labels;
use crate::matcher::Matcher;
use crate::time::Timestamp;

/// What a token may be called, as a regular expression: something that stands in an address as it is.
pub const NAME_PATTERN: &str = "^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$";

/// What somebody may do. A greater role may do all that a lesser one may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Look.
    Viewer,
    /// Also see to what happens: silence, acknowledge, pause, look again, send again.
    Operator,
    /// Everything: say what is watched, make tokens, see secrets.
    Admin,
}

/// A token, without the token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// What people call it; unique.
    pub name: String,
    /// The SHA-256 of the token.
    pub digest: [u8; 32],
    /// What it admits to.
    pub role: Role,
    /// Which alerts and monitors it is about; all of them without any matcher.
    pub scope: Vec<Matcher>,
    /// Since when it is there.
    pub created_at: Timestamp,
    /// From when on it is good for nothing, if ever.
    pub expires_at: Option<Timestamp>,
    /// When it was used last, about an hour more or less.
    pub used_at: Option<Timestamp>,
}

impl Role {
    /// All of them, the least first.
    pub const ALL: [Self; 3] = [Self::Viewer, Self::Operator, Self::Admin];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Admin => "admin",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// The word names no role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a role is `viewer`, `operator` or `admin`")]
pub struct NoRole;

impl FromStr for Role {
    type Err = NoRole;

    fn from_str(word: &str) -> Result<Self, NoRole> {
        let mut all = Self::ALL.into_iter();
        all.find(|role| role.name() == word).ok_or(NoRole)
    }
}

impl Token {
    /// Whether it is good for something at `now`.
    pub fn holds(&self, now: Timestamp) -> bool {
        self.expires_at.is_none_or(|end| now < end)
    }
}

/// Whether a token may be called that, see [`NAME_PATTERN`].
pub fn is_name(text: &str) -> bool {
    let within = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
    let begins_well = text.starts_with(|first: char| first.is_ascii_alphanumeric());
    begins_well && text.len() <= 100 && text.bytes().all(within)
}

/// Whether what has these labels lies within a scope.
pub fn covers(scope: &[Matcher], labels: &Labels) -> bool {
    scope.iter().all(|matcher| matcher.matches(labels))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_is_written_the_same_everywhere_and_a_greater_one_may_more() {
        for role in Role::ALL {
            assert_eq!(role.name().parse(), Ok(role));
            assert_eq!(serde_json::to_value(role).unwrap(), role.name());
        }
        assert!(Role::ALL.is_sorted());
        assert_eq!("root".parse::<Role>(), Err(NoRole));
    }

    #[test]
    fn a_name_stands_in_an_address_as_it_is() {
        let longest = "a".repeat(100);
        for name in ["ci", "7", "a.b_c-d", &longest] {
            assert!(is_name(name), "{name}");
        }
        for name in [
            "",
            ".",
            "..",
            "-a",
            "a b",
            "a/b",
            "ä",
            &format!("{longest}a"),
        ] {
            assert!(!is_name(name), "{name}");
        }
    }

    #[test]
    fn a_token_holds_until_its_end() {
        let at = Timestamp::from_millis;
        let token = |expires_at| Token {
            name: "ci".to_owned(),
            digest: [0; 32],
            role: Role::Viewer,
            scope: Vec::new(),
            created_at: at(0),
            expires_at,
            used_at: None,
        };
        assert!(token(None).holds(at(i64::MAX)));
        assert!(token(Some(at(5))).holds(at(4)));
        assert!(!token(Some(at(5))).holds(at(5)));
    }

    #[test]
    fn a_scope_covers_what_all_of_its_matchers_take() {
        let labels: Labels = [("team", "db"), ("host", "a")].into_iter().collect();
        let scope = |text: &str| crate::matcher::parse_list(text).unwrap();
        assert!(covers(&[], &labels));
        assert!(covers(&scope("team=db,host=~\"a|b\""), &labels));
        assert!(!covers(&scope("team=db,host=b"), &labels));
    }
}
