//! This machine's network adapters: which are used, and under which addresses it can be reached.

use std::net::{IpAddr, SocketAddr};

use earshot_protocol::limits::MAX_ADDRESSES;
use if_addrs::{IfAddr, Interface};

use crate::addresses::{is_link_local_v6, is_usable};

/// Beginnings of the names of adapters that lead to containers, virtual machines and tunnels instead of colleagues.
/// `br0` is not among them: machines with virtual guests often have their real network there.
#[rustfmt::skip]
const VIRTUAL: &[&str] = &[
    "anpi", "ap1", "awdl", "br-", "bridge1", "cali", "cilium", "cni", "docker", "dummy", "flannel", "gif",
    "gpd", "ham", "ifb", "ipsec", "kube", "llw", "lxc", "lxdbr", "nordlynx", "podman", "ppp", "proton",
    "sit", "stf", "tailscale", "tap", "teredo", "tun", "utun", "veth", "vboxnet", "vethernet (default",
    "vethernet (nat", "vethernet (wsl", "virbr", "virtualbox", "vmenet", "vmnet", "vmware", "vnet", "wg",
    "wireguard", "zerotier", "zt",
];

/// The adapters the owner wants to be used.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct InterfaceChoice {
    /// By name; empty: every usable one. A named adapter is used even if it is a tunnel or a
    /// bridge; but point-to-point tunnels carry no multicast, so nobody is found through them.
    pub names: Vec<String>,
}

impl InterfaceChoice {
    /// Every usable adapter.
    #[must_use]
    pub fn every() -> Self {
        Self::default()
    }

    /// Only these.
    #[must_use]
    pub fn only(names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self { names: names.into_iter().map(Into::into).collect() }
    }

    /// Whether this address of an adapter is used.
    #[must_use]
    pub fn uses(&self, interface: &Interface) -> bool {
        is_candidate(interface)
            && if self.names.is_empty() {
                !interface.is_p2p() && !is_virtual(&interface.name)
            } else {
                self.names.contains(&interface.name)
            }
    }
}

/// Whether an adapter of that name usually leads to containers, virtual machines or a tunnel.
#[must_use]
pub fn is_virtual(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    VIRTUAL.iter().any(|prefix| name.starts_with(prefix))
}

fn is_candidate(interface: &Interface) -> bool {
    interface.is_oper_up() && !interface.is_loopback() && is_usable(interface.ip())
}

/// The adapters at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Snapshot {
    pub(crate) used: Vec<String>,
    pub(crate) others: Vec<String>,
    /// Every address of the used adapters, sorted.
    pub(crate) networks: Vec<Network>,
    /// As [`own_addresses`], without the port.
    pub(crate) addresses: Vec<IpAddr>,
}

/// One address of a used adapter and the network it is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Network {
    pub(crate) index: u32,
    pub(crate) address: IpAddr,
    pub(crate) prefix: u8,
}

impl Snapshot {
    /// Looks at this machine. A system call of well under a millisecond.
    pub(crate) fn take(choice: &InterfaceChoice) -> Self {
        let all = if_addrs::get_if_addrs().unwrap_or_default();
        // Which address a packet to the world would carry: the one most likely to be reached.
        let primary = local_ip_address::local_ip().ok();
        Self::of(&all, choice, primary)
    }

    fn of(all: &[Interface], choice: &InterfaceChoice, primary: Option<IpAddr>) -> Self {
        let mut snapshot = Self::default();
        for interface in all.iter().filter(|interface| is_candidate(interface)) {
            if !choice.uses(interface) {
                snapshot.others.push(interface.name.clone());
                continue;
            }
            snapshot.used.push(interface.name.clone());
            let prefix = match &interface.addr {
                IfAddr::V4(v4) => v4.prefixlen,
                IfAddr::V6(v6) => v6.prefixlen,
            };
            let network = Network { index: interface.index.unwrap_or(0), address: interface.ip(), prefix };
            snapshot.networks.push(network);
            if !is_link_local_v6(interface.ip()) {
                snapshot.addresses.push(interface.ip());
            }
        }
        snapshot.used.sort_unstable();
        snapshot.used.dedup();
        snapshot.others.sort_unstable();
        snapshot.others.dedup();
        snapshot.others.retain(|name| !snapshot.used.contains(name));
        snapshot.networks.sort_unstable();
        snapshot.networks.dedup();
        snapshot.addresses.sort_unstable_by_key(|ip| (Some(*ip) != primary, ip.is_ipv6(), *ip));
        snapshot.addresses.dedup();
        snapshot.addresses.truncate(MAX_ADDRESSES as usize);
        snapshot
    }

    pub(crate) fn socket_addresses(&self, port: u16) -> Vec<SocketAddr> {
        self.addresses.iter().map(|ip| SocketAddr::new(*ip, port)).collect()
    }
}

/// Under which addresses others on the network reach this machine, the primary one first, IPv4 before IPv6; at most
/// [`MAX_ADDRESSES`]. Without link-local IPv6, whose scope id means nothing on another machine: those are found by
/// hearing the announcement.
#[must_use]
pub fn own_addresses(port: u16, choice: &InterfaceChoice) -> Vec<SocketAddr> {
    Snapshot::take(choice).socket_addresses(port)
}

#[cfg(test)]
mod tests {
    use if_addrs::{IfOperStatus, Ifv4Addr, Ifv6Addr};

    use super::*;

    fn adapter(name: &str, index: u32, address: &str) -> Interface {
        let addr = match address.parse().unwrap() {
            IpAddr::V4(ip) => IfAddr::V4(Ifv4Addr {
                ip,
                netmask: [255, 255, 255, 0].into(),
                prefixlen: 24,
                broadcast: None,
            }),
            IpAddr::V6(ip) => {
                let netmask = (u128::MAX << 64).into();
                IfAddr::V6(Ifv6Addr { ip, netmask, prefixlen: 64, broadcast: None })
            }
        };
        Interface {
            name: name.to_owned(),
            addr,
            index: Some(index),
            oper_status: IfOperStatus::Up,
            is_p2p: false,
            #[cfg(windows)]
            adapter_name: String::new(),
        }
    }

    fn used(all: &[Interface], choice: &InterfaceChoice) -> (Vec<String>, Vec<String>) {
        let snapshot = Snapshot::of(all, choice, None);
        (snapshot.used, snapshot.others)
    }

    #[test]
    fn containers_guests_and_tunnels_are_known_by_name() {
        for name in [
            "docker0",
            "br-1a2b3c4d5e6f",
            "veth12ab",
            "virbr0",
            "vmnet8",
            "vboxnet0",
            "tun0",
            "tap0",
            "wg0",
            "tailscale0",
            "ztabcdef12",
            "utun3",
            "awdl0",
            "vEthernet (WSL)",
            "bridge100",
            "cni0",
        ] {
            assert!(is_virtual(name), "{name}");
        }
        for name in [
            "eth0", "enp3s0", "wlan0", "wlp2s0", "en0", "br0", "bond0", "team0", "Ethernet", "Wi-Fi", "WLAN",
            "usb0",
        ] {
            assert!(!is_virtual(name), "{name}");
        }
    }

    #[test]
    fn usable_adapters_are_used_unless_the_owner_names_others() {
        let mut down = adapter("eth1", 5, "10.0.1.1");
        down.oper_status = IfOperStatus::Down;
        let mut tunnel = adapter("corp", 6, "10.9.0.1");
        tunnel.is_p2p = true;
        let all = [
            adapter("lo", 1, "127.0.0.1"),
            adapter("wlan0", 3, "192.168.1.5"),
            adapter("eth0", 2, "10.0.0.1"),
            adapter("eth0", 2, "fe80::1"),
            adapter("docker0", 4, "172.17.0.1"),
            down,
            tunnel,
        ];
        let names = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(
            used(&all, &InterfaceChoice::every()),
            (names(&["eth0", "wlan0"]), names(&["corp", "docker0"]))
        );
        assert_eq!(
            used(&all, &InterfaceChoice::only(["docker0", "corp", "lo", "eth1", "eth9"])),
            (names(&["corp", "docker0"]), names(&["eth0", "wlan0"]))
        );
    }

    #[test]
    fn own_addresses_start_with_the_primary_and_leave_link_local_out() {
        let all = [
            adapter("eth0", 2, "fd00::1"),
            adapter("eth0", 2, "fe80::1"),
            adapter("eth0", 2, "10.0.0.1"),
            adapter("wlan0", 3, "192.168.1.5"),
        ];
        let snapshot = Snapshot::of(&all, &InterfaceChoice::every(), Some("192.168.1.5".parse().unwrap()));
        let addresses: Vec<String> =
            snapshot.socket_addresses(4000).iter().map(ToString::to_string).collect();
        assert_eq!(addresses, ["192.168.1.5:4000", "10.0.0.1:4000", "[fd00::1]:4000"]);
    }
}
