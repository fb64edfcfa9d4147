//! How far a run has come, as one line. Elapsed time is an argument: this crate has no clock.

use crate::text::units::{count, digits, seconds, short};

/// Characters of the bar itself.
const BAR: usize = 20;
/// Width of a line that is drawn over the one before it.
const COLUMNS: usize = 79;

/// A moment of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Virtual time reached, ns.
    pub virtual_ns: u64,
    /// Virtual time at which the run ends, ns.
    pub end_ns: u64,
    /// Kernel events handled so far.
    pub events: u64,
}

impl Progress {
    /// The part of the virtual time that has passed, 0 to 1.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a bar has twenty characters")]
    pub fn fraction(&self) -> f64 {
        if self.end_ns == 0 {
            return 1.0;
        }
        (self.virtual_ns as f64 / self.end_ns as f64).clamp(0.0, 1.0)
    }

    /// Events handled per elapsed second; `None` before any time has passed.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
    pub fn events_per_s(&self, elapsed_s: f64) -> Option<f64> {
        (elapsed_s > 0.0).then(|| self.events as f64 / elapsed_s)
    }

    /// Seconds left if virtual time goes on at its average speed so far; `None` before anything
    /// has happened.
    #[must_use]
    pub fn eta_s(&self, elapsed_s: f64) -> Option<f64> {
        let fraction = self.fraction();
        (elapsed_s > 0.0 && fraction > 0.0).then(|| elapsed_s * (1.0 - fraction) / fraction)
    }

    /// A line for a terminal: begins with a carriage return, has no line end, and always has the
    /// same width (79 columns), so that the next one covers it.
    #[must_use]
    pub fn bar(&self, elapsed_s: f64) -> String {
        let full = (0..BAR)
            .filter(|&i| part_of_bar(i) <= self.fraction())
            .count();
        let bar = format!("{}{}", "█".repeat(full), "░".repeat(BAR - full));
        let Facts {
            percent,
            lived,
            end,
            rate,
            left,
        } = self.facts(elapsed_s);
        let line = format!("{bar} {percent:>3} %  {lived} of {end}  {rate} events/s  {left} left");
        format!("\r{line:<COLUMNS$.COLUMNS$}")
    }

    /// A line for a log: no control characters and no line end.
    #[must_use]
    pub fn line(&self, elapsed_s: f64) -> String {
        let Facts {
            percent,
            lived,
            end,
            rate,
            left,
        } = self.facts(elapsed_s);
        let events = count(self.events);
        format!(
            "{percent} %: {lived} of {end} virtual, {events} events, {rate} events/s, {left} left"
        )
    }

    /// What covers a [`Progress::bar`] and leaves the cursor at the start of the line.
    #[must_use]
    pub fn clear() -> String {
        format!("\r{:COLUMNS$}\r", "")
    }

    #[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
    fn facts(&self, elapsed_s: f64) -> Facts {
        let or_unknown = |text: Option<String>| text.unwrap_or_else(|| "?".to_owned());
        Facts {
            // Rounded down: 100 % means the end.
            percent: format!("{:.0}", (self.fraction() * 100.0).floor()),
            lived: digits(self.virtual_ns as f64 / 1e9),
            end: seconds(self.end_ns as f64 / 1e9),
            rate: or_unknown(self.events_per_s(elapsed_s).map(short)),
            left: or_unknown(self.eta_s(elapsed_s).map(seconds)),
        }
    }
}

struct Facts {
    percent: String,
    lived: String,
    end: String,
    rate: String,
    left: String,
}

/// The fraction from which on character `i` of the bar is full.
fn part_of_bar(i: usize) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "at most twenty")]
    let part = (i + 1) as f64 / BAR as f64;
    part
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: u64 = 1_000_000_000;

    #[test]
    fn a_third_of_the_way() {
        let progress = Progress {
            virtual_ns: 1200 * S,
            end_ns: 3600 * S,
            events: 1_234_567,
        };
        assert_eq!(
            progress.line(0.5),
            "33 %: 1,200 of 3,600 s virtual, 1,234,567 events, 2.47 M events/s, 1.00 s left"
        );
        let bar = progress.bar(0.5);
        let expected =
            "\r██████░░░░░░░░░░░░░░  33 %  1,200 of 3,600 s  2.47 M events/s  1.00 s left";
        assert_eq!(bar.trim_end(), expected);
        assert_eq!(bar.chars().count(), COLUMNS + 1);
    }

    #[test]
    fn beginning_and_end() {
        let start = Progress {
            virtual_ns: 0,
            end_ns: 10 * S,
            events: 0,
        };
        assert_eq!(
            (start.eta_s(1.0), start.eta_s(0.0), start.events_per_s(0.0)),
            (None, None, None)
        );
        assert!(start.bar(0.0).contains("? events/s  ? left"));
        let end = Progress {
            virtual_ns: 10 * S,
            end_ns: 10 * S,
            events: 5,
        };
        assert_eq!(end.eta_s(2.0), Some(0.0));
        assert!(end.bar(2.0).contains(&format!("{} 100 %", "█".repeat(BAR))));
        let empty = Progress {
            virtual_ns: 0,
            end_ns: 0,
            events: 0,
        };
        assert!((empty.fraction() - 1.0).abs() < f64::EPSILON);
    }

    #[test]
    fn almost_done_is_not_done() {
        let progress = Progress {
            virtual_ns: 9_999_999_999,
            end_ns: 10 * S,
            events: 5,
        };
        assert!(progress.line(1.0).starts_with("99 %"));
        assert!(progress.bar(1.0).contains('░'));
    }

    #[test]
    fn the_widest_line_is_covered_by_the_next() {
        let huge = Progress {
            virtual_ns: u64::MAX,
            end_ns: u64::MAX,
            events: u64::MAX,
        };
        assert_eq!(huge.bar(1e-9).chars().count(), COLUMNS + 1);
        assert_eq!(Progress::clear().chars().count(), COLUMNS + 2);
    }
}
