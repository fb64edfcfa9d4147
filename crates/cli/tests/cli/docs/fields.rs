//! The fields of a scenario as Markdown, made from the JSON Schema.

use core::fmt::Write as _;

use serde_json::{Map, Value};

/// Every table of a scenario file with its fields, and every variant of every choice.
pub(crate) fn markdown(schema: &Value) -> String {
    let mut page = Page {
        schema,
        out: String::new(),
    };
    page.table("", schema);
    page.out
}

struct Page<'a> {
    schema: &'a Value,
    out: String,
}

impl<'a> Page<'a> {
    fn table(&mut self, path: &str, table: &'a Value) {
        let title = if path.is_empty() {
            "Top level".to_owned()
        } else {
            format!("`[{path}]`")
        };
        let what = if path.is_empty() {
            String::new()
        } else {
            text_of(table) + "\n\n"
        };
        let _ = write!(self.out, "\n### {title}\n\n{what}");
        let fields = table["properties"]
            .as_object()
            .expect("a table has properties");
        let (tables, plain): (Vec<_>, Vec<_>) =
            fields.iter().partition(|(_, field)| self.is_table(field));
        if !plain.is_empty() {
            self.out
                .push_str("| Field | Value | Default | Meaning |\n|---|---|---|---|\n");
        }
        for &(name, field) in &plain {
            let required = table["required"].as_array();
            let is_required = required.is_some_and(|all| all.contains(&Value::from(name.as_str())));
            let default = match field.get("default") {
                _ if is_required => "required".to_owned(),
                None | Some(Value::Null) => "none".to_owned(),
                Some(value) => format!("`{}`", toml(value)),
            };
            let (value, meaning) = (self.value(field), text_of(field));
            let _ = writeln!(self.out, "| `{name}` | {value} | {default} | {meaning} |");
        }
        for (name, field) in plain {
            self.choices(name, self.resolve(field));
        }
        for (name, field) in tables {
            let below = if path.is_empty() {
                name.clone()
            } else {
                format!("{path}.{name}")
            };
            self.table(&below, self.resolve(field));
        }
    }

    /// The variants of a field that has some, each with its own fields.
    fn choices(&mut self, name: &str, field: &'a Value) {
        let Some(variants) = field["oneOf"].as_array() else {
            return;
        };
        let _ = write!(self.out, "\n`{name}` is one of\n\n");
        for variant in variants {
            let meaning = text_of(variant);
            if let Some(word) = variant["const"].as_str() {
                let _ = writeln!(self.out, "- `{name} = \"{word}\"`: {meaning}");
                continue;
            }
            let (word, body) = only(variant["properties"].as_object().expect("a variant's body"));
            let empty = Map::new();
            let fields = body["properties"].as_object().unwrap_or(&empty);
            let form = match (body["type"].as_str(), fields.is_empty()) {
                (Some("object"), true) => "{}".to_owned(),
                (Some("object"), false) => {
                    let names: Vec<String> =
                        fields.keys().map(|key| format!("{key} = …")).collect();
                    format!("{{ {} }}", names.join(", "))
                }
                _ => "…".to_owned(),
            };
            let of = if form == "…" {
                format!(" ({})", self.value(body))
            } else {
                String::new()
            };
            let _ = writeln!(self.out, "- `{name}.{word} = {form}`{of}: {meaning}");
            for (key, field) in fields {
                let _ = writeln!(
                    self.out,
                    "  - `{key}` ({}): {}",
                    self.value(field),
                    text_of(field)
                );
            }
        }
    }

    fn is_table(&self, field: &'a Value) -> bool {
        self.resolve(field).get("properties").is_some()
    }

    /// What a field may hold, in a word or two.
    fn value(&self, field: &'a Value) -> String {
        let named = reference_of(field);
        let field = self.resolve(field);
        match named {
            Some("Span") => return "[time](#quantities)".to_owned(),
            Some("Bytes") => return "[size](#quantities)".to_owned(),
            Some("BitRate") => return "[rate](#quantities)".to_owned(),
            Some("Share") => return "0 to 1".to_owned(),
            _ => {}
        }
        if field.get("oneOf").is_some() {
            return "see below".to_owned();
        }
        let kind = match &field["type"] {
            // An optional field: its type or null, and TOML has no null.
            Value::Array(kinds) => kinds[0].as_str(),
            kind => kind.as_str(),
        };
        match kind {
            Some("integer") => "whole number",
            Some("number") => "number",
            Some("boolean") => "`true` or `false`",
            Some("string") => "text",
            other => panic!("a field of type {other:?}: {field}"),
        }
        .to_owned()
    }

    fn resolve(&self, field: &'a Value) -> &'a Value {
        match reference_of(field) {
            Some(name) => &self.schema["$defs"][name],
            None => field,
        }
    }
}

/// The name of the definition a field refers to, be it optional or not.
fn reference_of(field: &Value) -> Option<&str> {
    let reference = field
        .get("$ref")
        .or_else(|| field.get("anyOf")?.get(0)?.get("$ref"));
    reference?.as_str()?.strip_prefix("#/$defs/")
}

fn only(object: &Map<String, Value>) -> (&String, &Value) {
    assert_eq!(object.len(), 1, "{object:?}");
    object.iter().next().expect("one entry")
}

fn text_of(field: &Value) -> String {
    let text = field["description"]
        .as_str()
        .unwrap_or_else(|| panic!("no description: {field}"));
    text.replace('\n', " ").replace('|', "\\|")
}

/// A value as it is written in a scenario.
fn toml(value: &Value) -> String {
    match value {
        Value::Object(fields) => {
            let fields: Vec<String> = fields
                .iter()
                .map(|(key, value)| format!("{key} = {}", toml(value)))
                .collect();
            if fields.is_empty() {
                "{}".to_owned()
            } else {
                format!("{{ {} }}", fields.join(", "))
            }
        }
        plain => plain.to_string(),
    }
}
