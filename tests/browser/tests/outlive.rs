//! Meetings that go on when the machine that holds them dies, loses its network, or is on the other side of a split.

use std::time::{Duration, Instant};

use earshot_harness::{Figure, Office, has};
use earshot_tests_browser::{CONNECTING, Person, SOON, Seat, video_call};

/// A picture may stand still for so long while all of this runs on two cores. What a network loses is another matter.
const SMOOTH: Duration = Duration::from_secs(2);

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
    let gaps = who.page.gaps();
    let gap = gaps.iter().find(|gap| gap.connection == connection).expect("a connection that was watched");
    eprintln!(
        "{what}: {} was without a picture for {} ms at most, without sound for {} ms",
        who.name,
        gap.picture.as_millis(),
        gap.sound.as_millis()
    );
    assert!(gap.picture < SMOOTH && gap.sound < SMOOTH, "{what}: {}: {gap:?}", who.name);
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
    let office = Office::open_for(Duration::from_secs(300));
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
    let office = Office::open_for(Duration::from_secs(300));
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
    let office = Office::open_for(Duration::from_secs(300));
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
