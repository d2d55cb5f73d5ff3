//! Meetings that go on when the machine that holds them dies, loses its network, or is on the other side of a split.

use std::time::{Duration, Instant};

use earshot_harness::{Certificates, Figure, Network, Office, can_delay, has, skipped, wait_until};
use earshot_tests_browser::meetings::{begin, both_talk, go_in, guest, link};
use earshot_tests_browser::server::{start_server_in, url};
use earshot_tests_browser::{CONNECTING, Person, SOON, Seat, video_call};

/// A picture may stand still for so long while all of this runs on two cores. What a network loses is another matter.
const SMOOTH: Duration = Duration::from_secs(2);

/// The same on a line that loses every tenth packet each way: a picture waits until what it needs has come again.
const POOR: Duration = Duration::from_secs(4);
/// What a page says whose server does not answer.
const GONE: &str = "The connection is gone. Earshot keeps trying to bring it back.";
/// From a machine's old address until pictures come to and from the new one.
const HEALED: Duration = Duration::from_secs(6);

/// Everybody sees and hears everybody else.
#[track_caller]
fn all_talk(people: &[&Person]) {
    for one in people {
        for other in people.iter().filter(|other| other.name != one.name) {
            one.page.wait_picture(other.figure, CONNECTING);
            one.page.wait_voice(other.figure, CONNECTING);
        }
        one.page.wait_growth(SOON);
    }
}

/// One more is rung into the call by somebody who is in it.
#[track_caller]
fn add(by: &Person, whom: &Person) {
    by.page.click("button", "Add people");
    by.page.wait_for("button", format!("Ring {}", whom.name), SOON);
    by.page.click("button", format!("Ring {}", whom.name));
    whom.accept(&by.name, "video");
    by.page.press("\u{e00c}");
}

/// Prints and bounds how long the connection with one of the others stood still.
#[track_caller]
fn assert_smooth(who: &Person, connection: usize, what: &str) {
    assert_gap(who, connection, what, SMOOTH);
}

#[track_caller]
fn assert_gap(who: &Person, connection: usize, what: &str, most: Duration) {
    let gaps = who.page.gaps();
    let Some(gap) = gaps.iter().find(|gap| gap.connection == connection) else {
        panic!("{what}: {} has no connection {connection}: {gaps:?}", who.name)
    };
    eprintln!(
        "{what}: {} was without a picture for {} ms at most, without sound for {} ms",
        who.name,
        gap.picture.as_millis(),
        gap.sound.as_millis()
    );
    assert!(gap.picture < most && gap.sound < most, "{what}: {}: {gap:?}", who.name);
}

/// Ann's machine holds a meeting of three. Bob's and Cat's connections with each other are the second ones they made.
fn three(office: &Office) -> [Seat; 3] {
    let ann = Seat::take(office, "Ann", Figure::Red);
    let bob = Seat::take(office, "Bob", Figure::Blue);
    video_call(&ann, &bob);
    let cat = Seat::take(office, "Cat", Figure::Green);
    add(&bob, &cat);
    all_talk(&[&ann, &bob, &cat]);
    [ann, bob, cat]
}

#[test]
fn a_meeting_goes_on_when_its_machine_dies() {
    let office = Office::open();
    let [mut ann, bob, cat] = three(&office);
    for one in [&bob, &cat] {
        one.page.watch_gaps();
    }
    let died = Instant::now();
    ann.page.kill_browser();
    ann.app.process.kill();
    bob.page.wait_text("The line to Ann is gone. Trying to bring it back", SOON);
    // Somebody who was not there before comes in where the meeting is now.
    let dan = Seat::take(&office, "Dan", Figure::Yellow);
    add(&cat, &dan);
    all_talk(&[&bob, &cat, &dan]);
    eprintln!("a fourth talks with them {} ms after the machine died", died.elapsed().as_millis());
    for one in [&bob, &cat] {
        assert_smooth(one, 1, "machine killed");
    }
    bob.page.wait_gone("status", has("The line to Ann is gone"), Duration::from_secs(75));
    bob.page.wait_no_picture(ann.figure, SOON);
    eprintln!("who died is told as gone after {} s", died.elapsed().as_secs());
    all_talk(&[&bob, &cat, &dan]);
}

#[test]
fn a_machine_that_was_away_is_in_its_meeting_again() {
    let office = Office::open();
    let [ann, bob, cat] = three(&office);
    for one in [&bob, &cat] {
        one.page.watch_gaps();
    }
    ann.host.unplug();
    // Longer than it takes the others to hold the meeting without her.
    std::thread::sleep(Duration::from_secs(10));
    for one in [&bob, &cat] {
        assert_smooth(one, 1, "cable pulled");
    }
    ann.host.plug();
    let back = Instant::now();
    all_talk(&[&ann, &bob, &cat]);
    eprintln!("all three talk {} ms after the cable is back", back.elapsed().as_millis());
    // It is one meeting: whoever leaves, leaves it for all, and whoever comes, comes to all.
    let dan = Seat::take(&office, "Dan", Figure::Yellow);
    add(&ann, &dan);
    all_talk(&[&ann, &bob, &cat, &dan]);
    cat.leave();
    for one in [&ann, &bob, &dan] {
        one.page.wait_no_picture(cat.figure, SOON);
    }
}

#[test]
fn two_halves_of_a_network_become_one_meeting_again() {
    let office = Office::open();
    let [ann, bob, cat] = three(&office);
    let dan = Seat::take(&office, "Dan", Figure::Yellow);
    add(&bob, &dan);
    all_talk(&[&ann, &bob, &cat, &dan]);
    for one in [&ann, &bob, &cat, &dan] {
        one.page.watch_gaps();
    }
    office.split_off(&[&cat.host, &dan.host]);
    std::thread::sleep(Duration::from_secs(12));
    // Ann and Bob go on, and so do Cat and Dan: their connections are each one's first, or last.
    assert_smooth(&ann, 0, "split");
    assert_smooth(&bob, 0, "split");
    assert_smooth(&cat, 2, "split");
    assert_smooth(&dan, 2, "split");
    office.join_up(&[&cat.host, &dan.host]);
    let healed = Instant::now();
    all_talk(&[&ann, &bob, &cat, &dan]);
    eprintln!("all four talk {} ms after the networks are one again", healed.elapsed().as_millis());
    bob.leave();
    for one in [&ann, &cat, &dan] {
        one.page.wait_no_picture(bob.figure, SOON);
    }
    all_talk(&[&ann, &cat, &dan]);
}

#[test]
fn a_meeting_bears_a_bad_line_and_a_new_address() {
    let office = Office::open();
    let [ann, bob, cat] = three(&office);
    // Bob's line: his pictures still come, and those of others are not held up by it.
    bob.host.loss(10);
    if can_delay() {
        bob.host.delay(100);
    } else {
        skipped("the delay of 100 ms", "/dev/net/tun cannot be opened here");
    }
    std::thread::sleep(Duration::from_secs(3));
    for one in [&ann, &cat] {
        one.page.watch_gaps();
    }
    std::thread::sleep(Duration::from_secs(12));
    assert_gap(&ann, 0, "10 % loss and 100 ms delay, from who has them", POOR);
    assert_gap(&cat, 1, "10 % loss and 100 ms delay, from who has them", POOR);
    assert_smooth(&ann, 1, "10 % loss and 100 ms delay at somebody else");
    bob.host.loss(0);
    if can_delay() {
        bob.host.delay(0);
    }
    all_talk(&[&ann, &bob, &cat]);

    // Cat's machine comes into another network, as by DHCP; then Ann's, whose hub holds the room.
    for (one, others, number) in [(&cat, [&ann, &bob], 201), (&ann, [&bob, &cat], 202)] {
        for page in others.into_iter().chain([one]).map(|person| &person.page) {
            page.watch_gaps();
        }
        one.host.change_address(number);
        std::thread::sleep(Duration::from_secs(10));
        let what = format!("{}'s address changed", one.name);
        for connection in 0..2 {
            assert_gap(one, connection, &what, HEALED);
        }
        for other in others {
            assert_gap(other, usize::from(other.name != "Cat" && one.name == "Cat"), &what, HEALED);
        }
        all_talk(&[&ann, &bob, &cat]);
    }
    // It is still one meeting.
    let dan = Seat::take(&office, "Dan", Figure::Yellow);
    add(&bob, &dan);
    all_talk(&[&ann, &bob, &cat, &dan]);
}

#[test]
fn a_meeting_on_a_server_outlives_a_restart_of_it() {
    let office = Office::open();
    office.router(true);
    let host = office.host("server");
    let certificates = Certificates::make(office.dir(), &[host.ip()]);
    let (url, data) = (url(&host), host.fresh_data_dir());
    let mut server = start_server_in(&data, &host, &certificates);
    let seat = |name, figure, network| {
        earshot_tests_browser::server::take(&office, name, figure, network, &url, &certificates)
    };
    let ann = seat("Ann", Figure::Red, Network::Main);
    let bob = seat("Bob", Figure::Blue, Network::Annex);
    bob.wait_listed("Ann", "Available", SOON);
    begin(&ann, "All hands", true, Some("Head office"));
    let link = link(&ann);
    bob.page.click("button", has("Join: All hands."));
    go_in(&bob.page, "All hands");
    both_talk(&ann, &bob);
    let gus = guest(&office, "Gus", Figure::Green, &link);
    go_in(&gus.page, "All hands");
    all_talk(&[&ann, &bob, &gus]);
    let dan = guest(&office, "Dan", Figure::Yellow, &format!("https://{}:8443/", host.ip()));
    dan.page.wait_for("button", has("Join: All hands. Ann · 3 people"), SOON);
    // What has just changed is kept a moment later.
    std::thread::sleep(Duration::from_secs(2));
    for one in [&*ann, &*bob, &gus] {
        one.page.watch_gaps();
    }

    let killed = Instant::now();
    server.process.kill();
    dan.page.wait_text(GONE, SOON);
    std::thread::sleep(Duration::from_secs(3));
    let _server = start_server_in(&data, &host, &certificates);
    wait_until("Dan's page to have its server again", Duration::from_secs(45), || {
        (!dan.page.text().contains(GONE)).then_some(())
    });
    dan.page.wait_for("button", has("Join: All hands. Ann · 3 people"), SOON);
    eprintln!("everybody is in the room again {} ms after the server died", killed.elapsed().as_millis());
    for one in [&*ann, &*bob, &gus] {
        assert_smooth(one, 0, "server restarted");
    }
    dan.page.click("button", has("Join: All hands."));
    dan.page.wait_for("heading", "All hands", SOON);
    dan.page.click("button", "Go in with voice only");
    for one in [&*ann, &*bob, &gus] {
        one.page.wait_voice(dan.figure, CONNECTING);
        dan.page.wait_picture(one.figure, CONNECTING);
    }
    // It is as it was: Ann runs it, and ends it for all.
    ann.page.click("button", "People");
    ann.page.click("button", "End for everybody");
    ann.page.click("button", "End for everybody");
    for one in [&*bob, &gus, &dan] {
        one.wait_capture_ended();
    }
}
