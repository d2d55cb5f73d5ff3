//! ICE servers: their URLs (RFC 7064, RFC 7065).

use crate::wire::IceServer;

/// URLs of a configuration that are looked at; the rest is left out.
pub(super) const MAX_SERVERS: usize = 16;

/// How a server is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scheme {
    /// `stun:`
    Stun,
    /// `turn:`, over UDP.
    TurnUdp,
    /// `turn:` with `transport=tcp`.
    TurnTcp,
    /// `turns:`, over TLS.
    TurnTls,
}

/// One URL of a configuration.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Server {
    pub(super) scheme: Scheme,
    /// Name or address, without brackets.
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) username: String,
    pub(super) credential: String,
}

impl std::fmt::Debug for Server {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_tuple("Server").field(&self.scheme).finish()
    }
}

impl Server {
    /// The servers of a configuration, at most [`MAX_SERVERS`]; what cannot be read or used is left out.
    pub(super) fn all(servers: &[IceServer]) -> Vec<Self> {
        let mut all = Vec::new();
        for server in servers {
            for url in &server.urls {
                match Self::of(url, server) {
                    Some(server) if !all.contains(&server) => all.push(server),
                    Some(_) => {}
                    None => tracing::debug!("an ICE server's URL is not understood"),
                }
            }
        }
        all.truncate(MAX_SERVERS);
        all
    }

    fn of(url: &str, server: &IceServer) -> Option<Self> {
        let (scheme, rest) = url.split_once(':')?;
        let (authority, query) = match rest.split_once('?') {
            Some((authority, query)) => (authority, Some(query)),
            None => (rest, None),
        };
        let scheme = match (scheme.to_ascii_lowercase().as_str(), query) {
            ("stun", None) => Scheme::Stun,
            ("turn", None | Some("transport=udp")) => Scheme::TurnUdp,
            ("turn", Some("transport=tcp")) => Scheme::TurnTcp,
            ("turns", None | Some("transport=tcp")) => Scheme::TurnTls,
            _ => return None,
        };
        let (host, port) = if let Some(bracketed) = authority.strip_prefix('[') {
            let (host, port) = bracketed.split_once(']')?;
            (host, port.strip_prefix(':'))
        } else {
            match authority.split_once(':') {
                Some((host, port)) => (host, Some(port)),
                None => (authority, None),
            }
        };
        let usual = if scheme == Scheme::TurnTls { 5349 } else { 3478 };
        let port = port.map_or(Ok(usual), str::parse).ok()?;
        if host.is_empty() || host.len() > 253 || port == 0 {
            return None;
        }
        let (username, credential) = if scheme == Scheme::Stun {
            Default::default()
        } else {
            (server.username.clone()?, server.credential.clone()?)
        };
        Some(Self { scheme, host: host.to_owned(), port, username, credential })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(url: &str) -> Option<(Scheme, String, u16)> {
        let server = IceServer {
            urls: vec![url.to_owned()],
            username: Some("ann".to_owned()),
            credential: Some("secret".to_owned()),
        };
        Server::of(url, &server).map(|server| (server.scheme, server.host, server.port))
    }

    #[test]
    fn urls_are_read_as_the_rfcs_have_them() {
        let some = |scheme, host: &str, port| Some((scheme, host.to_owned(), port));
        assert_eq!(parsed("stun:stun.example"), some(Scheme::Stun, "stun.example", 3478));
        assert_eq!(parsed("stun:192.0.2.1:99"), some(Scheme::Stun, "192.0.2.1", 99));
        assert_eq!(parsed("turn:[2001:db8::1]:5000"), some(Scheme::TurnUdp, "2001:db8::1", 5000));
        assert_eq!(parsed("turn:[2001:db8::1]"), some(Scheme::TurnUdp, "2001:db8::1", 3478));
        assert_eq!(parsed("turn:t.example?transport=tcp"), some(Scheme::TurnTcp, "t.example", 3478));
        assert_eq!(parsed("turns:t.example"), some(Scheme::TurnTls, "t.example", 5349));
        for bad in [
            "",
            "stun",
            "stun:",
            "http://a",
            "stun:a:b",
            "stun:a:0",
            "turn:a?transport=sctp",
            "stun:a?b",
            "turn:[::1",
            "turns:a?transport=udp",
        ] {
            assert_eq!(parsed(bad), None, "{bad}");
        }
    }

    #[test]
    fn relays_want_credentials_and_there_is_an_end_to_servers() {
        let server = |urls: Vec<String>| IceServer { urls, username: None, credential: None };
        assert!(Server::all(&[server(vec!["turn:a".to_owned()])]).is_empty());
        let many = server((0..50).map(|n| format!("stun:host{n}")).collect());
        assert_eq!(Server::all(&[many]).len(), MAX_SERVERS);
    }
}
