//! How far a run is, on stderr.

use std::time::{Duration, Instant};

use leek_report::Progress;

use crate::console;

/// Time between two states of the bar: as often as an eye can follow.
const BAR_PERIOD: Duration = Duration::from_millis(100);
/// Time between two lines of a log: a run of an hour leaves a few hundred.
const LINE_PERIOD: Duration = Duration::from_secs(5);

/// Where progress goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Style {
    /// A bar that is drawn over, for a terminal.
    Bar,
    /// A line now and then, for a log.
    Lines,
    /// Nothing.
    Silent,
}

/// Shows how far a run is, not too often.
pub(crate) struct Meter {
    style: Style,
    started: Instant,
    shown: Option<Instant>,
}

impl Meter {
    /// Starts the clock. A quiet meter shows nothing.
    pub(crate) fn start(quiet: bool) -> Self {
        let style = match (quiet, console::stderr_redraws()) {
            (true, _) => Style::Silent,
            (false, true) => Style::Bar,
            (false, false) => Style::Lines,
        };
        Self {
            style,
            started: Instant::now(),
            shown: None,
        }
    }

    /// Tells the progress if it is time to.
    pub(crate) fn show(&mut self, progress: &Progress) {
        let now = Instant::now();
        let text = self.text(progress, now);
        if let Some(text) = text {
            self.shown = Some(now);
            console::talk(&text);
        }
    }

    fn text(&self, progress: &Progress, now: Instant) -> Option<String> {
        let since = |earlier| now.duration_since(earlier);
        let elapsed_s = since(self.started).as_secs_f64();
        match self.style {
            Style::Silent => None,
            Style::Bar => self
                .shown
                .is_none_or(|shown| since(shown) >= BAR_PERIOD)
                .then(|| progress.bar(elapsed_s)),
            // The first line after a period: a short run leaves none.
            Style::Lines => (since(self.shown.unwrap_or(self.started)) >= LINE_PERIOD)
                .then(|| progress.line(elapsed_s) + "\n"),
        }
    }

    /// A line of talk; a bar makes way for it.
    pub(crate) fn say(&self, line: &str) {
        if self.style == Style::Silent {
            return;
        }
        self.clear();
        console::talk(&format!("{line}\n"));
    }

    /// Wipes the bar, if there is one.
    pub(crate) fn clear(&self) {
        if self.style == Style::Bar && self.shown.is_some() {
            console::talk(&Progress::clear());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HALF: Progress = Progress {
        virtual_ns: 5_000_000_000,
        end_ns: 10_000_000_000,
        events: 9,
    };

    fn meter(style: Style) -> Meter {
        Meter {
            style,
            started: Instant::now(),
            shown: None,
        }
    }

    #[test]
    fn a_log_gets_a_line_every_few_seconds() {
        let mut meter = meter(Style::Lines);
        let at = |s| meter.started + Duration::from_secs(s);
        let (four, six, ten, eleven) = (at(4), at(6), at(10), at(11));
        assert_eq!(meter.text(&HALF, four), None);
        let line = meter.text(&HALF, six).unwrap();
        assert!(line.starts_with("50 %: ") && line.ends_with('\n'), "{line}");
        meter.shown = Some(six);
        assert_eq!(meter.text(&HALF, ten), None);
        assert!(meter.text(&HALF, eleven).is_some());
    }

    #[test]
    fn a_terminal_gets_a_bar_at_once_and_then_ten_a_second() {
        let mut meter = meter(Style::Bar);
        let bar = meter.text(&HALF, meter.started).unwrap();
        assert!(bar.starts_with('\r') && !bar.contains('\n'), "{bar}");
        meter.shown = Some(meter.started);
        assert_eq!(
            meter.text(&HALF, meter.started + Duration::from_millis(99)),
            None
        );
        assert!(
            meter
                .text(&HALF, meter.started + Duration::from_millis(100))
                .is_some()
        );
    }

    #[test]
    fn quiet_is_quiet() {
        let meter = meter(Style::Silent);
        assert_eq!(
            meter.text(&HALF, meter.started + Duration::from_secs(60)),
            None
        );
    }
}
