//! Tells a network that somebody else has gone, over and over: what any machine on it can do.
//!
//! `spoof SEED COUNT PAUSE [PORT]`: says the goodbye of the device that SEED makes COUNT times, PAUSE ms apart; with its
//! PORT of all records that lead to it, else of its instance alone.
#![allow(clippy::print_stdout, reason = "printing is what it is for")]

use std::error::Error;
use std::net::UdpSocket;
use std::time::Duration;

use earshot_discovery::record::{SERVICE, fullname, hostname};
use earshot_protocol::DeviceId;

/// Types of records (RFC 1035, RFC 3596, RFC 2782).
const PTR: u16 = 12;
const SRV: u16 = 33;
const TXT: u16 = 16;

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [seed, count, pause, port @ ..] = args.as_slice() else {
        return Err("SEED COUNT PAUSE [PORT]".into());
    };
    let (device, pause) = (DeviceId([seed.parse()?; 32]), Duration::from_millis(pause.parse()?));
    let mut records = vec![record(SERVICE, PTR, 1, &name(&fullname(&device)))];
    if let Some(port) = port.first() {
        // Priority, weight, port and host (RFC 2782).
        let mut service = vec![0; 4];
        service.extend(port.parse::<u16>()?.to_be_bytes());
        service.extend(name(&hostname(&device)));
        records.push(record(&fullname(&device), SRV, 0x8001, &service));
        records.push(record(&fullname(&device), TXT, 0x8001, &[0]));
    }
    let packet = message(&records);
    // Whoever does not speak from this port is not heard (RFC 6762, section 6).
    let socket = UdpSocket::bind("0.0.0.0:5353")?;
    for _ in 0..count.parse::<u32>()? {
        socket.send_to(&packet, "224.0.0.251:5353")?;
        std::thread::sleep(pause);
    }
    println!("done");
    Ok(())
}

/// An answer nobody asked for (RFC 6762, section 8.3).
fn message(records: &[Vec<u8>]) -> Vec<u8> {
    let count = u16::try_from(records.len()).unwrap_or_default().to_be_bytes();
    let mut bytes = vec![0, 0, 0x84, 0, 0, 0, count[0], count[1], 0, 0, 0, 0];
    bytes.extend(records.concat());
    bytes
}

/// A record with a TTL of 0.
fn record(owner: &str, kind: u16, class: u16, data: &[u8]) -> Vec<u8> {
    let mut bytes = name(owner);
    bytes.extend(kind.to_be_bytes());
    bytes.extend(class.to_be_bytes());
    bytes.extend([0; 4]);
    bytes.extend(u16::try_from(data.len()).unwrap_or_default().to_be_bytes());
    bytes.extend(data);
    bytes
}

fn name(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    for label in text.split_terminator('.') {
        bytes.push(u8::try_from(label.len()).unwrap_or_default());
        bytes.extend(label.as_bytes());
    }
    bytes.push(0);
    bytes
}
