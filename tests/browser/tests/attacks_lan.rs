//! A hostile machine on the local network. What it claims by mDNS is heard, but nobody is reached under somebody else's
//! device id, and the person is told what happened.

use std::time::Duration;

use earshot_harness::{Figure, Office, has};
use earshot_tests_browser::{CONNECTING, SOON, Seat, video_call};

const ANOTHER_ANSWERED: &str = "Another computer answered in Bob’s place, so the call was stopped.";

/// What an impostor was told by others, without its own first line.
fn heard(lines: &str) -> Vec<String> {
    lines.lines().filter(|line| !line.starts_with("ready ")).map(str::to_owned).collect()
}

#[test]
fn another_machine_in_somebodys_place() {
    let office = Office::open();
    let mut bob = office.host("bob").earshot("Bob");
    bob.process.kill();
    // Bob's machine is off, and Mallory's takes his place, with his device id and a key of its own.
    let mallory = office.host("mallory");
    let impostor = mallory.impostor(&bob.device, "Bob");
    let ann = Seat::take(&office, "Ann", Figure::Red);
    ann.page.wait_for("button", has("Bob, "), SOON);
    // Who does not look at the certificate rings there, and is answered.
    let rung = ann.host.ring_without_looking((mallory.ip(), impostor.port), &bob.device, "Ann");
    assert!(rung.contains("the ring ended: Accepted"), "{rung}");
    let before = heard(&impostor.process.stdout());
    eprintln!("the impostor heard from a program that does not look: {before:?}");
    assert!(before.iter().any(|line| line == "hello of Ann"));

    // The product ends the handshake, and tells.
    eprintln!("Ann is shown: {}", ann.page.text().replace('\n', " | "));
    ann.page.click("button", has("Bob, "));
    ann.page.click("button", "Video call with Bob");
    ann.page.wait_text(ANOTHER_ANSWERED, SOON);
    ann.wait_capture_ended();
    assert_eq!(
        heard(&impostor.process.stdout()),
        before,
        "nothing more was said to the impostor, no name either"
    );
}

/// A device id that no key has.
const NOBODYS_ID: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

#[test]
fn spoofed_records_and_goodbyes_keep_nobody_from_a_call() {
    let office = Office::open();
    let bob = Seat::take(&office, "Bob", Figure::Blue);
    let mallory = office.host("mallory");
    let mut naive = office.host("naive").believes_mdns();
    let short = bob.app.device[..16].to_owned();
    naive.wait_line(SOON, |line| line == format!("{short} at {}:{}", bob.host.ip(), bob.app.port));

    // A goodbye takes whoever does not defend themselves from the list of whoever believes it, long before the record
    // ends. (Bob's own program answers one in his name at once, so that even believers keep him.)
    let mut plain = office.host("plain").impostor(NOBODYS_ID, "Plain");
    let there = format!("{} at ", &NOBODYS_ID[..16]);
    naive.wait_line(SOON, |line| line.starts_with(&there));
    plain.process.kill();
    mallory.say_goodbye_for(NOBODYS_ID, plain.port, 3);
    naive.wait_line(SOON, |line| line == format!("{} gone", &NOBODYS_ID[..16]));
    eprintln!("who believes a goodbye loses somebody");

    // Goodbyes in Bob's name do not make him go from Ann's list.
    let ann = Seat::take(&office, "Ann", Figure::Red);
    ann.wait_listed("Bob", "Available", SOON);
    mallory.say_goodbye_for(&bob.app.device, bob.app.port, 3);
    let end = std::time::Instant::now() + Duration::from_secs(5);
    while std::time::Instant::now() < end {
        assert!(ann.page.shows("button", has("Bob, ")), "Bob is listed all the time");
        std::thread::sleep(Duration::from_millis(200));
    }
    ann.wait_listed("Bob", "Available", SOON);

    // While Mallory's machine claims to be his, Bob is reached, and nobody else.
    let impostor = mallory.impostor(&bob.app.device, "Bob");
    naive.wait_line(SOON, |line| line == format!("{short} at {}:{}", mallory.ip(), impostor.port));
    eprintln!("who believes a record finds Bob at the impostor's");
    std::thread::sleep(Duration::from_secs(2));
    let took = video_call(&ann, &bob);
    eprintln!("with an impostor about, both see each other {} ms after accepting", took.as_millis());
    assert_eq!(heard(&impostor.process.stdout()), Vec::<String>::new());
    bob.leave();
}

/// Two rings at once from two devices of one name: the one that is known is told from the one that is not, and each
/// button belongs to its own ring.
#[test]
fn a_namesake_who_rings_at_the_same_time() {
    let office = Office::open();
    let ann = Seat::take(&office, "Ann", Figure::Red);
    let bob = Seat::take(&office, "Bob", Figure::Blue);
    video_call(&ann, &bob);
    bob.leave();
    for seat in [&ann, &bob] {
        seat.wait_capture_ended();
        seat.page.click("button", "Close");
    }
    let mallory = office.host("mallory");
    let app = mallory.earshot("Ann");
    let mallory = Seat::open("Ann", Figure::Yellow, mallory, app, |chromium| chromium);

    // The false one first.
    mallory.call("Bob", "Video");
    bob.page.wait_text("This is not the Ann you know.", SOON);
    assert!(!bob.page.shows("button", "Accept with video"), "nothing is accepted in passing");
    bob.page.find("button", "Accept anyway, with video");
    ann.call("Bob", "Video");
    bob.page.wait_text("Ann is calling too", SOON);
    bob.page.click("button", "Decline");
    mallory.page.wait_text("Bob declined.", SOON);
    bob.page.wait_gone("button", "Accept anyway, with video", SOON);
    bob.accept("Ann", "video");
    bob.page.wait_picture(Figure::Red, CONNECTING);
    ann.page.wait_picture(Figure::Blue, CONNECTING);
    mallory.assert_nothing_came();
    ann.leave();
}
