//! Makes a connection secret by TLS, and says what is wrong with the certificate.
//!
//! The handshake itself takes any certificate, so that one that will not do can be shown; it is
//! judged right after, before anything is written. Each handshake is a whole one: a resumed session
//! would hide that the certificate has changed.

use std::io;
use std::sync::{Arc, OnceLock};

use rustls::client::Resumption;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, SignatureScheme};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::certificate::{self, Authorities, CertificateCheck};
use super::trace::Trace;
use super::{Finding, Outcome, Tools, failure};

/// What the handshakes of all probes share.
#[derive(Debug, Default)]
pub(super) struct Handshakes {
    config: OnceLock<Arc<ClientConfig>>,
    pub(super) authorities: Authorities,
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
    let name = check.server_name.as_deref().unwrap_or(host);
    let name = ServerName::try_from(name.to_owned())
        .map_err(|_| Finding::unknown(format!("no certificate can be for {name}")))?;
    let connector = TlsConnector::from(tools.handshakes.config());
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
    fatal.map_or(Ok(stream), Err)
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
        None => failure::later(error, host),
    }
}

impl Handshakes {
    fn config(&self) -> Arc<ClientConfig> {
        let config = self.config.get_or_init(|| {
            let provider = Arc::new(ring::default_provider());
            let mut config = ClientConfig::builder_with_provider(Arc::clone(&provider))
                .with_safe_default_protocol_versions()
                .expect("ring has suites for every version")
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(TakesAny(provider)))
                .with_no_client_auth();
            config.resumption = Resumption::disabled();
            Arc::new(config)
        });
        Arc::clone(config)
    }
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
