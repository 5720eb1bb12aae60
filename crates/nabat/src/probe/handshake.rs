//! Makes a connection secret by TLS, and says what is wrong with the certificate.
//!
//! The handshake itself takes any certificate, so that one that will not do can be shown; it is
//! judged right after, before anything is written. Each handshake is a whole one: a resumed session
//! would hide that the certificate has changed.

use std::fmt;
use std::io;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use rustls::client::Resumption;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::version::TLS13;
use rustls::{ALL_VERSIONS, ClientConfig, DigitallySignedStruct, ProtocolVersion, SignatureScheme};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::certificate::{self, Authorities, CertificateCheck, Identity};
use super::trace::Trace;
use super::{Finding, Outcome, TlsSeen, Tools, failure};

/// What the handshakes of all probes share.
#[derive(Debug, Default)]
pub(super) struct Handshakes {
    /// For each [`Next`], by TLS 1.2 and 1.3 and by the latter alone.
    configs: [[OnceLock<Arc<ClientConfig>>; 2]; 3],
    pub(super) authorities: Authorities,
}

/// What is to be spoken once the connection is secret, as ALPN says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// Nothing is said of it.
    Unsaid,
    /// HTTP/2 or HTTP/1.1, as the server likes.
    Http,
    /// HTTP/2.
    H2,
}

/// Speaks TLS with `host` on `stream` and looks at the certificate.
///
/// # Errors
/// If there is no TLS, or a certificate that `check` does not take.
pub(super) async fn secure<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    host: &str,
    check: &CertificateCheck,
    tools: &Tools,
    trace: &mut Trace,
) -> Result<TlsStream<S>, Finding> {
    secure_for(Next::Unsaid, stream, host, check, tools, trace).await
}

/// The same, and says what is to be spoken then.
///
/// # Errors
/// As [`secure`].
pub(super) async fn secure_for<S: AsyncRead + AsyncWrite + Unpin>(
    next: Next,
    stream: S,
    host: &str,
    check: &CertificateCheck,
    tools: &Tools,
    trace: &mut Trace,
) -> Result<TlsStream<S>, Finding> {
    let name = check.server_name.as_deref().unwrap_or(host);
    let name = ServerName::try_from(name.to_owned())
        .map_err(|_| Finding::unknown(format!("no certificate can be for {name}")))?;
    let connector = TlsConnector::from(tools.handshakes.config(check, next)?);
    let shaken = trace.phase("tls", async {
        let shaken = connector.connect(name.clone(), stream).await;
        shaken.map_err(|error| refused(&error, host))
    });
    let stream = shaken.await?;
    let chain = stream.get_ref().1.peer_certificates().unwrap_or_default();
    let mut fatal = None;
    let authorities = &tools.handshakes.authorities;
    let (findings, fact) = certificate::judge(chain, &name, check, authorities);
    if let Some(fact) = fact {
        trace.keep("certificate", fact);
    }
    for finding in findings {
        match finding.outcome {
            Outcome::Up | Outcome::Degraded => trace.note(finding),
            // Of several all but the last are noted, and that one is the end.
            _ => fatal.replace(finding).map_or((), |first| trace.note(first)),
        }
    }
    if let Some(fatal) = fatal {
        return Err(fatal);
    }
    trace.figure(|figures| figures.tls = seen(&stream, check, tools));
    Ok(stream)
}

fn seen<S>(stream: &TlsStream<S>, check: &CertificateCheck, tools: &Tools) -> Option<TlsSeen> {
    let (_, session) = stream.get_ref();
    let chain = session.peer_certificates().unwrap_or_default();
    let cipher = session.negotiated_cipher_suite()?;
    Some(TlsSeen {
        version: match session.protocol_version()? {
            ProtocolVersion::TLSv1_3 => "TLS 1.3",
            _ => "TLS 1.2",
        },
        // rustls writes `TLS13_AES_128_GCM_SHA256`.
        cipher: format!("{:?}", cipher.suite()).replace("TLS13_", "TLS_"),
        certificate: certificate::seen(chain, check, &tools.handshakes.authorities)?,
    })
}

fn refused(error: &io::Error, host: &str) -> Finding {
    let tls = error.get_ref().and_then(|inner| inner.downcast_ref());
    match tls {
        Some(rustls::Error::InvalidMessage(_)) => {
            Finding::down(format!("{host} does not answer in TLS"))
        }
        Some(rustls::Error::AlertReceived(alert)) => {
            Finding::down(format!("TLS refused by {host}: alert {alert:?}"))
        }
        Some(error) => Finding::down(format!("TLS with {host} failed: {error}")),
        None => failure::later(error, host).into(),
    }
}

impl Handshakes {
    fn config(&self, check: &CertificateCheck, next: Next) -> Result<Arc<ClientConfig>, Finding> {
        if check.identity.is_some() {
            return Ok(Arc::new(made(check, next)?));
        }
        let [any, newest] = &self.configs[next as usize];
        let known = if check.tls_13_only { newest } else { any };
        if let Some(config) = known.get() {
            return Ok(Arc::clone(config));
        }
        let config = Arc::new(made(check, next)?);
        Ok(Arc::clone(known.get_or_init(|| config)))
    }
}

fn made(check: &CertificateCheck, next: Next) -> Result<ClientConfig, Finding> {
    let provider = Arc::new(ring::default_provider());
    let versions = match check.tls_13_only {
        true => &[&TLS13][..],
        false => ALL_VERSIONS,
    };
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(versions)
        .expect("ring has suites for every version")
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(TakesAny(provider)));
    let mut config = match &check.identity {
        None => builder.with_no_client_auth(),
        Some(identity) => {
            let unreadable = |file: &Path, error: &dyn fmt::Display| {
                let file = file.display();
                Finding::unknown(format!("{file} cannot be shown to the server: {error}"))
            };
            let Identity { certificate, key } = identity;
            let chain = CertificateDer::pem_file_iter(certificate).and_then(Iterator::collect);
            let chain = chain.map_err(|error| unreadable(certificate, &error))?;
            let secret = PrivateKeyDer::from_pem_file(key);
            let secret = secret.map_err(|error| unreadable(key, &error))?;
            let shown = builder.with_client_auth_cert(chain, secret);
            shown.map_err(|error| unreadable(key, &error))?
        }
    };
    config.resumption = Resumption::disabled();
    config.alpn_protocols = match next {
        Next::Unsaid => Vec::new(),
        Next::Http => vec![b"h2".to_vec(), b"http/1.1".to_vec()],
        Next::H2 => vec![b"h2".to_vec()],
    };
    Ok(config)
}

/// Takes any certificate, but only from who has its key.
#[derive(Debug)]
struct TakesAny(Arc<CryptoProvider>);

impl ServerCertVerifier for TakesAny {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let known = &self.0.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, known)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let known = &self.0.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, known)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
