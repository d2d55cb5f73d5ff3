//! Asks for `.local` names, all at once and each of them twice, and prints a line of JSON each: its name, addresses,
//! and the milliseconds it took.
#![allow(clippy::print_stdout, reason = "it is what it is for")]

use std::time::Instant;

use earshot_discovery::{InterfaceChoice, Names};
use tokio::task::JoinSet;

#[tokio::main]
async fn main() {
    let names = Names::new(InterfaceChoice::every());
    let mut asked = JoinSet::new();
    for name in std::env::args().skip(1) {
        for _ in 0..2 {
            let (names, name) = (names.clone(), name.clone());
            asked.spawn(async move {
                let began = Instant::now();
                let addresses = names.resolve(&name).await;
                let took = began.elapsed().as_millis();
                serde_json::json!({ "name": name, "addresses": addresses, "took": took as u64 })
            });
        }
    }
    while let Some(Ok(line)) = asked.join_next().await {
        println!("{line}");
    }
}
