//! A visitor's place: what outlives a dropped connection.

use std::collections::BTreeSet;
use std::sync::Arc;

use earshot_protocol::hub::HubMessage;
use earshot_protocol::{DeviceId, FromHub, RequestId, ResumeToken, RingId, RoomId};

use crate::mailbox::Mailbox;
use crate::rate::Rate;
use crate::{ConnectionId, Output, Time};

/// Names a place within its hub: 1, 2, 3 …, so a lower one is older.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct PlaceId(pub(crate) u64);

/// A place. It has a connection or is in its grace.
#[derive(Debug)]
pub(crate) struct Place {
    /// Whose.
    pub(crate) device: DeviceId,
    /// `None` in the grace.
    pub(crate) connection: Option<ConnectionId>,
    /// When something was last heard on the connection, or when it was dropped.
    pub(crate) heard: Time,
    /// The time of the place's entry among the timers; not later than what is really due.
    pub(crate) timer: Time,
    /// What the last welcome said.
    pub(crate) token: ResumeToken,
    /// The token that the last welcome replaced. Good until something is heard on the new connection: that welcome
    /// may have been lost with it.
    pub(crate) replaced: Option<ResumeToken>,
    /// What has been said and not been seen.
    pub(crate) mailbox: Mailbox,
    /// The last request that has been answered.
    pub(crate) last_request: RequestId,
    /// How fast things are said.
    pub(crate) rate: Rate,
    /// How fast codes of rooms are tried.
    pub(crate) codes: Rate,
    /// The rooms this place is in.
    pub(crate) rooms: BTreeSet<RoomId>,
    /// The rooms this place knocks at, or waits for a seat of.
    pub(crate) outside: BTreeSet<RoomId>,
    /// Where the device's own hub is reached, once it has said so.
    pub(crate) addresses: Option<Vec<String>>,
    /// The open rings this place made or was told of.
    pub(crate) rings: BTreeSet<RingId>,
}

impl Place {
    /// Numbers and keeps a message, and says it when there is a connection.
    pub(crate) fn say(&mut self, message: &Arc<HubMessage>, out: &mut Vec<Output>) {
        let seq = self.mailbox.keep(Arc::clone(message));
        if let Some(connection) = self.connection {
            let message = FromHub::Message { seq, message: HubMessage::clone(message) };
            out.push(Output::Send { connection, message });
        }
    }

    /// Whether the token brings this place back.
    pub(crate) fn opens_with(&self, token: &ResumeToken) -> bool {
        let replaced = self.replaced.as_ref().is_some_and(|replaced| same(replaced, token));
        same(&self.token, token) | replaced
    }
}

/// Compares without stopping at the first difference: the time taken tells nothing of the secret.
fn same(one: &ResumeToken, other: &ResumeToken) -> bool {
    let difference = one.0.iter().zip(&other.0).fold(0, |difference, (a, b)| difference | (a ^ b));
    std::hint::black_box(difference) == 0
}
