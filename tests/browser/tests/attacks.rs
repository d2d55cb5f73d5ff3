//! A hub between two people that lies about what they say to each other. Each attack works against a build that opens
//! every description, so it is a real one; against the product it ends the call, and both people are told.
#![allow(clippy::expect_used, reason = "a test fails by panicking")]

use earshot_harness::attack::{Act, Attack, Forging};
use earshot_harness::{Child, Figure, Network, Page, built, has};
use earshot_protocol::{DeviceId, DeviceKind};
use earshot_tests_browser::attacks::{Build, Scene, assert_nothing_came, wait_overheard};
use earshot_tests_browser::{CONNECTING, SOON, Seat};
use serde_json::json;

const FORGED: &str = "changed what was sent, or answered in";
const UNSIGNED: &str = "was not signed by";
const REPLAYED: &str = "sent an old invitation again";

/// The person is told, the call is over, nothing is captured any more, and nothing has come.
#[track_caller]
fn is_told(seat: &Seat, other: &str, sentence: &str) {
    seat.page.wait_text(sentence, SOON);
    let text = seat.page.text();
    let line = text.lines().find(|line| line.contains(sentence)).unwrap_or_default();
    eprintln!("   {} reads: {line}", seat.name);
    assert!(line.contains(other) && line.contains("Nobody could listen"), "{line}");
    assert!(!seat.page.shows("button", "Leave call"));
    seat.wait_capture_ended();
    seat.assert_nothing_came();
}

fn id(seat: &Seat) -> DeviceId {
    seat.app.device.parse().expect("a device id")
}

/// It sees both, and both see each other through it, when nobody looks at seals.
#[test]
fn a_man_in_the_middle_sees_both() {
    let scene = Scene::open(Build::Undefended);
    let middle = scene.hub.page_in_the_middle();
    scene.attack(&Attack::Middle { forging: Forging::Strip });
    scene.ring();
    wait_overheard(&middle, &scene);
    scene.talk_and_leave();
    scene.told();
}

/// It gets nothing from the product, whatever it puts in place of the seals.
#[test]
fn nobody_is_in_the_middle() {
    let scene = Scene::open(Build::Product);
    let middle = scene.hub.page_in_the_middle();
    for (forging, sentence) in [(Forging::Strip, UNSIGNED), (Forging::Keep, FORGED), (Forging::Own, FORGED)] {
        scene.attack(&Attack::Middle { forging });
        scene.ring();
        is_told(&scene.ann, "Bob", sentence);
        is_told(&scene.bob, "Ann", sentence);
        let told = scene.told();
        assert!(told.lies.iter().any(|lie| lie.starts_with("replaced an offer")), "{told:?}");
        assert_nothing_came(&middle, "the page in the middle");
        assert!(middle.colours().is_empty());
        scene.end();
    }
    // The same people have a call as soon as the hub lets them.
    scene.attack(&Attack::Honest);
    scene.ring();
    scene.talk_and_leave();
}

/// The SDPs that the hub's own fingerprint is in.
#[track_caller]
fn with_the_hubs_fingerprint(seat: &Seat) -> usize {
    seat.remote_descriptions().iter().filter(|sdp| sdp.contains("a=fingerprint:sha-256 E5:E2:")).count()
}

/// How often a description was given to the engine a second time.
#[track_caller]
fn twice(seat: &Seat) -> usize {
    let all = seat.remote_descriptions();
    all.iter().enumerate().filter(|(at, one)| all[..*at].contains(one)).count()
}

#[test]
fn lies_about_descriptions_are_believed_without_seals() {
    let scene = Scene::open(Build::Undefended);
    let wait = |what: &str, is_so: &dyn Fn() -> bool| {
        earshot_harness::wait_until(what, SOON, || is_so().then_some(()));
        eprintln!("   so it is: {what}");
    };

    // The first call, from which the hub keeps what is said.
    scene.attack(&Attack::Honest);
    scene.ring();
    scene.ann.wait_sees_and_hears(&scene.bob);
    // It can be made to go on in any way the hub likes.
    scene.hub.act(&Act::ReplayOffer { from: id(&scene.bob), to: id(&scene.ann), round: Some(1) });
    wait("Ann has taken an offer twice", &|| twice(&scene.ann) == 1);
    scene.end();

    scene.attack(&Attack::SwapFingerprints);
    scene.ring();
    wait("Ann expects the hub's certificate", &|| with_the_hubs_fingerprint(&scene.ann) == 1);
    scene.told();
    scene.end();

    scene.attack(&Attack::ReplayEarlier);
    scene.ring();
    wait("Ann has taken an offer of an earlier call", &|| twice(&scene.ann) == 2);
    scene.told();
    scene.end();

    scene.attack(&Attack::ReplayInSameRoom);
    scene.ring();
    wait("Ann has taken an offer of the same room again", &|| twice(&scene.ann) == 3);
    scene.told();
    scene.end();

    for attack in [Attack::StripSeals, Attack::MoveRoom { viewer: id(&scene.bob) }] {
        scene.attack(&attack);
        scene.ring();
        scene.talk_and_leave();
        scene.told();
    }
}

#[test]
fn lies_about_descriptions_end_the_call() {
    let scene = Scene::open(Build::Product);
    let (ann, bob) = (&scene.ann, &scene.bob);

    scene.attack(&Attack::Honest);
    scene.ring();
    ann.wait_sees_and_hears(bob);
    bob.wait_sees_and_hears(ann);
    // What comes late, twice or out of order is not an attack: every description travels by two ways.
    let (from, to) = (id(bob), id(ann));
    for _ in 0..3 {
        scene.hub.act(&Act::ReplayOffer { from, to, round: None });
    }
    scene.hub.act(&Act::Say { from: to, to: from, signal: earshot_protocol::hub::Signal::RestartWanted });
    ann.wait_sees_and_hears(bob);
    bob.wait_sees_and_hears(ann);
    assert_eq!(twice(ann), 0);
    // The same offer, said to be a new one.
    scene.hub.act(&Act::ReplayOffer { from, to, round: Some(7) });
    ann.page.wait_text(FORGED, SOON);
    assert_eq!(twice(ann), 0);
    bob.page.wait_gone("button", "Leave call", SOON);
    scene.told();
    scene.end();

    for (attack, sentence) in [
        (Attack::SwapFingerprints, FORGED),
        (Attack::ReplayEarlier, FORGED),
        (Attack::ReplayInSameRoom, REPLAYED),
        (Attack::StripSeals, UNSIGNED),
        (Attack::MoveRoom { viewer: id(bob) }, FORGED),
    ] {
        scene.attack(&attack);
        let before = ann.remote_descriptions().len();
        scene.ring();
        ann.page.wait_text(sentence, SOON);
        let text = ann.page.text();
        let line = text.lines().find(|line| line.contains(sentence)).unwrap_or_default();
        eprintln!("   Ann reads: {line}");
        assert!(line.contains("Bob") && line.contains("Nobody could listen"));
        assert_eq!(ann.remote_descriptions().len(), before, "nothing reached the engine");
        bob.page.wait_gone("button", "Leave call", SOON);
        let text = bob.page.text();
        eprintln!("   Bob reads: {}", text.replace('\n', " | "));
        scene.told();
        scene.end();
    }
    assert_eq!(with_the_hubs_fingerprint(ann) + with_the_hubs_fingerprint(bob), 0);

    scene.attack(&Attack::Honest);
    scene.ring();
    scene.talk_and_leave();
}

/// To Ann the hub calls Eve Bob, and Bob Eve; to Bob it calls Ann Eve.
fn in_the_place_of(viewer: &Seat, one: &Seat, other: &Seat) -> Attack {
    let quoted = |name: &str| format!("\"{name}\"");
    Attack::Swap {
        viewer: id(viewer),
        texts: vec![
            (one.app.device.clone(), other.app.device.clone()),
            (quoted(&one.name), quoted(&other.name)),
        ],
    }
}

#[test]
fn anybody_is_anybody_without_seals() {
    let scene = Scene::open(Build::Undefended);
    let eve = scene.take("Eve", Figure::Yellow, Network::Annex);
    // Ann calls Bob, and Eve answers in his place.
    scene.attack(&in_the_place_of(&scene.ann, &scene.bob, &eve));
    scene.ann.call("Bob", "Video");
    eve.accept("Ann", "video");
    scene.ann.page.wait_picture(Figure::Yellow, CONNECTING);
    eve.page.wait_picture(Figure::Red, CONNECTING);
    assert!(scene.ann.page.text().contains("Bob") && !scene.ann.page.text().contains("Eve"));
    eprintln!("   Ann believes to see Bob, and sees {:?}", scene.ann.page.colours());
    eve.end();
    scene.end();
    // Ann calls Bob, who believes that it is Eve: what he says is for her.
    scene.attack(&in_the_place_of(&scene.bob, &scene.ann, &eve));
    scene.ann.call("Bob", "Video");
    scene.bob.accept("Eve", "video");
    scene.bob.page.wait_picture(Figure::Red, CONNECTING);
    assert!(!scene.bob.page.text().contains("Ann"));
    scene.end();
}

#[test]
fn nobody_is_somebody_else() {
    let scene = Scene::open(Build::Product);
    let eve = scene.take("Eve", Figure::Yellow, Network::Annex);
    scene.attack(&in_the_place_of(&scene.ann, &scene.bob, &eve));
    scene.ann.call("Bob", "Video");
    eve.accept("Ann", "video");
    is_told(&scene.ann, "Bob", FORGED);
    eve.page.wait_gone("button", "Leave call", SOON);
    eve.assert_nothing_came();
    scene.told();
    eve.end();
    scene.end();

    scene.attack(&in_the_place_of(&scene.bob, &scene.ann, &eve));
    scene.ann.call("Bob", "Video");
    scene.bob.accept("Eve", "video");
    is_told(&scene.ann, "Bob", FORGED);
    scene.bob.page.wait_gone("button", "Leave call", SOON);
    scene.bob.assert_nothing_came();
    scene.told();
    scene.end();
}

/// A guest in a browser without Ed25519, whose key is gone with the page.
#[track_caller]
fn transient_guest(scene: &Scene) -> Page {
    let page = scene.office.host("guest").chromium(Figure::Yellow).insecure_certs().start();
    let source = "const { generateKey } = SubtleCrypto.prototype;
        SubtleCrypto.prototype.generateKey = function (algorithm) {
          if ((algorithm.name ?? algorithm) === 'Ed25519') return Promise.reject(new DOMException('', 'NotSupportedError'));
          return generateKey.apply(this, arguments);
        };";
    let command = json!({ "cmd": "Page.addScriptToEvaluateOnNewDocument", "params": { "source": source } });
    page.command("POST", "/goog/cdp/execute", &command);
    page.open(&scene.hub.url.replace("wss:", "https:").replace("/ws", "/"));
    page.type_text("textbox", "Your name", "Gus");
    page.click("button", "Come in");
    page.wait_for("button", "Ann, Available", SOON);
    page
}

/// The hub says that the guest's key is kept; Ann accepts, and both see each other.
#[track_caller]
fn call_of_a_transient_guest(scene: &Scene) -> Page {
    scene.attack(&Attack::ClaimKind { kind: DeviceKind::Guest });
    let guest = transient_guest(scene);
    guest.click("button", "Ann, Available");
    guest.click("button", "Video call with Ann");
    scene.ann.wait_ring("Gus");
    assert!(!scene.ann.page.text().contains("nverified"), "the lie is believed until the call");
    scene.ann.page.click("button", "Accept with video");
    scene.ann.page.wait_picture(Figure::Yellow, CONNECTING);
    guest
}

#[test]
fn a_guest_without_a_key_of_its_own_is_marked_as_such() {
    let scene = Scene::open(Build::Undefended);
    call_of_a_transient_guest(&scene);
    scene.ann.page.find("button", "Private: only you and Gus");
    drop(scene);

    let scene = Scene::open(Build::Product);
    let guest = call_of_a_transient_guest(&scene);
    scene.ann.page.find("button", "Unverified: Gus’s browser cannot prove who they are");
    scene.told();
    guest.click("button", "Leave call");
    scene.end();
}

#[test]
fn what_a_hub_makes_up_is_not_used() {
    let scene = Scene::open(Build::Product);
    let attacker = scene.hub.host().clone();
    let sinks = [9001, 9002].map(|port| {
        let address = format!("{}:{port}", attacker.ip());
        let mut sink =
            attacker.command(built("earshot-relay", "EARSHOT_RELAY_BIN")).args(["hear", &address]).spawn();
        sink.wait_line(SOON, |line| line == "ready");
        (address, sink)
    });
    let came = |sink: &Child| sink.stdout().lines().count() - 1;

    // A page that takes any candidate sends to wherever one without a ufrag leads.
    let naive = attacker.chromium(Figure::Green).start();
    naive.open(&scene.hub.control_url());
    let script = "const [one, other] = [new RTCPeerConnection(), new RTCPeerConnection()];
        one.createDataChannel('x');
        await one.setLocalDescription(await one.createOffer());
        await other.setRemoteDescription(one.localDescription);
        await other.setLocalDescription(await other.createAnswer());
        await one.setRemoteDescription(other.localDescription);
        const [address, port] = arguments[0].split(':');
        await one.addIceCandidate({ candidate: `candidate:1 1 udp 2130706431 ${address} ${port} typ host`, sdpMid: '0' });";
    naive.script(script, json!([sinks[0].0]));
    earshot_harness::wait_until("the naive page's packets", SOON, || (came(&sinks[0].1) > 0).then_some(()));
    naive.quit();
    let before = sinks.each_ref().map(|(_, sink)| came(sink));
    eprintln!("   the naive page sent {before:?} packets to the hub's candidates");

    // The product sends to none of them, and the call is as ever.
    let [bare, foreign] = sinks.each_ref().map(|(address, _)| address.parse().unwrap());
    scene.attack(&Attack::MisleadCandidates { bare, foreign });
    scene.ring();
    scene.talk_and_leave();
    assert!(scene.told().lies.len() >= 2);
    assert_eq!(sinks.each_ref().map(|(_, sink)| came(sink)), before);

    // What only a node may say to its own windows.
    scene.attack(&Attack::ClaimStanding);
    let eve = scene.take("Eve", Figure::Yellow, Network::Annex);
    for page in [&scene.ann.page, &eve.page] {
        page.wait_for("button", has(if std::ptr::eq(page, &eve.page) { "Ann, " } else { "Eve, " }), SOON);
        let text = page.text();
        assert!(!text.contains("Boss") && !page.shows("img", has("Verified")), "{text}");
    }
    assert!(scene.told().lies.contains(&"called somebody verified".to_owned()));
}
