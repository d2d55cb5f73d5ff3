//! The attackers as a test sees them: programs on a hostile host, and their control port.

use std::net::Ipv4Addr;
use std::time::Duration;

use serde_json::json;

use crate::app::Certificates;
use crate::attack::hub::Ready;
use crate::attack::{Act, Attack, Told};
use crate::chromium::Chromium;
use crate::figure::Figure;
use crate::host::{Host, built};
use crate::process::{Child, Launch};
use crate::webdriver::Page;

/// How long a program may take until it is ready.
const READY: Duration = Duration::from_secs(15);

/// An attacking hub on a host.
pub struct AttackingHub {
    /// What people put into their settings.
    pub url: String,
    /// Its device id.
    pub device: String,
    /// The program.
    pub process: Child,
    host: Host,
    control: String,
}

/// A machine that claims to be somebody else.
pub struct Impostor {
    /// The program; its lines say what it was told.
    pub process: Child,
    /// The port at which it answers.
    pub port: u16,
}

fn attacker(host: &Host, args: &[&str]) -> Launch {
    host.command(built("earshot-attacker", "EARSHOT_ATTACKER_BIN")).args(args)
}

impl Host {
    /// Starts an attacking hub, which has a certificate like any server.
    #[must_use]
    #[track_caller]
    pub fn attacking_hub(&self, certificates: &Certificates) -> AttackingHub {
        let (certificate, key) = (&certificates.certificate, &certificates.key);
        let mut process = attacker(self, &["hub", "0.0.0.0:8443"]).arg(certificate).arg(key).spawn();
        let line = process.wait_line(READY, |line| line.starts_with('{'));
        let ready: Ready = serde_json::from_str(&line).expect("the attacker prints what is agreed");
        AttackingHub {
            url: format!("wss://{}:{}/ws", self.ip(), ready.port),
            device: ready.device.to_string(),
            process,
            host: self.clone(),
            control: format!("127.0.0.1:{}", ready.control),
        }
    }

    /// Claims to be the device of `whom`, whose person is called `name`, and answers in their name.
    #[must_use]
    #[track_caller]
    pub fn impostor(&self, whom: &str, name: &str) -> Impostor {
        let mut process = attacker(self, &["pose", whom, name, &self.ip().to_string()]).spawn();
        let line = process.wait_line(READY, |line| line.starts_with("ready "));
        let port = line["ready ".len()..].parse().expect("the attacker prints its port");
        Impostor { process, port }
    }

    /// Rings `device` at an address from this host, without looking at the certificate there; returns what it heard.
    #[must_use]
    #[track_caller]
    pub fn ring_without_looking(&self, address: (Ipv4Addr, u16), device: &str, name: &str) -> String {
        let address = format!("{}:{}", address.0, address.1);
        let done = attacker(self, &["ring", &address, device, name]).output();
        assert!(done.success(), "{}{}", done.stdout, done.stderr);
        done.stdout
    }

    /// Listens from now on to what is said by mDNS on this host's network: a line for each packet.
    #[must_use]
    #[track_caller]
    pub fn overhear(&self) -> Child {
        let mut process = attacker(self, &["overhear", &self.ip().to_string()]).spawn();
        process.wait_line(READY, |line| line == "ready");
        process
    }

    /// Somebody who believes whatever mDNS says; prints `DEVICE at ADDRESS:PORT` and `DEVICE gone`, with the first 16
    /// characters of the device id.
    #[must_use]
    #[track_caller]
    pub fn believes_mdns(&self) -> Child {
        let mut process = attacker(self, &["believe"]).spawn();
        process.wait_line(READY, |line| line == "ready");
        process
    }

    /// Says goodbye by mDNS in another's name.
    #[track_caller]
    pub fn say_goodbye_for(&self, device: &str, port: u16, times: u32) {
        let (port, times, here) = (port.to_string(), times.to_string(), self.ip().to_string());
        let done = attacker(self, &["goodbye", device, &port, &here, &times]).output();
        assert!(done.success(), "{}{}", done.stdout, done.stderr);
    }
}

impl AttackingHub {
    #[track_caller]
    fn post(&self, path: &str, body: &impl serde::Serialize) {
        let body = serde_json::to_vec(body).expect("orders have a JSON form");
        let http = self.host.http(&self.control);
        let answer = http.request("POST", path, &[("Content-Type", "application/json")], &body);
        let answer = answer.expect("the attacker answers");
        assert_eq!(answer.status, 204, "{path}: {}", answer.text());
    }

    /// From now on this is done to what passes through. What was told before is forgotten.
    #[track_caller]
    pub fn attack(&self, attack: &Attack) {
        self.post("/attack", attack);
    }

    /// This is done at once.
    #[track_caller]
    pub fn act(&self, act: &Act) {
        self.post("/act", act);
    }

    /// What it has done and seen since the last order.
    #[must_use]
    #[track_caller]
    pub fn told(&self) -> Told {
        let answer = self.host.http(&self.control).get("/told", &[]).expect("the attacker answers");
        serde_json::from_slice(&answer.body).expect("the attacker tells what is agreed")
    }

    /// The host it runs on.
    #[must_use]
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// Where its page in the middle is, as seen from its host.
    #[must_use]
    pub fn control_url(&self) -> String {
        format!("http://{}/", self.control)
    }

    /// A browser with the page in the middle.
    #[must_use]
    #[track_caller]
    pub fn page_in_the_middle(&self) -> Page {
        let chromium: Chromium = self.host.chromium(Figure::Green);
        // Its own addresses, not names that only this network could look up.
        let page = chromium.arg("--disable-features=WebRtcHideLocalIpsWithMdns").start();
        page.open(&self.control_url());
        page.wait_script("the page's socket", READY, "return socket.readyState", json!([]), |state| {
            *state == 1
        });
        page
    }
}
