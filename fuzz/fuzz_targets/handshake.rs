//! What somebody who is not who they say, or does not know the phrase, may say at the door: nothing of it proves anything.
#![no_main]

use std::sync::LazyLock;

use earshot_identity::phrase::{Context, Pake, Role, confirmed};
use earshot_identity::tls::peer_key;
use earshot_identity::{DeviceKey, PhraseKey, verify};
use earshot_protocol::hub::hello_to_sign;
use earshot_protocol::{
    DeviceId, Digest, FromHub, Nonce, PakeMessage, PublicKey, Signature, ToHub, VERSIONS, negotiate,
};
use libfuzzer_sys::fuzz_target;
use rcgen::{CertificateParams, KeyPair, PKCS_ED25519};
use rustls_pki_types::CertificateDer;

static ANN: LazyLock<DeviceKey> = LazyLock::new(|| DeviceKey::generate().expect("randomness"));
static PHRASE: LazyLock<PhraseKey> = LazyLock::new(|| PhraseKey::random().expect("randomness"));

/// A certificate as devices make them, of a key of its own.
static CERTIFICATE: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let pair = KeyPair::generate_for(&PKCS_ED25519).expect("a key");
    CertificateParams::default().self_signed(&pair).expect("a certificate").der().to_vec()
});

const HUB: DeviceId = DeviceId([1; 32]);
const NONCE: Nonce = Nonce([2; 32]);
const EXPORTER: [u8; 32] = [3; 32];

/// What somebody says; the first byte says what it is.
enum Said<'a> {
    /// `h`: a visitor's words, in answer to the challenge.
    Hello(&'a str),
    /// `c`: a hub's words, to a visitor.
    Challenge(&'a str),
    /// `e`: Ann's own proof, for another hub, challenge or connection.
    Elsewhere { hub: [u8; 32], nonce: [u8; 32], exporter: [u8; 32] },
    /// `s`: bytes for Ann's signature.
    Signature([u8; 64]),
    /// `a`: a key and a signature of anybody's making, over several challenges.
    Anybody { key: [u8; 32], signature: [u8; 64] },
    /// `d`: a certificate.
    Certificate(&'a [u8]),
    /// `b`: a good certificate with some bytes changed, each at two bytes' position.
    BentCertificate(&'a [u8]),
    /// `p` or `q`: a half of SPAKE2 and a confirmation, to a hub or to a visitor.
    Phrase { role: Role, message: [u8; 33], confirmation: [u8; 32] },
}

fn said(data: &[u8]) -> Option<Said<'_>> {
    let (what, rest) = data.split_first()?;
    let text = || std::str::from_utf8(rest).ok();
    Some(match what {
        b'h' => Said::Hello(text()?),
        b'c' => Said::Challenge(text()?),
        b'e' => {
            let (hub, rest) = rest.split_first_chunk()?;
            let (nonce, rest) = rest.split_first_chunk()?;
            Said::Elsewhere { hub: *hub, nonce: *nonce, exporter: *rest.first_chunk()? }
        }
        b's' => Said::Signature(*rest.first_chunk()?),
        b'a' => {
            let (key, rest) = rest.split_first_chunk()?;
            Said::Anybody { key: *key, signature: *rest.first_chunk()? }
        }
        b'd' => Said::Certificate(rest),
        b'b' => Said::BentCertificate(rest),
        b'p' | b'q' => {
            let (message, rest) = rest.split_first_chunk()?;
            let role = if *what == b'p' { Role::Hub } else { Role::Visitor };
            Said::Phrase { role, message: *message, confirmation: *rest.first_chunk()? }
        }
        _ => return None,
    })
}

fn hello_proves_nothing(text: &str) {
    let Ok(ToHub::Hello(hello)) = serde_json::from_str(text) else { return };
    let _ = (negotiate(VERSIONS, &hello.versions), hello.person.check());
    // Nobody has seen this challenge, so no signature can be right.
    let signed = hello_to_sign(&HUB, &NONCE, &hello.key, Some(&EXPORTER));
    assert!(!verify(&hello.key, &signed, &hello.signature));
    if let Some(proof) = hello.phrase {
        phrase_proves_nothing(Role::Hub, &proof.message, &proof.confirmation);
    }
}

fn phrase_proves_nothing(role: Role, message: &PakeMessage, confirmation: &Digest) {
    let (pake, own) = Pake::start(role, &PHRASE);
    assert_ne!(own, *message);
    let context = Context { hub: HUB, visitor: ANN.device_id(), exporter: EXPORTER };
    if let Ok(expected) = pake.finish(message, &context) {
        assert!(!confirmed(&expected.hub, confirmation) && !confirmed(&expected.visitor, confirmation));
        assert!(!confirmed(&expected.hub, &expected.visitor));
    }
}

fn certificate(der: &[u8]) -> Option<PublicKey> {
    peer_key(&[CertificateDer::from(der)])
}

fuzz_target!(|data: &[u8]| match said(data) {
    None => {}
    Some(Said::Hello(text)) => hello_proves_nothing(text),
    Some(Said::Challenge(text)) => {
        if let Ok(FromHub::Challenge { hub, versions, phrase, .. }) = serde_json::from_str(text) {
            let _ = (negotiate(VERSIONS, &versions), hub.short().to_string());
            if let Some(message) = phrase {
                phrase_proves_nothing(Role::Visitor, &message, &Digest([0; 32]));
            }
        }
    }
    Some(Said::Elsewhere { hub, nonce, exporter }) => {
        let key = ANN.public_key();
        let proof = ANN.sign(&hello_to_sign(&HUB, &NONCE, &key, Some(&EXPORTER)));
        let asked = hello_to_sign(&DeviceId(hub), &Nonce(nonce), &key, Some(&exporter));
        let here = hub == HUB.0 && nonce == NONCE.0 && exporter == EXPORTER;
        assert_eq!(verify(&key, &asked, &proof), here);
    }
    Some(Said::Signature(bytes)) => {
        let key = ANN.public_key();
        let signed = hello_to_sign(&HUB, &NONCE, &key, Some(&EXPORTER));
        assert!(!verify(&key, &signed, &Signature(bytes)));
    }
    Some(Said::Anybody { key, signature }) => {
        // One signature is good for at most one challenge, whosever key it is.
        let (key, proof) = (PublicKey(key), Signature(signature));
        let good = |nonce| verify(&key, &hello_to_sign(&HUB, &Nonce([nonce; 32]), &key, None), &proof);
        assert!((0..16).filter(|nonce| good(*nonce)).count() <= 1);
    }
    Some(Said::Certificate(der)) => {
        let _ = certificate(der);
    }
    Some(Said::BentCertificate(changes)) => {
        let mut der = CERTIFICATE.clone();
        for change in changes.chunks_exact(3) {
            let at = usize::from(u16::from_be_bytes([change[0], change[1]])) % der.len();
            der[at] = change[2];
        }
        assert_eq!(certificate(&der).is_some(), der == *CERTIFICATE);
    }
    Some(Said::Phrase { role, message, confirmation }) => {
        phrase_proves_nothing(role, &PakeMessage(message), &Digest(confirmation));
    }
});
