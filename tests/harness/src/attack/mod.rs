//! Attackers: what runs on a hostile host of an office, and how a test gives it orders.
//!
//! * [`hub`]: a signaling server that speaks the protocol well and lies; its lies are chosen by [`Attack`].
//! * `middle.js`: a page with a peer connection to each of two people, which shows what it sees and passes it on.
//! * [`lan`]: a machine on the local network that claims to be somebody else.
//! * [`naive`]: no attacker but a victim, a hub that lacks one check of the product's.
//!
//! The attackers use the product's own crates wherever an honest program would do the same. What they lack is honesty.

pub mod hub;
pub mod lan;
pub mod naive;
mod orders;
mod tamper;

pub use orders::{Act, Attack, Forging, Told};
