//! How many may stand at the door: connections that have not yet said hello, in all and of one address.
//!
//! When all places are taken, somebody of an address that has few of them still gets one: the address that has the
//! most gives up its oldest, who has had the longest time. So a flood from a few addresses costs only itself.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

/// Counts connections that have not yet said hello.
#[derive(Debug, Clone)]
pub(crate) struct Gate {
    state: Arc<Mutex<State>>,
    in_all: usize,
    per_address: usize,
}

/// Whose connection it is; unknown as long as only the proxy is known.
type Of = Option<IpAddr>;

#[derive(Debug, Default)]
struct State {
    last: u64,
    /// In the order of coming.
    places: BTreeMap<u64, Place>,
    counts: HashMap<Of, usize>,
}

#[derive(Debug)]
struct Place {
    of: Of,
    given_up: watch::Sender<bool>,
}

/// One place at the door; dropping it frees the place.
#[derive(Debug)]
pub(crate) struct Ticket {
    state: Arc<Mutex<State>>,
    number: u64,
    per_address: usize,
    given_up: watch::Receiver<bool>,
}

impl Gate {
    pub(crate) fn new(in_all: usize, per_address: usize) -> Self {
        Self { state: Arc::default(), in_all, per_address }
    }

    /// A place; `None` when there is none left for this address.
    pub(crate) fn enter(&self, address: Option<IpAddr>) -> Option<Ticket> {
        let of = address.map(network);
        let mut state = lock(&self.state);
        let count = state.count(of);
        if of.is_some() && count >= self.per_address {
            return None;
        }
        if state.places.len() >= self.in_all {
            let (heaviest, most) = state.heaviest()?;
            if count >= most {
                return None;
            }
            let oldest =
                state.places.iter().find(|(_, place)| place.of == heaviest).map(|(number, _)| *number)?;
            if let Some(place) = state.remove(oldest) {
                let _ = place.given_up.send(true);
            }
        }
        let (given_up, is_given_up) = watch::channel(false);
        state.last += 1;
        let number = state.last;
        state.places.insert(number, Place { of, given_up });
        *state.counts.entry(of).or_default() += 1;
        drop(state);
        Some(Ticket {
            state: Arc::clone(&self.state),
            number,
            per_address: self.per_address,
            given_up: is_given_up,
        })
    }
}

impl Ticket {
    /// The proxy has said whose it is. `false`: that address has as many as it may.
    pub(crate) fn is_of(&self, address: IpAddr) -> bool {
        let of = Some(network(address));
        let mut state = lock(&self.state);
        if state.count(of) >= self.per_address {
            return false;
        }
        if let Some(place) = state.places.get_mut(&self.number) {
            let before = std::mem::replace(&mut place.of, of);
            state.uncount(before);
            *state.counts.entry(of).or_default() += 1;
        }
        true
    }

    /// Turns true when the place went to somebody else; closed when the ticket is dropped.
    pub(crate) fn given_up(&self) -> watch::Receiver<bool> {
        self.given_up.clone()
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        lock(&self.state).remove(self.number);
    }
}

impl State {
    fn count(&self, of: Of) -> usize {
        self.counts.get(&of).copied().unwrap_or_default()
    }

    fn uncount(&mut self, of: Of) {
        if let Some(count) = self.counts.get_mut(&of) {
            *count -= 1;
            if *count == 0 {
                self.counts.remove(&of);
            }
        }
    }

    fn remove(&mut self, number: u64) -> Option<Place> {
        let place = self.places.remove(&number)?;
        self.uncount(place.of);
        Some(place)
    }

    /// Who has the most, and how many.
    fn heaviest(&self) -> Option<(Of, usize)> {
        self.counts.iter().map(|(of, count)| (*of, *count)).max_by_key(|(_, count)| *count)
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    // Nothing in here panics half-way; were it so, the numbers would still be numbers.
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One host often has a whole /64 of IPv6 to itself, so that is what is counted.
pub(crate) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6((u128::from(address) & !u128::from(u64::MAX)).into()),
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(last: u8) -> Option<IpAddr> {
        Some(IpAddr::from([192, 0, 2, last]))
    }

    #[test]
    fn places_are_bounded_and_come_back() {
        let gate = Gate::new(9, 2);
        let first = gate.enter(at(1)).unwrap();
        let second = gate.enter(at(1)).unwrap();
        assert!(gate.enter(at(1)).is_none());
        assert!(gate.enter(at(2)).is_some());
        drop(first);
        let third = gate.enter(at(1)).unwrap();
        drop((second, third));
        assert!(lock(&gate.state).places.is_empty() && lock(&gate.state).counts.is_empty());
    }

    #[test]
    fn who_has_the_most_gives_up_the_oldest() {
        let gate = Gate::new(6, 4);
        let many: Vec<_> = (0..4).map(|_| gate.enter(at(1)).unwrap()).collect();
        let two: Vec<_> = (0..2).map(|_| gate.enter(at(2)).unwrap()).collect();
        // All are taken, but not by this one.
        let new = gate.enter(at(3)).unwrap();
        let gone =
            |tickets: &[Ticket]| tickets.iter().map(|ticket| *ticket.given_up().borrow()).collect::<Vec<_>>();
        assert_eq!(gone(&many), [true, false, false, false]);
        assert_eq!(gone(&two), [false, false]);
        // Who has as many as anybody takes nobody's.
        assert!(gate.enter(at(1)).is_none());
        let newer = gate.enter(at(3)).unwrap();
        assert_eq!(gone(&many), [true, true, false, false]);
        // From now on all have two.
        for last in 1..4 {
            assert!(gate.enter(at(last)).is_none(), "{last}");
        }
        assert!(gate.enter(at(4)).is_some());
        assert_eq!(lock(&gate.state).places.len(), 5, "one was given up, and its successor has gone");
        drop((many, two, new, newer));
        assert!(lock(&gate.state).places.is_empty() && lock(&gate.state).counts.is_empty());
    }

    #[test]
    fn behind_a_proxy_the_address_is_known_later() {
        let gate = Gate::new(4, 2);
        let tickets: Vec<_> = (0..3).map(|_| gate.enter(None).unwrap()).collect();
        let address = at(1).unwrap();
        assert!(tickets[0].is_of(address) && tickets[1].is_of(address));
        assert!(!tickets[2].is_of(address));
        assert!(tickets[2].is_of(at(2).unwrap()));
        drop(tickets);
        assert!(lock(&gate.state).counts.is_empty());
    }

    #[test]
    fn a_network_of_ipv6_counts_as_one_and_mapped_addresses_as_what_they_are() {
        let gate = Gate::new(9, 1);
        let enter = |text: &str| gate.enter(Some(text.parse().unwrap()));
        let _first = enter("2001:db8::1").unwrap();
        assert!(enter("2001:db8::ffff:2").is_none());
        assert!(enter("2001:db8:0:1::1").is_some());
        let _mapped = enter("::ffff:192.0.2.1").unwrap();
        assert!(enter("192.0.2.1").is_none());
    }
}
