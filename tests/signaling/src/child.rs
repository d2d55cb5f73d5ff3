//! A hub in a process of its own, so that what it holds can be read from outside: this test program again.

use std::net::SocketAddr;
use std::process::Stdio;

use earshot_hub::Counts;
use earshot_protocol::hub::{Candidate, HubMessage, RingAnswer, Signal};
use earshot_protocol::{DeviceId, Event, FromHub, Media, Reply, Request, RoomRef, RoomRules, ToHub};
use earshot_server::{Options, Server};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::mpsc;

use crate::{Office, soon};

/// The variable that tells a process what it is to be.
const ROLE: &str = "EARSHOT_TEST_HUB";

/// What a hub in a process of its own is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sort {
    /// `earshot-server`, in plain on this machine.
    Server,
    /// An install's hub, over mutual TLS. Its owner has a room, and accepts the rings of Ann.
    Install,
}

#[derive(Debug, Serialize, Deserialize)]
struct Ready {
    address: SocketAddr,
    device: DeviceId,
    room: Option<RoomRef>,
}

/// A hub in a process of its own, until it is dropped.
#[derive(Debug)]
pub struct HubProcess {
    /// Where.
    pub address: SocketAddr,
    /// The hub's device.
    pub device: DeviceId,
    /// The owner's room.
    pub room: Option<RoomRef>,
    child: Child,
    stdin: ChildStdin,
    stdout: tokio::io::Lines<BufReader<ChildStdout>>,
}

/// What the system says of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Holds {
    /// Resident memory, KiB.
    pub resident: u64,
    /// The most there has ever been, KiB.
    pub peak: u64,
    /// Open files and sockets.
    pub files: usize,
}

impl Holds {
    /// The larger of each.
    #[must_use]
    pub fn or_more(self, other: Self) -> Self {
        Self {
            resident: self.resident.max(other.resident),
            peak: self.peak.max(other.peak),
            files: self.files.max(other.files),
        }
    }
}

impl HubProcess {
    /// Starts it. `test`: the name of the test that calls [`be_a_hub`] first of all.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn start(test: &str, sort: Sort) -> Self {
        let program = std::env::current_exe().expect("this program has a path");
        let mut child = Command::new(program)
            .args(["--exact", test, "--nocapture", "--test-threads=1"])
            .env(ROLE, if sort == Sort::Server { "server" } else { "install" })
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("this program starts again");
        let stdin = child.stdin.take().expect("a pipe");
        let mut stdout = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        let ready = soon("a hub in another process", async {
            loop {
                let line = stdout.next_line().await.expect("a pipe").expect("a line when it is ready");
                if let Some((_, ready)) = line.split_once("ready: ") {
                    return serde_json::from_str::<Ready>(ready).expect("its own words");
                }
            }
        })
        .await;
        Self { address: ready.address, device: ready.device, room: ready.room, child, stdin, stdout }
    }

    /// Memory and files of the process now.
    ///
    /// # Panics
    /// When it is gone.
    #[must_use]
    pub fn holds(&self) -> Holds {
        let id = self.child.id().expect("it runs");
        let status = std::fs::read_to_string(format!("/proc/{id}/status")).expect("it runs");
        let kib = |name: &str| {
            let line = status.lines().find(|line| line.starts_with(name)).expect("a line of that name");
            line.split_whitespace().nth(1).and_then(|number| number.parse().ok()).expect("a number")
        };
        let files = std::fs::read_dir(format!("/proc/{id}/fd")).expect("it runs").count();
        Holds { resident: kib("VmRSS:"), peak: kib("VmHWM:"), files }
    }

    /// How many places the hub holds, and how many of them are connected.
    ///
    /// # Panics
    /// When it does not say.
    pub async fn places(&mut self) -> (usize, usize) {
        self.stdin.write_all(b"counts\n").await.expect("a pipe");
        soon("counts", async {
            loop {
                let line = self.stdout.next_line().await.expect("a pipe").expect("a line of counts");
                if let Some((_, counts)) = line.split_once("counts: ") {
                    return serde_json::from_str(counts).expect("its own words");
                }
            }
        })
        .await
    }
}

/// What a process that [`HubProcess::start`] has started does in place of a test, until its standard input ends.
/// Returns `false` in any other process.
///
/// # Panics
/// When it cannot be a hub.
#[must_use]
pub fn be_a_hub() -> bool {
    let Ok(role) = std::env::var(ROLE) else { return false };
    // As the programs have it: a thread for each core.
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("threads");
    runtime.block_on(async { if role == "server" { be_a_server().await } else { be_an_install().await } });
    runtime.shutdown_background();
    true
}

#[expect(clippy::print_stdout, reason = "this is how it talks")]
fn tell(what: &str, value: &impl Serialize) {
    println!("{what}: {}", serde_json::to_string(value).expect("JSON"));
}

/// The lines of standard input; closed when that ends.
fn standard_input() -> mpsc::Receiver<String> {
    let (lines, told) = mpsc::channel(1);
    std::thread::spawn(move || {
        for line in std::io::stdin().lines().map_while(Result::ok) {
            if lines.blocking_send(line).is_err() {
                return;
            }
        }
    });
    told
}

async fn be_a_server() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::start(Options {
        listen: Some("127.0.0.1:0".parse().expect("an address")),
        data_dir: Some(folder.path().join("data")),
        ..Options::default()
    })
    .await
    .expect("a server");
    let address = SocketAddr::from(([127, 0, 0, 1], server.ready().port));
    tell("ready", &Ready { address, device: server.ready().device, room: None });
    let serving = tokio::spawn(server.run(std::future::pending()));
    let mut lines = standard_input();
    while lines.recv().await.is_some() {
        let metrics = get_metrics(address).await;
        let number = |name: &str| {
            let line = metrics.lines().find_map(|line| line.strip_prefix(name));
            line.and_then(|number| number.trim().parse::<usize>().ok()).unwrap_or(usize::MAX)
        };
        tell("counts", &(number("earshot_members "), number("earshot_connections ")));
    }
    serving.abort();
}

async fn get_metrics(address: SocketAddr) -> String {
    let mut text = String::new();
    let mut stream = TcpStream::connect(address).await.expect("the server");
    let request = "GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    // A busy door turns it away; then the numbers are not known now.
    let _ = stream.write_all(request.as_bytes()).await;
    let _ = stream.read_to_string(&mut text).await;
    text
}

async fn be_an_install() {
    let office = Office::install().await;
    let mut owner = office.owner("Bob").await;
    let create = Request::CreateRoom { via: None, rules: RoomRules::open_to(8), media: Media::Video };
    owner.say(ToHub::Request { id: 1, request: create }).await;
    let mut requests = 1;
    let mut lines = standard_input();
    loop {
        let said = tokio::select! {
            said = owner.next() => said.expect("the owner stays in"),
            line = lines.recv() => {
                if line.is_none() {
                    return;
                }
                let Counts { places, connections, .. } = office.hub.counts().await.expect("a hub");
                tell("counts", &(places, connections));
                continue;
            }
        };
        let FromHub::Message { message, .. } = said else { continue };
        let request = match message {
            HubMessage::Ok { reply: Reply::Room(state), .. } => {
                let ready =
                    Ready { address: office.served.address, device: office.device(), room: Some(state.room) };
                tell("ready", &ready);
                continue;
            }
            // As an install does whose owner lets only known people ring.
            HubMessage::Event { event: Event::Ringing { ring, from, .. } } => {
                let known = from.person.name == "Ann";
                let answer = if known { RingAnswer::Accepted } else { RingAnswer::Busy };
                Request::AnswerRing { ring, answer }
            }
            // Each offer is answered by as much as came.
            HubMessage::Event { event: Event::Signal { room, from, signal } } => {
                Request::Signal { room, to: from, signal }
            }
            _ => continue,
        };
        requests += 1;
        owner.say(ToHub::Request { id: requests, request }).await;
    }
}

/// About as much as an offer of four lanes: 12 KiB.
#[must_use]
pub fn like_an_offer(text: &str) -> Signal {
    let candidate = format!("{text}{}", " ".repeat(12 * 1024));
    Signal::Candidate {
        candidate: Some(Candidate {
            candidate,
            sdp_mid: None,
            sdp_m_line_index: None,
            username_fragment: None,
        }),
    }
}
