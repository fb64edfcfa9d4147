//! `leek doctor`: what is missing, and how to get it.

mod machine;
mod network;

use std::process::ExitCode;

use leek_report::{Verdict, escaped};
use serde_json::{Value, json};

use crate::{args::DoctorArgs, console, failure::Failure};

/// How well something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Health {
    Ok,
    /// It works, and something about it should be known.
    Warn,
    /// It does not work.
    Fail,
}

impl Health {
    const fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Fail => "fail",
        }
    }
}

/// What was looked at, and what was found.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Finding {
    check: &'static str,
    health: Health,
    found: String,
    /// What to do; empty when there is nothing to be done.
    remedy: String,
}

impl Finding {
    fn ok(check: &'static str, found: impl Into<String>) -> Self {
        Self {
            check,
            health: Health::Ok,
            found: found.into(),
            remedy: String::new(),
        }
    }

    fn warn(check: &'static str, found: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            health: Health::Warn,
            remedy: remedy.into(),
            ..Self::ok(check, found)
        }
    }

    fn fail(check: &'static str, found: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            health: Health::Fail,
            ..Self::warn(check, found, remedy)
        }
    }

    fn text(&self) -> String {
        let health = self.health.name();
        let mut out = format!("{health:4}  {:12}  {}\n", self.check, escaped(&self.found));
        if !self.remedy.is_empty() {
            out.push_str(&format!("{:20}help: {}\n", "", escaped(&self.remedy)));
        }
        out
    }

    fn json(&self) -> Value {
        json!({
            "check": self.check,
            "health": self.health.name(),
            "found": self.found,
            "remedy": Some(&self.remedy).filter(|remedy| !remedy.is_empty()),
        })
    }
}

/// Looks at everything that sending, receiving or a node needs here.
pub(crate) fn doctor(args: &DoctorArgs) -> Result<ExitCode, Failure> {
    let mut findings = machine::home(&args.home);
    findings.extend(network::network(&args.network.network)?);
    findings.push(machine::open_files());
    findings.push(machine::loopback());
    findings.extend(args.data_dir.as_deref().map(machine::data_dir));

    let worst = findings.iter().map(|finding| finding.health).max();
    let verdict = match worst {
        Some(Health::Fail) => Verdict::Fail,
        Some(Health::Ok | Health::Warn) | None => Verdict::Pass,
    };
    if args.json {
        let document = json!({
            "verdict": verdict.to_string(),
            "findings": findings.iter().map(Finding::json).collect::<Vec<_>>(),
        });
        console::data(&format!("{document:#}\n"))?;
    } else {
        console::data(&findings.iter().map(Finding::text).collect::<String>())?;
    }
    Ok(ExitCode::from(verdict.exit_code()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_is_a_line_and_its_remedy() {
        assert_eq!(
            Finding::ok("clock", "0.1 s off").text(),
            "ok    clock         0.1 s off\n"
        );
        let bad = Finding::fail("home", "a\x1b[2J", "run `chmod 700 a`");
        assert_eq!(
            bad.text(),
            "fail  home          a\\u{1b}[2J\n                    help: run `chmod 700 a`\n"
        );
        assert_eq!(bad.json()["health"], "fail");
        assert_eq!(Finding::ok("a", "b").json()["remedy"], Value::Null);
        assert!(Health::Fail > Health::Warn && Health::Warn > Health::Ok);
    }
}
