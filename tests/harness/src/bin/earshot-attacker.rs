//! Runs on a hostile host of the office.
//!
//! - `earshot-attacker hub ADDRESS:PORT CERTIFICATE KEY`: the attacking hub, see `earshot_harness::attack::hub`.
//! - `earshot-attacker pose DEVICE NAME ADDRESS`: claims by mDNS to be DEVICE, and answers in its name at ADDRESS.
//! - `earshot-attacker ring ADDRESS:PORT DEVICE NAME`: rings as a client would that does not look at certificates.
//! - `earshot-attacker goodbye DEVICE PORT ADDRESS TIMES`: says goodbye by mDNS in the name of DEVICE.
//! - `earshot-attacker overhear ADDRESS`: prints what is said by mDNS on the network of ADDRESS, a line for each
//!   packet, with dots for what is no text.
//! - `earshot-attacker believe`: no attacker, but who believes whatever mDNS says.
#![allow(clippy::expect_used, reason = "a harness fails by panicking")]

use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use earshot_harness::attack::{hub, lan};

#[tokio::main]
async fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match run(&args).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "earshot-attacker: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(args: &[&str]) -> io::Result<()> {
    match args {
        ["hub", listen, certificate, key] => {
            let ready = |ready: &hub::Ready| {
                tell(&serde_json::to_string(ready).expect("numbers and texts have a JSON form"));
            };
            hub::run(parse(listen)?, Path::new(certificate), Path::new(key), ready).await
        }
        ["pose", device, name, address] => lan::pose(parse(device)?, name, parse(address)?, tell).await,
        ["ring", address, device, name] => {
            for line in lan::ring_without_looking(parse(address)?, parse(device)?, name).await? {
                tell(&line);
            }
            Ok(())
        }
        ["goodbye", device, port, address, times] => {
            lan::say_goodbye(parse(device)?, parse(port)?, parse(address)?, parse(times)?)
        }
        ["overhear", address] => lan::overhear(parse(address)?, tell),
        ["believe"] => lan::believe_all(tell),
        _ => Err(io::Error::other("usage: earshot-attacker hub|pose|ring|goodbye|overhear|believe ...")),
    }
}

fn parse<T: std::str::FromStr<Err: std::error::Error + Send + Sync + 'static>>(text: &str) -> io::Result<T> {
    text.parse().map_err(io::Error::other)
}

/// Tests wait for lines: each is written through at once.
fn tell(line: &str) {
    let mut stdout = io::stdout().lock();
    let _ = writeln!(stdout, "{line}").and_then(|()| stdout.flush());
}
