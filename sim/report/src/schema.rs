//! The published JSON Schemas (draft 2020-12) of what a run directory holds.

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;

use crate::manifest::Manifest;
use crate::summary::Summary;

/// The JSON Schema of `summary.json`, as text.
#[must_use]
pub fn summary_schema() -> String {
    schema_of::<Summary>()
}

/// The JSON Schema of `manifest.json`, as text.
#[must_use]
pub fn manifest_schema() -> String {
    schema_of::<Manifest>()
}

fn schema_of<T: JsonSchema>() -> String {
    // "For serialize": it describes what is written, where a field without a value is null, not
    // left out.
    let settings = SchemaSettings::draft2020_12().for_serialize();
    let schema = settings.into_generator().into_root_schema_for::<T>();
    // The alternate form of a JSON value is its pretty-printed text.
    format!("{:#}\n", schema.to_value())
}

#[cfg(test)]
mod tests;
