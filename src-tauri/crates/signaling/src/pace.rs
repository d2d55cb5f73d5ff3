//! How fast one address may do what many others are told of: come in, take another name, ring, make and enter rooms.
//!
//! A device key costs nothing, so what a hub allows each device bounds nobody who means ill; addresses are dearer. What
//! is too much waits, and is not read on meanwhile; who would have to wait for too long to come in is refused.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use earshot_protocol::limits::{MAX_ACTIONS_AT_ONCE, MAX_ACTIONS_PER_SECOND};
use earshot_protocol::{ErrorCode, Request, ToHub};
use tokio::time::{Instant, sleep_until};

use crate::gate::network;

/// Coming in costs one action, and one more for each so many who hear of it: a whole office comes back at once.
const HEARERS_OF_COMING: usize = 500;

/// A new name likewise; nobody has many.
const HEARERS_OF_A_NAME: usize = 50;

/// A ring costs a second of an address: somebody has to answer it, and no office behind one router rings more often.
const RING: u32 = MAX_ACTIONS_PER_SECOND;

/// A code likewise: with nine digits, a stranger at one address guesses for weeks.
const FIND: u32 = MAX_ACTIONS_PER_SECOND;

/// Whoever has paid is forgotten so often when many are remembered.
const SWEEP_EVERY: Duration = Duration::from_secs(1);

/// Nobody waits longer than this.
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// Addresses that are remembered; each is forgotten once it has paid. More than that act in turn only when they attack.
const MAX_ADDRESSES: usize = 16 * 1024;

const PRICE: Duration = Duration::from_nanos(1_000_000_000 / MAX_ACTIONS_PER_SECOND as u64);

const CREDIT: Duration = Duration::from_nanos(PRICE.as_nanos() as u64 * MAX_ACTIONS_AT_ONCE as u64);

/// The accounts of all addresses at one listener.
#[derive(Debug, Clone, Default)]
pub(crate) struct Pace(Arc<Mutex<Accounts>>);

#[derive(Debug, Default)]
struct Accounts {
    /// When an address will have paid for all that it did (the generic cell rate algorithm).
    paid: HashMap<IpAddr, Instant>,
    swept: Option<Instant>,
}

/// What a visitor's word costs; `None`: nothing, for at most one other hears of it.
pub(crate) fn cost(message: &ToHub, hearers: usize) -> Option<u32> {
    let ToHub::Request { request, .. } = message else { return None };
    match request {
        Request::SetPerson { .. } | Request::SetBlocked { .. } => Some(price(hearers, HEARERS_OF_A_NAME)),
        Request::Ring { .. } => Some(RING),
        // A code may be guessed, and many rooms are looked through.
        Request::FindRoom { .. } => Some(FIND),
        // A room's participants hear of these, and a password may be guessed.
        Request::CreateRoom { .. }
        | Request::Join { .. }
        | Request::Return { .. }
        | Request::SetRules { .. }
        | Request::SetAddresses { .. }
        | Request::HandOver { .. }
        | Request::TakeHost { .. } => Some(1),
        Request::Leave { .. }
        | Request::LookAt { .. }
        | Request::WaitForPlace { .. }
        | Request::Withdraw { .. }
        | Request::Admit { .. }
        | Request::Remove { .. }
        | Request::EndRoom { .. }
        | Request::WhereIs { .. }
        | Request::HoldRoom { .. }
        | Request::YieldRoom { .. }
        | Request::SetWhereabouts { .. }
        | Request::CancelRing { .. }
        | Request::AnswerRing { .. }
        | Request::Signal { .. } => None,
    }
}

/// What it costs to come in.
pub(crate) fn cost_of_coming(hearers: usize) -> u32 {
    price(hearers, HEARERS_OF_COMING)
}

fn price(hearers: usize, for_one: usize) -> u32 {
    u32::try_from(1 + hearers / for_one).unwrap_or(u32::MAX)
}

impl Pace {
    /// Waits until an address may come in.
    pub(crate) async fn arrive(&self, address: IpAddr, cost: u32) -> Result<(), ErrorCode> {
        match self.when(address, cost, Instant::now()) {
            Some(time) => {
                sleep_until(time).await;
                Ok(())
            }
            None => Err(ErrorCode::TooManyRequests),
        }
    }

    /// Waits until an address may do more, at most [`LONGEST_WAIT`].
    pub(crate) async fn act(&self, address: IpAddr, cost: u32) {
        let now = Instant::now();
        sleep_until(self.when(address, cost, now).unwrap_or(now + LONGEST_WAIT)).await;
    }

    /// When it may be done; `None`: that is too late, and nothing was charged.
    fn when(&self, address: IpAddr, cost: u32, now: Instant) -> Option<Instant> {
        let address = network(address);
        let mut accounts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Accounts { paid, swept } = &mut *accounts;
        if paid.len() >= MAX_ADDRESSES && !paid.contains_key(&address) {
            if swept.is_none_or(|swept| now >= swept + SWEEP_EVERY) {
                *swept = Some(now);
                paid.retain(|_, paid| *paid > now);
            }
            if paid.len() >= MAX_ADDRESSES {
                return None;
            }
        }
        let at = paid.get(&address).copied().unwrap_or(now).max(now) + PRICE * cost;
        let wait = at.saturating_duration_since(now).saturating_sub(CREDIT);
        if wait > LONGEST_WAIT {
            return None;
        }
        paid.insert(address, at);
        Some(now + wait)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(number: u32) -> IpAddr {
        IpAddr::V4(number.into())
    }

    #[test]
    fn what_is_too_much_waits_and_then_is_too_late() {
        let (pace, now) = (Pace::default(), Instant::now());
        for _ in 0..MAX_ACTIONS_AT_ONCE {
            assert_eq!(pace.when(address(1), 1, now), Some(now));
        }
        let next = pace.when(address(1), 1, now).unwrap();
        assert_eq!(next, now + PRICE);
        // Another address does not feel it.
        assert_eq!(pace.when(address(2), 1, now), Some(now));
        while pace.when(address(1), 1, now).is_some() {}
        // Whoever comes too often does not make it later than it is.
        let later = now + Duration::from_secs(1);
        let done = (0..1000).filter(|_| pace.when(address(1), 1, later).is_some()).count();
        assert_eq!(done, MAX_ACTIONS_PER_SECOND as usize);
        // All is forgiven.
        let later = now + Duration::from_secs(3600);
        assert_eq!(pace.when(address(1), MAX_ACTIONS_AT_ONCE, later), Some(later));
    }

    #[test]
    fn accounts_are_bounded() {
        let (pace, now) = (Pace::default(), Instant::now());
        for number in 0..2 * MAX_ADDRESSES as u32 {
            let _ = pace.when(address(number), 1, now);
        }
        assert_eq!(pace.0.lock().unwrap().paid.len(), MAX_ADDRESSES);
        assert_eq!(pace.when(address(u32::MAX), 1, now), None);
        let later = now + SWEEP_EVERY;
        assert_eq!(pace.when(address(u32::MAX), 1, later), Some(later));
        assert_eq!(pace.0.lock().unwrap().paid.len(), 1);
    }

    #[test]
    fn telling_many_costs_more() {
        assert_eq!([0, HEARERS_OF_COMING, 10_000].map(cost_of_coming), [1, 2, 21]);
        assert_eq!(cost(&ToHub::Ping { seen: 0 }, 10_000), None);
        let ask = |request| ToHub::Request { id: 1, request };
        assert_eq!(cost(&ask(Request::SetPerson { person: Default::default() }), 10_000), Some(201));
        assert_eq!(cost(&ask(Request::Leave { room: earshot_protocol::RoomId([0; 16]) }), 10_000), None);
    }
}
