//! `.local` names between hosts in network namespaces, by real multicast DNS.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod announcer;

use announcer::{Announcer, settle};
use earshot_discovery::record::hostname;
use earshot_harness::{Office, built};
use earshot_protocol::DeviceId;
use serde_json::Value;

#[test]
fn a_name_on_the_network_is_resolved_and_an_unknown_one_is_given_up() {
    let office = Office::open();
    let (one, two) = (office.host("one"), office.host("two"));
    let _bob = Announcer::start(&two, 2, "Bob", &[]);
    settle(3);
    let known = hostname(&DeviceId([2; 32]));
    let known = known.strip_suffix('.').unwrap();
    let done = one
        .command(built("examples/resolve", "EARSHOT_RESOLVE_BIN"))
        .args([known, "nobody-is-called-this.local"])
        .output();
    assert!(done.success(), "{}", done.stderr);
    let lines: Vec<Value> = done.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 4, "each asked for twice: {lines:?}");
    for line in &lines {
        let addresses: Vec<&str> =
            line["addresses"].as_array().unwrap().iter().map(|value| value.as_str().unwrap()).collect();
        let took = line["took"].as_u64().unwrap();
        if line["name"] == known {
            println!("resolved after {took} ms: {addresses:?}");
            let ip = two.ip().to_string();
            assert!(addresses.contains(&ip.as_str()) || addresses.contains(&two.ipv6().to_string().as_str()));
            assert!(addresses.iter().all(|address| !address.starts_with("fe80") && *address != "127.0.0.1"));
            assert!(took < 2_000);
        } else {
            assert_eq!(addresses, Vec::<&str>::new());
            assert!((3_000..6_000).contains(&took), "given up after {took} ms");
        }
    }
}
