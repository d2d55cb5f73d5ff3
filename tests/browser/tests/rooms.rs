//! Meetings are found: listed on the network and on a server, by a code, by a link that is pasted, that the system
//! hands over, or that a guest opens.

use earshot_harness::{Certificates, Figure, Host, Network, Office, Page, has, wait_until};
use earshot_tests_browser::meetings::{begin, both_talk, code, find, go_in, guest, link};
use earshot_tests_browser::server::{start_server, take, url};
use earshot_tests_browser::{SOON, Seat, meetings};

/// Whether a meeting is in somebody's list.
fn lists(page: &Page, title: &str) -> bool {
    page.shows("button", has(format!("Join: {title}.")))
}

/// The system opens a link: a second start of the program with it, as the desktop entry says.
#[track_caller]
fn system_opens(host: &Host, seat: &Seat, link: &str) {
    let done = host
        .command(Host::earshot_program())
        .args(["--headless", "--data-dir"])
        .arg(seat.app.data_dir())
        .arg(link)
        .label("earshot-link")
        .output();
    assert!(done.success(), "a second start: {}{}", done.stdout, done.stderr);
}

#[test]
fn a_meeting_on_the_network_is_listed_and_found_by_code_and_link() {
    let office = Office::open();
    let ann = Seat::take(&office, "Ann", Figure::Red);
    let bob = Seat::take(&office, "Bob", Figure::Blue);
    let cat = Seat::take(&office, "Cat", Figure::Green);
    for one in [&bob, &cat] {
        one.wait_listed("Ann", "Available", SOON);
    }

    // Listed, and joined from the list.
    begin(&ann, "Stand-up", true, None);
    for one in [&bob, &cat] {
        one.page.wait_for("button", has("Join: Stand-up. Ann · 1 person"), SOON);
    }
    let (code, link) = (code(&ann), link(&ann));
    assert!(link.starts_with("earshot:room?id="), "{link}");
    bob.page.click("button", has("Join: Stand-up."));
    go_in(&bob.page, "Stand-up");
    both_talk(&ann, &bob);
    cat.page.wait_for("button", has("Join: Stand-up. Ann · 2 people"), SOON);
    bob.leave();
    ann.leave();
    wait_until("the list to forget it", SOON, || (!lists(&cat.page, "Stand-up")).then_some(()));
    find(&cat.page, &code);
    cat.page.wait_text("Nobody within reach knows this code.", SOON);
    cat.page.click("button", "Close");
    for one in [&ann, &bob] {
        one.wait_capture_ended();
        if one.page.shows("button", "Close") {
            one.page.click("button", "Close");
        }
    }

    // Not listed: only the code leads there, however it is typed.
    begin(&ann, "Salaries", false, None);
    let code = meetings::code(&ann);
    find(&cat.page, &code.replace(' ', "-"));
    go_in(&cat.page, "Salaries");
    both_talk(&ann, &cat);
    assert!(!lists(&bob.page, "Salaries"), "nobody else is told of it");

    // A link that the system hands over shows the page before the room, and enters nothing.
    ann.page.click("button", "People");
    let link = meetings::link(&ann);
    system_opens(&bob.host, &bob, &link);
    bob.page.wait_for("heading", "Salaries", SOON);
    assert_eq!(bob.page.live_tracks("video"), 0, "nobody is in a meeting without a click");
    bob.page.click("button", "Go in with video");
    both_talk(&ann, &bob);
    both_talk(&bob, &cat);
}

#[test]
fn a_link_to_a_stranger_dials_nobody_before_a_click() {
    let office = Office::open();
    let ann = Seat::take(&office, "Ann", Figure::Red);
    let stranger = office.host("stranger");
    let listener = stranger.serve_page("<p>nothing</p>");
    let (room, device) = ("a".repeat(26), "a".repeat(52));
    let link = format!("earshot:room?id={room}&hub={device}&at={}:{listener}", stranger.ip());
    system_opens(&ann.host, &ann, &link);
    ann.page.wait_for("heading", "Look at this meeting?", SOON);
    ann.page.wait_text(&format!("{}:{listener}", stranger.ip()), SOON);
    ann.page.click("button", "Not now");
    ann.page.wait_gone("heading", "Look at this meeting?", SOON);
    system_opens(&ann.host, &ann, &link);
    ann.page.click("button", "Look at it");
    // Whoever answers there cannot prove to be that device.
    ann.page.wait_text("You cannot go in", SOON);
    ann.page.click("button", "Close");
    for hostile in ["earshot:room?id=x&hub=y", "earshot:quit", "earshot:room?id=a&at=javascript:alert(1)"] {
        system_opens(&ann.host, &ann, hostile);
        ann.page.wait_text("This is neither a code of nine digits nor a link to a meeting.", SOON);
        ann.page.click("button", "Close");
    }
    ann.page.find("button", has("You: Ann,"));
}

#[test]
fn a_meeting_on_a_server_is_listed_and_a_guest_opens_its_link() {
    let office = Office::open();
    office.router(true);
    let host = office.host("server");
    let certificates = Certificates::make(office.dir(), &[host.ip()]);
    let url = url(&host);
    let _server = start_server(&host, &certificates);
    let ann = take(&office, "Ann", Figure::Red, Network::Main, &url, &certificates);
    let bob = take(&office, "Bob", Figure::Blue, Network::Annex, &url, &certificates);
    bob.wait_listed("Ann", "Available", SOON);
    begin(&ann, "All hands", true, Some("Head office"));
    let (code, link) = (code(&ann), link(&ann));
    assert!(link.starts_with(&format!("https://{}:8443/#room=", host.ip())), "{link}");
    bob.page.wait_for("button", has("Join: All hands. Ann · 1 person"), SOON);

    // A guest without anything installed: a name, the page before the room, and in.
    let guest = guest(&office, "Gus", Figure::Yellow, &link);
    go_in(&guest.page, "All hands");
    both_talk(&ann, &guest);
    assert!(!guest.page.url().contains("#room"), "a page that loads anew does not ask again");

    // A colleague on another network by the code.
    find(&bob.page, &code);
    go_in(&bob.page, "All hands");
    both_talk(&ann, &bob);
    both_talk(&guest, &bob);
    bob.leave();
    bob.wait_capture_ended();
    if bob.page.shows("button", "Close") {
        bob.page.click("button", "Close");
    }

    // The address for browsers, pasted into the app.
    find(&bob.page, &link);
    bob.page.wait_for("heading", "All hands", SOON);
}
