//! From the start of the program to being seen by another host.

use std::time::Duration;

use earshot_harness::{Child, Earshot, Host, Office};
use serde_json::Value;

use crate::agent::now;
use crate::table::{Group, Unit};
use crate::{LIMIT, agent};

const PATIENCE: Duration = Duration::from_secs(15);

/// When an agent saw `name`, ms since 1970.
fn seen(agent: &mut Child, name: &str) -> f64 {
    let of = |line: &str| serde_json::from_str::<Value>(line).ok();
    let line = agent.wait_line(PATIENCE, |line| of(line).is_some_and(|line| line["name"] == name));
    of(&line).and_then(|line| line["at"].as_f64()).expect("the agent says when")
}

fn watch(host: &Host, app: &Earshot) -> Child {
    let mut agent = agent(host, &["watch", &app.ui]).spawn();
    agent.wait_line(PATIENCE, |line| line.contains("ready"));
    agent
}

/// Measures `runs` starts of each kind.
#[must_use]
pub(crate) fn measure(runs: usize) -> Group {
    let office = Office::open_for(LIMIT);
    let (ann, bob) = (office.host("ann"), office.host("bob"));

    let mut find = agent(&ann, &["find"]).spawn();
    find.wait_line(PATIENCE, |line| line.contains("ready"));
    let mut alone = |verb: &str| -> Vec<f64> {
        let one = |run: usize| {
            let name = format!("{verb}{run}");
            let start = now();
            let mut announcer = agent(&bob, &[verb, &name]).spawn();
            let took = seen(&mut find, &name) - start;
            announcer.kill();
            took
        };
        (0..runs).map(one).collect()
    };
    let (bare, probing) = (alone("announce"), alone("announce-probing"));
    find.kill();

    let mut app = ann.earshot("Ann");
    let mut watcher = watch(&ann, &app);
    let (mut ready, mut listed) = (Vec::new(), Vec::new());
    for run in 0..runs {
        let name = format!("Bob {run}");
        let start = now();
        let mut other = bob.earshot(&name);
        ready.push(now() - start);
        listed.push(seen(&mut watcher, &name) - start);
        other.process.terminate();
        other.process.wait(PATIENCE);
    }
    app.process.terminate();
    app.process.wait(PATIENCE);

    // Each pair on fresh hosts: nothing is cached anywhere.
    let mut mutual = Vec::new();
    for run in 0..runs {
        let hosts = [office.host(&format!("carl{run}")), office.host(&format!("dora{run}"))];
        let names = hosts.each_ref().map(|host| host.name().to_owned());
        let start = now();
        let started: Vec<(Earshot, Child)> = std::thread::scope(|scope| {
            let both = hosts.each_ref().map(|host| {
                scope.spawn(|| {
                    let app = host.earshot(host.name());
                    let watcher = watch(host, &app);
                    (app, watcher)
                })
            });
            both.into_iter().map(|one| one.join().expect("a start succeeds")).collect()
        });
        let (mut apps, mut watchers): (Vec<Earshot>, Vec<Child>) = started.into_iter().unzip();
        let mut last = f64::MIN;
        for (index, watcher) in watchers.iter_mut().enumerate() {
            last = last.max(seen(watcher, &names[1 - index]) - start);
        }
        for watcher in &mut watchers {
            watcher.kill();
        }
        for app in &mut apps {
            app.process.terminate();
            app.process.wait(PATIENCE);
        }
        mutual.push(last);
    }

    let mut group = Group::new("Start to being listed on another host");
    let floor = group.floor("mdns-sd alone, start to resolved", Unit::Ms, bare);
    group.beside(floor, "mdns-sd as it comes, with probing (RFC 6762, 8.1)", Unit::Ms, probing);
    group.beside(floor, "one starts, the other runs", Unit::Ms, listed);
    group.alone("of it: until the program is ready", Unit::Ms, ready);
    group.beside(floor, "both start at once, until each lists the other", Unit::Ms, mutual);
    group
}
