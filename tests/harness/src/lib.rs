//! An office in network namespaces: hosts with addresses of their own on bridges, faults between them, and on each
//! host real programs, driven from a test.
//!
//! ```no_run
//! use earshot_harness::Office;
//! let office = Office::open();
//! let ann = office.host("ann");
//! let bob = office.host("bob");
//! let out = ann.command("ip").args(["route", "get", &bob.ip().to_string()]).output();
//! assert!(out.success());
//! ```
//!
//! Invariants:
//! - Nothing outlives the test. Every process of an office lives in one pid namespace whose first process reads a
//!   pipe held by the test: when the test ends, panics or is killed, the kernel kills all of them and the namespaces
//!   go with them.
//! - No file is written outside the office's own temporary directory, no name is left in `/run/netns`.
//! - It needs no privilege: an ordinary user gets a user namespace.
//! - Everything is bounded in time: the office as a whole, and every wait in it.
//!
//! Failures panic with what was expected: the callers are tests.
#![allow(clippy::expect_used, reason = "a harness fails by panicking: its callers are tests")]

mod app;
pub mod attack;
mod attacker;
mod bidi;
mod chromium;
mod driver;
mod fault;
mod figure;
mod firefox;
mod gaps;
mod host;
mod http;
mod lips;
mod marionette;
mod media;
mod office;
mod process;
mod room;
mod sound;
mod webdriver;
mod window;

pub use app::{Certificates, Earshot, EarshotLaunch, EarshotServer};
pub use attacker::{AttackingHub, Impostor};
pub use chromium::Chromium;
pub use driver::WebDriverError;
pub use fault::can_delay;
pub use figure::Figure;
pub use firefox::Firefox;
pub use gaps::Gap;
pub use host::{Host, built};
pub use http::{HttpResponse, HttpStream};
pub use lips::{Flashed, Flashes};
pub use media::Received;
pub use office::{Network, Office};
pub use process::{Child, Finished, Launch, skipped, wait_until};
pub use room::{Listening, Room};
pub use sound::{Loudspeaker, Recording};
pub use webdriver::{Element, Name, Page, has};
pub use window::Desktop;
