//! Which addresses of this machine carry calls, and when they change.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use if_addrs::Interface;
use tokio::sync::watch;
use tokio::time::sleep;

/// Beginnings of the names of adapters that lead to containers, virtual machines and tunnels instead of people.
/// `br0` is not among them: machines with virtual guests often have their real network there.
#[rustfmt::skip]
const VIRTUAL: &[&str] = &[
    "anpi", "ap1", "awdl", "br-", "bridge1", "cali", "cilium", "cni", "docker", "dummy", "flannel", "gif",
    "gpd", "ham", "ifb", "ipsec", "kube", "llw", "lxc", "lxdbr", "nordlynx", "podman", "ppp", "proton",
    "sit", "stf", "tailscale", "tap", "teredo", "tun", "utun", "veth", "vboxnet", "vethernet (default",
    "vethernet (nat", "vethernet (wsl", "virbr", "virtualbox", "vmenet", "vmnet", "vmware", "vnet", "wg",
    "wireguard", "zerotier", "zt",
];

/// The most addresses of each family; the rest is left out.
const MAX_ADDRESSES: usize = 8;

/// Between two looks. A look costs well under a millisecond.
const LOOK_EVERY: Duration = Duration::from_millis(1_500);

/// How the addresses are found out; None: not this time.
type Look = dyn Fn() -> Option<Vec<IpAddr>> + Send + Sync;

/// Watches this machine's addresses, for all connections together, as long as there is one.
#[derive(Clone)]
pub(crate) struct Interfaces {
    look: Arc<Look>,
    addresses: Arc<watch::Sender<Vec<IpAddr>>>,
    /// The task runs.
    watching: Arc<AtomicBool>,
}

impl fmt::Debug for Interfaces {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Interfaces")
    }
}

impl Default for Interfaces {
    fn default() -> Self {
        Self::new(|| if_addrs::get_if_addrs().ok().map(|all| usable(&all)))
    }
}

impl Interfaces {
    pub(super) fn new(look: impl Fn() -> Option<Vec<IpAddr>> + Send + Sync + 'static) -> Self {
        let (addresses, watching) = Default::default();
        Self { look: Arc::new(look), addresses, watching }
    }

    /// The addresses now, and from now on.
    pub(crate) fn follow(&self) -> watch::Receiver<Vec<IpAddr>> {
        let receiver = self.addresses.subscribe();
        self.look();
        if !self.watching.swap(true, Ordering::SeqCst) {
            tokio::spawn(self.clone().watch());
        }
        receiver
    }

    async fn watch(self) {
        loop {
            sleep(LOOK_EVERY).await;
            self.look();
            if self.addresses.receiver_count() == 0 {
                self.watching.store(false, Ordering::SeqCst);
                // Whoever came in between has found it running.
                let wanted = self.addresses.receiver_count() > 0;
                if !wanted || self.watching.swap(true, Ordering::SeqCst) {
                    return;
                }
            }
        }
    }

    fn look(&self) {
        // A failed look changes nothing: the next one is soon.
        let Some(now) = (self.look)() else { return };
        self.addresses.send_if_modified(|known| {
            let differs = *known != now;
            *known = now;
            differs
        });
    }
}

/// The addresses that calls use, IPv4 first. Where there is no usual adapter it is whatever the machine has, so that a
/// container or a machine without a network can still call itself.
pub(crate) fn usable(all: &[Interface]) -> Vec<IpAddr> {
    let up = |interface: &&Interface| interface.is_oper_up() && !interface.ip().is_unspecified();
    let usual = |interface: &&Interface| {
        !interface.is_loopback()
            && !interface.is_p2p()
            && !is_virtual(&interface.name)
            && !is_link_local(interface.ip())
    };
    // A link-local IPv6 address means nothing without its scope, which candidates cannot carry.
    let spare = |interface: &&Interface| {
        !interface.is_loopback() && (interface.ip().is_ipv4() || !is_link_local(interface.ip()))
    };
    let addresses = |choose: &dyn Fn(&&Interface) -> bool| -> Vec<IpAddr> {
        all.iter().filter(up).filter(choose).map(Interface::ip).collect()
    };
    let mut found = addresses(&usual);
    if found.is_empty() {
        found = addresses(&spare);
    }
    if found.is_empty() {
        found = addresses(&|interface| interface.is_loopback());
    }
    let (mut v4, mut v6): (Vec<_>, Vec<_>) = found.into_iter().partition(IpAddr::is_ipv4);
    for family in [&mut v4, &mut v6] {
        let mut seen = Vec::new();
        family.retain(|address| {
            !seen.contains(address) && {
                seen.push(*address);
                true
            }
        });
        family.truncate(MAX_ADDRESSES);
    }
    v4.extend(v6);
    v4
}

fn is_virtual(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    VIRTUAL.iter().any(|prefix| name.starts_with(prefix))
}

fn is_link_local(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_unicast_link_local(),
    }
}

#[cfg(test)]
mod tests {
    use if_addrs::{IfAddr, IfOperStatus, Ifv4Addr, Ifv6Addr};

    use super::*;

    fn adapter(name: &str, address: &str) -> Interface {
        let addr = match address.parse().unwrap() {
            IpAddr::V4(ip) => {
                let netmask = [255, 255, 255, 0].into();
                IfAddr::V4(Ifv4Addr { ip, netmask, prefixlen: 24, broadcast: None })
            }
            IpAddr::V6(ip) => {
                let netmask = (u128::MAX << 64).into();
                IfAddr::V6(Ifv6Addr { ip, netmask, prefixlen: 64, broadcast: None })
            }
        };
        Interface {
            name: name.to_owned(),
            addr,
            index: Some(1),
            oper_status: IfOperStatus::Up,
            is_p2p: false,
            #[cfg(windows)]
            adapter_name: String::new(),
        }
    }

    fn of(all: &[Interface]) -> Vec<String> {
        usable(all).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn usual_adapters_are_used_and_no_others() {
        let mut down = adapter("eth1", "10.0.1.1");
        down.oper_status = IfOperStatus::Down;
        let mut tunnel = adapter("corp", "10.9.0.1");
        tunnel.is_p2p = true;
        let all = [
            adapter("lo", "127.0.0.1"),
            adapter("eth0", "fd00::1"),
            adapter("eth0", "fe80::1"),
            adapter("eth0", "10.0.0.1"),
            adapter("wlan0", "192.168.1.5"),
            adapter("eth0", "169.254.3.4"),
            adapter("docker0", "172.17.0.1"),
            adapter("virbr0", "192.168.122.1"),
            down,
            tunnel,
        ];
        assert_eq!(of(&all), ["10.0.0.1", "192.168.1.5", "fd00::1"]);
    }

    #[test]
    fn a_lone_machine_uses_what_it_has() {
        let all = [adapter("lo", "127.0.0.1"), adapter("lo", "::1")];
        assert_eq!(of(&all), ["127.0.0.1", "::1"]);
        let all = [adapter("lo", "127.0.0.1"), adapter("eth0", "169.254.3.4"), adapter("eth0", "fe80::1")];
        assert_eq!(of(&all), ["169.254.3.4"]);
        let all = [adapter("lo", "127.0.0.1"), adapter("veth3", "10.1.1.1")];
        assert_eq!(of(&all), ["10.1.1.1"]);
    }

    #[test]
    fn there_is_an_end_to_addresses() {
        let all: Vec<Interface> = (0..20).map(|n| adapter("eth0", &format!("10.0.0.{n}"))).collect();
        assert_eq!(of(&all).len(), MAX_ADDRESSES);
    }
}
