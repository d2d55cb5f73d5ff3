//! Only the device that was dialled can finish the handshake, only with TLS 1.3, and only with an Ed25519 key that
//! it really holds. Both ends run in memory, through rustls itself.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use earshot_identity::tls::{client_config, peer_key, server_config, wrong_device};
use earshot_identity::{DeviceKey, IdentityError};
use rcgen::{CertificateParams, KeyPair, SignatureAlgorithm};
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName};
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, ClientConnection, Error, ServerConfig, ServerConnection};

fn key() -> DeviceKey {
    DeviceKey::generate().unwrap()
}

fn connect(client: Arc<ClientConfig>, server: Arc<ServerConfig>) -> (ClientConnection, ServerConnection) {
    let name = ServerName::try_from("192.0.2.1").unwrap();
    (ClientConnection::new(client, name).unwrap(), ServerConnection::new(server).unwrap())
}

/// Carries bytes until both are done, or says what the client's or the server's first error was.
fn shake_hands(client: &mut ClientConnection, server: &mut ServerConnection) -> Result<(), (Side, Error)> {
    for _ in 0..10 {
        let mut bytes = Vec::new();
        client.write_tls(&mut bytes).unwrap();
        let mut left = bytes.as_slice();
        while !left.is_empty() {
            server.read_tls(&mut left).unwrap();
            server.process_new_packets().map_err(|error| (Side::Server, error))?;
        }
        let mut bytes = Vec::new();
        server.write_tls(&mut bytes).unwrap();
        let mut left = bytes.as_slice();
        while !left.is_empty() {
            client.read_tls(&mut left).unwrap();
            client.process_new_packets().map_err(|error| (Side::Client, error))?;
        }
        if !client.is_handshaking() && !server.is_handshaking() {
            return Ok(());
        }
    }
    panic!("the handshake does not end");
}

#[derive(Debug, PartialEq)]
enum Side {
    Client,
    Server,
}

#[test]
fn two_devices_prove_their_keys_to_each_other() -> Result<(), IdentityError> {
    let (ann, bob) = (key(), key());
    let (mut client, mut server) = connect(client_config(&ann, bob.device_id())?, server_config(&bob)?);
    shake_hands(&mut client, &mut server).unwrap();
    assert_eq!(peer_key(server.peer_certificates().unwrap()), Some(ann.public_key()));
    assert_eq!(peer_key(client.peer_certificates().unwrap()), Some(bob.public_key()));
    assert_eq!(client.protocol_version(), Some(rustls::ProtocolVersion::TLSv1_3));
    Ok(())
}

#[test]
fn another_device_is_refused_by_the_caller() -> Result<(), IdentityError> {
    let (ann, bob, eve) = (key(), key(), key());
    let (mut client, mut server) = connect(client_config(&ann, bob.device_id())?, server_config(&eve)?);
    let (side, error) = shake_hands(&mut client, &mut server).unwrap_err();
    assert_eq!(side, Side::Client);
    let wrong = wrong_device(&error).expect("told as a wrong device");
    assert_eq!((wrong.expected, wrong.found), (bob.device_id(), eve.device_id()));
    assert!(client.is_handshaking() && server.is_handshaking());
    Ok(())
}

#[test]
fn a_copied_certificate_without_its_key_is_refused() -> Result<(), IdentityError> {
    let (ann, bob) = (key(), key());
    // A thief shows Bob's certificate, which everybody has seen, and signs with another key.
    let (mut client, mut server) = connect(client_config(&ann, bob.device_id())?, server_config(&bob)?);
    shake_hands(&mut client, &mut server).unwrap();
    let bobs = client.peer_certificates().unwrap()[0].clone().into_owned();
    let thief = thief_showing(bobs);
    let (mut client, mut server) = connect(client_config(&ann, bob.device_id())?, thief);
    let (side, error) = shake_hands(&mut client, &mut server).unwrap_err();
    assert_eq!(side, Side::Client);
    assert_eq!(error, Error::InvalidCertificate(rustls::CertificateError::BadSignature));
    Ok(())
}

/// A server that shows `certificate` but signs with a key of its own.
fn thief_showing(certificate: CertificateDer<'static>) -> Arc<ServerConfig> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key.pem");
    DeviceKey::load_or_create(&path).unwrap();
    let private: PrivatePkcs8KeyDer<'static> =
        rustls::pki_types::pem::PemObject::from_pem_file(&path).unwrap();
    let signer = rustls::crypto::aws_lc_rs::sign::any_eddsa_type(&private).unwrap();
    let resolver =
        rustls::sign::SingleCertAndKey::from(rustls::sign::CertifiedKey::new(vec![certificate], signer));
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_protocol_versions(&[&TLS13])
        .unwrap()
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(resolver));
    Arc::new(config)
}

#[test]
fn tls12_is_refused_on_both_sides() -> Result<(), IdentityError> {
    let (ann, bob) = (key(), key());
    let old_client = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_protocol_versions(&[&TLS12])
        .unwrap()
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    let (mut client, mut server) = connect(Arc::new(old_client), server_config(&bob)?);
    let (side, _) = shake_hands(&mut client, &mut server).unwrap_err();
    assert_eq!(side, Side::Server);

    let (chain, private) = self_signed(&rcgen::PKCS_ECDSA_P256_SHA256);
    let old_server = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_protocol_versions(&[&TLS12])
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, private)
        .unwrap();
    let (mut client, mut server) = connect(client_config(&ann, bob.device_id())?, Arc::new(old_server));
    assert!(shake_hands(&mut client, &mut server).is_err());
    assert!(client.is_handshaking());
    Ok(())
}

fn self_signed(
    algorithm: &'static SignatureAlgorithm,
) -> (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>) {
    let pair = KeyPair::generate_for(algorithm).unwrap();
    let certificate = CertificateParams::default().self_signed(&pair).unwrap();
    (vec![certificate.der().clone()], PrivatePkcs8KeyDer::from(pair.serialize_der()).into())
}

fn server_showing(chain: Vec<CertificateDer<'static>>, private: PrivateKeyDer<'static>) -> Arc<ServerConfig> {
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_protocol_versions(&[&TLS13])
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, private)
        .unwrap();
    Arc::new(config)
}

/// Trusts every server: what a client of the tests needs to get as far as its own certificate.
#[derive(Debug)]
struct Careless;

impl rustls::client::danger::ServerCertVerifier for Careless {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: rustls::pki_types::UnixTime,
    ) -> Result<rustls::client::danger::ServerCertVerified, Error> {
        Ok(rustls::client::danger::ServerCertVerified::assertion())
    }
    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &rustls::DigitallySignedStruct,
    ) -> Result<rustls::client::danger::HandshakeSignatureValid, Error> {
        Ok(rustls::client::danger::HandshakeSignatureValid::assertion())
    }
    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &rustls::DigitallySignedStruct,
    ) -> Result<rustls::client::danger::HandshakeSignatureValid, Error> {
        Ok(rustls::client::danger::HandshakeSignatureValid::assertion())
    }
    fn supported_verify_schemes(&self) -> Vec<rustls::SignatureScheme> {
        default_provider().signature_verification_algorithms.supported_schemes()
    }
}

fn careless_client(
    identity: Option<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)>,
) -> Arc<ClientConfig> {
    let builder = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_protocol_versions(&[&TLS13])
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Careless));
    Arc::new(match identity {
        Some((chain, private)) => builder.with_client_auth_cert(chain, private).unwrap(),
        None => builder.with_no_client_auth(),
    })
}

#[test]
fn other_algorithms_are_refused_on_both_sides() -> Result<(), IdentityError> {
    let (ann, bob) = (key(), key());
    for algorithm in [&rcgen::PKCS_ECDSA_P256_SHA256, &rcgen::PKCS_RSA_SHA256] {
        let (chain, private) = self_signed(algorithm);
        let server = server_showing(chain, private);
        let (mut client, mut server) = connect(client_config(&ann, bob.device_id())?, server);
        assert!(shake_hands(&mut client, &mut server).is_err());
        assert!(client.is_handshaking());

        let client = careless_client(Some(self_signed(algorithm)));
        let (mut client, mut server) = connect(client, server_config(&bob)?);
        assert!(shake_hands(&mut client, &mut server).is_err());
        assert!(server.is_handshaking());
    }
    // The same client with an Ed25519 certificate gets in: it was the algorithm that kept it out.
    let client = careless_client(Some(self_signed(&rcgen::PKCS_ED25519)));
    let (mut client, mut server) = connect(client, server_config(&bob)?);
    shake_hands(&mut client, &mut server).unwrap();
    Ok(())
}

#[test]
fn a_client_without_a_certificate_is_refused() -> Result<(), IdentityError> {
    let (mut client, mut server) = connect(careless_client(None), server_config(&key())?);
    let (side, _) = shake_hands(&mut client, &mut server).unwrap_err();
    assert_eq!(side, Side::Server);
    assert!(server.is_handshaking());
    Ok(())
}

#[test]
fn a_chain_is_refused_even_when_its_first_is_right() -> Result<(), IdentityError> {
    let (mut chain, private) = self_signed(&rcgen::PKCS_ED25519);
    chain.push(chain[0].clone());
    let (mut client, mut server) =
        connect(careless_client(Some((chain.clone(), private))), server_config(&key())?);
    let (side, _) = shake_hands(&mut client, &mut server).unwrap_err();
    assert_eq!(side, Side::Server);
    assert_eq!(peer_key(&chain), None);
    Ok(())
}

#[test]
fn no_session_is_resumed() -> Result<(), IdentityError> {
    let (ann, bob) = (key(), key());
    let (client, server) = (client_config(&ann, bob.device_id())?, server_config(&bob)?);
    for _ in 0..3 {
        let (mut client, mut server) = connect(Arc::clone(&client), Arc::clone(&server));
        shake_hands(&mut client, &mut server).unwrap();
        assert_eq!(client.handshake_kind(), Some(rustls::HandshakeKind::Full));
    }
    Ok(())
}

#[test]
fn the_callee_is_not_named_in_clear() -> Result<(), IdentityError> {
    let (ann, bob) = (key(), key());
    let (mut client, _) = connect(client_config(&ann, bob.device_id())?, server_config(&bob)?);
    let mut bytes = Vec::new();
    client.write_tls(&mut bytes).unwrap();
    for secret in [bob.device_id().0, bob.public_key().0, ann.device_id().0, ann.public_key().0] {
        assert!(!bytes.windows(32).any(|window| window == secret));
    }
    Ok(())
}
