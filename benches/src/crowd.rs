//! A meeting that grows, in browsers without a screen: what the machine pays for it, with pictures sent as they are shown
//! and sent whole; what goes through the hub; how soon a newcomer sees everybody.

use std::time::Duration;

use earshot_harness::{Certificates, Figure, Host, Office, Page, has};
use earshot_tests_browser::Person;
use earshot_tests_browser::meetings::{begin, go_in};
use earshot_tests_browser::server::start_server;
use serde_json::{Value, json};

use crate::cpu::{Cpu, between};
use crate::table::{Group, Unit};

/// How long one of the two meetings may take.
pub(crate) const LIMIT: Duration = Duration::from_secs(1_500);
const SCRIPT: &str = include_str!("crowd.js");
/// From the last one's first pictures until lines and coders are used to it.
const SETTLE: Duration = Duration::from_secs(8);
const LOOK: Duration = Duration::from_secs(8);
/// Everything on the way of one command to a page on a machine that is too small for the meeting.
const SLOW: Duration = Duration::from_secs(60);

/// What was seen with so many in the room.
struct Seen {
    size: usize,
    /// Percent of one core: browsers and server.
    cpu: f64,
    /// A second, of each connection.
    pictures: Vec<f64>,
    heights: Vec<f64>,
    /// Percent of the sound that had to be made up.
    concealed: f64,
    /// Messages between hub and all pages while the last one came.
    messages: f64,
    /// Until the last one saw all, ms.
    sees: Option<f64>,
}

/// Measures at each of `sizes`, which grow.
#[must_use]
pub(crate) fn measure(sizes: &[usize]) -> (Vec<Group>, Vec<String>) {
    let whole = meeting(sizes, false);
    let adapted = meeting(sizes, true);
    let mut cost = Group::new("A meeting on one machine: processor, all browsers and the server");
    let mut pictures = Group::new("Pictures of each other, at each");
    let mut heights = Group::new("Their height");
    let mut joining = Group::new("Coming in");
    let mut remarks = Vec::new();
    for (before, now) in whole.iter().zip(&adapted) {
        let size = now.size;
        let floor = cost.floor(&format!("{size} people, sent whole"), Unit::Percent, vec![before.cpu]);
        cost.beside(floor, &format!("{size} people, sent as shown"), Unit::Percent, vec![now.cpu]);
        let floor = pictures.floor(&format!("{size} people, sent whole"), Unit::Fps, before.pictures.clone());
        let what = format!("{size} people, sent as shown");
        pictures.beside(floor, &what, Unit::Fps, now.pictures.clone());
        heights.alone(&what, Unit::Pixels, now.heights.clone());
        let floor = joining.floor(
            &format!("number {size} sees all others, sent whole"),
            Unit::Ms,
            before.sees.into_iter().collect(),
        );
        let what = format!("number {size} sees all others, sent as shown");
        joining.beside(floor, &what, Unit::Ms, now.sees.into_iter().collect());
        let what = format!("messages of all with the hub while number {size} comes");
        joining.alone(&what, Unit::Count, vec![now.messages]);
        remarks.push(format!(
            "{size} people: {:.1} % of the sound was made up (sent whole: {:.1} %)",
            now.concealed, before.concealed
        ));
    }
    (vec![cost, pictures, heights, joining], remarks)
}

fn meeting(sizes: &[usize], adapts: bool) -> Vec<Seen> {
    let office = Office::open_for(LIMIT);
    let server = office.host("server");
    let certificates = Certificates::make(office.dir(), &[server.ip()]);
    let _running = start_server(&server, &certificates);
    let url = format!("https://{}:8443/", server.ip());
    let script = SCRIPT.replace("ADAPTS", if adapts { "true" } else { "false" });
    let mut guests: Vec<Person> = Vec::new();
    let mut seen = Vec::new();
    for number in 0..sizes.last().copied().unwrap_or_default() {
        let host = office.host(&format!("guest{number}"));
        let page = host.chromium(Figure::Red).insecure_certs().start();
        page.cdp("Page.addScriptToEvaluateOnNewDocument", &json!({ "source": script }));
        page.open(&url);
        page.type_text("textbox", "Your name", &format!("Guest {number}"));
        page.click("button", "Come in");
        let guest = Person { name: format!("Guest {number}"), figure: Figure::Red, host, page };
        let page = &guest.page;
        let first = guests.is_empty();
        page.wait_for("button", if first { has("Start a meeting") } else { has("Join: Crowd.") }, SLOW);
        let before = messages(guests.iter().map(|one| &one.page).chain([page]));
        if first {
            begin(&guest, "Crowd", true, None);
        } else {
            page.click("button", has("Join: Crowd."));
            go_in(page, "Crowd");
        }
        let sees = if first { Value::Null } else { sees(page, guests.len()) };
        eprintln!("number {}: {sees}", guests.len() + 1);
        guests.push(guest);
        let messages = messages(guests.iter().map(|one| &one.page)) - before;
        if sizes.contains(&guests.len()) {
            std::thread::sleep(SETTLE);
            seen.push(look(&server, &guests, messages, sees.as_f64()));
        }
    }
    seen
}

fn sees(page: &Page, others: usize) -> Value {
    // A script may take half a minute.
    for patience in [20_000, 40_000, 60_000] {
        let found = page.script("return await __crowd.sees(...arguments);", json!([others, patience]));
        if !found.is_null() {
            return found;
        }
    }
    Value::Null
}

fn look(server: &Host, guests: &[Person], messages: f64, sees: Option<f64>) -> Seen {
    let hosts: Vec<Cpu> = guests.iter().map(|one| &one.host).chain([server]).map(Cpu::of).collect();
    let received = || -> Vec<Value> {
        guests.iter().map(|one| one.page.script("return await __crowd.received();", json!([]))).collect()
    };
    let (before, spent) = (received(), hosts.iter().map(Cpu::spent).collect::<Vec<_>>());
    let began = std::time::Instant::now();
    std::thread::sleep(LOOK);
    let after_spent: Vec<_> = hosts.iter().map(Cpu::spent).collect();
    let seconds = began.elapsed().as_secs_f64();
    let after = received();
    let over = began.elapsed().as_secs_f64();
    let cpu: f64 = spent.iter().zip(&after_spent).flat_map(|(a, b)| between(a, b).into_values()).sum();
    let number = |one: &Value, name: &str| one[name].as_f64().unwrap_or_default();
    let pairs = before.iter().zip(&after).flat_map(|(before, after)| {
        let none = Vec::new();
        let before = before.as_array().unwrap_or(&none).clone();
        let after = after.as_array().unwrap_or(&none).clone();
        before.into_iter().zip(after)
    });
    let pairs: Vec<(Value, Value)> = pairs.collect();
    let grown = |name: &str| -> Vec<f64> {
        pairs.iter().map(|(before, after)| number(after, name) - number(before, name)).collect()
    };
    // A packet of sound is 20 ms of 48 kHz.
    let heard: f64 = grown("packets").iter().sum::<f64>() * 960.0;
    let made_up: f64 = grown("lost").iter().sum();
    Seen {
        size: guests.len(),
        cpu: 100.0 * cpu / seconds,
        pictures: grown("pictures").iter().map(|count| count / over).collect(),
        heights: pairs.iter().map(|(_, after)| number(after, "height")).collect(),
        concealed: 100.0 * made_up / (heard + made_up).max(1.0),
        messages,
        sees,
    }
}

fn messages<'a>(pages: impl Iterator<Item = &'a Page>) -> f64 {
    let count = "return __crowd.said + __crowd.heard;";
    pages.map(|page| page.script(count, json!([])).as_f64().unwrap_or_default()).sum()
}
