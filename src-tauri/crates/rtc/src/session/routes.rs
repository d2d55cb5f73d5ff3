//! Which source each voice line carries, and how much of it is lost.

use std::collections::HashMap;

use crate::wire::{Fault, Line, MAX_LINES, Pc, SourceId};

/// Sources of a page at once.
const MAX_SOURCES: usize = 32;

#[derive(Debug, Default)]
pub(super) struct Routes {
    sources: Vec<SourceId>,
    lines: HashMap<(Pc, Line), SourceId>,
    lost: HashMap<(Pc, Line), f32>,
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

    /// They lose so much of a line. Answers its source.
    pub(super) fn lost(&mut self, pc: Pc, line: Line, fraction: f32) -> Option<SourceId> {
        let source = self.lines.get(&(pc, line)).copied()?;
        self.lost.insert((pc, line), fraction);
        Some(source)
    }

    /// What the worst listener of a source loses, 0 to 1.
    pub(super) fn worst(&self, source: SourceId) -> f32 {
        self.carrying(source).filter_map(|line| self.lost.get(&line)).copied().fold(0.0, f32::max)
    }

    /// A connection is gone. Answers the sources that it carried.
    pub(super) fn forget(&mut self, pc: Pc) -> Vec<SourceId> {
        let carried = self.lines.iter().filter(|((of, _), _)| *of == pc).map(|(_, source)| *source).collect();
        self.lines.retain(|(of, _), _| *of != pc);
        self.lost.retain(|(of, _), _| *of != pc);
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
        assert_eq!(routes.worst(7), 0.3);
        assert_eq!(routes.worst(8), 0.0);
        assert_eq!(routes.attach(2, 0, Some(8)), Ok(Some(7)));
        assert_eq!(routes.worst(7), 0.1);
        assert_eq!(routes.worst(8), 0.3);
        let mut carried = routes.forget(2);
        carried.sort_unstable();
        assert_eq!(carried, [8, 8]);
        assert_eq!(routes.carrying(8).count(), 0);
        routes.close(7).unwrap();
        assert_eq!(routes.carrying(7).count(), 0);
        assert_eq!(routes.close(7), Err(Fault::Closed));
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
