//! Who is on this network: people appear, change and disappear by themselves.

use std::time::{Duration, Instant};

use earshot_harness::{Figure, Network, Office, has};
use earshot_tests_browser::{SOON, Seat};

#[test]
fn people_appear_change_and_leave() {
    let office = Office::open();
    let ann = Seat::take(&office, "Ann", Figure::Red);
    ann.page.wait_text("Nobody here yet", SOON);

    let host = office.host("bob");
    let start = Instant::now();
    let mut app = host.earshot("Bob");
    ann.wait_listed("Bob", "Available", SOON);
    eprintln!("Bob is listed {} ms after his start", start.elapsed().as_millis());
    assert!(start.elapsed() < Duration::from_secs(5));

    // Asked to end, he says goodbye.
    app.process.terminate();
    let start = Instant::now();
    ann.page.wait_gone("button", "Bob, Available", Duration::from_secs(3));
    eprintln!("Bob is gone {} ms after he quit", start.elapsed().as_millis());
    ann.page.wait_text("Nobody here yet", SOON);

    // A change of name and status is announced at once.
    let bob = Seat::open("Robert", Figure::Blue, host.clone(), host.earshot("Robert"), |chromium| chromium);
    ann.wait_listed("Robert", "Available", SOON);
    bob.page.click("button", "You: Robert, Available");
    bob.page.click("radio", "Busy");
    ann.wait_listed("Robert", "Busy", Duration::from_secs(3));
}

#[test]
fn a_machine_that_dies_is_shown_unreachable() {
    let office = Office::open();
    let ann = Seat::take(&office, "Ann", Figure::Red);
    let (bob, carl) = (office.host("bob"), office.host("carl"));
    let mut app = bob.earshot("Bob");
    let _carl = carl.earshot("Carl");
    ann.wait_listed("Bob", "Available", SOON);
    ann.wait_listed("Carl", "Available", SOON);

    // Bob's program dies, Carl's whole machine: neither says goodbye.
    app.process.kill();
    carl.unplug();
    let start = Instant::now();
    for (name, limit) in [("Bob", 2), ("Carl", 4)] {
        ann.page.click("button", has(format!("{name}, ")));
        let called = Instant::now();
        ann.page.click("button", format!("Voice call with {name}"));
        let sentence = format!("{name}’s computer cannot be reached. It may be asleep.");
        ann.page.wait_text(&sentence, Duration::from_secs(10));
        eprintln!("calling {name}, who is dead, fails after {} ms", called.elapsed().as_millis());
        // 3 s, and a little for the test's own looking.
        assert!(called.elapsed() < Duration::from_secs(limit));
        ann.page.click("button", "Close");
    }
    for name in ["Bob", "Carl"] {
        ann.wait_listed(name, "Cannot be reached", Duration::from_secs(15).saturating_sub(start.elapsed()));
    }
    eprintln!("dead machines are shown unreachable after {} ms", start.elapsed().as_millis());

    // Carl's is plugged in again, and he is there.
    carl.plug();
    ann.wait_listed("Carl", "Available", SOON);
}

#[test]
fn cables_addresses_namesakes_and_two_networks() {
    let office = Office::open();
    let ann = Seat::take_on(&office, "Ann", Figure::Red, &[Network::Main, Network::Annex]);
    let main = office.host("bob");
    let _bob = main.earshot("Bob");
    let annex = office.host_on("carl", &[Network::Annex]);
    let _carl = annex.earshot("Carl");
    ann.wait_listed("Bob", "Available", SOON);
    ann.wait_listed("Carl", "Available", SOON);

    // Two people with one name are two people.
    let namesake = office.host("bob2");
    let mut twin = namesake.earshot("Bob");
    earshot_harness::wait_until("two Bobs", SOON, || {
        let found = ann.page.try_find_all("button", &"Bob, Available".into()).ok()?;
        (found.len() == 2).then_some(())
    });
    twin.process.terminate();
    earshot_harness::wait_until("one Bob", SOON, || {
        let found = ann.page.try_find_all("button", &"Bob, Available".into()).ok()?;
        (found.len() == 1).then_some(())
    });

    // The adapter goes off and on.
    main.link_down();
    ann.wait_listed("Bob", "Cannot be reached", Duration::from_secs(20));
    main.link_up();
    ann.wait_listed("Bob", "Available", Duration::from_secs(20));

    // Another address, as from DHCP.
    main.change_address(77);
    std::thread::sleep(Duration::from_secs(2));
    ann.page.click("button", "Bob, Available");
    ann.page.click("button", "Voice call with Bob");
    ann.page.wait_text("Ringing…", SOON);
    ann.page.click("button", "Cancel");
}
