//! Real multicast DNS between hosts in network namespaces, each announcer a process of its own. Every test prints the
//! times it measured; the bounds it asserts are generous, for a loaded machine.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod announcer;

use std::time::Duration;

use announcer::{Announcer, addresses, now, settle};
use earshot_harness::{Host, Network, Office};
use serde_json::Value;

fn ip(host: &Host, args: &str) {
    let done = host.command("ip").args(args.split_whitespace()).output();
    assert!(done.success(), "ip {args}: {}", done.stderr);
}

#[test]
fn two_people_see_each_other_change_and_go() {
    let office = Office::open();
    let (one, two) = (office.host("one"), office.host("two"));
    let mut ann = Announcer::start(&one, 1, "Ann", &[]);
    settle(4);
    let mut bob = Announcer::start(&two, 2, "Bob", &[]);

    // Starting includes the process itself, the shell and nsenter before it.
    let (line, by_ann) = ann.wait_seen(bob.started, 2, |_| true);
    assert_eq!(line["name"], "Bob");
    let (line, by_bob) = bob.wait_seen(bob.started, 1, |_| true);
    assert_eq!(line["name"], "Ann");
    println!("newcomer seen after {by_ann} ms, sees the others after {by_bob} ms");
    assert!(by_ann < 2_000 && by_bob < 2_000);

    let (line, _) = ann.wait_seen(bob.started, 2, |line| addresses(line).len() >= 3);
    let heard = addresses(&line);
    println!("addresses heard: {heard:?}");
    assert_eq!(heard[0], format!("{}:4002", two.ip()), "IPv4 comes first");
    assert!(heard.contains(&format!("[{}]:4002", two.ipv6())));
    assert!(heard.iter().any(|address| address.starts_with("[fe80::") && address.contains('%')));
    assert!(!heard.iter().any(|address| address.contains("127.0.0.1") || address.contains("[::1]")));

    for (command, key, value) in [
        ("rename Robert", "name", "Robert"),
        ("status busy", "status", "busy"),
        ("port 4999", "port", "4999"),
    ] {
        let at = bob.say(command);
        let (_, took) = ann.wait_seen(at, 2, |line| {
            line[key] == value || line[key].as_u64().is_some_and(|number| number.to_string() == value)
        });
        println!("{key} changed: seen after {took} ms");
        assert!(took < 1_500);
        settle(2);
    }
    // There and back within a second: the last word counts.
    bob.say("rename Bobby");
    std::thread::sleep(Duration::from_millis(300));
    let at = bob.say("rename Robert");
    let (_, took) = ann.wait_seen(at, 2, |line| line["name"] == "Robert");
    settle(3);
    assert_eq!(ann.knows(2).unwrap()["name"], "Robert");
    println!("changed and changed back within 300 ms: the last is seen after {took} ms and stays");
    assert!(ann.lines().iter().all(|line| line["event"] != "gone"), "nobody flickers");

    let at = bob.say("quit");
    let gone = ann.wait_gone(at, 2);
    let (_, quit) = bob.wait(at, |line| line["event"] == "quit");
    println!("goodbye seen after {gone} ms; saying it took {quit} ms");
    assert!(gone < 1_000 && quit < 2_000);

    // And back again at once.
    let again = Announcer::start(&two, 2, "Bob", &[]);
    let (_, took) = ann.wait_seen(again.started, 2, |_| true);
    println!("back at once: seen after {took} ms");
    assert!(took < 2_000);
    settle(3);
    assert!(ann.knows(2).is_some(), "the goodbye of before does not reach into the new life");

    let bob = Announcer::start(&one, 3, "Bob", &[]);
    let (_, took) = ann.wait_seen(bob.started, 3, |_| true);
    println!("somebody else on the same machine: seen after {took} ms");
    assert!(took < 2_000);
}

#[test]
fn who_dies_is_found_out_and_who_lives_is_kept() {
    let office = Office::open();
    let (one, two, three) = (office.host("one"), office.host("two"), office.host("three"));
    let mut ann = Announcer::start(&one, 1, "Ann", &[]);
    let mut bob = Announcer::start(&two, 2, "Bob", &[]);
    let mut carl = Announcer::start(&three, 3, "Carl", &[]);
    ann.wait_seen(0, 2, |_| true);
    ann.wait_seen(0, 3, |_| true);
    carl.wait_seen(0, 2, |_| true);
    settle(2);
    for _ in 0..5 {
        ann.say(&format!("verify {}", bob.device()));
        ann.say(&format!("verify {}", carl.device()));
        carl.say(&format!("verify {}", bob.device()));
        settle(2);
    }
    settle(4);
    for line in ann.lines().iter().chain(&carl.lines()) {
        assert_ne!(line["event"], "gone", "who answers is never taken for gone");
    }

    bob.child.kill();
    let at = ann.say(&format!("verify {}", bob.device()));
    let gone = ann.wait_gone(at, 2);
    println!("killed: gone {gone} ms after verify");
    assert!(gone < 5_000);
    assert!(ann.knows(3).is_some(), "the other one stays");
    assert!(carl.knows(2).is_some(), "Carl has not asked");

    let bob = Announcer::start(&two, 4, "Bob", &[]);
    ann.wait_seen(bob.started, 4, |_| true);
    // The same device comes back after its crash.
    let again = Announcer::start(&two, 2, "Bob", &[]);
    let (_, took) = ann.wait_seen(again.started, 2, |_| true);
    println!("started anew after the crash: seen after {took} ms");
    assert!(took < 2_000);
}

#[test]
fn an_adapter_goes_and_comes_back() {
    let office = Office::open();
    let (one, two) = (office.host("one"), office.host("two"));
    let mut ann = Announcer::start(&one, 1, "Ann", &[]);
    let mut bob = Announcer::start(&two, 2, "Bob", &[]);
    ann.wait_seen(0, 2, |_| true);
    bob.wait_seen(0, 1, |_| true);
    settle(2);

    // The shorter of the two is within one look at the adapters, the longer is well beyond.
    for away in [1, 12] {
        let at = now();
        two.link_down();
        if away > 1 {
            let (_, problem) = bob.wait(at, |line| line["problem"] == "NoNetwork");
            let gone = bob.wait_gone(at, 1);
            println!("adapter down: no network after {problem} ms, the other gone after {gone} ms");
            assert!(problem < 4_000 && gone < 4_000);
        }
        settle(away);
        let at = now();
        two.link_up();
        // A change that only a working network can carry, both ways.
        let name = format!("Bob after {away} s");
        bob.say(&format!("rename {name}"));
        let (_, seen) = ann.wait_seen(at, 2, |line| line["name"] == name.as_str());
        let name = format!("Ann after {away} s");
        ann.say(&format!("rename {name}"));
        let (_, back) = bob.wait_seen(at, 1, |line| line["name"] == name.as_str());
        println!("adapter away for {away} s: seen again after {seen} ms, sees again after {back} ms");
        assert!(seen < 8_000 && back < 8_000);
        if away > 1 {
            let (_, over) = bob.wait(at, |line| line["event"] == "problem" && line["problem"].is_null());
            println!("the problem is over after {over} ms");
            assert!(over < 8_000);
        }
        settle(3);
    }

    // A cable pulled until the other side's record has been found dead, then put back.
    two.unplug();
    let at = ann.say(&format!("verify {}", bob.device()));
    ann.wait_gone(at, 2);
    settle(2);
    let at = now();
    two.plug();
    let (_, seen) = ann.wait_seen(at, 2, |_| true);
    let (_, back) = bob.wait_seen(at, 1, |_| true);
    println!("cable back: seen again after {seen} ms, sees again after {back} ms");
    assert!(seen < 8_000 && back < 8_000);
}

#[test]
fn silence_without_a_lost_carrier_is_survived() {
    let office = Office::open();
    let (one, two) = (office.host("one"), office.host("two"));
    let mut ann = Announcer::start(&one, 1, "Ann", &[]);
    let bob = Announcer::start(&two, 2, "Bob", &[]);
    ann.wait_seen(0, 2, |_| true);
    settle(2);
    // A switch that loses everything: no adapter notices, and Bob has no reason to announce himself again.
    two.loss(100);
    let at = ann.say(&format!("verify {}", bob.device()));
    ann.wait_gone(at, 2);
    settle(6);
    two.loss(0);
    let at = now();
    let (_, back) = ann.wait_seen(at, 2, |_| true);
    println!("after 10 s of silence: seen again {back} ms later");
    assert!(back < 15_000);
}

#[test]
fn multicast_that_does_not_pass_is_reported() {
    let office = Office::open();
    let (one, two) = (office.host("one"), office.host("two"));
    let block = "table inet block { chain in { type filter hook input priority 0; udp dport 5353 drop; }; }";
    let done = one.command("nft").arg(block).output();
    assert!(done.success(), "{}", done.stderr);
    let mut ann = Announcer::start(&one, 1, "Ann", &[]);
    let bob = Announcer::start(&two, 2, "Bob", &[]);
    let (_, told) = ann.wait(ann.started, |line| line["problem"] == "DiscoveryFailed");
    println!("multicast blocked: reported after {told} ms");
    assert!(told < 8_000);
    assert!(bob.lines().iter().all(|line| line["problem"].is_null()), "it is a problem of the one machine");
    let at = now();
    let done = one.command("nft").args(["delete", "table", "inet", "block"]).output();
    assert!(done.success(), "{}", done.stderr);
    let (_, over) = ann.wait(at, |line| line["event"] == "problem" && line["problem"].is_null());
    let (_, seen) = ann.wait_seen(at, 2, |_| true);
    println!("multicast passes again: over after {over} ms, people seen after {seen} ms");
    assert!(over < 20_000 && seen < 20_000);
}

#[test]
fn nobody_is_lost_when_records_expire() {
    let office = Office::open();
    let (one, two) = (office.host("one"), office.host("two"));
    let ann = Announcer::start(&one, 1, "Ann", &[]);
    let bob = Announcer::start(&two, 2, "Bob", &[]);
    // Addresses live for 120 s (RFC 6762, section 10) unless they are asked for again.
    settle(140);
    assert!(ann.knows(2).is_some() && bob.knows(1).is_some());
    for line in ann.lines().iter().chain(&bob.lines()) {
        assert!(line["event"] != "gone" && line["event"] != "problem", "{line}");
    }
}

#[test]
fn a_changed_address_replaces_the_old_one() {
    let office = Office::open();
    let (one, two) = (office.host("one"), office.host("two"));
    let mut ann = Announcer::start(&one, 1, "Ann", &[]);
    let mut bob = Announcer::start(&two, 2, "Bob", &[]);
    let old = two.ip().to_string();
    ann.wait_seen(0, 2, |line| addresses(line).iter().any(|address| address.starts_with(&old)));
    settle(3);

    let at = now();
    let new = two.change_address(200).to_string();
    let has =
        |line: &Value, ip: &str| addresses(line).iter().any(|address| address.starts_with(&format!("{ip}:")));
    let (_, own) = bob.wait(at, |line| line["event"] == "interfaces" && has(line, &new) && !has(line, &old));
    let (_, first) = ann.wait_seen(at, 2, |line| has(line, &new));
    let (line, clean) = ann.wait_seen(at, 2, |line| has(line, &new) && !has(line, &old));
    println!(
        "new address: known to its owner after {own} ms, seen after {first} ms, the old one gone after {clean} ms"
    );
    println!("addresses heard: {:?}", addresses(&line));
    assert!(first < 6_000 && clean < 8_000);
    settle(4);
    let heard = ann.knows(2).unwrap();
    assert!(has(&heard, &new) && !has(&heard, &old), "{heard}");
    let new6 = format!("[{}]:4002", two.ipv6());
    assert!(addresses(&heard).contains(&new6) && addresses(&heard).len() == 3, "IPv6 too: {heard}");
    assert!(ann.lines().iter().all(|line| line["event"] != "gone"), "a change of address is no goodbye");
}

#[test]
fn two_networks_at_once() {
    let office = Office::open();
    let main = office.host("main");
    let annex = office.host_on("annex", &[Network::Annex]);
    let both = office.host_on("both", &[Network::Main, Network::Annex]);
    let mut ann = Announcer::start(&main, 1, "Ann", &[]);
    let mut bob = Announcer::start(&annex, 2, "Bob", &[]);
    let mut carl = Announcer::start(&both, 3, "Carl", &[]);

    let (_, a) = carl.wait_seen(carl.started, 1, |_| true);
    let (_, b) = carl.wait_seen(carl.started, 2, |_| true);
    println!("two networks: the one sees both after {a} and {b} ms");
    assert!(a < 4_000 && b < 4_000);
    settle(3);
    ann.wait_seen(0, 3, |_| true);
    bob.wait_seen(0, 3, |_| true);
    let (by_ann, by_bob) = (ann.knows(3).unwrap(), bob.knows(3).unwrap());
    println!("seen from the one side: {:?}", addresses(&by_ann));
    println!("seen from the other: {:?}", addresses(&by_bob));
    assert!(addresses(&by_ann)[0].starts_with("10.77."), "each side is told the address it can reach");
    assert!(addresses(&by_bob)[0].starts_with("10.78."));
    assert!(ann.knows(2).is_none() && bob.knows(1).is_none(), "the networks stay apart");

    // The owner leaves one of them out, and takes it in again.
    let at = carl.say("choose eth1");
    let gone = carl.wait_gone(at, 1);
    let (line, _) = carl.wait(at, |line| line["event"] == "interfaces");
    assert_eq!((line["used"][0].as_str(), line["others"][0].as_str()), (Some("eth1"), Some("eth0")));
    assert!(carl.knows(2).is_some());
    let at = carl.say("choose");
    let (_, back) = carl.wait_seen(at, 1, |_| true);
    println!("an adapter left out: its people gone after {gone} ms; taken in again: back after {back} ms");
    assert!(gone < 9_000 && back < 4_000);

    // One network breaks, the other goes on.
    let at = now();
    ip(&both, "link set eth0 down");
    let gone = carl.wait_gone(at, 1);
    assert!(carl.knows(2).is_some());
    let at = carl.say("rename Charles");
    let (_, took) = bob.wait_seen(at, 3, |line| line["name"] == "Charles");
    println!(
        "one of two down: its people gone after {gone} ms; the other network hears a change after {took} ms"
    );
    assert!(gone < 4_000 && took < 3_000);
}

#[test]
fn two_people_with_one_name_are_two() {
    let office = Office::open();
    let (one, two, three) = (office.host("one"), office.host("two"), office.host("three"));
    let mut ann = Announcer::start(&one, 1, "Ann", &[]);
    let _first = Announcer::start(&two, 2, "Kim", &[]);
    let _second = Announcer::start(&three, 3, "Kim", &[]);
    let (first, _) = ann.wait_seen(0, 2, |_| true);
    let (second, _) = ann.wait_seen(0, 3, |_| true);
    assert_eq!((&first["name"], &second["name"]), (&Value::from("Kim"), &Value::from("Kim")));
    settle(3);
    assert_ne!(addresses(&ann.knows(2).unwrap())[0], addresses(&ann.knows(3).unwrap())[0]);
}

#[test]
fn an_ipv6_only_network_and_one_with_link_local_addresses_only() {
    let office = Office::open();
    let (one, two) = (office.host("one"), office.host("two"));
    for host in [&one, &two] {
        ip(host, "-4 address flush dev eth0");
    }
    let mut ann = Announcer::start(&one, 1, "Ann", &[]);
    let bob = Announcer::start(&two, 2, "Bob", &[]);
    let (line, took) = ann.wait_seen(bob.started, 2, |_| true);
    println!("IPv6 only: seen after {took} ms at {:?}", addresses(&line));
    assert!(took < 2_000);
    let own = format!("[{}]:4002", two.ipv6());
    let (line, _) = ann.wait_seen(0, 2, |line| addresses(line)[0] == own);
    assert!(addresses(&line).iter().all(|address| address.starts_with('[')));
    assert!(ann.lines().iter().all(|line| line["problem"].is_null()), "IPv6 alone is no problem");

    for host in [&one, &two] {
        ip(host, "-6 address flush dev eth0 scope global");
    }
    let (line, _) = ann.wait_seen(0, 2, |line| {
        addresses(line).iter().all(|address| address.starts_with("[fe80::") && address.contains('%'))
    });
    println!("link-local only: {:?}", addresses(&line));
    let at = bob.say("rename Robert");
    let (_, took) = ann.wait_seen(at, 2, |line| line["name"] == "Robert");
    println!("link-local only: a change is seen after {took} ms");
    assert!(took < 3_000);
}

#[test]
fn fifty_devices() {
    const HOSTS: u8 = 10;
    const EACH: u8 = 5;
    let office = Office::open();
    let hosts: Vec<Host> = (0..HOSTS).map(|number| office.host(&format!("host{number}"))).collect();
    let mut all: Vec<Announcer> = (0..HOSTS * EACH)
        .map(|seed| {
            Announcer::start(&hosts[usize::from(seed / EACH)], seed + 1, &format!("Person {seed}"), &[])
        })
        .collect();
    let last = all.iter().map(|one| one.started).max().unwrap();
    let mut slowest = 0;
    let seeds: Vec<u8> = all.iter().map(|one| one.seed).collect();
    for one in &mut all {
        let own = one.seed;
        for seed in seeds.iter().filter(|seed| **seed != own) {
            one.wait_seen(0, *seed, |_| true);
            slowest = slowest.max(one.last.get());
        }
    }
    println!(
        "fifty devices: everybody has seen everybody {} ms after the last start",
        slowest.saturating_sub(last)
    );
    assert!(slowest.saturating_sub(last) < 15_000);
    settle(5);
    for one in &all {
        assert!(one.lines().iter().all(|line| line["event"] != "gone"), "nobody flickers");
    }

    let at = all[7].say("rename Somebody else");
    let mut slowest = 0;
    let seed = all[7].seed;
    for one in all.iter_mut().filter(|one| one.seed != seed) {
        slowest = slowest.max(one.wait_seen(at, seed, |line| line["name"] == "Somebody else").1);
    }
    println!("fifty devices: a new name is seen by all after {slowest} ms");
    assert!(slowest < 3_000);
    let at = all[7].say("quit");
    let mut slowest = 0;
    for one in all.iter_mut().filter(|one| one.seed != seed) {
        slowest = slowest.max(one.wait_gone(at, seed));
    }
    println!("fifty devices: a goodbye is seen by all after {slowest} ms");
    assert!(slowest < 2_000);
}
