//! Who may use the loopback UI: one-time keys, the sessions they become, and the checks of Host and Origin.
//!
//! Pure, with time as an argument. What this keeps out: web pages in the same browser (their Origin is another),
//! DNS rebinding (their Host is another), and other users of the machine (they have no key). A browser sends a cookie
//! to every port of a host, so also to the server of another user of the machine: the cookie alone opens only the
//! UI's files. Whoever wants to speak also shows the page's key, which a browser keeps for one port.

use earshot_protocol::limits::UI_KEY_LIFETIME;
use http::{HeaderMap, header};

use crate::random;

/// The header in which the page shows its key.
const PAGE_KEY: &str = "x-earshot-page-key";

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
    sessions: Vec<Session>,
}

/// One opening of the UI in one browser.
#[derive(Debug)]
struct Session {
    cookie: String,
    page_key: String,
}

/// What a browser gets for its one-time key.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Opened {
    /// The value of `Set-Cookie`.
    pub(crate) cookie: String,
    /// For the page alone: it travels in the fragment, which no browser sends anywhere.
    pub(crate) page_key: String,
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

    /// Turns a one-time key into a session.
    pub(crate) fn open(&mut self, key: &str, now: u64) -> Result<Opened, Denied> {
        self.keys.retain(|(_, made)| now.saturating_sub(*made) <= u64::from(UI_KEY_LIFETIME));
        let found =
            self.keys.iter().position(|(kept, _)| random::same(kept, key)).ok_or(Denied::NoSession)?;
        self.keys.remove(found);
        let session = Session { cookie: random::text(), page_key: random::text() };
        let cookie =
            format!("{}={}; Path=/; HttpOnly; SameSite=Strict", cookie_name(self.port), session.cookie);
        let page_key = session.page_key.clone();
        if self.sessions.len() == MAX_KEPT {
            self.sessions.remove(0);
        }
        self.sessions.push(session);
        Ok(Opened { cookie, page_key })
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

    /// Checks the session's cookie: enough for the UI's files.
    pub(crate) fn check_cookie(&self, headers: &HeaderMap) -> Result<(), Denied> {
        self.session(headers).map(|_| ())
    }

    /// Checks the session's cookie and its page's key: in [`PAGE_KEY`], or, for a WebSocket, which takes no headers
    /// of a page's own, as a subprotocol.
    pub(crate) fn check_page_key(&self, headers: &HeaderMap) -> Result<(), Denied> {
        let session = self.session(headers)?;
        let texts = |name: &str| {
            let values = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
            values.flat_map(|value| value.split(',')).map(|value| value.trim().to_owned()).collect::<Vec<_>>()
        };
        let shown = texts(PAGE_KEY);
        let offered = texts("sec-websocket-protocol");
        let offered = offered.iter().filter_map(|offer| offer.strip_prefix("key."));
        if shown.iter().map(String::as_str).chain(offered).any(|key| random::same(key, &session.page_key)) {
            Ok(())
        } else {
            Err(Denied::NoSession)
        }
    }

    fn session(&self, headers: &HeaderMap) -> Result<&Session, Denied> {
        let name = cookie_name(self.port);
        headers
            .get_all(header::COOKIE)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .filter(|(found, _)| *found == name)
            .find_map(|(_, value)| self.sessions.iter().find(|session| random::same(&session.cookie, value)))
            .ok_or(Denied::NoSession)
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
        let Opened { cookie, page_key } = sessions.open(key(&url), 1000).expect("the first time");
        assert_eq!(sessions.open(key(&url), 1000), Err(Denied::NoSession));
        let late = sessions.url(0);
        assert_eq!(sessions.open(key(&late), u64::from(UI_KEY_LIFETIME) + 1), Err(Denied::NoSession));
        let (pair, rest) = cookie.split_once(';').expect("attributes");
        assert!(rest.contains("HttpOnly") && rest.contains("SameSite=Strict"));
        let cookie = format!("a=b; {pair}");
        assert_eq!(sessions.check_cookie(&headers(&[("cookie", &cookie)])), Ok(()));
        // Who has learned the cookie alone may not speak.
        let protocols = format!("earshot.v1, key.{page_key}");
        let good = [("x-earshot-page-key", page_key.as_str()), ("sec-websocket-protocol", &protocols)];
        for shown in good {
            assert_eq!(sessions.check_page_key(&headers(&[("cookie", &cookie), shown])), Ok(()));
            assert_eq!(sessions.check_page_key(&headers(&[shown])), Err(Denied::NoSession));
        }
        for wrong in ["", "x", "key.", "earshot.v1", "earshot.v1, key.", "earshot.v1, key.x"] {
            for name in ["x-earshot-page-key", "sec-websocket-protocol"] {
                let shown = headers(&[("cookie", &cookie), (name, wrong)]);
                assert_eq!(sessions.check_page_key(&shown), Err(Denied::NoSession), "{name}: {wrong}");
            }
        }
        let other = sessions.url(0);
        let other = sessions.open(key(&other), 0).expect("opens");
        let mixed = headers(&[("cookie", &cookie), ("x-earshot-page-key", &other.page_key)]);
        assert_eq!(sessions.check_page_key(&mixed), Err(Denied::NoSession), "of another session");
        for foreign in ["", "earshot-7000=", "earshot-7000=x", "earshot-7001=abc"] {
            assert_eq!(
                sessions.check_cookie(&headers(&[("cookie", foreign)])),
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
