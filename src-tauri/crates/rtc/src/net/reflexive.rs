//! One question to a STUN server: which address does it see (RFC 8489, section 7; RFC 8445, section 5.1.1.2)?

use std::net::SocketAddr;
use std::time::Duration;

use stun_proto::Instant;
use stun_proto::agent::{StunAgent, StunAgentPollRet};
use stun_proto::types::TransportType;
use stun_proto::types::attribute::XorMappedAddress;
use stun_proto::types::message::{BINDING, Message, MessageWriteVec};
use stun_proto::types::prelude::*;

/// 0, 0.3, 0.9, 1.9 and 2.9 s, then 2 s more: [`super::SERVER_TIMEOUT`] ends it anyway.
const FIRST_REPEAT: Duration = Duration::from_millis(300);
const LONGEST_REPEAT: Duration = Duration::from_secs(1);
const TIMES: u32 = 5;
const LAST_WAIT: Duration = Duration::from_secs(2);

#[derive(Debug)]
pub(super) struct Question {
    agent: StunAgent,
    /// Of the socket that asks.
    pub(super) base: SocketAddr,
    pub(super) server: SocketAddr,
}

/// What became of a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    /// What the server saw.
    Address(SocketAddr),
    /// An error, or nothing in time.
    Nothing,
}

impl Question {
    /// A question, and its first datagram.
    pub(super) fn ask(base: SocketAddr, server: SocketAddr, now: Instant) -> Option<(Self, Vec<u8>)> {
        let mut agent = StunAgent::builder(TransportType::Udp, base)
            .remote_addr(server)
            .request_retransmits(FIRST_REPEAT, LONGEST_REPEAT, TIMES, LAST_WAIT)
            .build();
        let request = Message::builder_request(BINDING, MessageWriteVec::new()).finish();
        let first = agent.send_request(request, server, now).ok()?.data.to_vec();
        Some((Self { agent, base, server }, first))
    }

    /// Datagrams that are due now, when to look again, and the end if it has come.
    pub(super) fn poll(&mut self, now: Instant, mut send: impl FnMut(&[u8])) -> (Instant, Option<Answer>) {
        match self.agent.poll(now) {
            StunAgentPollRet::WaitUntil(next) => {
                while let Some(transmit) = self.agent.poll_transmit(now) {
                    send(transmit.data);
                }
                (next, None)
            }
            _ => (now, Some(Answer::Nothing)),
        }
    }

    /// Looks at a datagram of the server's: None when it is no answer to this question.
    pub(super) fn answer(&mut self, contents: &[u8], now: Instant) -> Option<Answer> {
        let message = Message::from_bytes(contents).ok().filter(Message::is_response)?;
        if !self.agent.handle_stun_message_with_time(&message, self.server, now) {
            return None;
        }
        let seen = message.attribute::<XorMappedAddress>().ok();
        Some(seen.map_or(Answer::Nothing, |seen| Answer::Address(seen.addr(message.transaction_id()))))
    }
}
