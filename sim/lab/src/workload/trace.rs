//! Reading a trace: lines `SRC DST UNIX_SECONDS`.

use core::ops::Range;
use std::collections::BTreeMap;

use super::Times;
use crate::scenario::{ScenarioError, TraceText, units::Span};

/// Lines a trace may have.
const LINES_MAX: usize = 10_000_000;

/// Reads a trace and maps its whole span onto `over`: the first line is sent at the start, the
/// last at `over`. Clients are numbered in order of first appearance.
///
/// # Errors
/// [`ScenarioError`] pointing at the first line that cannot be read.
pub(super) fn read(trace: &TraceText, over: Span) -> Result<(u32, Times), ScenarioError> {
    let fail = |span: Range<usize>, message: String, help: &str| {
        Err(ScenarioError::at(&trace.name, &trace.text, Some(span), message).help(help))
    };
    let mut people: BTreeMap<u64, u32> = BTreeMap::new();
    let mut lines: Vec<(u64, u32, u32)> = Vec::new();
    let mut start = 0;
    for (number, line) in trace.text.split_inclusive('\n').enumerate() {
        let text = line.trim_end_matches(['\n', '\r']);
        let span = start..start + text.len();
        start += line.len();
        if lines.len() == LINES_MAX {
            return fail(
                span,
                format!("more than {LINES_MAX} lines"),
                "cut the trace",
            );
        }
        let Some([from, to, at]) = parse(text) else {
            let message = format!("line {} is not `SRC DST UNIX_SECONDS`", number + 1);
            return fail(
                span,
                message,
                "three whole numbers separated by single spaces",
            );
        };
        if lines.last().is_some_and(|(before, _, _)| *before > at) {
            let message = format!("line {} goes back in time", number + 1);
            return fail(span, message, "sort the trace by its third column");
        }
        let mut person = |id: u64| {
            let next = u32::try_from(people.len()).unwrap_or(u32::MAX);
            *people.entry(id).or_insert(next)
        };
        lines.push((at, person(from), person(to)));
    }
    let (Some(first), Some(last)) = (lines.first(), lines.last()) else {
        return fail(
            0..0,
            "the trace is empty".to_owned(),
            "give at least one line",
        );
    };
    let (first, span) = (first.0, (last.0 - first.0).max(1));
    let scale = |at: u64| {
        let ns = u128::from(at - first) * u128::from(over.ns()) / u128::from(span);
        Span(u64::try_from(ns).unwrap_or(u64::MAX))
    };
    let times = lines
        .iter()
        .map(|(at, from, to)| (scale(*at), *from, *to))
        .collect();
    Ok((u32::try_from(people.len()).unwrap_or(u32::MAX), times))
}

fn parse(line: &str) -> Option<[u64; 3]> {
    let mut fields = line.split(' ').map(|field| field.parse().ok());
    let out = [fields.next()??, fields.next()??, fields.next()??];
    fields.next().is_none().then_some(out)
}
