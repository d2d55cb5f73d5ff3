//! What this program does on a host of the office, started there by itself: `earshot-benches agent VERB ...`.
//!
//! Each line it prints is JSON. `at` is the wall clock in ms, which all processes of one machine share.

use std::error::Error;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use earshot_identity::DeviceKey;
use earshot_protocol::{Event, FromNode, Person, Request, hub::HubMessage};
use earshot_signaling::{Link, LinkEvent, Target, reconnect::Policy};
use futures_util::StreamExt as _;
use mdns_sd::{ServiceDaemon, ServiceEvent, ServiceInfo};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;

type Done = Result<(), Box<dyn Error>>;

/// A service of nobody's, for the floor.
const SERVICE: &str = "_earshot-floor._tcp.local.";
/// A request of ours is about this long on the wire, bytes.
const PAYLOAD: usize = 160;

/// ms since 1970.
#[must_use]
pub(crate) fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64() * 1000.0
}

fn tell(line: &Value) -> std::io::Result<()> {
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "{line}")?;
    stdout.flush()
}

/// Runs a verb with its arguments.
///
/// # Errors
/// Whatever goes wrong: the caller measures and fails.
pub(crate) fn run(args: &[&str]) -> Done {
    match args {
        ["announce", name] => announce(name, false),
        ["announce-probing", name] => announce(name, true),
        ["find"] => find(),
        ["echo"] => echo(),
        ["pings", address, count] => pings(address, count.parse()?),
        _ => tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
            match args {
                ["watch", ui] => watch(ui).await,
                ["hops", device, address, count] => hops(device, address, count.parse()?).await,
                ["visit", url, count] => visit(url, count.parse()?).await,
                _ => Err(format!("no such verb: {args:?}").into()),
            }
        }),
    }
}

/// Announces a service with nothing around `mdns-sd`; first asks whether its name is taken, if `probes` (RFC 6762,
/// section 8.1). Earshot need not: its names are made of keys.
fn announce(name: &str, probes: bool) -> Done {
    let daemon = ServiceDaemon::new()?;
    let host = format!("{name}.local.");
    let mut info = ServiceInfo::new(SERVICE, name, &host, "", 9, None)?.enable_addr_auto();
    info.set_requires_probe(probes);
    daemon.register(info)?;
    loop {
        std::thread::sleep(Duration::from_secs(60));
    }
}

/// Prints each such service once its address is known.
fn find() -> Done {
    let daemon = ServiceDaemon::new()?;
    let events = daemon.browse(SERVICE)?;
    tell(&json!({ "ready": true }))?;
    while let Ok(event) = events.recv() {
        if let ServiceEvent::ServiceResolved(info) = event {
            let name = info.get_fullname().split('.').next().unwrap_or_default();
            tell(&json!({ "at": now(), "name": name }))?;
        }
    }
    Ok(())
}

/// Attaches to a node as its window does, and prints whoever is listed.
async fn watch(ui: &str) -> Done {
    let rest = ui.strip_prefix("http://").ok_or("the UI is plain HTTP")?;
    let (authority, path) = rest.split_once('/').ok_or("the UI has a path")?;
    let mut http = TcpStream::connect(authority)?;
    http.set_read_timeout(Some(Duration::from_secs(5)))?;
    write!(http, "GET /{path} HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    http.read_to_string(&mut answer)?;
    let cookie = answer
        .lines()
        .find_map(|line| line.to_ascii_lowercase().starts_with("set-cookie:").then(|| line.split_at(11).1))
        .and_then(|cookie| cookie.split(';').next())
        .ok_or("no cookie")?;
    let key = answer
        .lines()
        .find(|line| line.to_ascii_lowercase().starts_with("location:"))
        .and_then(|line| line.split_once("/#"))
        .ok_or("no page key")?;
    let protocols = format!("{}, key.{}", earshot_protocol::SUBPROTOCOL, key.1.trim());

    let mut request = format!("ws://{authority}/ui/ws").into_client_request()?;
    request.headers_mut().insert("cookie", cookie.trim().parse()?);
    request.headers_mut().insert("origin", format!("http://{authority}").parse()?);
    request.headers_mut().insert("sec-websocket-protocol", protocols.parse()?);
    let stream = tokio::net::TcpStream::connect(authority).await?;
    let (mut socket, _) = tokio_tungstenite::client_async(request, stream).await?;
    tell(&json!({ "ready": true }))?;
    while let Some(message) = socket.next().await {
        let Message::Text(text) = message? else { continue };
        let at = now();
        let here = match serde_json::from_str(&text)? {
            FromNode::Welcome(welcome) => welcome.people,
            FromNode::Message {
                message: HubMessage::Event { event: Event::PersonHere { presence } },
                ..
            } => {
                vec![presence]
            }
            _ => Vec::new(),
        };
        for presence in here {
            tell(&json!({ "at": at, "name": presence.person.name }))?;
        }
    }
    socket.close(None).await?;
    Ok(())
}

/// Sends back whatever comes.
fn echo() -> Done {
    let listener = TcpListener::bind("[::]:0")?;
    tell(&json!({ "port": listener.local_addr()?.port() }))?;
    for stream in listener.incoming() {
        let mut stream = stream?;
        stream.set_nodelay(true)?;
        std::thread::spawn(move || {
            let mut bytes = [0_u8; PAYLOAD];
            while stream.read_exact(&mut bytes).is_ok() && stream.write_all(&bytes).is_ok() {}
        });
    }
    Ok(())
}

/// Prints how long connecting and the first echo take, and then each echo, µs.
fn pings(address: &str, count: usize) -> Done {
    let ping = |stream: &mut TcpStream| -> std::io::Result<()> {
        let mut bytes = [7_u8; PAYLOAD];
        stream.write_all(&bytes)?;
        stream.read_exact(&mut bytes)
    };
    let mut opens = Vec::new();
    for _ in 0..count.min(20) {
        let start = Instant::now();
        let mut stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        ping(&mut stream)?;
        opens.push(micros(start));
    }
    let mut stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    let mut trips = Vec::new();
    for _ in 0..count {
        let start = Instant::now();
        ping(&mut stream)?;
        trips.push(micros(start));
    }
    tell(&json!({ "opens": opens, "trips": trips }))?;
    Ok(())
}

fn micros(start: Instant) -> f64 {
    start.elapsed().as_secs_f64() * 1_000_000.0
}

/// As [`pings`], with links to somebody's hub and requests that it answers.
async fn hops(device: &str, address: &str, count: usize) -> Done {
    let target = Target::Device { device: device.parse()?, addresses: vec![address.to_owned()] };
    let person = Person::named("Visitor");
    let mut opens = Vec::new();
    let mut last = None;
    for _ in 0..count.clamp(1, 20) {
        let key = Arc::new(DeviceKey::generate()?);
        let start = Instant::now();
        let (link, events) = open(key, target.clone(), person.clone()).await?;
        opens.push(micros(start));
        if let Some((link, _)) = last.replace((link, events)) {
            let link: Link = link;
            link.close().await;
        }
    }
    let (link, mut events) = last.ok_or("no link")?;
    // The events must be read, whatever they are.
    tokio::spawn(async move { while events.recv().await.is_some() {} });
    let mut trips = Vec::new();
    for _ in 0..count {
        let start = Instant::now();
        link.request(Request::SetPerson { person: person.clone() })
            .await
            .map_err(|code| format!("{code:?}"))?;
        trips.push(micros(start));
    }
    link.close().await;
    tell(&json!({ "opens": opens, "trips": trips }))?;
    Ok(())
}

async fn open(
    key: Arc<DeviceKey>,
    target: Target,
    person: Person,
) -> Result<(Link, tokio::sync::mpsc::Receiver<LinkEvent>), Box<dyn Error>> {
    let (link, mut events) = Link::open(key, target, person, Policy::server(), None);
    match tokio::time::timeout(Duration::from_secs(5), events.recv()).await? {
        Some(LinkEvent::Up(_)) => Ok((link, events)),
        other => Err(format!("{other:?} in place of a welcome").into()),
    }
}

/// Stays at a server as this many visitors who say nothing.
async fn visit(url: &str, count: usize) -> Done {
    let mut links = Vec::new();
    for number in 0..count {
        let key = Arc::new(DeviceKey::generate()?);
        let person = Person::named(format!("Visitor {number}"));
        let (link, mut events) = open(key, Target::Url(url.to_owned()), person).await?;
        tokio::spawn(async move { while events.recv().await.is_some() {} });
        links.push(link);
    }
    tell(&json!({ "visitors": links.len() }))?;
    std::future::pending::<()>().await;
    Ok(())
}
