//! What somebody on the network who says false things can do, and what not: an attacking host in network namespaces, real
//! multicast DNS. Every test prints what it measured.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod announcer;

use announcer::{Announcer, addresses, device, now, settle};
use earshot_harness::{Host, Office, built};
use serde_json::Value;

const BOB: u8 = 2;

/// Says the goodbye of somebody else `count` times, `pause` ms apart; with the port of all their records.
fn spoof(host: &Host, seed: u8, count: u32, pause: u32, port: Option<u16>) {
    // An attacker's machine has a way to everybody, be it the default route or this one.
    let done = host.command("ip").args(["route", "replace", "224.0.0.0/4", "dev", "eth0"]).output();
    assert!(done.success(), "{}", done.stderr);
    let mut args = vec![seed.to_string(), count.to_string(), pause.to_string()];
    args.extend(port.map(|port| port.to_string()));
    let done = host.command(built("examples/spoof", "EARSHOT_SPOOF_BIN")).args(args).output();
    assert!(done.success(), "{}", done.stderr);
}

/// How long, in ms, somebody was not in the list since `since`, and how often they vanished.
fn missing(one: &Announcer, seed: u8, since: u64) -> (u64, usize) {
    let device = device(seed);
    let (mut total, mut times, mut gone_at) = (0, 0, None);
    for line in one.lines() {
        let at = line["at"].as_u64().unwrap();
        if at < since || line["device"] != device.as_str() {
            continue;
        }
        match line["event"].as_str() {
            Some("gone") => {
                times += 1;
                gone_at = Some(at);
            }
            Some("seen") => total += gone_at.take().map_or(0, |gone| at - gone),
            _ => {}
        }
    }
    (total + gone_at.map_or(0, |gone| now() - gone), times)
}

#[test]
fn a_goodbye_that_somebody_else_says_takes_nobody_away() {
    let office = Office::open();
    let (one, two, three) = (office.host("one"), office.host("two"), office.host("three"));
    let mut ann = Announcer::start(&one, 1, "Ann", &[]);
    let mut bob = Announcer::start(&two, BOB, "Bob", &[]);
    ann.wait_seen(0, BOB, |_| true);
    bob.wait_seen(0, 1, |_| true);
    settle(3);

    let at = now();
    spoof(&three, BOB, 1, 0, None);
    settle(6);
    assert_eq!(missing(&ann, BOB, at), (0, 0), "one false goodbye");
    let at = now();
    spoof(&three, BOB, 1, 0, Some(4002));
    settle(6);
    assert_eq!(missing(&ann, BOB, at), (0, 0), "one false goodbye of all records");
    // Her own goodbye: she still hears herself.
    spoof(&three, 1, 3, 1_000, None);
    settle(6);
    assert!(ann.lines().iter().all(|line| line["problem"].is_null()), "the network is not blamed");

    for (count, pause, port) in [(20, 500, None), (150, 66, None), (150, 66, Some(4002))] {
        let at = now();
        spoof(&three, BOB, count, pause, port);
        settle(5);
        let (gone, times) = missing(&ann, BOB, at);
        let what = if port.is_some() { "all records" } else { "the instance" };
        println!(
            "{count} false goodbyes of {what}, {pause} ms apart: missing {times} times, for {gone} ms in all"
        );
        assert!(ann.knows(BOB).is_some(), "listed again within seconds of the last");
        if port.is_none() {
            assert_eq!(times, 0, "a goodbye alone takes nobody away, however often it is said");
        }
    }

    let at = bob.say("quit");
    let gone = ann.wait_gone(at, BOB);
    println!("a true goodbye after all this: seen after {gone} ms");
    assert!(gone < 1_000);
}

#[test]
fn a_false_record_stands_beside_the_true_one_and_goes() {
    let office = Office::open();
    let (one, two, three) = (office.host("one"), office.host("two"), office.host("three"));
    let mut ann = Announcer::start(&one, 1, "Ann", &[]);
    let bob = Announcer::start(&two, BOB, "Bob", &[]);
    let truth = format!("{}:4002", two.ip());
    let has = |line: &Value, address: &str| addresses(line).iter().any(|one| one == address);
    ann.wait_seen(0, BOB, |line| has(line, &truth));
    settle(3);

    // A whole Earshot that claims to be Bob: the same device id, another machine.
    let at = now();
    let mut mallory = Announcer::start(&three, BOB, "Robert", &[]);
    let lie = format!("{}:4002", three.ip());
    ann.wait_seen(at, BOB, |line| has(line, &lie));
    mallory.say("port 6666");
    let worse = format!("{}:6666", three.ip());
    ann.wait_seen(at, BOB, |line| has(line, &worse));
    settle(8);
    for line in ann.lines() {
        if line["event"] == "seen" && line["device"] == device(BOB).as_str() {
            assert!(has(&line, &truth), "the true address is always among those to dial: {line}");
        }
    }
    assert_eq!(missing(&ann, BOB, at), (0, 0));

    // It says goodbye with a secret of its own.
    let at = mallory.say("quit");
    mallory.wait(at, |line| line["event"] == "quit");
    let (line, took) = ann.wait_seen(at, BOB, |line| !has(line, &lie) && !has(line, &worse));
    println!("the false addresses are gone {took} ms after the attacker: {:?}", addresses(&line));
    assert!(has(&line, &truth) && took < 12_000);
    settle(6);
    assert_eq!(missing(&ann, BOB, at), (0, 0), "its goodbye is not Bob's");
    assert!(ann.knows(BOB).is_some_and(|line| has(&line, &truth)));

    let at = bob.say("quit");
    let gone = ann.wait_gone(at, BOB);
    println!("Bob's own goodbye: seen after {gone} ms");
    assert!(gone < 3_000);
}

#[test]
fn who_comes_after_an_impostor_is_found_all_the_same() {
    let office = Office::open();
    let (one, two, three) = (office.host("one"), office.host("two"), office.host("three"));
    let mut ann = Announcer::start(&one, 1, "Ann", &[]);
    let _mallory = Announcer::start(&three, BOB, "Bob", &[]);
    ann.wait_seen(0, BOB, |_| true);
    settle(3);
    let bob = Announcer::start(&two, BOB, "Bob", &[]);
    let truth = format!("{}:4002", two.ip());
    let (line, took) = ann.wait_seen(bob.started, BOB, |line| addresses(line).contains(&truth));
    println!("the true address is known {took} ms after Bob's start: {:?}", addresses(&line));
    assert!(took < 8_000);
    settle(8);
    assert!(ann.knows(BOB).is_some_and(|line| addresses(&line).contains(&truth)), "and stays");
}

#[test]
fn a_hidden_name_is_nowhere_and_its_change_is_told_all_the_same() {
    let office = Office::open();
    let (one, two) = (office.host("one"), office.host("two"));
    let mut ann = Announcer::start(&one, 1, "Ann", &[]);
    let bob = Announcer::start(&two, BOB, "Bob", &["--hidden"]);
    let (line, _) = ann.wait_seen(0, BOB, |_| true);
    assert_eq!((line["name"].clone(), line["status"].clone()), (Value::Null, Value::Null), "{line}");
    let first = line["revision"].as_u64().unwrap();
    settle(2);
    for command in ["rename Robert", "status busy", "phrase true"] {
        let at = bob.say(command);
        let (line, took) = ann.wait_seen(at, BOB, |line| line["revision"].as_u64().unwrap() > first);
        println!("{command}: that something has changed is seen after {took} ms");
        assert!(line["name"].is_null() && took < 1_500, "{line}");
        settle(2);
    }
    assert_eq!(ann.knows(BOB).unwrap()["phrase"], true);
    bob.say("phrase false");
    let at = bob.say("hidden false");
    let (line, _) = ann.wait_seen(at, BOB, |line| !line["name"].is_null());
    assert_eq!((&line["name"], &line["status"]), (&Value::from("Robert"), &Value::from("busy")));
    let since = line["at"].as_u64().unwrap();
    for line in ann.lines().iter().filter(|line| line["at"].as_u64().unwrap() < since) {
        let text = line.to_string();
        assert!(!text.contains("Bob") && !text.contains("Robert"), "{text}");
    }
}
