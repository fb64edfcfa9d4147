//! The layout: failed checks first, then what arrived, how fast, and what it cost.

use super::page::{COLUMNS, LABEL, Page, Paint, TABLE_ROWS_MAX};
use super::safe::fitted;
use super::spark::sparkline;
use super::units::{bytes, count, digits, float, millis, seconds, short, tight};
use crate::summary::{RequestStats, Spread, Summary};
use crate::verdict::Verdict;

/// Failed checks that are shown; all of them are in `summary.json`.
const FAILED_SHOWN_MAX: usize = 10;
/// Shortest elapsed time that speeds are worked out from; below it the clock says nothing.
const WALL_S_MIN: f64 = 1e-6;

/// The summary as text, at most 80 columns wide, each line with its line end. `color` adds ANSI
/// colours and nothing else. The closing lines are [`super::closing_lines`].
#[must_use]
pub fn render_text(summary: &Summary, color: bool) -> String {
    let mut page = Page {
        out: String::new(),
        color,
    };
    page.head(summary);
    page.failures(summary);
    page.delivery(summary);
    page.latency(summary);
    page.requests(summary);
    page.load(summary);
    page.costs(summary);
    page.out
}

impl Page {
    fn head(&mut self, summary: &Summary) {
        let paint = match summary.verdict {
            Verdict::Pass => Paint::Green,
            Verdict::Fail => Paint::Red,
            Verdict::Inconclusive | Verdict::Breached | Verdict::Interrupted => Paint::Yellow,
        };
        let verdict = summary.verdict.as_str();
        // The longest verdict is as wide as the label, and has a blank after it all the same.
        let name = fitted(&summary.scenario, COLUMNS - LABEL.max(verdict.len() + 1));
        self.painted_line(paint, verdict, &name);
        self.paragraphs("", &summary.reasons);
    }

    fn failures(&mut self, summary: &Summary) {
        let failed: Vec<_> = summary
            .checks
            .iter()
            .filter(|check| !check.passed)
            .collect();
        for check in failed.iter().take(FAILED_SHOWN_MAX) {
            let name = fitted(&check.name, COLUMNS - LABEL);
            self.painted_line(Paint::Red, "failed", &name);
            self.paragraphs("  ", std::slice::from_ref(&check.detail));
        }
        if failed.len() > FAILED_SHOWN_MAX {
            self.line("", &format!("and {} more", failed.len() - FAILED_SHOWN_MAX));
        }
        let passed = summary.checks.len() - failed.len();
        if summary.checks.is_empty() {
            self.line("checks", "none");
        } else {
            self.line(
                "checks",
                &format!("{passed} passed, {} failed", failed.len()),
            );
        }
    }

    fn delivery(&mut self, summary: &Summary) {
        let d = &summary.delivery;
        let due = d.sent.saturating_sub(d.pending.saturating_add(d.refused));
        let arrived = match due {
            0 => "no message was due".to_owned(),
            _ => {
                let (percent, part) = (percent(d.delivered, due), tight(d.delivered, 15));
                format!("{percent} %  {part} of {} due", tight(due, 15))
            }
        };
        self.out.push('\n');
        self.line("delivered", &arrived);
        let always = [
            ("lost", d.lost),
            ("late", d.late),
            ("duplicated", d.duplicated),
        ];
        let seldom = [
            ("pending", d.pending),
            ("never read", d.never_read),
            ("of unknown fate", d.info),
            ("phantom", d.phantom),
            ("refused as planned", d.refused),
        ];
        let seldom = seldom.into_iter().filter(|&(_, n)| n > 0);
        let parts: Vec<_> = always
            .into_iter()
            .chain(seldom)
            .map(|(what, n)| format!("{} {what}", count(n)))
            .collect();
        self.paragraphs("", &[parts.join(", ")]);
    }

    fn latency(&mut self, summary: &Summary) {
        let q = &summary.latency_ms;
        let (Some(p50), Some(p95), Some(p99)) = (q.p50, q.p95, q.p99) else {
            self.line("latency", "no message was delivered");
            return;
        };
        let [p50, p95, p99] = [p50, p95, p99].map(millis);
        self.line("latency", &format!("p50 {p50}   p95 {p95}   p99 {p99}"));
        let buckets = &summary.latency_histogram.buckets;
        if let (Some(first), Some(last)) = (buckets.first(), buckets.last()) {
            let line = sparkline(&summary.latency_histogram);
            let (from, to) = (millis(first.from_ms), millis(last.to_ms));
            self.line("", &format!("{from} {line} {to}"));
        }
    }

    fn requests(&mut self, summary: &Summary) {
        if summary.requests.is_empty() {
            return;
        }
        self.out.push('\n');
        self.table_head("requests", ["count", "bytes", "p50", "hops", "failed"]);
        for (kind, stats) in summary.requests.iter().take(TABLE_ROWS_MAX) {
            let RequestStats {
                count: n,
                bytes: size,
                ms_p50,
                hops,
                failed,
            } = *stats;
            let p50 = ms_p50.map_or_else(|| "-".to_owned(), millis);
            let size = bytes(float(size));
            let (hops, failed) = (tight(u64::from(hops), 8), tight(failed, 8));
            self.table_row(kind, [tight(n, 13), size, p50, hops, failed]);
        }
        self.rest_of_table(summary.requests.len());
    }

    fn load(&mut self, summary: &Summary) {
        if summary.load.is_empty() {
            return;
        }
        self.out.push('\n');
        self.table_head("per node", ["nodes", "total", "p50", "p95", "max"]);
        for (name, spread) in summary.load.iter().take(TABLE_ROWS_MAX) {
            let Spread {
                nodes,
                total,
                min: _,
                p50,
                p95,
                max,
            } = *spread;
            let [p50, p95, max] = [p50, p95, max].map(|n| tight(n, 8));
            self.table_row(name, [tight(nodes, 13), tight(total, 10), p50, p95, max]);
        }
        self.rest_of_table(summary.load.len());
    }

    fn costs(&mut self, summary: &Summary) {
        let carried = bytes(float(summary.bytes));
        let per_message = summary
            .bytes_per_message
            .map(|each| format!(", {} per message delivered", bytes(each)))
            .unwrap_or_default();
        self.out.push('\n');
        self.line("traffic", &format!("{carried} on links{per_message}"));
        let retries = plural(summary.retries, "retry", "retries");
        let strikes = plural(summary.strikes, "strike", "strikes");
        self.line("trouble", &format!("{retries}, {strikes}"));
        let (speed, rate) = if summary.wall_s >= WALL_S_MIN {
            let times = digits(summary.virtual_s / summary.wall_s);
            let rate = short(float(summary.events) / summary.wall_s);
            (
                format!(" ({times} times real time)"),
                format!(" ({rate}/s)"),
            )
        } else {
            (String::new(), String::new())
        };
        let (lived, took) = (seconds(summary.virtual_s), seconds(summary.wall_s));
        self.line("time", &format!("{lived} virtual in {took}{speed}"));
        self.line("events", &format!("{}{rate}", count(summary.events)));
        let memory = bytes(float(summary.rss_bytes));
        let cpu = seconds(summary.cpu_s);
        let threads = plural(summary.threads.into(), "thread", "threads");
        let spent = format!("{memory} of memory, {cpu} of CPU, {threads}");
        self.line("machine", &spent);
        self.line("crypto", &fitted(&summary.crypto, COLUMNS - LABEL));
    }
}

/// Two decimals, rounded down, so that only all of them are shown as 100.
fn percent(part: u64, whole: u64) -> String {
    if part >= whole {
        return if part == whole { "100" } else { "over 100" }.to_owned();
    }
    let hundredths = u128::from(part) * 10_000 / u128::from(whole);
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

fn plural(n: u64, one: &str, many: &str) -> String {
    format!("{} {}", tight(n, 15), if n == 1 { one } else { many })
}
