//! Who is trusted to vouch for servers: the system's authorities, or those of a file.
//!
//! They are read once, and a file again when it has changed.

use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use rustls::RootCertStore;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls_platform_verifier::Verifier;

/// Certificates that are trusted.
#[derive(Debug)]
pub(crate) struct Trusted {
    /// Those of a file themselves; none of the system's.
    pub(super) certificates: Vec<CertificateDer<'static>>,
    pub(super) verifier: Arc<dyn ServerCertVerifier>,
}

/// All that were asked for so far, by their file.
#[derive(Debug, Default)]
pub(crate) struct Authorities(Mutex<HashMap<Option<PathBuf>, Known>>);

#[derive(Debug)]
struct Known {
    changed: Option<SystemTime>,
    trusted: Arc<Trusted>,
}

impl Authorities {
    /// Those of `file`, or the system's.
    ///
    /// # Errors
    /// Why they cannot be read, for people.
    pub(super) fn of(&self, file: Option<&Path>) -> Result<Arc<Trusted>, String> {
        let changed = match file {
            Some(file) => {
                let changed = file.metadata().and_then(|file| file.modified());
                Some(changed.map_err(|error| unreadable(file, &error))?)
            }
            None => None,
        };
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = file.map(Path::to_owned);
        if let Some(known) = all.get(&key).filter(|known| known.changed == changed) {
            return Ok(Arc::clone(&known.trusted));
        }
        let trusted = Arc::new(file.map_or_else(of_system, of_file)?);
        let known = Known {
            changed,
            trusted: Arc::clone(&trusted),
        };
        all.insert(key, known);
        Ok(trusted)
    }
}

fn of_system() -> Result<Trusted, String> {
    let provider = Arc::new(ring::default_provider());
    let verifier = Verifier::new(provider)
        .map_err(|error| format!("the system's certificates cannot be read: {error}"))?;
    Ok(Trusted {
        certificates: Vec::new(),
        verifier: Arc::new(verifier),
    })
}

fn of_file(file: &Path) -> Result<Trusted, String> {
    let read = CertificateDer::pem_file_iter(file).and_then(Iterator::collect);
    let certificates: Vec<_> = read.map_err(|error| unreadable(file, &error))?;
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(certificates.iter().cloned());
    let provider = Arc::new(ring::default_provider());
    let built = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build();
    Ok(Trusted {
        certificates,
        verifier: built.map_err(|error| unreadable(file, &error))?,
    })
}

fn unreadable(file: &Path, error: &dyn fmt::Display) -> String {
    format!(
        "the certificates in {} cannot be read: {error}",
        file.display()
    )
}
