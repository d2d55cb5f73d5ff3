//! What the log of a real call says at info: nothing private, of either person, on the network or through a server.

use earshot_harness::{Certificates, Figure, Network, Office, has};
use earshot_tests_browser::server::{start_server, url};
use earshot_tests_browser::{SOON, Seat, video_call};
use serde_json::json;
use std::collections::BTreeSet;

const PHRASE: &str = "two tin cans and a string";

/// Values of everything in an SDP that names a machine or opens a connection.
fn secrets_of(sdp: &str) -> impl Iterator<Item = String> + '_ {
    let named = ["a=ice-ufrag:", "a=ice-pwd:", "a=fingerprint:sha-256 ", "a=msid:", "o=- "];
    sdp.lines()
        .filter_map(move |line| named.iter().find_map(|name| line.strip_prefix(name)))
        .map(|value| value.split(' ').next().unwrap_or_default().to_owned())
}

/// What the page knows and nobody else should: SDPs, and the key of the page.
#[track_caller]
fn of_page(seat: &Seat) -> BTreeSet<String> {
    let mut secrets: BTreeSet<String> =
        seat.remote_descriptions().iter().flat_map(|sdp| secrets_of(sdp)).collect();
    let stored = seat.page.script("return Object.values({ ...localStorage });", json!([]));
    secrets.extend(
        stored.as_array().into_iter().flatten().filter_map(|value| value.as_str().map(str::to_owned)),
    );
    secrets.retain(|secret| secret.len() >= 4);
    secrets
}

#[track_caller]
fn set_phrase(seat: &Seat) {
    seat.page.click("button", "Settings");
    seat.page.click("tab", "Privacy");
    seat.page.click("button", "Set a phrase");
    seat.page.type_text("textbox", "New office phrase", PHRASE);
    seat.page.click("button", "Save phrase");
    seat.page.wait_text("The phrase is saved.", SOON);
}

#[test]
fn nothing_private_is_logged_in_a_call() {
    let office = Office::open();
    office.router(true);
    let host = office.host("server");
    let certificates = Certificates::make(office.dir(), &[host.ip()]);
    let server = start_server(&host, &certificates);
    let url = url(&host);
    let take = |name: &str, figure, network| {
        let host = office.host_on(&name.to_ascii_lowercase(), &[network]);
        let launch = host.install(&host.fresh_data_dir()).env("SSL_CERT_FILE", &certificates.authority);
        let app = launch.args(&["--name", name, "--signaling", &url]).env("EARSHOT_LOG", "info").start();
        Seat::open(name, figure, host, app, |chromium| chromium)
    };
    let ann = take("Annabella", Figure::Red, Network::Main);
    let bob = take("Bartholomew", Figure::Blue, Network::Annex);
    let carl = take("Carlotta", Figure::Green, Network::Main);
    // Through the server, then on the network.
    video_call(&ann, &bob);
    bob.leave();
    ann.wait_capture_ended();
    for seat in [&ann, &bob] {
        seat.end();
    }
    carl.page.find("button", "Annabella, Available");
    // A call on the network that is cancelled, and an office's phrase.
    carl.call("Annabella", "Voice");
    ann.wait_ring("Carlotta");
    carl.page.click("button", "Cancel");
    ann.page.wait_gone("alertdialog", has("Carlotta is calling"), SOON);
    set_phrase(&carl);

    let mut secrets =
        BTreeSet::from(["a=", "candidate:", "ice-", "v=0", "key=", "Bearer"].map(str::to_owned));
    for network in ["10.77.", "10.78.", "fd77:", "fd78:", "fe80:"] {
        secrets.insert(network.to_owned());
    }
    for seat in [&ann, &bob, &carl] {
        let found = of_page(seat);
        eprintln!("{} values of {}’s page are looked for", found.len(), seat.name);
        secrets.extend(found);
        secrets.extend([seat.name.clone(), seat.app.device.clone()]);
    }
    assert!(secrets.len() > 25, "{}", secrets.len());
    secrets.extend([server.device.clone(), PHRASE.to_owned()]);
    // It would be found: what is printed for scripts has the device id, and the server logs at info.
    assert!(ann.app.process.stdout().contains(&ann.app.device));
    assert!(server.process.stderr().contains("INFO"), "{}", server.process.stderr());
    for (who, log) in [
        ("Annabella's", ann.app.process.stderr()),
        ("Bartholomew's", bob.app.process.stderr()),
        ("Carlotta's", carl.app.process.stderr()),
        ("the server's", server.process.stderr()),
    ] {
        eprintln!("{who} log has {} lines", log.lines().count());
        for secret in &secrets {
            assert!(!log.contains(secret.as_str()), "{secret} in {who} log:\n{log}");
        }
    }
}
