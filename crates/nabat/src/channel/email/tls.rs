//! What of TLS an account needs, made once: reading certificates is slow.

use std::io;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use lettre::transport::smtp;
use lettre::transport::smtp::client::{Certificate, CertificateStore, TlsParameters};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use super::{Account, Tls};

/// Why an account can't be used.
#[derive(Debug, thiserror::Error)]
pub enum NoMailer {
    /// The file of its certificate authorities can't be read.
    #[error("failed to read the certificate authorities for mail in `{path}`")]
    CaFile {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// That file is no such file.
    #[error("`{path}` is no PEM file with certificates, so no mail server can be trusted by it")]
    NoCertificate {
        /// The file.
        path: PathBuf,
    },
    /// TLS can't be used as told.
    #[error("failed to prepare TLS for the mail server {smarthost}")]
    Tls {
        /// The mail server.
        smarthost: String,
        /// What the TLS library says.
        source: smtp::Error,
    },
    /// The password would be told to anyone who listens.
    #[error(
        "the mail server {smarthost} would be told a password without TLS: require TLS, or leave \
         the user name and the password out"
    )]
    PasswordInTheClear {
        /// The mail server.
        smarthost: String,
    },
}

/// What `account` needs for TLS; `None` when it never uses it.
pub(super) fn parameters(account: &Account) -> Result<Option<TlsParameters>, NoMailer> {
    let smarthost = &account.smarthost;
    let is_checked = matches!(
        account.tls,
        Tls::Implicit | Tls::StartTls { required: true }
    );
    if account.login.is_some() && !is_checked && !is_this_machine(&smarthost.host) {
        return Err(NoMailer::PasswordInTheClear {
            smarthost: smarthost.to_string(),
        });
    }
    if account.tls == Tls::Off {
        return Ok(None);
    }
    let check = &account.certificate;
    let name = check.server_name.as_ref().unwrap_or(&smarthost.host);
    let mut builder = TlsParameters::builder(name.clone());
    if check.insecure_skip_verify || !is_checked {
        builder = builder
            .dangerous_accept_invalid_certs(true)
            .dangerous_accept_invalid_hostnames(true)
            .certificate_store(CertificateStore::None);
    } else if let Some(path) = &check.ca_file {
        builder = builder.certificate_store(CertificateStore::None);
        for certificate in authorities(path)? {
            builder = builder.add_root_certificate(certificate);
        }
    }
    let parameters = builder.build().map_err(|source| NoMailer::Tls {
        smarthost: smarthost.to_string(),
        source,
    })?;
    Ok(Some(parameters))
}

fn authorities(path: &Path) -> Result<Vec<Certificate>, NoMailer> {
    let pem = std::fs::read(path).map_err(|source| NoMailer::CaFile {
        path: path.to_owned(),
        source,
    })?;
    let none = || NoMailer::NoCertificate {
        path: path.to_owned(),
    };
    let certificates: Vec<Certificate> = CertificateDer::pem_slice_iter(&pem)
        .map(|der| Certificate::from_der(der.ok()?.to_vec()).ok())
        .collect::<Option<_>>()
        .ok_or_else(none)?;
    if certificates.is_empty() {
        return Err(none());
    }
    Ok(certificates)
}

/// Whether what is said to `host` never leaves this machine.
fn is_this_machine(host: &str) -> bool {
    let address = host.parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}
