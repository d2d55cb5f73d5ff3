//! The office itself: hosts reach each other, faults are real, and nothing outlives it.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use earshot_harness::{Host, HttpResponse, Network, Office, wait_until};

const SOON: Duration = Duration::from_secs(30);

fn relay() -> std::path::PathBuf {
    earshot_harness::built("earshot-relay", "EARSHOT_RELAY_BIN")
}

/// Sends `count` datagrams from one host to another and returns the numbers that came.
fn heard(from: &Host, to: &Host, target: &str, count: u32) -> Vec<u32> {
    let mut ear = to.command(relay()).arg("hear").arg(target).spawn();
    ear.wait_line(SOON, |line| line == "ready");
    let said = from.command(relay()).args(["say", target, &count.to_string()]).output();
    assert!(said.success(), "{}", said.stderr);
    std::thread::sleep(Duration::from_millis(200));
    let numbers =
        ear.stdout().lines().filter_map(|line| line.split(' ').nth(1)?.parse().ok()).collect::<Vec<u32>>();
    ear.kill();
    numbers
}

#[test]
fn hosts_reach_each_other_and_multicast_crosses_the_bridge() {
    let office = Office::open();
    let (ann, bob) = (office.host("ann"), office.host("bob"));
    assert_ne!(ann.ip(), bob.ip());
    let port = bob.serve_page("hello from bob");
    for address in [format!("{}:{port}", bob.ip()), format!("[{}]:{port}", bob.ipv6())] {
        let answer: HttpResponse = ann.http(&address).get("/", &[]).unwrap();
        assert_eq!((answer.status, answer.text().as_str()), (200, "hello from bob"));
    }
    assert!(ann.try_connect(&format!("127.0.0.1:{port}")).is_err(), "each host has a loopback of its own");
    assert_eq!(heard(&ann, &bob, "224.0.0.251:5353", 3), [0, 1, 2]);
}

#[test]
fn networks_are_joined_by_the_router_only_and_multicast_stays() {
    let office = Office::open();
    let ann = office.host("ann");
    let eve = office.host_on("eve", &[Network::Annex]);
    let both = office.host_on("both", &[Network::Main, Network::Annex]);
    let target = format!("{}:{}", eve.ip(), eve.serve_page("eve"));
    assert!(ann.try_connect(&target).is_err(), "no router yet");
    assert!(both.try_connect(&target).is_ok(), "in both networks");
    office.router(true);
    assert!(ann.try_connect(&target).is_ok(), "the router forwards");
    let target6 = format!("[{}]:{}", eve.ipv6(), target.rsplit(':').next().unwrap());
    assert!(ann.try_connect(&target6).is_ok(), "the router forwards IPv6");
    assert_eq!(heard(&ann, &eve, "224.0.0.251:5353", 3), [0_u32; 0]);
    office.router(false);
    assert!(ann.try_connect(&target).is_err(), "the router forwards no more");
}

#[test]
fn faults_are_real_and_end() {
    let office = Office::open();
    let (ann, bob) = (office.host("ann"), office.host("bob"));
    let to_bob = format!("{}:4000", bob.ip());
    assert_eq!(heard(&ann, &bob, &to_bob, 100).len(), 100);

    bob.loss(30);
    let came = heard(&ann, &bob, &to_bob, 300).len();
    assert!((120..=270).contains(&came), "30 % in and none out of 300: {came}");
    ann.loss(100);
    assert_eq!(heard(&ann, &bob, &to_bob, 20).len(), 0);
    ann.loss(0);
    bob.loss(0);
    assert_eq!(heard(&ann, &bob, &to_bob, 100).len(), 100);

    ann.unplug();
    assert_eq!(heard(&ann, &bob, &to_bob, 5).len(), 0);
    ann.plug();
    // ARP asks again once a second.
    wait_until("the cable to carry", SOON, || (heard(&ann, &bob, &to_bob, 5).len() == 5).then_some(()));

    bob.link_down();
    assert!(ann.try_connect(&format!("{}:1", bob.ip())).is_err());
    bob.link_up();
    assert_eq!(heard(&ann, &bob, "224.0.0.251:5353", 3), [0, 1, 2]);

    let before = bob.ip();
    let after = bob.change_address(99);
    assert_ne!(before, after);
    assert_eq!(heard(&ann, &bob, &format!("{after}:4000"), 5).len(), 5);
    assert_eq!(heard(&ann, &bob, "224.0.0.251:5353", 3), [0, 1, 2]);

    let big = "x".repeat(400_000);
    let port = ann.serve_page(&big);
    let fetch = || {
        let start = std::time::Instant::now();
        let answer = bob.http(&format!("{}:{port}", ann.ip())).get("/", &[]).unwrap();
        assert_eq!(answer.body.len(), big.len());
        start.elapsed()
    };
    assert!(fetch() < Duration::from_secs(1));
    ann.rate(2000);
    assert!(fetch() > Duration::from_millis(1200), "3.2 Mbit at 2 Mbit/s take 1.6 s");
    ann.rate(0);
    assert!(fetch() < Duration::from_secs(1));
}

#[test]
fn frames_are_delayed() {
    if !earshot_harness::can_delay() {
        eprintln!("not run: /dev/net/tun may not be opened");
        return;
    }
    let office = Office::open();
    let (ann, bob) = (office.host("ann"), office.host("bob"));
    let target = format!("{}:{}", bob.ip(), bob.serve_page("hello"));
    let fetch = || {
        let start = std::time::Instant::now();
        assert_eq!(ann.http(&target).get("/", &[]).unwrap().text(), "hello");
        start.elapsed()
    };
    fetch();
    assert!(fetch() < Duration::from_millis(50));
    bob.delay(80);
    fetch();
    // A round trip to connect and one for the answer.
    let took = fetch();
    assert!((Duration::from_millis(320)..Duration::from_millis(500)).contains(&took), "{took:?}");
    assert_eq!(heard(&ann, &bob, "224.0.0.251:5353", 3), [0, 1, 2], "multicast passes");
    bob.delay(0);
    fetch();
    assert!(fetch() < Duration::from_millis(50));
}

#[test]
fn programs_are_started_watched_and_killed() {
    let office = Office::open();
    let ann = office.host("ann");
    let done = ann.command("sh").args(["-c", "echo out; echo err >&2; exit 7"]).output();
    assert_eq!((done.code, done.stdout.as_str(), done.stderr.as_str()), (7, "out\n", "err\n"));
    let mut sleeper = ann.command("sleep").arg("1000").spawn();
    assert!(Path::new(&format!("/proc/{}", sleeper.pid())).exists());
    sleeper.kill();
    assert_eq!(sleeper.ended(), Some(128 + 9));
    let seen = ann.command("sh").args(["-c", "ls /proc | grep -c '^[0-9]'"]).output();
    assert!(seen.stdout.trim().parse::<u32>().unwrap() < 20, "only the office's processes: {}", seen.stdout);
}

/// Whether any process is in the network namespaces that an office's processes used.
fn alive(pids: &[u32]) -> Vec<u32> {
    pids.iter().copied().filter(|pid| Path::new(&format!("/proc/{pid}")).exists()).collect()
}

#[test]
fn nothing_is_left_when_it_closes() {
    let office = Office::open();
    let ann = office.host("ann");
    let mut sleeper = ann.command("sh").args(["-c", "setsid sleep 1000 & setsid nohup sleep 1001"]).spawn();
    let pids = [office.holder(), sleeper.pid()];
    assert_eq!(alive(&pids).len(), 2);
    let dir = office.dir().to_owned();
    assert!(dir.exists());
    drop(office);
    assert_eq!(alive(&pids[..1]), [0_u32; 0]);
    // Ours until waited for, so a zombie at most.
    assert!(sleeper.wait(SOON) > 128);
    assert!(!dir.exists());
}

/// Not a test of its own: what [`nothing_is_left_when_the_test_is_killed`] kills.
#[test]
#[ignore = "hangs until killed"]
fn hang_in_an_office() {
    let office = Office::open();
    let ann = office.host("ann");
    let mut sleeper = ann.command("sleep").arg("1000").spawn();
    println!("\nOFFICE {} {} {}", office.holder(), sleeper.pid(), office.dir().display());
    std::thread::sleep(Duration::from_secs(100));
}

#[test]
fn nothing_is_left_when_the_test_is_killed() {
    let mut test = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "hang_in_an_office", "--ignored", "--nocapture"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(test.stdout.take().unwrap()));
    let line = loop {
        let line = lines.next().unwrap().unwrap();
        if let Some(at) = line.find("OFFICE ") {
            break line[at..].to_owned();
        }
    };
    let parts: Vec<&str> = line.split(' ').collect();
    let pids: Vec<u32> = parts[1..3].iter().map(|part| part.parse().unwrap()).collect();
    assert_eq!(alive(&pids).len(), 2);
    test.kill().unwrap();
    test.wait().unwrap();
    wait_until("the office's processes to die", SOON, || alive(&pids).is_empty().then_some(()));
    wait_until("the office's files to go", SOON, || (!Path::new(parts[3]).exists()).then_some(()));
}

#[test]
fn an_office_that_stays_open_too_long_is_closed() {
    let office = Office::open_for(Duration::from_secs(1));
    let ann = office.host("ann");
    let mut sleeper = ann.command("sleep").arg("1000").spawn();
    assert!(sleeper.wait(SOON) > 128);
}
