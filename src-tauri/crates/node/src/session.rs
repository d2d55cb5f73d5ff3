//! Who may use the loopback UI: one-time keys, the sessions they become, and the checks of Host and Origin.
//!
//! Pure, with time as an argument. What this keeps out: web pages in the same browser (their Origin is another),
//! DNS rebinding (their Host is another), and other users of the machine (they have no key).

use earshot_protocol::limits::UI_KEY_LIFETIME;
use http::{HeaderMap, header};

use crate::random;

/// Keys that wait to be used, and sessions; the oldest go first.
const MAX_KEPT: usize = 16;

/// The cookie's name. A cookie is not bound to a port, so the port is in the name: two installs do not log each
/// other out.
fn cookie_name(port: u16) -> String {
    format!("earshot-{port}")
}

/// Keys and sessions of one loopback UI.
#[derive(Debug)]
pub(crate) struct Sessions {
    port: u16,
    keys: Vec<(String, u64)>,
    sessions: Vec<String>,
}

/// Why a request is turned away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Denied {
    /// Host, Origin or Sec-Fetch-Site say that somebody else's page asks.
    Foreign,
    /// No session, or a key that was used or is too old.
    NoSession,
}

impl Sessions {
    pub(crate) fn new(port: u16) -> Self {
        Self { port, keys: Vec::new(), sessions: Vec::new() }
    }

    /// A fresh address that opens the UI once, within [`UI_KEY_LIFETIME`] ms of `now`.
    pub(crate) fn url(&mut self, now: u64) -> String {
        let key = random::text();
        if self.keys.len() == MAX_KEPT {
            self.keys.remove(0);
        }
        self.keys.push((key.clone(), now));
        format!("http://127.0.0.1:{}/open?key={key}", self.port)
    }

    /// Turns a key into a session: the value for `Set-Cookie`.
    pub(crate) fn open(&mut self, key: &str, now: u64) -> Result<String, Denied> {
        self.keys.retain(|(_, made)| now.saturating_sub(*made) <= u64::from(UI_KEY_LIFETIME));
        let found =
            self.keys.iter().position(|(kept, _)| random::same(kept, key)).ok_or(Denied::NoSession)?;
        self.keys.remove(found);
        let session = random::text();
        if self.sessions.len() == MAX_KEPT {
            self.sessions.remove(0);
        }
        self.sessions.push(session.clone());
        Ok(format!("{}={session}; Path=/; HttpOnly; SameSite=Strict", cookie_name(self.port)))
    }

    /// Checks that the page that asks is our own, or that nobody but the person at the machine asks.
    pub(crate) fn check_page(&self, headers: &HeaderMap) -> Result<(), Denied> {
        let host = format!("127.0.0.1:{}", self.port);
        let one = |name: header::HeaderName| {
            let mut values = headers.get_all(name).iter();
            (values.next().and_then(|value| value.to_str().ok()), values.next().is_some())
        };
        if one(header::HOST) != (Some(host.as_str()), false) {
            return Err(Denied::Foreign);
        }
        if headers.contains_key(header::ORIGIN)
            && one(header::ORIGIN) != (Some(format!("http://{host}").as_str()), false)
        {
            return Err(Denied::Foreign);
        }
        match headers.get("sec-fetch-site").map(|value| value.as_bytes()) {
            None | Some(b"same-origin" | b"none") => Ok(()),
            Some(_) => Err(Denied::Foreign),
        }
    }

    /// Checks the session's cookie.
    pub(crate) fn check_session(&self, headers: &HeaderMap) -> Result<(), Denied> {
        let name = cookie_name(self.port);
        let found = headers
            .get_all(header::COOKIE)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .filter(|(found, _)| *found == name)
            .any(|(_, value)| self.sessions.iter().any(|session| random::same(session, value)));
        if found { Ok(()) } else { Err(Denied::NoSession) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| {
                (header::HeaderName::from_static(name), HeaderValue::from_str(value).expect("a header value"))
            })
            .collect()
    }

    fn key(url: &str) -> &str {
        url.split_once("key=").expect("a key").1
    }

    #[test]
    fn a_key_opens_once_and_not_for_long() {
        let mut sessions = Sessions::new(7000);
        let url = sessions.url(0);
        let cookie = sessions.open(key(&url), 1000).expect("the first time");
        assert_eq!(sessions.open(key(&url), 1000), Err(Denied::NoSession));
        let late = sessions.url(0);
        assert_eq!(sessions.open(key(&late), u64::from(UI_KEY_LIFETIME) + 1), Err(Denied::NoSession));
        let (pair, rest) = cookie.split_once(';').expect("attributes");
        assert!(rest.contains("HttpOnly") && rest.contains("SameSite=Strict"));
        assert_eq!(sessions.check_session(&headers(&[("cookie", &format!("a=b; {pair}"))])), Ok(()));
        for foreign in ["", "earshot-7000=", "earshot-7000=x", "earshot-7001=abc"] {
            assert_eq!(
                sessions.check_session(&headers(&[("cookie", foreign)])),
                Err(Denied::NoSession),
                "{foreign}"
            );
        }
        assert_eq!(sessions.open("", 0), Err(Denied::NoSession));
    }

    #[test]
    fn only_our_own_page_asks() {
        let sessions = Sessions::new(7000);
        let good = [
            vec![("host", "127.0.0.1:7000")],
            vec![("host", "127.0.0.1:7000"), ("sec-fetch-site", "none")],
            vec![
                ("host", "127.0.0.1:7000"),
                ("origin", "http://127.0.0.1:7000"),
                ("sec-fetch-site", "same-origin"),
            ],
        ];
        for pairs in good {
            assert_eq!(sessions.check_page(&headers(&pairs)), Ok(()), "{pairs:?}");
        }
        let foreign = [
            vec![],
            vec![("host", "rebound.example:7000")],
            vec![("host", "localhost:7000")],
            vec![("host", "127.0.0.1:7001")],
            vec![("host", "127.0.0.1:7000"), ("origin", "http://127.0.0.1:7001")],
            vec![("host", "127.0.0.1:7000"), ("origin", "https://evil.example")],
            vec![("host", "127.0.0.1:7000"), ("origin", "null")],
            vec![("host", "127.0.0.1:7000"), ("sec-fetch-site", "cross-site")],
            vec![("host", "127.0.0.1:7000"), ("sec-fetch-site", "same-site")],
        ];
        for pairs in foreign {
            assert_eq!(sessions.check_page(&headers(&pairs)), Err(Denied::Foreign), "{pairs:?}");
        }
    }
}
