//! Where a sign of life is sent.

use std::fmt;

/// How a heartbeat is called.
#[derive(Clone)]
pub enum Address {
    /// By a key of its own, the end of its address.
    Key(String),
    /// By its name, under the key that all share.
    Slug(String),
}

impl fmt::Debug for Address {
    /// A key is never shown.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(_) => f.write_str("Key(…)"),
            Self::Slug(name) => f.debug_tuple("Slug").field(name).finish(),
        }
    }
}
