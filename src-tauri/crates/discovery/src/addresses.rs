//! Which of the announced addresses are worth dialling, and in which order.

use std::net::{IpAddr, SocketAddr, SocketAddrV6};

use earshot_protocol::limits::MAX_ADDRESSES;

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

/// Turns announced addresses into those to dial. Each comes with the index of the adapter it was heard on, 0 when not
/// known. Best first: in one of our own networks, IPv4, IPv6, link-local IPv6.
pub(crate) fn to_dial(
    heard: impl IntoIterator<Item = (IpAddr, u32)>,
    port: u16,
    own: &[Network],
) -> Vec<SocketAddr> {
    let mut addresses: Vec<(bool, u8, SocketAddr)> = heard
        .into_iter()
        .filter(|(ip, _)| is_usable(*ip))
        .filter_map(|(ip, index)| {
            let address = match ip {
                IpAddr::V6(v6) if v6.is_unicast_link_local() => {
                    // Without the adapter it was heard on a link-local address leads nowhere.
                    if index == 0 {
                        return None;
                    }
                    SocketAddr::V6(SocketAddrV6::new(v6, port, 0, index))
                }
                ip => SocketAddr::new(ip, port),
            };
            let kind = match ip {
                IpAddr::V4(_) => 0,
                _ if !is_link_local_v6(ip) => 1,
                _ => 2,
            };
            Some((!own.iter().any(|network| network.holds(ip)), kind, address))
        })
        .collect();
    addresses.sort_unstable();
    addresses.dedup();
    addresses.truncate(MAX_ADDRESSES as usize);
    addresses.into_iter().map(|(_, _, address)| address).collect()
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
