//! What goes wrong in an office.

use std::net::Ipv4Addr;
use std::time::Duration;

use crate::host::{Host, built};
use crate::process::wait_until;

impl Host {
    /// Pulls the cable of `eth0`: the adapter stays configured but has no carrier.
    #[track_caller]
    pub fn unplug(&self) {
        self.unplug_from(0);
    }

    /// Puts the cable of `eth0` back.
    #[track_caller]
    pub fn plug(&self) {
        self.plug_into(0);
    }

    /// Pulls the cable of `eth{index}`.
    #[track_caller]
    pub fn unplug_from(&self, index: usize) {
        self.office().net(&[&format!("link set {} down", self.port(index))]);
    }

    /// Puts the cable of `eth{index}` back and waits until it carries.
    #[track_caller]
    pub fn plug_into(&self, index: usize) {
        let port = self.port(index);
        self.office().net(&[&format!("link set {port} up")]);
        // The kernel looks at carriers once a second.
        wait_until("the cable to carry", Duration::from_secs(5), || {
            let own = self.setup(&["ip", "-o", "link", "show", &format!("eth{index}")], "");
            let bridged = self.office().show(&["ip", "-d", "-o", "link", "show", &port]);
            (own.contains("state UP") && bridged.contains("state forwarding")).then_some(())
        });
    }

    /// Switches `eth0` off on the host: its addresses and routes are gone, as after Wi-Fi was switched off.
    #[track_caller]
    pub fn link_down(&self) {
        self.net(&["address flush dev eth0", "link set eth0 down"]);
    }

    /// Switches `eth0` on again and gives it its addresses and routes.
    #[track_caller]
    pub fn link_up(&self) {
        self.net(&["link set eth0 up"]);
        self.configure(0);
    }

    /// Gives `eth0` other addresses, ending in `number`, in place of its present ones, as DHCP does in another network.
    /// Returns the new IPv4 address.
    #[track_caller]
    pub fn change_address(&self, number: u8) -> Ipv4Addr {
        let old = self.renumber(number);
        let network = self.networks()[0];
        self.configure(0);
        self.net(&[
            &format!("address delete {}/24 dev eth0", network.ipv4(old)),
            &format!("address delete {}/64 dev eth0", network.ipv6(old)),
        ]);
        // Deleting the old address took the routes that preferred it.
        self.configure(0);
        self.ip()
    }

    /// Loses this share of all frames in each direction of `eth0`, at random; 0: none.
    #[track_caller]
    pub fn loss(&self, percent: u8) {
        assert!(percent <= 100, "a share is at most 100 %");
        let port = self.port(0);
        let verdict = if percent == 100 {
            "drop".to_owned()
        } else {
            format!("numgen random mod 100 < {percent} drop")
        };
        let rules = |device: &str| {
            let clear = "table netdev loss\ndelete table netdev loss\n";
            if percent == 0 {
                return clear.to_owned();
            }
            // Both ways at ingress: a drop at egress would be told to the sender as an error, and loss is silent.
            format!(
                "{clear}table netdev loss {{\n chain in {{\n  type filter hook ingress device \"{device}\" priority 0; \
                 policy accept;\n  {verdict}\n }}\n}}\n"
            )
        };
        self.setup(&["nft", "-f", "-"], &rules("eth0"));
        // A table of its own per host, since all ports lie in one namespace.
        let table = format!("netdev loss_{}", port.replace('-', "_"));
        self.office().setup_rules(&rules(&port).replace("netdev loss", &table));
    }

    /// Bounds `eth0` to `kbit` kbit/s in each direction, with at most 100 ms of queue; 0: no bound.
    #[track_caller]
    pub fn rate(&self, kbit: u32) {
        let port = self.port(0);
        let script = |device: &str| {
            let clear = format!("tc qdisc del dev {device} root 2>/dev/null || true\n");
            if kbit == 0 {
                return clear;
            }
            format!("{clear}tc qdisc add dev {device} root tbf rate {kbit}kbit burst 16kb latency 100ms\n")
        };
        self.setup(&["sh", "-e"], &script("eth0"));
        self.office().setup_script(&script(&port));
    }

    /// Delays every frame in each direction of `eth0` by `ms`, so that a round trip takes `2 * ms` longer; 0: not at all.
    ///
    /// A process of the harness carries the frames, between two virtual adapters: not every kernel has `netem`.
    ///
    /// # Panics
    /// Where `/dev/net/tun` may not be opened; see [`can_delay`].
    #[track_caller]
    pub fn delay(&self, ms: u32) {
        let (port, bridge) = (self.port(0), self.networks()[0].bridge());
        let number = port.trim_start_matches('p').trim_end_matches("-0").to_owned();
        let (side, near, far) = (format!("d{number}"), format!("d{number}a"), format!("d{number}b"));
        if let Some(mut carrier) = self.set_carrier(None) {
            // Its adapters go with it.
            carrier.kill();
            self.office().net(&[&format!("link set {port} master {bridge}"), &format!("link delete {side}")]);
        }
        if ms == 0 {
            return;
        }
        let mut carrier = self
            .command(built("earshot-relay", "EARSHOT_RELAY_BIN"))
            .args(["delay", &near, &far, &ms.to_string()])
            .between_hosts()
            .spawn();
        carrier.wait_line(Duration::from_secs(5), |line| line == "ready");
        self.office().net(&[
            &format!("link add {side} type bridge mcast_snooping 0 forward_delay 0"),
            &format!("link set {side} up"),
            &format!("link set {near} master {side} up"),
            &format!("link set {far} master {bridge} up"),
            &format!("link set {port} master {side}"),
        ]);
        self.set_carrier(Some(carrier));
    }
}

/// Whether this user can delay frames on this machine: may open `/dev/net/tun`.
#[must_use]
pub fn can_delay() -> bool {
    std::fs::OpenOptions::new().read(true).write(true).open("/dev/net/tun").is_ok()
}
