//! TLS between installs: version 1.3, mutual, and the certificate's key *is* the device (RFC 8446).
//!
//! A connection to the wrong device fails inside the handshake, before a byte of HTTP. Nothing is resumed from
//! earlier sessions, so that each connection proves both keys anew.

use std::sync::Arc;

use earshot_protocol::{DeviceId, PublicKey};
use rustls::client::Resumption;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName, UnixTime};
use rustls::server::NoServerSessionStorage;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::version::TLS13;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, DistinguishedName, Error, OtherError,
    PeerMisbehaved, ServerConfig, SignatureScheme,
};

use crate::{DeviceKey, IdentityError, certificate};

/// The server is a device, but not the one that was dialled.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("another device answered")]
pub struct WrongDevice {
    /// Who should have answered.
    pub expected: DeviceId,
    /// Who did.
    pub found: DeviceId,
}

/// TLS for a hub: only 1.3, the device's own certificate, and a device certificate wanted from every client. Any
/// device that proves its key is let in; who it is, [`peer_key`] says afterwards.
///
/// # Errors
/// [`IdentityError`] when no certificate could be made.
pub fn server_config(key: &DeviceKey) -> Result<Arc<ServerConfig>, IdentityError> {
    let (chain, private) = own_certificate(key)?;
    let provider = provider();
    let mut config = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&[&TLS13])?
        .with_client_cert_verifier(Arc::new(AnyDevice { provider }))
        .with_single_cert(chain, private)?;
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    Ok(Arc::new(config))
}

/// TLS for a link to one device: the handshake fails when the server's key is not that device's.
///
/// # Errors
/// [`IdentityError`] when no certificate could be made.
pub fn client_config(key: &DeviceKey, expect: DeviceId) -> Result<Arc<ClientConfig>, IdentityError> {
    let (chain, private) = own_certificate(key)?;
    let provider = provider();
    let mut config = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&[&TLS13])?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(OneDevice { provider, expect }))
        .with_client_auth_cert(chain, private)?;
    config.resumption = Resumption::disabled();
    // The name would tell everybody on the way which device is called.
    config.enable_sni = false;
    Ok(Arc::new(config))
}

/// The key that a finished handshake has proven, from `peer_certificates()`; `None` unless it is exactly one device
/// certificate.
#[must_use]
pub fn peer_key(certificates: &[CertificateDer<'_>]) -> Option<PublicKey> {
    match certificates {
        [one] => certificate::key_of(one),
        _ => None,
    }
}

/// What a handshake failed on, when it is that another device answered.
#[must_use]
pub fn wrong_device(error: &Error) -> Option<&WrongDevice> {
    match error {
        Error::InvalidCertificate(CertificateError::Other(OtherError(inner))) => inner.downcast_ref(),
        _ => None,
    }
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}

type OwnCertificate = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

fn own_certificate(key: &DeviceKey) -> Result<OwnCertificate, IdentityError> {
    let private = PrivatePkcs8KeyDer::from(key.pkcs8()?.to_vec());
    Ok((vec![certificate::make(key)?], private.into()))
}

fn device_key(end_entity: &CertificateDer<'_>, others: &[CertificateDer<'_>]) -> Result<PublicKey, Error> {
    if !others.is_empty() {
        return Err(CertificateError::BadEncoding.into());
    }
    certificate::key_of(end_entity).ok_or_else(|| CertificateError::BadEncoding.into())
}

fn verify_signature(
    provider: &CryptoProvider,
    message: &[u8],
    certificate: &CertificateDer<'_>,
    signed: &DigitallySignedStruct,
) -> Result<HandshakeSignatureValid, Error> {
    // Only what is asked for in `supported_verify_schemes` may be used.
    if signed.scheme != SignatureScheme::ED25519 {
        return Err(PeerMisbehaved::SignedHandshakeWithUnadvertisedSigScheme.into());
    }
    verify_tls13_signature(message, certificate, signed, &provider.signature_verification_algorithms)
}

/// TLS 1.2 is never negotiated, so nobody gets here; were it otherwise, this is the lock.
fn only_tls13() -> Error {
    Error::General("TLS 1.2 is not spoken between devices".to_owned())
}

/// Lets one device in.
#[derive(Debug)]
struct OneDevice {
    provider: Arc<CryptoProvider>,
    expect: DeviceId,
}

impl ServerCertVerifier for OneDevice {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let found = device_key(end_entity, intermediates)?.device_id();
        if found == self.expect {
            return Ok(ServerCertVerified::assertion());
        }
        let wrong = WrongDevice { expected: self.expect, found };
        Err(CertificateError::Other(OtherError(Arc::new(wrong))).into())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(only_tls13())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_signature(&self.provider, message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ED25519]
    }
}

/// Lets every device in that proves its key.
#[derive(Debug)]
struct AnyDevice {
    provider: Arc<CryptoProvider>,
}

impl ClientCertVerifier for AnyDevice {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        device_key(end_entity, intermediates)?;
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(only_tls13())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_signature(&self.provider, message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ED25519]
    }
}
