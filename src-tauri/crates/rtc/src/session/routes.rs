//! Which source each voice line carries, and what its listeners ask of its coding.

use std::collections::HashMap;

use crate::sound::Demand;
use crate::wire::{Fault, Line, MAX_LINES, Pc, SourceId};

/// Sources of a page at once.
const MAX_SOURCES: usize = 32;

#[derive(Debug, Default)]
pub(super) struct Routes {
    sources: Vec<SourceId>,
    lines: HashMap<(Pc, Line), SourceId>,
    /// Of lines that carry something, or will.
    demands: HashMap<(Pc, Line), Demand>,
}

impl Routes {
    /// A source begins.
    ///
    /// # Errors
    /// [`Fault::InvalidStateError`] when it is open already, [`Fault::QuotaExceededError`] when there are too many.
    pub(super) fn open(&mut self, source: SourceId) -> Result<(), Fault> {
        if self.sources.contains(&source) {
            return Err(Fault::InvalidStateError);
        }
        if self.sources.len() >= MAX_SOURCES {
            return Err(Fault::QuotaExceededError);
        }
        self.sources.push(source);
        Ok(())
    }

    /// A source ends, and with it what lines carry of it.
    ///
    /// # Errors
    /// [`Fault::Closed`] when it is not open.
    pub(super) fn close(&mut self, source: SourceId) -> Result<(), Fault> {
        let at = self.sources.iter().position(|open| *open == source).ok_or(Fault::Closed)?;
        self.sources.swap_remove(at);
        self.lines.retain(|_, carried| *carried != source);
        Ok(())
    }

    pub(super) fn is_open(&self, source: SourceId) -> bool {
        self.sources.contains(&source)
    }

    /// What a line carries from now on. Answers what it carried before.
    ///
    /// # Errors
    /// [`Fault::Closed`] when the source is not open, [`Fault::QuotaExceededError`] for too many lines.
    pub(super) fn attach(
        &mut self,
        pc: Pc,
        line: Line,
        source: Option<SourceId>,
    ) -> Result<Option<SourceId>, Fault> {
        let Some(source) = source else { return Ok(self.lines.remove(&(pc, line))) };
        if !self.is_open(source) {
            return Err(Fault::Closed);
        }
        let of_pc = self.lines.keys().filter(|(of, _)| *of == pc).count();
        if of_pc >= MAX_LINES && !self.lines.contains_key(&(pc, line)) {
            return Err(Fault::QuotaExceededError);
        }
        Ok(self.lines.insert((pc, line), source))
    }

    /// The lines that carry a source.
    pub(super) fn carrying(&self, source: SourceId) -> impl Iterator<Item = (Pc, Line)> {
        self.lines.iter().filter(move |(_, carried)| **carried == source).map(|(line, _)| *line)
    }

    /// They lose so much of a line, 0 to 1. Answers its source.
    pub(super) fn lost(&mut self, pc: Pc, line: Line, loss: f32) -> Option<SourceId> {
        let source = self.lines.get(&(pc, line)).copied()?;
        self.demands.entry((pc, line)).or_default().loss = loss;
        Some(source)
    }

    /// A line may take so much, bit/s. Answers its source.
    pub(super) fn limit(&mut self, pc: Pc, line: Line, max_bitrate: Option<u32>) -> Option<SourceId> {
        self.demands.entry((pc, line)).or_default().max_bitrate = max_bitrate;
        self.lines.get(&(pc, line)).copied()
    }

    /// What suits every listener of a source: the most that is lost, the least that may be taken.
    pub(super) fn demand(&self, source: SourceId) -> Demand {
        let all = self.carrying(source).filter_map(|line| self.demands.get(&line));
        all.fold(Demand::default(), |so_far, one| Demand {
            loss: so_far.loss.max(one.loss),
            max_bitrate: so_far.max_bitrate.into_iter().chain(one.max_bitrate).min(),
        })
    }

    /// A connection is gone. Answers the sources that it carried.
    pub(super) fn forget(&mut self, pc: Pc) -> Vec<SourceId> {
        let carried = self.lines.iter().filter(|((of, _), _)| *of == pc).map(|(_, source)| *source).collect();
        self.lines.retain(|(of, _), _| *of != pc);
        self.demands.retain(|(of, _), _| *of != pc);
        carried
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_reckons_with_its_worst_listener() {
        let mut routes = Routes::default();
        assert_eq!(routes.attach(1, 0, Some(7)), Err(Fault::Closed));
        routes.open(7).unwrap();
        routes.open(8).unwrap();
        assert_eq!(routes.open(7), Err(Fault::InvalidStateError));
        assert_eq!(routes.lost(1, 0, 0.5), None, "carries nothing");
        assert_eq!(routes.attach(1, 0, Some(7)), Ok(None));
        assert_eq!(routes.attach(2, 0, Some(7)), Ok(None));
        assert_eq!(routes.attach(2, 1, Some(8)), Ok(None));
        assert_eq!(routes.lost(1, 0, 0.1), Some(7));
        assert_eq!(routes.lost(2, 0, 0.3), Some(7));
        assert_eq!(routes.demand(7).loss, 0.3);
        assert_eq!(routes.demand(8).loss, 0.0);
        assert_eq!(routes.attach(2, 0, Some(8)), Ok(Some(7)));
        assert_eq!(routes.demand(7).loss, 0.1);
        assert_eq!(routes.demand(8).loss, 0.3);
        let mut carried = routes.forget(2);
        carried.sort_unstable();
        assert_eq!(carried, [8, 8]);
        assert_eq!(routes.carrying(8).count(), 0);
        routes.close(7).unwrap();
        assert_eq!(routes.carrying(7).count(), 0);
        assert_eq!(routes.close(7), Err(Fault::Closed));
    }

    #[test]
    fn a_source_takes_no_more_than_its_narrowest_listener_may() {
        let mut routes = Routes::default();
        routes.open(7).unwrap();
        assert_eq!(routes.limit(1, 0, Some(24_000)), None, "carries nothing yet");
        routes.attach(1, 0, Some(7)).unwrap();
        routes.attach(2, 0, Some(7)).unwrap();
        assert_eq!(routes.demand(7).max_bitrate, Some(24_000));
        assert_eq!(routes.limit(2, 0, Some(12_000)), Some(7));
        assert_eq!(routes.demand(7).max_bitrate, Some(12_000));
        routes.limit(2, 0, None);
        assert_eq!(routes.demand(7).max_bitrate, Some(24_000));
        routes.forget(1);
        assert_eq!(routes.demand(7).max_bitrate, None);
    }

    #[test]
    fn sources_and_lines_are_bounded() {
        let mut routes = Routes::default();
        let opened = (0..100).filter(|source| routes.open(*source).is_ok()).count();
        assert_eq!(opened, MAX_SOURCES);
        let attached = (0..100).filter(|line| routes.attach(1, *line, Some(0)).is_ok()).count();
        assert_eq!(attached, MAX_LINES);
    }
}
