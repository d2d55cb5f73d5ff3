//! Runs on a host of the office and lends the test that host's network.
//!
//! - `earshot-relay relay PATH`: on the unix socket PATH, each connection says `address:port` and a newline, is
//!   answered `ok` or the error and a newline, and then is a TCP connection made on this host.
//! - `earshot-relay hear ADDRESS:PORT`: prints each datagram that comes; joins the group if the address is one.
//! - `earshot-relay say ADDRESS:PORT COUNT`: sends COUNT numbered datagrams, 5 ms apart.
//! - `earshot-relay delay A B MS`: makes the virtual adapters A and B and carries each frame between them, MS later.
//! - `earshot-relay serve ADDRESS:PORT DIR`: the files of DIR over HTTP, for pages of tests.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::process::ExitCode;
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let result = match args.as_slice() {
        ["relay", path] => relay(path),
        ["hear", address] => hear(address),
        ["say", address, count] => say(address, count),
        ["delay", one, other, delay] => delay_frames(one, other, delay),
        ["serve", address, dir] => serve(address, dir),
        _ => Err(std::io::Error::other("usage: earshot-relay relay|hear|say|delay|serve ...")),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("earshot-relay: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Tests wait for lines: each is written through at once.
fn tell(line: &str) -> std::io::Result<()> {
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "{line}")?;
    stdout.flush()
}

fn relay(path: &str) -> std::io::Result<()> {
    let listener = UnixListener::bind(path)?;
    tell("ready")?;
    for stream in listener.incoming() {
        let stream = stream?;
        std::thread::spawn(move || {
            if let Err(error) = carry(stream) {
                eprintln!("earshot-relay: {error}");
            }
        });
    }
    Ok(())
}

fn carry(mut local: UnixStream) -> std::io::Result<()> {
    let mut target = Vec::new();
    let mut byte = [0_u8; 1];
    while local.read(&mut byte)? == 1 && byte[0] != b'\n' {
        target.push(byte[0]);
    }
    let target = String::from_utf8_lossy(&target).into_owned();
    let remote = target
        .parse::<SocketAddr>()
        .map_err(std::io::Error::other)
        .and_then(|address| TcpStream::connect_timeout(&address, Duration::from_secs(5)));
    let mut remote = match remote {
        Ok(remote) => remote,
        Err(error) => return local.write_all(format!("{error}\n").as_bytes()),
    };
    local.write_all(b"ok\n")?;
    let mut local_in = local.try_clone()?;
    let mut remote_out = remote.try_clone()?;
    let up = std::thread::spawn(move || {
        let _ = std::io::copy(&mut local_in, &mut remote_out);
        let _ = remote_out.shutdown(Shutdown::Write);
    });
    let _ = std::io::copy(&mut remote, &mut local);
    let _ = local.shutdown(Shutdown::Write);
    let _ = up.join();
    Ok(())
}

fn parse(address: &str) -> std::io::Result<SocketAddr> {
    address.parse().map_err(std::io::Error::other)
}

fn hear(address: &str) -> std::io::Result<()> {
    let address = parse(address)?;
    let socket = match address.ip() {
        IpAddr::V4(group) if group.is_multicast() => {
            let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, address.port()))?;
            socket.join_multicast_v4(&group, &Ipv4Addr::UNSPECIFIED)?;
            socket
        }
        _ => UdpSocket::bind(address)?,
    };
    tell("ready")?;
    let mut buffer = [0_u8; 2048];
    loop {
        let (length, from) = socket.recv_from(&mut buffer)?;
        tell(&format!("{} {}", from.ip(), String::from_utf8_lossy(&buffer[..length])))?;
    }
}

fn say(address: &str, count: &str) -> std::io::Result<()> {
    let address = parse(address)?;
    let any: SocketAddr = if address.is_ipv4() { ([0, 0, 0, 0], 0).into() } else { ([0_u16; 8], 0).into() };
    let socket = UdpSocket::bind(any)?;
    for number in 0..count.parse::<u32>().map_err(std::io::Error::other)? {
        socket.send_to(number.to_string().as_bytes(), address)?;
        std::thread::sleep(Duration::from_millis(5));
    }
    Ok(())
}

/// Frames under way in one direction: 4 s of a busy 10 Mbit/s line. What does not fit is lost, as in a router.
const MAX_UNDER_WAY: usize = 4096;
/// The longest frame, bytes: offloading is off, so an Ethernet frame with a tag.
const MAX_FRAME: usize = 2048;

fn delay_frames(one: &str, other: &str, delay: &str) -> std::io::Result<()> {
    let delay = Duration::from_millis(delay.parse().map_err(std::io::Error::other)?);
    let open = |name: &str| {
        tun_rs::DeviceBuilder::new()
            .name(name)
            .layer(tun_rs::Layer::L2)
            .enable(true)
            .build_sync()
            .map(Arc::new)
    };
    let (one, other) = (open(one)?, open(other)?);
    tell("ready")?;
    let back = {
        let (one, other) = (Arc::clone(&one), Arc::clone(&other));
        std::thread::spawn(move || carry_late(&other, &one, delay))
    };
    carry_late(&one, &other, delay)?;
    back.join().unwrap_or_else(|_| Err(std::io::Error::other("a direction ended")))
}

fn carry_late(
    from: &tun_rs::SyncDevice,
    to: &Arc<tun_rs::SyncDevice>,
    delay: Duration,
) -> std::io::Result<()> {
    let (sender, receiver) = mpsc::sync_channel::<(Instant, Vec<u8>)>(MAX_UNDER_WAY);
    let to = Arc::clone(to);
    std::thread::spawn(move || {
        for (due, frame) in receiver {
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
            // The adapter may be down for a moment: then the frame is lost.
            let _ = to.send(&frame);
        }
    });
    let mut buffer = [0_u8; MAX_FRAME];
    loop {
        let length = from.recv(&mut buffer)?;
        let _ = sender.try_send((Instant::now() + delay, buffer[..length].to_vec()));
    }
}

fn serve(address: &str, dir: &str) -> std::io::Result<()> {
    let listener = TcpListener::bind(parse(address)?)?;
    tell(&format!("ready {}", listener.local_addr()?.port()))?;
    for stream in listener.incoming() {
        let (stream, dir) = (stream?, dir.to_owned());
        std::thread::spawn(move || {
            if let Err(error) = answer(&stream, &dir) {
                eprintln!("earshot-relay: {error}");
            }
        });
    }
    Ok(())
}

fn answer(mut stream: &TcpStream, dir: &str) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    let mut first = String::new();
    reader.read_line(&mut first)?;
    let mut line = String::new();
    while reader.read_line(&mut line)? > 2 {
        line.clear();
    }
    let path = first.split(' ').nth(1).unwrap_or("/").split('?').next().unwrap_or("/");
    let name = if path == "/" { "index.html" } else { path.trim_start_matches('/') };
    // One level only: nothing outside the directory can be named.
    let body = if name.contains('/') { None } else { std::fs::read(Path::new(dir).join(name)).ok() };
    let (status, body) = body.map_or(("404 Not Found", Vec::new()), |body| ("200 OK", body));
    let kind = if name.ends_with(".html") { "text/html; charset=utf-8" } else { "application/octet-stream" };
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes())?;
    stream.write_all(&body)
}
