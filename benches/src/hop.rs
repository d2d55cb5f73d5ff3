//! Requests to another host's hub, beside bare TCP between the same hosts.

use std::time::Duration;

use earshot_harness::{Child, Office};
use serde_json::Value;

use crate::table::{Group, Unit};
use crate::{LIMIT, agent};

const PATIENCE: Duration = Duration::from_secs(30);

fn answer(child: &mut Child, key: &str) -> Value {
    let line = child.wait_line(PATIENCE, |line| line.contains(key));
    serde_json::from_str(&line).expect("an agent prints JSON")
}

fn values(answer: &Value, key: &str) -> Vec<f64> {
    answer[key].as_array().into_iter().flatten().filter_map(Value::as_f64).collect()
}

/// Measures `trips` round trips, and at most 20 openings.
#[must_use]
pub(crate) fn measure(trips: usize) -> Group {
    let office = Office::open_for(LIMIT);
    let (ann, bob) = (office.host("ann"), office.host("bob"));
    let app = bob.earshot("Bob");
    let port = answer(&mut agent(&bob, &["echo"]).spawn(), "port")["port"].to_string();
    let trips = trips.to_string();

    let address = format!("{}:{port}", bob.ip());
    let bare = answer(&mut agent(&ann, &["pings", &address, &trips]).spawn(), "trips");
    let address = format!("{}:{}", bob.ip(), app.port);
    let hub = answer(&mut agent(&ann, &["hops", &app.device, &address, &trips]).spawn(), "trips");

    let mut group = Group::new("Signaling between two hosts");
    let floor = group.floor("TCP echo", Unit::Us, values(&bare, "trips"));
    group.beside(floor, "request to a hub, answered", Unit::Us, values(&hub, "trips"));
    let floor = group.floor("TCP connect and one echo", Unit::Us, values(&bare, "opens"));
    group.beside(floor, "link opened: mutual TLS 1.3, challenge, welcome", Unit::Us, values(&hub, "opens"));
    group
}
