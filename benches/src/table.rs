//! Measured values, and the table they end in.

use std::fmt::Write as _;

/// What a line counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    /// Milliseconds.
    Ms,
    /// Microseconds.
    Us,
    /// MiB, proportional set size.
    MiB,
    /// KiB, proportional set size.
    KiB,
    /// Percent of one core.
    Percent,
    /// Pictures a second.
    Fps,
    /// Pixels.
    Pixels,
    /// Decibels.
    Db,
    /// MiB a second.
    MiBs,
    /// A plain number.
    Count,
}

impl Unit {
    fn name(self) -> &'static str {
        match self {
            Self::Ms => "ms",
            Self::Us => "µs",
            Self::MiB => "MiB",
            Self::KiB => "KiB",
            Self::Percent => "%",
            Self::Fps => "/s",
            Self::Pixels => "px",
            Self::Db => "dB",
            Self::MiBs => "MiB/s",
            Self::Count => "",
        }
    }
}

/// One line: the same thing measured several times.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    what: String,
    unit: Unit,
    values: Vec<f64>,
    floor: Option<usize>,
}

/// Lines that belong together, floors among them.
#[derive(Debug, Clone)]
pub(crate) struct Group {
    title: &'static str,
    lines: Vec<Line>,
}

impl Group {
    /// Without lines yet.
    #[must_use]
    pub(crate) fn new(title: &'static str) -> Self {
        Self { title, lines: Vec::new() }
    }

    /// What this machine does at best, measured in the same run; returns its number for [`Group::beside`].
    pub(crate) fn floor(&mut self, what: &str, unit: Unit, values: Vec<f64>) -> usize {
        self.lines.push(Line { what: format!("floor: {what}"), unit, values, floor: None });
        self.lines.len() - 1
    }

    /// A line beside the floor of this number. Its ratio is that of the medians.
    pub(crate) fn beside(&mut self, floor: usize, what: &str, unit: Unit, values: Vec<f64>) {
        self.lines.push(Line { what: what.to_owned(), unit, values, floor: Some(floor) });
    }

    /// A line that stands alone.
    pub(crate) fn alone(&mut self, what: &str, unit: Unit, values: Vec<f64>) {
        self.lines.push(Line { what: what.to_owned(), unit, values, floor: None });
    }

    fn ratio(&self, line: &Line) -> Option<f64> {
        let floor = median(&self.lines.get(line.floor?)?.values)?;
        let value = median(&line.values)?;
        (floor > 0.0).then(|| value / floor)
    }
}

/// The value in the middle; the mean of two for an even count.
fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => None,
        len if len % 2 == 1 => Some(sorted[middle]),
        _ => Some(f64::midpoint(sorted[middle - 1], sorted[middle])),
    }
}

/// All groups as one Markdown table.
#[must_use]
pub(crate) fn markdown(groups: &[Group]) -> String {
    let mut rows = vec![["", "n", "min", "median", "max", "", "of the floor"].map(str::to_owned)];
    for group in groups {
        rows.push([
            format!("**{}**", group.title),
            String::new(),
            String::new(),
            String::new(),
            String::new(),
            String::new(),
            String::new(),
        ]);
        for line in &group.lines {
            let cell = |value: Option<f64>| value.map(number).unwrap_or_default();
            rows.push([
                line.what.clone(),
                line.values.len().to_string(),
                cell(line.values.iter().copied().reduce(f64::min)),
                cell(median(&line.values)),
                cell(line.values.iter().copied().reduce(f64::max)),
                line.unit.name().to_owned(),
                group.ratio(line).map(|ratio| format!("{ratio:.2} x")).unwrap_or_default(),
            ]);
        }
    }
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..7).map(width).collect();
    let mut text = String::new();
    for (index, row) in rows.iter().enumerate() {
        text.push('|');
        for (column, cell) in row.iter().enumerate() {
            let pad = " ".repeat(widths[column] - cell.chars().count());
            let is_number = (1..5).contains(&column) || column == 6;
            let _ = if is_number { write!(text, " {pad}{cell} |") } else { write!(text, " {cell}{pad} |") };
        }
        text.push('\n');
        if index == 0 {
            text.push('|');
            for (column, width) in widths.iter().enumerate() {
                let is_number = (1..5).contains(&column) || column == 6;
                let _ = write!(text, "{}{}|", "-".repeat(width + 1), if is_number { ":" } else { "-" });
            }
            text.push('\n');
        }
    }
    text
}

/// Three digits are more than such numbers are worth.
fn number(value: f64) -> String {
    if value < 10.0 { format!("{value:.1}") } else { format!("{value:.0}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_in_the_middle() {
        assert_eq!(median(&[]), None);
        assert_eq!(median(&[3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), Some(2.5));
    }

    #[test]
    fn a_line_tells_its_ratio_to_its_floor() {
        let mut group = Group::new("Speed");
        let floor = group.floor("light", Unit::Ms, vec![2.0, 1.0, 3.0]);
        group.beside(floor, "ours", Unit::Ms, vec![5.0]);
        group.alone("theirs", Unit::Us, vec![7.0]);
        let text = markdown(&[group]);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 6, "{text}");
        assert!(lines[3].contains("floor: light") && !lines[3].contains(" x "), "{text}");
        assert!(lines[4].contains("2.50 x"), "{text}");
        assert!(!lines[5].contains(" x "), "{text}");
        let widths: Vec<usize> = lines.iter().map(|line| line.chars().count()).collect();
        assert!(widths.iter().all(|width| *width == widths[0]), "{text}");
    }
}
