//! What a hello is bound to: the TLS connection itself, or the name of the server that was dialled.
//!
//! A server in the middle that passes another hub's challenge on has a connection of its own to that hub, and its
//! certificate proves a name of its own. So whatever it makes a visitor sign, the hub expects something else: its own
//! exporter where it ends TLS itself, its own name where a proxy does. Which of the two, the challenge says; to lie
//! about it gains nothing, for the hub knows better. Zeros are never signed by an install, so that a guest's unbound
//! hello cannot be made of an install's.

use earshot_protocol::hub::{Binding, server_name};
use http::uri::Authority;
use rustls::ConnectionCommon;

/// 32 bytes that both ends of one TLS connection know, and nobody else (RFC 9266).
pub(crate) type Exporter = [u8; 32];

/// The exporter of a finished handshake. `None` only where rustls gives none, and then nobody is let in with it.
pub(crate) fn exporter<S>(connection: &ConnectionCommon<S>) -> Option<Exporter> {
    connection.export_keying_material([0; 32], b"EXPORTER-Channel-Binding", Some(b"")).ok()
}

/// How a visitor got to the hub.
#[derive(Clone)]
pub(crate) enum Channel {
    /// Straight to a device, whose key the handshake has proven.
    Device(Exporter),
    /// By a URL.
    Server {
        /// Its host.
        host: String,
        /// Of the connection, if it is encrypted: to the hub itself, or to a proxy before it.
        exporter: Option<Exporter>,
    },
}

impl Channel {
    /// What an install's hello is bound to over this channel, when the hub wants `wanted`: never to nothing.
    pub(crate) fn bound(&self, wanted: Binding) -> (Binding, [u8; 32]) {
        match self {
            Self::Device(exporter) => (Binding::TlsExporter, *exporter),
            Self::Server { exporter: Some(exporter), .. } if wanted == Binding::TlsExporter => {
                (Binding::TlsExporter, *exporter)
            }
            Self::Server { host, .. } => (Binding::ServerName, server_name(host)),
        }
    }
}

/// The name in a `Host` header, without the port.
pub(crate) fn host_name(header: &str) -> Option<String> {
    let authority: Authority = header.parse().ok()?;
    // A name with a user before it is nobody's.
    (!header.contains('@')).then(|| authority.host().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_install_never_signs_zeros() {
        let server = |exporter| Channel::Server { host: "calls.example".to_owned(), exporter };
        for wanted in [Binding::None, Binding::TlsExporter, Binding::ServerName] {
            for channel in [Channel::Device([1; 32]), server(Some([1; 32])), server(None)] {
                let (binding, bytes) = channel.bound(wanted);
                assert_ne!(binding, Binding::None);
                assert_ne!(bytes, [0; 32]);
            }
            // Between devices there is nothing to choose.
            assert_eq!(Channel::Device([1; 32]).bound(wanted), (Binding::TlsExporter, [1; 32]));
        }
        assert_eq!(
            server(Some([1; 32])).bound(Binding::None),
            (Binding::ServerName, server_name("calls.example"))
        );
        assert_eq!(server(None).bound(Binding::TlsExporter).0, Binding::ServerName);
    }

    #[test]
    fn a_name_has_many_spellings() {
        let same = |one: &str, other: &str| server_name(one) == server_name(other);
        assert!(same("calls.example", "Calls.Example"));
        assert!(same("calls.example", "calls.example."));
        assert!(same("2001:db8::1", "[2001:DB8:0::1]"));
        assert!(!same("calls.example", "calls.example.evil.example"));
        assert!(!same("calls.example", ""));
        for (header, host) in [
            ("calls.example", Some("calls.example")),
            ("calls.example:8443", Some("calls.example")),
            ("[2001:db8::1]:7447", Some("[2001:db8::1]")),
            ("evil@calls.example", None),
            ("", None),
            ("a b", None),
        ] {
            assert_eq!(host_name(header).as_deref(), host, "{header}");
        }
    }
}
