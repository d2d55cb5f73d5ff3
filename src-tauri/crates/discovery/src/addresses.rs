//! Which of the announced addresses are worth dialling, and in which order.

use std::net::{IpAddr, SocketAddr, SocketAddrV6};

use crate::interfaces::Network;

/// Whether an address can belong to a machine on a network.
pub(crate) fn is_usable(ip: IpAddr) -> bool {
    if ip.is_loopback() || ip.is_unspecified() || ip.is_multicast() {
        return false;
    }
    match ip {
        IpAddr::V4(v4) => !v4.is_broadcast() && v4.octets()[0] != 0,
        IpAddr::V6(v6) => v6.to_ipv4_mapped().is_none(),
    }
}

pub(crate) fn is_link_local_v6(ip: IpAddr) -> bool {
    matches!(ip, IpAddr::V6(v6) if v6.is_unicast_link_local())
}

/// Turns announced addresses into those to dial, best first. Each comes with the index of the adapter it was heard on, 0
/// when not known.
pub(crate) fn to_dial(
    heard: impl IntoIterator<Item = (IpAddr, u32)>,
    port: u16,
    own: &[Network],
) -> Vec<SocketAddr> {
    let mut addresses: Vec<SocketAddr> = heard
        .into_iter()
        .filter(|(ip, _)| is_usable(*ip))
        .filter_map(|(ip, index)| match ip {
            IpAddr::V6(v6) if v6.is_unicast_link_local() => {
                // Without the adapter it was heard on a link-local address leads nowhere.
                (index != 0).then(|| SocketAddr::V6(SocketAddrV6::new(v6, port, 0, index)))
            }
            ip => Some(SocketAddr::new(ip, port)),
        })
        .collect();
    best_first(&mut addresses, own);
    addresses.dedup();
    addresses
}

/// In one of our own networks, IPv4, IPv6, link-local IPv6.
pub(crate) fn best_first(addresses: &mut [SocketAddr], own: &[Network]) {
    addresses.sort_unstable_by_key(|address| {
        let ip = address.ip();
        let kind = match ip {
            IpAddr::V4(_) => 0,
            _ if !is_link_local_v6(ip) => 1,
            _ => 2,
        };
        (!own.iter().any(|network| network.holds(ip)), kind, *address)
    });
}

impl Network {
    fn holds(&self, ip: IpAddr) -> bool {
        let (own, other, width) = match (self.address, ip) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                (u128::from(own.to_bits()), u128::from(other.to_bits()), 32)
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => (own.to_bits(), other.to_bits(), 128),
            _ => return false,
        };
        let host_bits = width - u32::from(self.prefix).min(width);
        // A shift by the whole width would overflow: such a network holds everything.
        host_bits == 128 || (own ^ other) >> host_bits == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn own() -> [Network; 3] {
        [
            Network { index: 2, address: ip("192.168.1.5"), prefix: 24 },
            Network { index: 2, address: ip("fe80::5"), prefix: 64 },
            Network { index: 3, address: ip("2001:db8:1::5"), prefix: 64 },
        ]
    }

    fn dial(heard: &[(&str, u32)]) -> Vec<String> {
        let heard = heard.iter().map(|(text, index)| (ip(text), *index));
        to_dial(heard, 4000, &own()).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn the_best_comes_first_and_link_local_keeps_its_adapter() {
        let heard =
            [("fe80::9", 2), ("10.0.0.9", 2), ("2001:db8:2::9", 3), ("2001:db8:1::9", 3), ("192.168.1.9", 2)];
        assert_eq!(
            dial(&heard),
            [
                "192.168.1.9:4000",
                "[2001:db8:1::9]:4000",
                "[fe80::9%2]:4000",
                "10.0.0.9:4000",
                "[2001:db8:2::9]:4000"
            ]
        );
    }

    #[test]
    fn what_leads_nowhere_is_left_out() {
        let useless = [
            "127.0.0.1",
            "127.1.2.3",
            "0.0.0.0",
            "0.1.2.3",
            "255.255.255.255",
            "224.0.0.251",
            "::",
            "::1",
            "ff02::fb",
            "::ffff:127.0.0.1",
            "::ffff:192.168.1.9",
        ];
        for text in useless {
            assert!(dial(&[(text, 2)]).is_empty(), "{text}");
        }
        assert!(dial(&[("fe80::9", 0)]).is_empty(), "link-local without an adapter");
        assert_eq!(dial(&[("169.254.3.4", 2)]).len(), 1, "a network without DHCP");
        assert_eq!(dial(&[("192.168.1.5", 2)]).len(), 1, "two people on one machine share its address");
    }

    #[test]
    fn a_network_of_any_width_holds_its_own() {
        let cases = [
            ("10.1.2.3", 32, "10.1.2.3", true),
            ("10.1.2.3", 32, "10.1.2.4", false),
            ("10.1.2.3", 0, "200.1.1.1", true),
            ("10.1.2.3", 99, "10.1.2.4", false),
            ("2001:db8::1", 0, "fe80::1", true),
            ("2001:db8::1", 128, "2001:db8::2", false),
            ("2001:db8::1", 0, "10.0.0.1", false),
        ];
        for (own, prefix, other, holds) in cases {
            let network = Network { index: 1, address: ip(own), prefix };
            assert_eq!(network.holds(ip(other)), holds, "{own}/{prefix} {other}");
        }
    }
}
