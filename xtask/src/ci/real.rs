//! A network of real processes: crashes, abuse, load.
//!
//! What is promised gates: no claim of durability broken, no honest request lost under attack,
//! memory within its cap, no request failed, every connection held. Rates and quantiles are printed
//! and do not gate: they are of a machine that nobody promised to keep quiet.

use std::{path::Path, process::Stdio};

use serde::Deserialize;

use super::{cargo, cargo_program, command};
use crate::terminal;

const CRASH: &str = "bench crash --rounds 5 --messages 1000";
const RECEIVED: &str = "bench crash --rounds 5 --messages 1000 --ack received";
const ABUSE: &str = "bench abuse --seconds 3 --json";
const NET: &str = "bench net --seconds 2 --connections 1000 --json";

/// Runs all of it.
///
/// # Errors
/// What was promised and not kept.
pub(super) fn run(root: &Path) -> Result<(), String> {
    cargo(root, "build --locked --package leek-cli")?;
    cargo(root, &format!("run --locked --quiet -- {CRASH}"))?;
    cargo(root, &format!("run --locked --quiet -- {RECEIVED}"))?;
    abuse(&measured(root, ABUSE)?)?;
    load(&measured(root, NET)?)
}

/// The JSON that a benchmark prints. Exit code 1 says that a figure was missed, which the caller
/// judges.
fn measured(root: &Path, what: &str) -> Result<String, String> {
    let arguments = format!("run --locked --quiet -- {what}");
    terminal::say(&format!("$ cargo {arguments}"));
    let output = command(root, cargo_program(), &arguments)
        .stderr(Stdio::inherit())
        .output()
        .map_err(|e| format!("start cargo: {e}"))?;
    match output.status.code() {
        Some(0 | 1) => String::from_utf8(output.stdout).map_err(|e| format!("leek {what}: {e}")),
        _ => Err(format!("leek {what}: {}", output.status)),
    }
}

#[derive(Debug, Deserialize)]
struct Measured {
    sent: u64,
    ok: u64,
    latency: Latency,
}

#[derive(Debug, Deserialize)]
struct Latency {
    p99_ms: f64,
}

#[derive(Debug, Deserialize)]
struct Abuse {
    calm: Measured,
    rows: Vec<Attack>,
    memory_cap_bytes: u64,
}

#[derive(Debug, Deserialize)]
struct Attack {
    attack: String,
    connections: u64,
    honest: Measured,
    p99_ratio: f64,
    peak_bytes: u64,
}

fn abuse(json: &str) -> Result<(), String> {
    let report: Abuse = parse(json)?;
    if report.calm.sent == 0 || report.rows.is_empty() {
        return Err("the abuse run measured nothing".to_owned());
    }
    for row in &report.rows {
        terminal::say(&format!(
            "{}: honest {} of {}, p99 {:.1} ms ({:.1} times calm), peak {} MiB",
            row.attack,
            row.honest.ok,
            row.honest.sent,
            row.honest.latency.p99_ms,
            row.p99_ratio,
            row.peak_bytes >> 20,
        ));
    }
    for row in &report.rows {
        let name = &row.attack;
        if row.connections == 0 {
            return Err(format!("{name} never reached the node"));
        }
        if row.honest.ok < row.honest.sent {
            let failed = row.honest.sent - row.honest.ok;
            return Err(format!("{failed} honest requests failed under {name}"));
        }
        if row.peak_bytes > report.memory_cap_bytes {
            return Err(format!("a node took {} bytes under {name}", row.peak_bytes));
        }
    }
    Ok(())
}

#[derive(Debug, Deserialize)]
struct Load {
    paths: Vec<LoadPath>,
    connections: Connections,
}

#[derive(Debug, Deserialize)]
struct LoadPath {
    name: String,
    at_load: Measured,
}

#[derive(Debug, Deserialize)]
struct Connections {
    wanted: u32,
    held: u32,
    answers: bool,
}

fn load(json: &str) -> Result<(), String> {
    let report: Load = parse(json)?;
    if report.paths.len() < 3 {
        return Err("a kind of request was not measured".to_owned());
    }
    for path in &report.paths {
        let LoadPath { name, at_load } = path;
        terminal::say(&format!("{name}: p99 {:.1} ms", at_load.latency.p99_ms));
        if at_load.sent == 0 || at_load.ok < at_load.sent {
            return Err(format!("{name}: {} of {}", at_load.ok, at_load.sent));
        }
    }
    let idle = &report.connections;
    if idle.held < idle.wanted || !idle.answers {
        return Err(format!("{} of {} connections held", idle.held, idle.wanted));
    }
    Ok(())
}

fn parse<'a, T: Deserialize<'a>>(json: &'a str) -> Result<T, String> {
    serde_json::from_str(json).map_err(|e| format!("read a benchmark's JSON: {e}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROW: &str = r#"{"attack":"flood","connections":3,
        "honest":{"sent":9,"ok":9,"latency":{"p99_ms":1.5}},"p99_ratio":1.0,"peak_bytes":7}"#;

    fn report(row: &str) -> String {
        format!(
            r#"{{"calm":{{"sent":9,"ok":9,"latency":{{"p99_ms":1.5}}}},
               "memory_cap_bytes":10,"rows":[{row}]}}"#
        )
    }

    #[test]
    fn what_is_promised_gates() {
        assert_eq!(abuse(&report(ROW)), Ok(()));
        for (from, to, says) in [
            (r#""connections":3"#, r#""connections":0"#, "never reached"),
            (r#""ok":9"#, r#""ok":8"#, "1 honest requests failed"),
            (r#""peak_bytes":7"#, r#""peak_bytes":11"#, "took 11 bytes"),
        ] {
            let error = abuse(&report(&ROW.replace(from, to))).unwrap_err();
            assert!(error.contains(says), "{error}");
        }
        assert!(abuse(&report("")).is_err());
    }

    #[test]
    fn a_lost_connection_or_request_fails() {
        let path = |ok: u32| {
            format!(r#"{{"name":"a","at_load":{{"sent":5,"ok":{ok},"latency":{{"p99_ms":1}}}}}}"#)
        };
        let report = |ok: u32, held: u32| {
            let paths = [path(5), path(5), path(ok)].join(",");
            format!(
                r#"{{"paths":[{paths}],
                   "connections":{{"wanted":4,"held":{held},"answers":true}}}}"#
            )
        };
        assert_eq!(load(&report(5, 4)), Ok(()));
        assert!(load(&report(4, 4)).is_err());
        assert!(load(&report(5, 3)).is_err());
    }
}
