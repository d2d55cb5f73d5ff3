//! Announces somebody on this network and prints who else is there, one line of JSON per event.
//!
//! `announce SEED NAME PORT [--hidden] [--phrase] [ADAPTER...]`: SEED is 0 to 255 and makes the device id. Commands on
//! standard input: `rename NAME`, `status STATUS`, `port PORT`, `hidden BOOL`, `phrase BOOL`, `choose [ADAPTER...]`,
//! `verify DEVICE`, `quit`.
#![allow(clippy::print_stdout, reason = "printing is what it is for")]

use std::error::Error;
use std::time::{SystemTime, UNIX_EPOCH};

use earshot_discovery::{Announcement, Discovery, DiscoveryEvent, InterfaceChoice, mdns};
use earshot_protocol::{DeviceId, Person, Status, VERSIONS};
use serde_json::{Value, json};
use tokio::sync::mpsc;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
        .with_writer(std::io::stderr)
        .init();
    let mut args = std::env::args().skip(1);
    let seed: u8 = args.next().ok_or("a seed is missing")?.parse()?;
    let name = args.next().ok_or("a name is missing")?;
    let port: u16 = args.next().ok_or("a port is missing")?.parse()?;
    let (options, adapters): (Vec<String>, Vec<String>) = args.partition(|arg| arg.starts_with("--"));
    let device = DeviceId([seed; 32]);
    let mut announcement = Announcement {
        device,
        person: Person::named(name),
        hidden: options.iter().any(|option| option == "--hidden"),
        phrase: options.iter().any(|option| option == "--phrase"),
        rooms: false,
        port,
        versions: VERSIONS.to_vec(),
    };
    print(json!({ "event": "start", "device": device.to_string() }));
    let (handle, mut events) = mdns::start(announcement.clone(), InterfaceChoice::only(adapters))?;

    let mut commands = read_commands();
    loop {
        tokio::select! {
            event = events.recv() => match event {
                Some(event) => print(describe(&event)),
                None => break,
            },
            command = commands.recv() => {
                let command = command.unwrap_or_else(|| "quit".to_owned());
                let (verb, rest) = command.split_once(' ').unwrap_or((&command, ""));
                match verb {
                    "rename" => rest.clone_into(&mut announcement.person.name),
                    "status" => announcement.person.status = Status::parse(rest),
                    "port" => announcement.port = rest.parse()?,
                    "hidden" => announcement.hidden = rest.parse()?,
                    "phrase" => announcement.phrase = rest.parse()?,
                    "choose" => handle.choose(InterfaceChoice::only(rest.split_whitespace())),
                    "verify" => handle.verify(rest.parse()?),
                    "quit" => break,
                    other => return Err(format!("no such command: {other}").into()),
                }
                handle.announce(announcement.clone())?;
                print(json!({ "event": "done", "command": command }));
            }
        }
    }
    print(json!({ "event": "quitting" }));
    handle.shutdown().await;
    print(json!({ "event": "quit" }));
    Ok(())
}

fn read_commands() -> mpsc::Receiver<String> {
    let (sender, receiver) = mpsc::channel(16);
    std::thread::spawn(move || {
        for line in std::io::stdin().lines().map_while(Result::ok) {
            if sender.blocking_send(line).is_err() {
                break;
            }
        }
    });
    receiver
}

fn describe(event: &DiscoveryEvent) -> Value {
    match event {
        DiscoveryEvent::Seen(found) => json!({
            "event": "seen",
            "device": found.device.to_string(),
            "name": found.person.as_ref().map(|person| &person.name),
            "status": found.person.as_ref().map(|person| person.status.as_str()),
            "addresses": found.addresses.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "phrase": found.phrase,
            "revision": found.revision,
            "port": found.port,
        }),
        DiscoveryEvent::Gone(device) => json!({ "event": "gone", "device": device.to_string() }),
        DiscoveryEvent::Interfaces { used, others, addresses } => json!({
            "event": "interfaces",
            "used": used,
            "others": others,
            "addresses": addresses.iter().map(ToString::to_string).collect::<Vec<_>>(),
        }),
        DiscoveryEvent::Problem(problem) => {
            json!({ "event": "problem", "problem": problem.map(|problem| format!("{problem:?}")) })
        }
    }
}

/// Prints with the wall clock in ms, which all processes of one machine share.
fn print(mut line: Value) {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    line["at"] = json!(u64::try_from(now.as_millis()).unwrap_or_default());
    println!("{line}");
}
