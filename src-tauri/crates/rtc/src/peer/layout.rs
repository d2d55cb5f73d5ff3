//! The engine's own list of m-lines. It grows in its own order and knows each line by its mid, so a place in our
//! descriptions can be given to another line (RFC 8829, section 5.2.2), and lines that are refused never reach it.

use std::fmt::Write as _;

use super::theirs::{Section, Theirs, Transport};
use crate::wire::{Direction, Fault, MAX_LINES};

/// The most lines of the engine: those of a description, and stopped ones that nothing has taken the place of.
const MAX_ENGINE_LINES: usize = 2 * MAX_LINES;

/// A line of the engine.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Known {
    mid: String,
    media: String,
    /// The engine takes it up again only as a new one.
    stopped: bool,
}

/// A place in a description that is given to the engine, and which of their sections stands there.
#[derive(Debug)]
pub(super) struct Place {
    known: Known,
    section: Option<usize>,
    /// Of a stopped line with this mid nothing may be left in the engine.
    pub(super) revived: bool,
}

impl Place {
    pub(super) fn mid(&self) -> &str {
        &self.known.mid
    }
}

#[derive(Debug, Default)]
pub(super) struct Layout(Vec<Known>);

fn is_channels(media: &str) -> bool {
    media == "application"
}

impl Layout {
    /// The mid by which the engine knows its line of data channels.
    pub(super) fn channels(&self) -> Option<&str> {
        self.0.iter().find(|known| is_channels(&known.media)).map(|known| known.mid.as_str())
    }

    pub(super) fn has_room(&self, more: usize) -> bool {
        self.0.len() + more <= MAX_ENGINE_LINES
    }

    /// Forgets the stopped lines at the end: nothing counts on their places. Their mids.
    pub(super) fn prune(&mut self) -> Vec<String> {
        let mut gone = Vec::new();
        while let Some(last) = self.0.pop_if(|last| last.stopped) {
            gone.push(last.mid);
        }
        gone
    }

    /// All lines of sound and pictures are over. The mids of those that were not yet.
    pub(super) fn stop_all(&mut self) -> Vec<String> {
        let running = self.0.iter_mut().filter(|known| !known.stopped && !is_channels(&known.media));
        running
            .map(|known| {
                known.stopped = true;
                known.mid.clone()
            })
            .collect()
    }

    /// For an offer of theirs.
    ///
    /// # Errors
    /// [`Fault::OperationError`] when a mid stands for something else than before.
    pub(super) fn of_offer(&self, theirs: &Theirs) -> Result<Vec<Place>, Fault> {
        let mut rest: Vec<usize> = Vec::new();
        let mut places: Vec<Place> = self.0.iter().map(Place::stopped).collect();
        for (at, section) in theirs.taking_part() {
            match places.iter_mut().find(|place| place.known.is_of(section)) {
                Some(place) if place.section.is_some() => return Err(Fault::OperationError),
                Some(place) => place.give(at, section)?,
                None => rest.push(at),
            }
        }
        // Places of stopped lines are used again, but not for channels: the engine could not tell them apart.
        let section = |at: usize| &theirs.sections[at];
        for place in &mut places {
            let is_free = place.section.is_none() && place.known.stopped;
            let next = rest.iter().position(|at| !section(*at).is_channels());
            if let (true, Some(next)) = (is_free, next) {
                let at = rest.remove(next);
                place.known = Known::of(section(at));
                place.section = Some(at);
            }
        }
        places.extend(rest.into_iter().map(|at| Place {
            known: Known::of(section(at)),
            section: Some(at),
            revived: false,
        }));
        if places.len() > MAX_ENGINE_LINES { Err(Fault::QuotaExceededError) } else { Ok(places) }
    }

    /// For an answer to our offer, which had these lines that are new to the engine.
    pub(super) fn of_answer<'a>(
        &self,
        theirs: &Theirs,
        new: impl Iterator<Item = (&'a str, &'a str)>,
    ) -> Vec<Place> {
        let new =
            new.map(|(mid, media)| Known { mid: mid.to_owned(), media: media.to_owned(), stopped: false });
        let mut places: Vec<Place> =
            self.0.iter().cloned().chain(new).map(|known| Place::stopped(&known)).collect();
        for (at, section) in theirs.taking_part() {
            let place = places.iter_mut().find(|place| place.known.is_of(section) && !place.known.stopped);
            if let Some(place) = place {
                place.section = Some(at);
            }
        }
        places
    }

    /// The engine has taken a description.
    pub(super) fn took(&mut self, places: Vec<Place>) {
        let known = |place: Place| Known {
            stopped: place.section.is_none() && !is_channels(&place.known.media),
            ..place.known
        };
        self.0 = places.into_iter().map(known).collect();
    }
}

impl Known {
    fn of(section: &Section) -> Self {
        Self { mid: section.mid.clone(), media: section.media.clone(), stopped: false }
    }

    /// There is one line of channels, whatever it is called.
    fn is_of(&self, section: &Section) -> bool {
        if section.is_channels() { is_channels(&self.media) } else { self.mid == section.mid }
    }
}

impl Place {
    fn stopped(known: &Known) -> Self {
        Self { known: known.clone(), section: None, revived: false }
    }

    fn give(&mut self, at: usize, section: &Section) -> Result<(), Fault> {
        if self.known.stopped {
            self.revived = true;
            self.known = Known::of(section);
        } else if self.known.media != section.media {
            return Err(Fault::OperationError);
        }
        self.section = Some(at);
        Ok(())
    }
}

/// What the engine is given: `directions` of their sections, as they would have to offer (or have answered) for what is
/// agreed.
pub(super) fn write(
    places: &[Place],
    theirs: &Theirs,
    transport: &Transport,
    directions: &[Direction],
) -> String {
    let mut text = String::from("v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE");
    let is_on = |place: &&Place| place.section.is_some() || is_channels(&place.known.media);
    for place in places.iter().filter(is_on) {
        let _ = write!(text, " {}", place.known.mid);
    }
    text.push_str("\r\n");
    if transport.lite {
        text.push_str("a=ice-lite\r\n");
    }
    let attributes = transport.attributes();
    for Place { known, section, .. } in places {
        match section.and_then(|at| Some((theirs.sections.get(at)?, directions.get(at).copied()))) {
            Some((section, direction)) => {
                section.write(&mut text, &known.mid, &attributes, direction.unwrap_or(Direction::Inactive));
            }
            // A line of channels that is refused stays without a peer; the engine cannot give it up.
            None if is_channels(&known.media) => {
                super::theirs::channels(&mut text, &known.mid, &attributes, None)
            }
            None => {
                let _ = write!(text, "m={} 0 UDP/TLS/RTP/SAVPF 0\r\nc=IN IP4 0.0.0.0\r\n", known.media);
                let _ = write!(text, "a=mid:{}\r\na=inactive\r\n{attributes}", known.mid);
            }
        }
    }
    text
}
