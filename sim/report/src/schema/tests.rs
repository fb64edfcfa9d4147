use serde::Serialize;
use serde_json::{Value, json};

use super::*;
use crate::fixture;

fn sample() -> Summary {
    fixture::summary_of(fixture::numbers())
}

fn errors_of(schema: &str, value: &impl Serialize) -> Vec<String> {
    let schema: Value = serde_json::from_str(schema).unwrap();
    let mut errors = Vec::new();
    check(
        &schema,
        &schema,
        &serde_json::to_value(value).unwrap(),
        "",
        &mut errors,
    );
    errors
}

#[test]
fn what_is_written_fits_its_schema() {
    let summary = sample();
    assert_eq!(errors_of(&summary_schema(), &summary), [""; 0]);
    assert_eq!(
        errors_of(&manifest_schema(), &fixture::manifest_of(&summary)),
        [""; 0]
    );
    let mut empty = summary;
    empty.latency_ms = crate::Quantiles::default();
    (empty.delivered_fraction, empty.bytes_per_message) = (None, None);
    assert_eq!(errors_of(&summary_schema(), &empty), [""; 0]);
}

/// The schema refuses a summary from which any field is missing, and so does the reader.
#[test]
fn every_field_is_required() {
    let Value::Object(whole) = serde_json::to_value(sample()).unwrap() else {
        panic!("a summary is an object")
    };
    for field in whole.keys() {
        let mut partial = whole.clone();
        partial.remove(field);
        let errors = errors_of(&summary_schema(), &partial);
        assert_eq!(errors, [format!(": {field} is missing")]);
    }
}

#[test]
fn wrong_values_are_refused() {
    for (pointer, wrong) in [
        ("/verdict", json!("pass")),
        ("/seed", json!(-1)),
        ("/delivery/lost", json!("none")),
        ("/latency_ms/p50", json!("1 ms")),
        ("/latency_histogram/0/count", json!(1.5)),
        ("/requests/store", json!([])),
        ("/checks/0/passed", json!(0)),
    ] {
        let mut value = serde_json::to_value(sample()).unwrap();
        *value.pointer_mut(pointer).unwrap() = wrong;
        assert_ne!(errors_of(&summary_schema(), &value), [""; 0], "{pointer}");
    }
}

/// Names other tools rely on.
#[test]
fn the_published_names_are_there() {
    let value = serde_json::to_value(sample()).unwrap();
    for pointer in [
        "/verdict",
        "/seed",
        "/digest",
        "/delivery/sent",
        "/delivery/delivered",
        "/delivery/lost",
        "/delivery/duplicated",
        "/delivery/late",
        "/delivery/pending",
        "/latency_ms/p50",
        "/latency_ms/p95",
        "/latency_ms/p99",
        "/requests/store/count",
        "/requests/store/bytes",
        "/requests/store/ms_p50",
        "/requests/store/hops",
        "/bytes",
        "/events",
        "/virtual_s",
        "/wall_s",
        "/cpu_s",
        "/rss_bytes",
    ] {
        assert!(
            value.pointer(pointer).is_some_and(|field| !field.is_null()),
            "{pointer}"
        );
    }
    assert_eq!(value["verdict"], "FAIL");
    assert_eq!(value["digest"], "0123456789abcdef");
    assert_eq!(value["shape"], "00000000000000f0");
}

/// The part of JSON Schema that the schemas use; any other keyword is an error, so that nothing
/// goes unchecked.
fn check(root: &Value, schema: &Value, value: &Value, at: &str, errors: &mut Vec<String>) {
    let Value::Object(keywords) = schema else {
        if schema == &Value::Bool(false) {
            errors.push(format!("{at}: not allowed"));
        }
        return;
    };
    for (keyword, rule) in keywords {
        let fits = match keyword.as_str() {
            "$schema" | "$defs" | "title" | "description" | "format" => true,
            "$ref" => {
                let target = root
                    .pointer(rule.as_str().unwrap().trim_start_matches('#'))
                    .unwrap();
                check(root, target, value, at, errors);
                true
            }
            "type" => match rule {
                Value::Array(types) => types.iter().any(|name| is_a(value, name)),
                name => is_a(value, name),
            },
            "const" => value == rule,
            "enum" => rule.as_array().unwrap().contains(value),
            "oneOf" => {
                let fits = |option: &&Value| {
                    let mut errors = Vec::new();
                    check(root, option, value, at, &mut errors);
                    errors.is_empty()
                };
                rule.as_array().unwrap().iter().filter(fits).count() == 1
            }
            "minimum" => value.as_f64().is_none_or(|n| n >= rule.as_f64().unwrap()),
            "maximum" => value.as_f64().is_none_or(|n| n <= rule.as_f64().unwrap()),
            "required" => {
                for name in rule
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|name| name.as_str().unwrap())
                {
                    if value.get(name).is_none() {
                        errors.push(format!("{at}: {name} is missing"));
                    }
                }
                true
            }
            "items" => {
                for (i, item) in value.as_array().into_iter().flatten().enumerate() {
                    check(root, rule, item, &format!("{at}/{i}"), errors);
                }
                true
            }
            "properties" | "additionalProperties" => {
                let known = keywords.get("properties").and_then(Value::as_object);
                for (name, field) in value.as_object().into_iter().flatten() {
                    let own = known.and_then(|known| known.get(name));
                    let rule = if keyword == "properties" {
                        own
                    } else {
                        own.is_none().then_some(rule)
                    };
                    if let Some(rule) = rule {
                        check(root, rule, field, &format!("{at}/{name}"), errors);
                    }
                }
                true
            }
            other => panic!("keyword {other:?} is not checked here"),
        };
        if !fits {
            errors.push(format!("{at}: {value} breaks {keyword} {rule}"));
        }
    }
}

fn is_a(value: &Value, name: &Value) -> bool {
    match name.as_str().unwrap() {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "string" => value.is_string(),
        "object" => value.is_object(),
        "array" => value.is_array(),
        "number" => value.is_number(),
        "integer" => value.is_u64() || value.is_i64(),
        other => panic!("type {other:?} is not checked here"),
    }
}
