//! Where a link goes: addresses and URLs, read strictly.

use std::net::{IpAddr, SocketAddr};

use earshot_protocol::ErrorCode;
use earshot_protocol::limits::{MAX_ADDRESS_BYTES, MAX_ADDRESSES};
use http::Uri;
use http::uri::{PathAndQuery, Scheme};

/// The URL of a signaling server: `wss://host[:port][/path]`, or `ws://` to this machine. Without a path, `/ws`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerUrl {
    uri: Uri,
    host: String,
    port: u16,
    encrypted: bool,
}

impl ServerUrl {
    /// Reads a URL.
    ///
    /// # Errors
    /// [`ErrorCode::UrlInvalid`] for anything but such a URL, also one with a user, a password or a fragment;
    /// [`ErrorCode::UrlInsecure`] for `ws://` to another machine.
    pub fn parse(text: &str) -> Result<Self, ErrorCode> {
        if text.len() > MAX_ADDRESS_BYTES as usize || text.contains(['#', '@', '\\']) {
            return Err(ErrorCode::UrlInvalid);
        }
        let uri: Uri = text.trim().parse().map_err(|_| ErrorCode::UrlInvalid)?;
        let mut parts = uri.into_parts();
        let encrypted = match parts.scheme.as_ref().map(Scheme::as_str) {
            Some("wss") => true,
            Some("ws") => false,
            _ => return Err(ErrorCode::UrlInvalid),
        };
        let authority = parts.authority.as_ref().ok_or(ErrorCode::UrlInvalid)?;
        let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase();
        // What follows the host: nothing, or a colon and a number. `port()` takes a number that is too large for none.
        let port = match authority.as_str().strip_prefix(authority.host()) {
            Some("") if encrypted => 443,
            Some("") => 80,
            Some(rest) => {
                let port = rest.strip_prefix(':').and_then(|port| port.parse().ok());
                port.filter(|port| *port != 0).ok_or(ErrorCode::UrlInvalid)?
            }
            None => return Err(ErrorCode::UrlInvalid),
        };
        if host.is_empty() {
            return Err(ErrorCode::UrlInvalid);
        }
        if !encrypted && !is_this_machine(&host) {
            return Err(ErrorCode::UrlInsecure);
        }
        if parts.path_and_query.as_ref().is_none_or(|path| path.as_str() == "/") {
            parts.path_and_query = Some(PathAndQuery::from_static("/ws"));
        }
        let uri = Uri::from_parts(parts).map_err(|_| ErrorCode::UrlInvalid)?;
        Ok(Self { uri, host, port, encrypted })
    }

    /// The whole URL, with its path.
    #[must_use]
    pub fn uri(&self) -> &Uri {
        &self.uri
    }

    /// The host: a name or an IP address without brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// `wss`.
    #[must_use]
    pub fn is_encrypted(&self) -> bool {
        self.encrypted
    }
}

fn is_this_machine(host: &str) -> bool {
    host == "localhost"
        || host.ends_with(".localhost")
        || host.parse::<IpAddr>().is_ok_and(|address| address.to_canonical().is_loopback())
}

/// One way to a device's hub.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Way {
    /// Straight to its port.
    Socket(SocketAddr),
    /// Through a server's front door.
    Url(ServerUrl),
}

/// Reads a hub's addresses. They are hints from others: what cannot be read is left out, and only so many are taken.
pub(super) fn ways(addresses: &[String]) -> Vec<Way> {
    let mut ways = Vec::new();
    for address in addresses.iter().take(MAX_ADDRESSES as usize) {
        let way = match address.parse::<SocketAddr>() {
            Ok(socket) if socket.port() != 0 && !socket.ip().is_unspecified() => Way::Socket(socket),
            Ok(_) => continue,
            Err(_) => match ServerUrl::parse(address) {
                Ok(url) => Way::Url(url),
                Err(_) => continue,
            },
        };
        if !ways.contains(&way) {
            ways.push(way);
        }
    }
    ways
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_read_strictly() {
        let good = [
            ("wss://calls.example", "wss://calls.example/ws", 443),
            ("wss://calls.example/", "wss://calls.example/ws", 443),
            ("wss://Calls.Example:8443/earshot/ws", "wss://Calls.Example:8443/earshot/ws", 8443),
            ("wss://calls.example?team=a", "wss://calls.example/?team=a", 443),
            ("wss://[2001:db8::1]:7447", "wss://[2001:db8::1]:7447/ws", 7447),
            ("ws://localhost:7447", "ws://localhost:7447/ws", 7447),
            ("ws://127.0.0.1:7447", "ws://127.0.0.1:7447/ws", 7447),
            ("ws://[::1]", "ws://[::1]/ws", 80),
            (" wss://calls.example ", "wss://calls.example/ws", 443),
        ];
        for (text, whole, port) in good {
            let url = ServerUrl::parse(text).unwrap_or_else(|code| panic!("{text}: {code}"));
            assert_eq!((url.uri().to_string(), url.port()), (whole.to_owned(), port));
        }
        for text in [
            "",
            "calls.example",
            "wss://",
            "https://calls.example",
            "wss:calls.example",
            "wss:///ws",
            "wss://a b",
            "wss://calls.example:0",
            "wss://calls.example:",
            "wss://calls.example:70000",
            "wss://u:p@calls.example",
            "wss://calls.example/#x",
            "javascript:alert(1)",
            "ws://@localhost",
        ] {
            assert_eq!(ServerUrl::parse(text), Err(ErrorCode::UrlInvalid), "{text}");
        }
        assert_eq!(ServerUrl::parse(&format!("wss://{}", "a".repeat(300))), Err(ErrorCode::UrlInvalid));
        for text in
            ["ws://calls.example", "ws://192.0.2.1:7447", "ws://localhost.example", "ws://[2001:db8::1]"]
        {
            assert_eq!(ServerUrl::parse(text), Err(ErrorCode::UrlInsecure), "{text}");
        }
    }

    #[test]
    fn addresses_are_hints() {
        let hints = [
            "192.0.2.1:7447",
            "[2001:db8::1]:7447",
            "[fe80::1%3]:7447",
            "wss://calls.example",
            "192.0.2.1:7447",
            "0.0.0.0:7447",
            "192.0.2.1:0",
            "nonsense",
            "ws://192.0.2.1:80",
        ];
        let ways = ways(&hints.map(str::to_owned));
        assert_eq!(ways.len(), 4);
        assert_eq!(ways[2], Way::Socket("[fe80::1%3]:7447".parse().unwrap()));
        assert!(matches!(&ways[3], Way::Url(url) if url.host() == "calls.example"));
        let many: Vec<_> = (1..100).map(|port| format!("192.0.2.1:{port}")).collect();
        assert_eq!(super::ways(&many).len(), MAX_ADDRESSES as usize);
    }
}
