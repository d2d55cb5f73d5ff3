//! `earshot-server`: colleagues on other networks, and guests in a plain browser.

use std::time::Duration;

use earshot_harness::{Certificates, Figure, Network, Office};
use earshot_tests_browser::server::{start_server, take, url};
use earshot_tests_browser::{CONNECTING, SOON, video_call};

#[test]
fn two_networks_are_joined_by_a_server() {
    let office = Office::open();
    // Unicast is routed between the networks; multicast, and so mDNS, stays in each.
    office.router(true);
    let host = office.host("server");
    let certificates = Certificates::make(office.dir(), &[host.ip()]);
    let url = url(&host);
    let mut server = start_server(&host, &certificates);
    let ann = take(&office, "Ann", Figure::Red, Network::Main, &url, &certificates);
    let bob = take(&office, "Bob", Figure::Blue, Network::Annex, &url, &certificates);
    ann.page.find("heading", "Head office");
    let took = video_call(&ann, &bob);
    eprintln!("through the server both see each other {} ms after accepting", took.as_millis());

    // The server goes: a call between people stays.
    server.process.kill();
    std::thread::sleep(Duration::from_secs(5));
    ann.wait_sees_and_hears(&bob);
    bob.wait_sees_and_hears(&ann);
    bob.leave();
    ann.wait_capture_ended();
    bob.wait_capture_ended();

    // While it is down the local network goes on working.
    let carl = office.host("carl").earshot("Carl");
    if ann.page.shows("button", "Close") {
        ann.page.click("button", "Close");
    }
    ann.wait_listed("Carl", "Available", SOON);
    drop(carl);

    // It comes back, and so do the links.
    let _server = start_server(&host, &certificates);
    ann.wait_listed("Bob", "Available", Duration::from_secs(40));
}

#[test]
fn a_guest_in_a_plain_browser_calls_a_person() {
    let office = Office::open();
    let host = office.host("server");
    let certificates = Certificates::make(office.dir(), &[host.ip()]);
    let _server = start_server(&host, &certificates);
    let url = url(&host);
    let ann = take(&office, "Ann", Figure::Red, Network::Main, &url, &certificates);

    let page = office.host("guest").chromium(Figure::Yellow).insecure_certs().start();
    page.open(&format!("https://{}:8443/", host.ip()));
    page.type_text("textbox", "Your name", "Gus");
    page.click("button", "Come in");
    page.wait_for("button", "Ann, Available", SOON);
    page.click("button", "Ann, Available");
    page.click("button", "Video call with Ann");

    ann.wait_ring("Gus");
    ann.page.wait_text("A guest, from a web page", SOON);
    ann.page.click("button", "Accept with video");
    ann.page.wait_picture(Figure::Yellow, CONNECTING);
    ann.page.wait_voice(Figure::Yellow, CONNECTING);
    page.wait_picture(Figure::Red, CONNECTING);
    page.wait_voice(Figure::Red, CONNECTING);
    page.wait_growth(SOON);
    ann.page.wait_growth(SOON);
    page.click("button", "Leave call");
    ann.wait_capture_ended();
}
