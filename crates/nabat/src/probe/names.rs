//! Finds the addresses of names.

use std::net::IpAddr;

/// Finds the addresses of names.
#[derive(Debug, Default)]
pub struct Names;

/// Why a name has no address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Whoever answers for the name says that it has none.
    #[error("the name {name} does not exist")]
    None {
        /// Which name.
        name: String,
    },
    /// Nobody answered for the name.
    #[error("no resolver answered for {name}: {problem}")]
    NoAnswer {
        /// Which name.
        name: String,
        /// What went wrong.
        problem: String,
    },
}

impl Names {
    /// The addresses of `host` in the order in which to try them; an address is its own. With
    /// `fresh` nothing is taken from the cache.
    ///
    /// # Errors
    /// See [`NameError`].
    pub async fn resolve(&self, host: &str, fresh: bool) -> Result<Vec<IpAddr>, NameError> {
        let _ = fresh;
        if let Ok(address) = host.parse() {
            return Ok(vec![address]);
        }
        let found = tokio::net::lookup_host((host, 0)).await;
        let found = found.map_err(|error| NameError::NoAnswer {
            name: host.to_owned(),
            problem: error.to_string(),
        })?;
        Ok(found.map(|address| address.ip()).collect())
    }
}
