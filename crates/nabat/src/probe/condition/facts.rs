//! What a probe keeps of what it saw, for conditions: as it comes, so that it costs nothing where
//! there are none.

use std::fmt;

use hyper::HeaderMap;

/// What a probe saw, by the names that conditions know.
#[derive(Clone, Default, PartialEq)]
pub(crate) struct Facts {
    pub(super) seen: Vec<(&'static str, Fact)>,
    /// What must not be shown.
    pub(super) secrets: Vec<String>,
}

/// One thing that a probe saw.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::probe) enum Fact {
    Number(i64),
    Text(String),
    Texts(Vec<String>),
    Headers(HeaderMap),
    Body {
        bytes: Vec<u8>,
        /// Whether there was more of it.
        is_cut: bool,
    },
    Certificate {
        days: i64,
        expires: String,
        issuer: String,
        names: Vec<String>,
    },
}

impl Facts {
    pub(in crate::probe) fn add(&mut self, name: &'static str, fact: Fact) {
        self.seen.push((name, fact));
    }

    pub(in crate::probe) fn hide(&mut self, secrets: Vec<String>) {
        self.secrets = secrets;
    }
}

/// They may hold secrets.
impl fmt::Debug for Facts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.seen.iter().map(|(name, _)| *name).collect();
        f.debug_tuple("Facts").field(&names).finish()
    }
}

impl Fact {
    /// A text as it was sent.
    pub(in crate::probe) fn text(bytes: &[u8]) -> Self {
        Self::Text(String::from_utf8_lossy(bytes).trim().to_owned())
    }
}
