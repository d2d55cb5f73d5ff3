//! How many may stand at the door: connections that have not yet said hello, in all and of one address.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Counts connections that have not yet said hello.
#[derive(Debug, Clone)]
pub(crate) struct Gate {
    counts: Arc<Mutex<Counts>>,
    in_all: usize,
    per_address: usize,
}

#[derive(Debug, Default)]
struct Counts {
    in_all: usize,
    by_address: HashMap<IpAddr, usize>,
}

/// One place at the door; dropping it frees the place.
#[derive(Debug)]
pub(crate) struct Ticket {
    counts: Arc<Mutex<Counts>>,
    address: Option<IpAddr>,
    counted_in_all: bool,
}

impl Gate {
    pub(crate) fn new(in_all: usize, per_address: usize) -> Self {
        Self { counts: Arc::default(), in_all, per_address }
    }

    /// A place among all; `None` when there is none left.
    pub(crate) fn enter(&self) -> Option<Ticket> {
        let mut counts = lock(&self.counts);
        if counts.in_all >= self.in_all {
            return None;
        }
        counts.in_all += 1;
        drop(counts);
        Some(Ticket { counts: Arc::clone(&self.counts), address: None, counted_in_all: true })
    }

    /// A place among those of one address; `None` when there is none left.
    pub(crate) fn enter_from(&self, address: IpAddr) -> Option<Ticket> {
        let address = network(address);
        let mut counts = lock(&self.counts);
        let count = counts.by_address.entry(address).or_default();
        if *count >= self.per_address {
            return None;
        }
        *count += 1;
        drop(counts);
        Some(Ticket { counts: Arc::clone(&self.counts), address: Some(address), counted_in_all: false })
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let mut counts = lock(&self.counts);
        if self.counted_in_all {
            counts.in_all -= 1;
        }
        if let Some(address) = self.address
            && let Some(count) = counts.by_address.get_mut(&address)
        {
            *count -= 1;
            if *count == 0 {
                counts.by_address.remove(&address);
            }
        }
    }
}

fn lock(counts: &Mutex<Counts>) -> MutexGuard<'_, Counts> {
    // Nothing in here panics half-way; were it so, the numbers would still be numbers.
    counts.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One host often has a whole /64 of IPv6 to itself, so that is what is counted.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6((u128::from(address) & !u128::from(u64::MAX)).into()),
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_bounded_and_come_back() {
        let gate = Gate::new(3, 2);
        let mut all: Vec<_> = (0..3).map(|_| gate.enter().unwrap()).collect();
        assert!(gate.enter().is_none());
        all.pop();
        assert!(gate.enter().is_some());

        let (a, b) = ("192.0.2.1".parse().unwrap(), "192.0.2.2".parse().unwrap());
        let first = gate.enter_from(a).unwrap();
        let second = gate.enter_from(a).unwrap();
        assert!(gate.enter_from(a).is_none());
        assert!(gate.enter_from(b).is_some());
        drop(first);
        assert!(gate.enter_from(a).is_some());
        drop((second, all));
        assert_eq!(lock(&gate.counts).in_all, 0);
        assert!(lock(&gate.counts).by_address.is_empty());
    }

    #[test]
    fn a_network_of_ipv6_counts_as_one_and_mapped_addresses_as_what_they_are() {
        let gate = Gate::new(9, 1);
        let _first = gate.enter_from("2001:db8::1".parse().unwrap()).unwrap();
        assert!(gate.enter_from("2001:db8::ffff:2".parse().unwrap()).is_none());
        assert!(gate.enter_from("2001:db8:0:1::1".parse().unwrap()).is_some());
        let _mapped = gate.enter_from("::ffff:192.0.2.1".parse().unwrap()).unwrap();
        assert!(gate.enter_from("192.0.2.1".parse().unwrap()).is_none());
    }
}
