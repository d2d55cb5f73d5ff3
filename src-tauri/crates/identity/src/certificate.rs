//! The device's certificate: a wrapping that TLS asks for around the one thing that counts, the public key.

use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use earshot_protocol::PublicKey;
use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair, PKCS_ED25519, SerialNumber};
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use x509_parser::asn1_rs::{Oid, oid};
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;
use x509_parser::x509::AlgorithmIdentifier;

use crate::key::is_somebodys;
use crate::{DeviceKey, IdentityError};

/// id-Ed25519 (RFC 8410, section 3).
const ED25519_OID: Oid<'static> = oid!(1.3.101.112);

/// Ours have about 300 bytes; nobody needs ten times that.
const MAX_CERTIFICATE_BYTES: usize = 3 * 1024;

/// Makes the device's self-signed certificate. The same key always gives the same certificate.
pub(crate) fn make(key: &DeviceKey) -> Result<CertificateDer<'static>, IdentityError> {
    let pkcs8 = key.pkcs8()?;
    let pair =
        KeyPair::from_pkcs8_der_and_sign_algo(&PrivatePkcs8KeyDer::from(pkcs8.as_slice()), &PKCS_ED25519)?;
    let mut parameters = CertificateParams::default();
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, "Earshot device");
    parameters.distinguished_name = name;
    // rcgen's dates reach from 1975 to 4096. Nobody looks at them: a clock that is wrong must not stop a call.
    // The first bit is cleared, since serial numbers are positive (RFC 5280, section 4.1.2.2).
    let mut serial = key.device_id().0[..16].to_vec();
    serial[0] = serial[0] & 0x7f | 0x40;
    parameters.serial_number = Some(SerialNumber::from(serial));
    Ok(parameters.self_signed(&pair)?.der().clone())
}

/// The Ed25519 key of a device certificate, or `None` for anything that is not exactly one: other algorithms, bytes
/// left over, an absurd size, a signature by another key.
pub(crate) fn key_of(certificate: &CertificateDer<'_>) -> Option<PublicKey> {
    if certificate.len() > MAX_CERTIFICATE_BYTES {
        return None;
    }
    let (rest, parsed) = X509Certificate::from_der(certificate).ok()?;
    let is_ed25519 = |algorithm: &AlgorithmIdentifier<'_>| {
        // RFC 8410: the parameters must be absent.
        algorithm.algorithm == ED25519_OID && algorithm.parameters.is_none()
    };
    let subject = &parsed.tbs_certificate.subject_pki;
    if !rest.is_empty()
        || !is_ed25519(&subject.algorithm)
        || !is_ed25519(&parsed.tbs_certificate.signature)
        || subject.subject_public_key.unused_bits != 0
        || !is_one_sequence(certificate)
        || !ends_in_a_signature(certificate)
    {
        return None;
    }
    let key = PublicKey(subject.subject_public_key.data.as_ref().try_into().ok()?);
    let signed_by_itself = UnparsedPublicKey::new(&ED25519, key.0)
        .verify(parsed.tbs_certificate.as_ref(), parsed.signature_value.data.as_ref())
        .is_ok();
    (signed_by_itself && is_somebodys(&key)).then_some(key)
}

/// Whether it is one SEQUENCE with its length in the shortest form (DER, X.690). The parser takes tags of other classes for
/// it, and these bytes are not signed either.
fn is_one_sequence(der: &[u8]) -> bool {
    match der {
        [0x30, 0x81, length, rest @ ..] => *length >= 0x80 && rest.len() == usize::from(*length),
        [0x30, 0x82, high, low, rest @ ..] => {
            *high > 0 && rest.len() == usize::from(u16::from_be_bytes([*high, *low]))
        }
        _ => false,
    }
}

/// Whether an Ed25519 signature is the last thing in it: the algorithm, a BIT STRING of 64 bytes, nothing more. The
/// parser takes other tags there too, and these bytes are not signed themselves.
fn ends_in_a_signature(der: &[u8]) -> bool {
    const HEAD: &[u8] = &[0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 3, 65, 0];
    der.len().checked_sub(HEAD.len() + 64).is_some_and(|start| der[start..].starts_with(HEAD))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_holds_its_devices_key() {
        let key = DeviceKey::generate().unwrap();
        let certificate = make(&key).unwrap();
        assert_eq!(key_of(&certificate), Some(key.public_key()));
        assert_eq!(make(&key).unwrap(), certificate);
    }

    #[test]
    fn bytes_after_or_missing_make_it_none() {
        let certificate = make(&DeviceKey::generate().unwrap()).unwrap();
        for length in 0..certificate.len() {
            assert_eq!(key_of(&CertificateDer::from(&certificate[..length])), None, "{length} bytes");
        }
        let mut longer = certificate.to_vec();
        longer.push(0);
        assert_eq!(key_of(&CertificateDer::from(longer)), None);
    }

    #[test]
    fn no_bit_of_it_can_be_bent() {
        let key = DeviceKey::generate().unwrap();
        let certificate = make(&key).unwrap();
        for index in 0..certificate.len() {
            for bit in 0..8 {
                let mut bent = certificate.to_vec();
                bent[index] ^= 1 << bit;
                assert_eq!(key_of(&CertificateDer::from(bent)), None, "bit {bit} of byte {index}");
            }
        }
    }

    #[test]
    fn other_algorithms_are_no_device() {
        for algorithm in [&rcgen::PKCS_ECDSA_P256_SHA256, &rcgen::PKCS_ECDSA_P384_SHA384] {
            let pair = KeyPair::generate_for(algorithm).unwrap();
            let certificate = CertificateParams::default().self_signed(&pair).unwrap();
            assert_eq!(key_of(certificate.der()), None);
        }
    }
}
