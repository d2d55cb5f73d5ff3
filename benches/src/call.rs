//! From accepting a video call to the first remote picture, beside two peer connections in one page.

use std::time::Duration;

use earshot_harness::{Figure, Host, Office, Page};
use earshot_tests_browser::{CONNECTING, Person, SOON, Seat};
use serde_json::{Value, json};

use crate::LIMIT;
use crate::table::{Group, Unit};

const MARKS: &str = include_str!("marks.js");
const FLOOR: &str = include_str!("floor.html");

/// Between a call's end and the next: cameras close.
const REST: Duration = Duration::from_millis(700);

/// Times of one call since the click that accepted it, ms.
#[derive(Debug, Clone, Copy)]
struct Call {
    captured: f64,
    made: f64,
    offered: f64,
    answered: f64,
    connected: f64,
    caller: f64,
    callee: f64,
}

fn seat(host: Host, name: &str, figure: Figure) -> Seat {
    let app = host.earshot(name);
    let page = host.chromium(figure).start();
    page.cdp("Page.addScriptToEvaluateOnNewDocument", &json!({ "source": MARKS }));
    page.open(&app.ui);
    Seat { person: Person { name: name.to_owned(), figure, host, page }, app }
}

fn marks(page: &Page, wanted: &str) -> Value {
    page.wait_script("the marks", CONNECTING, "return window.__earshotMarks.read();", json!([]), |marks| {
        marks[wanted].is_number()
    })
}

/// Bob accepts Ann's ring, and they stay until both see each other.
fn accept(ann: &Seat, bob: &Seat) -> Call {
    bob.wait_ring("Ann");
    // The ring's own animation is over, and whatever it loads is loaded.
    std::thread::sleep(REST);
    for page in [&ann.page, &bob.page] {
        page.script("window.__earshotMarks.clear();", json!([]));
    }
    bob.accept("Ann", "video");
    let (bobs, anns) = (marks(&bob.page, "frame"), marks(&ann.page, "frame"));
    let since = |marks: &Value, name: &str| {
        marks[name].as_f64().zip(bobs["clicked"].as_f64()).map_or(f64::NAN, |(at, start)| at - start)
    };
    let call = Call {
        captured: since(&bobs, "captured"),
        made: since(&bobs, "made"),
        offered: since(&bobs, "have-local-offer"),
        answered: since(&bobs, "stable"),
        connected: since(&bobs, "connected").max(since(&anns, "connected")),
        caller: since(&anns, "frame"),
        callee: since(&bobs, "frame"),
    };
    ann.leave();
    bob.page.wait_text("You talked with Ann", SOON);
    bob.wait_capture_ended();
    std::thread::sleep(REST);
    call
}

/// Measures `runs` calls after a first one that stands alone.
#[must_use]
pub(crate) fn measure(runs: usize) -> Group {
    let office = Office::open_for(LIMIT);
    let (ann, bob) = (office.host("ann"), office.host("bob"));
    let port = bob.serve_page(FLOOR);
    let alone = bob.chromium(Figure::Green).start();
    alone.open(&format!("http://127.0.0.1:{port}/"));
    let ann = seat(ann, "Ann", Figure::Red);
    let bob = seat(bob, "Bob", Figure::Blue);

    // In turn, so that what else the machine does weighs on both.
    let (mut calls, mut floors) = (Vec::new(), Vec::new());
    for run in 0..=runs {
        floors.push(alone.script("return await window.connectOnce();", json!([])));
        std::thread::sleep(REST);
        if run == 0 {
            ann.call("Bob", "Video");
        } else {
            ann.page.click("button", "Call again");
        }
        calls.push(accept(&ann, &bob));
    }
    let (first, first_floor) = (calls.remove(0), floors.remove(0));

    let floor = |name: &str| floors.iter().filter_map(|floor| floor[name].as_f64()).collect::<Vec<f64>>();
    let of = |part: fn(&Call) -> f64| calls.iter().map(part).collect::<Vec<f64>>();
    let mut group = Group::new("Accepting a video call to the first remote picture");
    let captured = group.floor("one page, camera and microphone open", Unit::Ms, floor("captured"));
    group.beside(captured, "callee: camera and microphone open", Unit::Ms, of(|call| call.captured));
    group.alone("callee: in the room, peer connection made", Unit::Ms, of(|call| call.made));
    group.alone("callee: offer made", Unit::Ms, of(|call| call.offered));
    group.alone("callee: answer applied", Unit::Ms, of(|call| call.answered));
    let connected = group.floor("one page, both connected", Unit::Ms, floor("connected"));
    group.beside(connected, "both connected", Unit::Ms, of(|call| call.connected));
    let caller = group.floor("one page, first frame of the caller's", Unit::Ms, floor("caller"));
    group.beside(caller, "caller sees the callee", Unit::Ms, of(|call| call.caller));
    let callee = group.floor("one page, first frame of the callee's", Unit::Ms, floor("callee"));
    group.beside(callee, "callee sees the caller", Unit::Ms, of(|call| call.callee));
    let both = ["caller", "callee"].map(|name| first_floor[name].as_f64().unwrap_or(f64::NAN));
    let cold = vec![both[0].max(both[1])];
    let cold = group.floor("one page of a new browser, first frame of both", Unit::Ms, cold);
    let first = vec![first.caller.max(first.callee)];
    group.beside(cold, "first call of two new browsers, until both see", Unit::Ms, first);
    group
}
