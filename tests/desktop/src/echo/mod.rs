//! A loudspeaker call: what comes back to who speaks, and what arrives of who answers at the same time.
//!
//! The near side sits in a [`Room`](earshot_harness::Room), whose microphone hears its loudspeaker at full level; the
//! far side's voice is a file. What the far side hears is recorded at its own loudspeaker, with the engine's own call
//! between the two, so that everything counts that an engine does to a voice.

mod signal;
mod talk;

pub use signal::{Voice, level, same_in_both};
pub use talk::{Echo, Engine, measure, mouth_to_ear};
