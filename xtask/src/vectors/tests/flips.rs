//! One digit changed, in every byte string of every committed case.

use std::fmt::Write as _;

use serde_json::Value;

use super::{Case, FORMATS, PUBLISHED, VectorFile, check};
use crate::vectors::check::Outcome;

/// Digits changed in each byte string: all of a key, and of long strings some.
const DIGITS: usize = 16;

/// A change of one hexadecimal digit.
struct Flip {
    /// JSON pointer within the case.
    pointer: String,
    /// Which digit.
    at: usize,
    /// What it is combined with by exclusive-or; 1 to 15.
    by: u8,
}

/// What no runner can notice, since the outputs do not depend on it:
///
/// - X25519 ignores the three low bits of a secret scalar and its two high ones (RFC 7748);
/// - a message that is to be rejected stays rejected, unless the reason changes;
/// - no layer of a request names the guard;
/// - the prefix of an account id does not count for its swarm, nor do swarms far away.
fn is_invisible(case: &Case, flip: &Flip) -> bool {
    let Flip { pointer, at, by } = flip;
    let key = pointer.rsplit('/').next().unwrap_or_default();
    match case.area.as_str() {
        "onion_hop" | "onion_request" | "onion_parse" if key.ends_with("_sk") => {
            (*at == 1 && by & 0b1000 == 0) || (*at == 62 && by & 0b0011 == 0)
        }
        "onion_request" => pointer == "/inputs/hops/0/ed_pk",
        "v1_reject" => key == "ciphertext" && case.inputs["kind"] != "resealed_to_third_party",
        "swarm_map" if key == "account_id" => *at < 2 && has_known_prefix(&flipped(case, flip)),
        "swarm_map" => {
            pointer.starts_with("/inputs/swarm_ids/")
                && Some(&case.outputs["swarm_id"]) != value(case, pointer).as_ref()
        }
        _ => false,
    }
}

fn has_known_prefix(case: &Case) -> bool {
    let id = case.inputs["account_id"].as_str().unwrap();
    ["03", "05", "15", "25"]
        .iter()
        .any(|prefix| id.starts_with(prefix))
}

fn value(case: &Case, pointer: &str) -> Option<Value> {
    let (side, rest) = pointer.trim_start_matches('/').split_once('/')?;
    let map = if side == "inputs" {
        &case.inputs
    } else {
        &case.outputs
    };
    Value::from(map.clone())
        .pointer(&format!("/{rest}"))
        .cloned()
}

/// Pointers to all byte strings of a case.
fn byte_strings(case: &Case) -> Vec<String> {
    let mut found = Vec::new();
    for (side, map) in [("inputs", &case.inputs), ("outputs", &case.outputs)] {
        collect(&format!("/{side}"), &Value::from(map.clone()), &mut found);
    }
    found
}

fn collect(pointer: &str, value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) => {
            let digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
            if text.len() >= 2 && text.len() % 2 == 0 && text.bytes().all(digit) {
                found.push(pointer.to_owned());
            }
        }
        Value::Array(list) => {
            for (index, value) in list.iter().enumerate() {
                collect(&format!("{pointer}/{index}"), value, found);
            }
        }
        Value::Object(map) => {
            for (key, value) in map {
                collect(&format!("{pointer}/{key}"), value, found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn flipped(case: &Case, flip: &Flip) -> Case {
    let mut changed = case.clone();
    let mut whole = serde_json::json!({ "inputs": case.inputs, "outputs": case.outputs });
    let target = whole.pointer_mut(&flip.pointer).unwrap();
    let text = target.as_str().unwrap();
    let mut out = String::new();
    for (at, digit) in text.chars().enumerate() {
        let number = digit.to_digit(16).unwrap();
        let number = if at == flip.at {
            number ^ u32::from(flip.by)
        } else {
            number
        };
        write!(out, "{number:x}").unwrap();
    }
    *target = Value::from(out);
    changed.inputs = whole["inputs"].as_object().unwrap().clone();
    changed.outputs = whole["outputs"].as_object().unwrap().clone();
    changed
}

/// The flips of a case: first digits, last digits, and others spread between, each by a number
/// that depends on the place.
fn flips(case: &Case) -> Vec<Flip> {
    let mut flips = Vec::new();
    for (number, pointer) in byte_strings(case).into_iter().enumerate() {
        let len = value(case, &pointer).unwrap().as_str().unwrap().len();
        let step = len.div_ceil(DIGITS).max(1);
        let ends = [0, 1, len - 2, len - 1].into_iter();
        for at in ends.chain((0..len).skip(number % step).step_by(step)) {
            let by = u8::try_from((at * 7 + number * 5) % 15 + 1).unwrap();
            flips.push(Flip {
                pointer: pointer.clone(),
                at,
                by,
            });
        }
    }
    flips
}

/// Flips tried, and flips that no runner could notice.
pub(super) fn assert_no_flip_passes(case: &Case) -> (usize, usize) {
    let (invisible, visible): (Vec<_>, Vec<_>) = flips(case)
        .into_iter()
        .partition(|flip| is_invisible(case, flip));
    for flip in &visible {
        let outcome = check::run(&flipped(case, flip));
        let Flip { pointer, at, by } = flip;
        assert!(
            matches!(outcome, Outcome::Failed(_)),
            "{} {}: {pointer} digit {at} by {by}: {outcome:?}",
            case.area,
            case.name
        );
    }
    (visible.len(), invisible.len())
}

#[test]
fn every_flipped_digit_fails_its_case() {
    let (mut tried, mut invisible) = (0, 0);
    for bytes in [FORMATS, PUBLISHED] {
        for case in VectorFile::parse(bytes).unwrap().cases {
            if check::run(&case) == Outcome::Passed {
                let (visible, hidden) = assert_no_flip_passes(&case);
                tried += visible;
                invisible += hidden;
            }
        }
    }
    assert!(tried > 5_000, "{tried}");
    // Many, since the digits at the ends of scalars are among those chosen for every string.
    assert!(invisible < tried / 15, "{invisible} beside {tried}");
}

/// The exceptions are none too many: what they say of the cases is true.
#[test]
fn the_exceptions_are_real() {
    for case in VectorFile::parse(FORMATS).unwrap().cases {
        for flip in flips(&case)
            .into_iter()
            .filter(|flip| is_invisible(&case, flip))
        {
            // A far swarm may have come near.
            if !flip.pointer.starts_with("/inputs/swarm_ids/") {
                let outcome = check::run(&flipped(&case, &flip));
                assert_eq!(outcome, Outcome::Passed, "{} {}", case.name, flip.pointer);
            }
        }
    }
}
