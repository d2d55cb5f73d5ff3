//! The loopback UI over real sockets: nobody but the person with the one-time address gets in.
#![allow(clippy::expect_used, reason = "a test fails by panicking")]

use std::time::Duration;

use earshot_discovery::memory::Ether;
use earshot_discovery::{Discovery, InterfaceChoice};
use earshot_identity::seal::Notary;
use earshot_node::{Node, Options};
use earshot_protocol::DeviceKind;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

struct Site {
    node: Node,
    port: u16,
    _folder: tempfile::TempDir,
}

impl Site {
    async fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let options = Options { data_dir: Some(folder.path().to_owned()), ..Options::default() };
        let find = |announcement, _: InterfaceChoice| {
            let (handle, events) = Ether::new().join(announcement)?;
            Ok((Box::new(handle) as Box<dyn Discovery>, events))
        };
        let node = Node::start_with(&options, find, |key| Box::new(Notary::new(key, DeviceKind::Install)))
            .await
            .expect("starts");
        let port = node.ui_url()["http://127.0.0.1:".len()..]
            .split('/')
            .next()
            .and_then(|port| port.parse().ok())
            .expect("a port");
        Self { node, port, _folder: folder }
    }

    /// Sends one request and gives status and the whole head.
    async fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> (u16, String) {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).await.expect("connects");
        let mut request = format!("{method} {path} HTTP/1.1\r\n");
        if !headers.iter().any(|(name, _)| *name == "Host") {
            request += &format!("Host: 127.0.0.1:{}\r\n", self.port);
        }
        for (name, value) in headers {
            request += &format!("{name}: {value}\r\n");
        }
        stream.write_all((request + "\r\n").as_bytes()).await.expect("sends");
        let mut head = Vec::new();
        while !head.windows(4).any(|end| end == b"\r\n\r\n") {
            let mut piece = [0; 1024];
            let read = tokio::time::timeout(Duration::from_secs(5), stream.read(&mut piece)).await;
            match read.expect("answers in time").expect("answers") {
                0 => break,
                count => head.extend_from_slice(&piece[..count]),
            }
        }
        let head = String::from_utf8_lossy(&head).into_owned();
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
        (status, head)
    }

    /// Opens a one-time address and gives the cookie and the page's key.
    async fn session(&self) -> (String, String) {
        let url = self.node.ui_url();
        let path = &url[url.find("/open").expect("a path")..];
        let (status, head) = self.ask("GET", path, &[]).await;
        assert_eq!(status, 303, "{head}");
        let line =
            head.lines().find(|line| line.to_ascii_lowercase().starts_with("set-cookie:")).expect("a cookie");
        assert!(line.contains("HttpOnly") && line.contains("SameSite=Strict"), "{line}");
        let (used, _) = self.ask("GET", path, &[]).await;
        assert_eq!(used, 403, "a key opens once");
        let cookie = line["set-cookie:".len()..].split(';').next().expect("a value").trim().to_owned();
        let place =
            head.lines().find(|line| line.to_ascii_lowercase().starts_with("location:")).expect("a place");
        (cookie, place.split_once("/#").expect("a page key").1.trim().to_owned())
    }
}

const UPGRADE: [(&str, &str); 4] = [
    ("Connection", "Upgrade"),
    ("Upgrade", "websocket"),
    ("Sec-WebSocket-Version", "13"),
    ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
];

fn with<'a>(more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    UPGRADE.iter().copied().chain(more.iter().copied()).collect()
}

#[tokio::test]
async fn the_key_opens_page_and_socket() {
    let site = Site::start().await;
    let (cookie, key) = site.session().await;
    let (status, _) =
        site.ask("GET", "/surface.json", &[("Cookie", &cookie), ("X-Earshot-Page-Key", &key)]).await;
    assert_eq!(status, 200);
    let own = format!("http://127.0.0.1:{}", site.port);
    let protocols = format!("earshot.v1, key.{key}");
    let headers = with(&[("Cookie", &cookie), ("Origin", &own), ("Sec-WebSocket-Protocol", &protocols)]);
    let (status, head) = site.ask("GET", "/ui/ws", &headers).await;
    assert_eq!(status, 101, "{head}");
    assert!(!head.contains(&key), "the key is not said back: {head}");
    let (_, head) = site.ask("GET", "/", &[("Cookie", &cookie)]).await;
    let policy = head.to_ascii_lowercase();
    assert!(policy.contains("content-security-policy:") && !policy.contains("unsafe-"), "{head}");
}

/// Method, path and headers.
type Refused<'a> = (&'a str, &'a str, Vec<(&'a str, &'a str)>);

#[tokio::test]
async fn nobody_else_gets_in() {
    let site = Site::start().await;
    let (cookie, key) = site.session().await;
    let keyed = format!("earshot.v1, key.{key}");
    let keyed = ("Sec-WebSocket-Protocol", keyed.as_str());
    let other = format!("http://127.0.0.1:{}", site.port.wrapping_add(1).max(1));
    let own = format!("http://127.0.0.1:{}", site.port);
    let rebound = format!("evil.example:{}", site.port);
    let refused: Vec<Refused<'_>> = vec![
        ("GET", "/", vec![]),
        ("GET", "/surface.json", vec![]),
        ("GET", "/open?key=", vec![]),
        ("GET", "/open?key=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", vec![]),
        ("GET", "/", vec![("Cookie", &cookie), ("Host", &rebound)]),
        ("GET", "/", vec![("Cookie", &cookie), ("Origin", &other)]),
        ("GET", "/surface.json", vec![("Cookie", &cookie), ("Sec-Fetch-Site", "same-site")]),
        ("GET", "/surface.json", vec![("X-Earshot-Page-Key", &key)]),
        ("GET", "/ui/ws", with(&[("Origin", &own), keyed])),
        ("GET", "/ui/ws", with(&[("Cookie", &cookie), ("Origin", "https://evil.example"), keyed])),
        ("GET", "/ui/ws", with(&[("Cookie", &cookie), ("Origin", &other), keyed])),
        ("GET", "/ui/ws", with(&[("Cookie", &cookie), ("Origin", &own), ("Host", &rebound), keyed])),
        // A cookie goes to every port of a host: whoever has learned it has still no key of the page.
        ("GET", "/surface.json", vec![("Cookie", &cookie)]),
        ("GET", "/ui/ws", with(&[("Cookie", &cookie), ("Sec-WebSocket-Protocol", "earshot.v1")])),
        ("GET", "/ui/ws", with(&[("Cookie", &cookie), ("Sec-WebSocket-Protocol", "earshot.v1, key.guess")])),
        ("POST", "/raise", vec![]),
        ("POST", "/raise", vec![("X-Earshot-Secret", "guess"), ("Cookie", &cookie)]),
    ];
    for (method, path, headers) in refused {
        let (status, head) = site.ask(method, path, &headers).await;
        assert_eq!(status, 403, "{method} {path} {headers:?}\n{head}");
        assert!(!head.to_ascii_lowercase().contains("access-control-allow"), "{head}");
    }
}
