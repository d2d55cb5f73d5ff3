//! WebRTC for a webview that has none. The page captures, codes and shows; this crate does ICE, DTLS, SRTP, SCTP,
//! bandwidth estimation and sound, on str0m. The page's side is a class of the name `RTCPeerConnection`.
//!
//! ```text
//! page ── one loopback WebSocket ── session ─┬─ peer (sans-IO, one per connection) ── net (sockets, STUN, TURN)
//!                                            └─ sound (jitter buffer, Opus, echo cancellation)
//! ```
//!
//! Invariants:
//! * [`peer`] and [`sound`] have no IO and no clock of their own: what happens is told to them with its time.
//! * A page reaches only what it opened; when its socket closes, all of that closes.
//! * Everything is bounded: see [`wire`].

pub mod frame;
pub mod net;
pub mod peer;
pub mod sound;
pub mod wire;

mod service;
mod session;

pub use service::{LocalNames, NoLocalNames, Options, Rtc, StartError, Ticket};
