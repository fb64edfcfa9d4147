//! `leek list`.

use std::process::ExitCode;

use leek_lab::scenario::SHIPPED;
use serde_json::{Value, json};

use crate::{args::ListArgs, console, failure::Failure};

/// Names the scenarios that ship.
pub(crate) fn list(args: &ListArgs) -> Result<ExitCode, Failure> {
    let text = if args.json {
        let all: Vec<Value> = SHIPPED
            .iter()
            .map(|scenario| json!({ "name": scenario.name, "purpose": scenario.purpose() }))
            .collect();
        serde_json::to_string_pretty(&all)? + "\n"
    } else {
        let width = SHIPPED
            .iter()
            .map(|scenario| scenario.name.len())
            .max()
            .unwrap_or(0);
        SHIPPED
            .iter()
            .map(|s| format!("{:width$}  {}\n", s.name, s.purpose()))
            .collect()
    };
    console::data(&text)?;
    Ok(ExitCode::SUCCESS)
}
