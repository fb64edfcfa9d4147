//! `leek schema`.

use std::process::ExitCode;

use leek_lab::scenario::Scenario;
use leek_report::{manifest_schema, summary_schema};
use schemars::schema_for;

use crate::{
    args::{SchemaArgs, SchemaOf},
    console,
    failure::Failure,
};

/// Prints a JSON Schema (draft 2020-12).
pub(crate) fn schema(args: &SchemaArgs) -> Result<ExitCode, Failure> {
    let text = match args.of {
        SchemaOf::Scenario => scenario_schema(),
        SchemaOf::Summary => summary_schema(),
        SchemaOf::Manifest => manifest_schema(),
    };
    console::data(&text)?;
    Ok(ExitCode::SUCCESS)
}

fn scenario_schema() -> String {
    // The alternate form of a JSON value is its pretty-printed text.
    format!("{:#}\n", schema_for!(Scenario).to_value())
}
