//! A page hands received files to its node; nobody else does.
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test fails by panicking")]

use earshot_discovery::memory::Ether;
use earshot_discovery::{Discovery, InterfaceChoice};
use earshot_identity::seal::Notary;
use earshot_node::{Node, Options};
use earshot_protocol::files::chain;
use earshot_protocol::limits::FILE_BLOCK_BYTES;
use earshot_protocol::{DeviceId, DeviceKind, Digest, ErrorCode, FileId, FileReply, FileRequest};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

struct Site {
    node: Node,
    host: String,
    key: Vec<(String, String)>,
    folder: tempfile::TempDir,
}

impl Site {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let options = Options {
            data_dir: Some(folder.path().join("data")),
            downloads: Some(folder.path().join("received")),
            ..Options::default()
        };
        let find = |announcement, _: InterfaceChoice| {
            let (handle, events) = Ether::new().join(announcement)?;
            Ok((Box::new(handle) as Box<dyn Discovery>, events))
        };
        let node = Node::start_with(&options, find, |key| Box::new(Notary::new(key, DeviceKind::Install)))
            .await
            .unwrap();
        let url = node.ui_url();
        let (host, path) = url["http://".len()..].split_once('/').unwrap();
        let mut site = Self { host: host.to_owned(), key: Vec::new(), folder, node };
        let (_, head, _) = site.ask("GET", &format!("/{path}"), b"").await;
        let field = |name: &str| {
            let line = head.lines().find(|line| line.to_ascii_lowercase().starts_with(name)).unwrap();
            line.split_once(": ").unwrap().1.trim().to_owned()
        };
        let cookie = field("set-cookie").split(';').next().unwrap().to_owned();
        let key = field("location").split_once('#').unwrap().1.to_owned();
        site.key = vec![("Cookie".to_owned(), cookie), ("X-Earshot-Page-Key".to_owned(), key)];
        site
    }

    async fn ask(&self, method: &str, path: &str, body: &[u8]) -> (u16, String, String) {
        let mut stream = TcpStream::connect(&self.host).await.unwrap();
        let mut head = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nContent-Length: {}\r\n",
            self.host,
            body.len()
        );
        for (name, value) in &self.key {
            head += &format!("{name}: {value}\r\n");
        }
        stream.write_all((head + "\r\n").as_bytes()).await.unwrap();
        // A refused body is not read to its end.
        let _ = stream.write_all(body).await;
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        let answer = String::from_utf8(answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.split(' ').nth(1).unwrap().parse().unwrap(), head.to_owned(), body.to_owned())
    }

    async fn request(&self, request: &FileRequest) -> Result<FileReply, ErrorCode> {
        let (status, _, body) =
            self.ask("POST", "/ui/files/request", &serde_json::to_vec(request).unwrap()).await;
        match status {
            200 => Ok(serde_json::from_str(&body).unwrap()),
            _ => Err(serde_json::from_str(&body).unwrap()),
        }
    }
}

fn begin(size: u64) -> FileRequest {
    let (from, file) = (DeviceId([1; 32]), FileId([2; 16]));
    FileRequest::Begin { from, file, name: "../a.txt".to_owned(), size }
}

fn frame(handle: u32, at: u64, digest: &Digest, bytes: &[u8]) -> Vec<u8> {
    [&handle.to_be_bytes()[..], &at.to_be_bytes(), &digest.0, bytes].concat()
}

#[tokio::test]
async fn a_page_writes_what_it_receives() {
    let site = Site::start().await;
    let bytes = vec![7; FILE_BLOCK_BYTES as usize + 3];
    let begun = site.request(&begin(bytes.len() as u64)).await.unwrap();
    let FileReply::Begun { handle, mut at, mut digest } = begun else { panic!("{begun:?}") };
    for block in bytes.chunks(FILE_BLOCK_BYTES as usize) {
        digest = chain(&digest, block);
        let (status, _, body) = site.ask("POST", "/ui/files/block", &frame(handle, at, &digest, block)).await;
        assert_eq!(status, 204, "{body}");
        at += block.len() as u64;
    }
    let kept = site.request(&FileRequest::Finish { handle }).await.unwrap();
    assert_eq!(kept, FileReply::Kept { name: "_._a.txt".to_owned() });
    assert_eq!(std::fs::read(site.folder.path().join("received/_._a.txt")).unwrap(), bytes);
}

#[tokio::test]
async fn what_is_wrong_is_told_by_its_code() {
    let site = Site::start().await;
    let block = async |body: &[u8]| site.ask("POST", "/ui/files/block", body).await;
    assert_eq!(block(b"short").await.2, "\"malformed\"");
    let zero = Digest([0; 32]);
    assert_eq!(block(&frame(9, 0, &zero, b"x")).await.2, "\"file-unknown\"");
    let longest = vec![0; FILE_BLOCK_BYTES as usize + 1];
    assert_eq!(block(&frame(9, 0, &zero, &longest)).await.0, 413);
    assert_eq!(site.ask("POST", "/ui/files/request", b"{}").await.2, "\"malformed\"");
    assert_eq!(site.request(&begin(1 << 52)).await, Err(ErrorCode::DiskFull));
    assert_eq!(site.request(&FileRequest::Finish { handle: 4 }).await, Err(ErrorCode::FileUnknown));
}

#[tokio::test]
async fn nobody_but_the_page_writes() {
    let mut site = Site::start().await;
    let body = serde_json::to_vec(&begin(1)).unwrap();
    let key = site.key.clone();
    let origin = ("Origin".to_owned(), "https://evil.example".to_owned());
    for shown in [vec![], key[..1].to_vec(), key[1..].to_vec(), [key.clone(), vec![origin]].concat()] {
        site.key = shown;
        for path in ["/ui/files/request", "/ui/files/block"] {
            assert_eq!(site.ask("POST", path, &body).await.0, 403);
        }
    }
    assert!(!site.folder.path().join("received").exists());
    assert_eq!(site.node.received().request(begin(u64::MAX)).await, Err(ErrorCode::Malformed));
}
