//! Presence, rings and rooms as a pure state machine: `(time, randomness, input) -> outputs`.

mod io;

pub use io::{Config, ConnectionId, Counts, Fresh, Input, Output, Time, Visitor};

/// The state machine.
#[derive(Debug)]
pub struct Hub {
    config: Config,
}

impl Hub {
    /// An empty hub.
    #[must_use]
    pub fn new(config: Config) -> Self {
        Self { config }
    }

    /// Takes one input and says what is to be done.
    pub fn handle(&mut self, now: Time, fresh: Fresh, input: Input) -> Vec<Output> {
        let _ = (now, fresh, input, &self.config);
        Vec::new()
    }

    /// When the hub wants an input again, at the latest; [`Input::Tick`] will do. `None`: not before something happens.
    #[must_use]
    pub fn deadline(&self) -> Option<Time> {
        None
    }

    /// How much is held.
    #[must_use]
    pub fn counts(&self) -> Counts {
        Counts::default()
    }

    /// Whether nothing at all is held.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.counts() == Counts::default()
    }
}
