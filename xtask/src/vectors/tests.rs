//! The committed cases pass, and a change of any one digit in them is noticed, but for the
//! exceptions listed.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::*;

mod flips;
mod generated;

const FORMATS: &[u8] = include_bytes!("../../testdata/session_formats.json");
const PUBLISHED: &[u8] = include_bytes!("../../testdata/session_published.json");

fn report(file: &VectorFile) -> Report {
    let mut report = Report::default();
    report.add(file);
    report
}

fn formats() -> VectorFile {
    VectorFile::parse(FORMATS).unwrap()
}

/// A file of the first case of an area, changed.
fn changed(area: &str, change: impl FnOnce(&mut Case)) -> VectorFile {
    let mut case = formats()
        .cases
        .into_iter()
        .find(|case| case.area == area)
        .unwrap();
    change(&mut case);
    VectorFile { cases: vec![case] }
}

/// Asserts that the changed case fails with one failure, and returns key and message.
#[track_caller]
fn fails(area: &str, change: impl FnOnce(&mut Case)) -> (String, String) {
    let file = changed(area, change);
    let report = report(&file);
    assert_eq!(report.total().failed, 1);
    let [failure] = &report.failures[..] else {
        panic!("{:#?}", report.failures)
    };
    assert_eq!(
        (&failure.area, &failure.case),
        (&file.cases[0].area, &file.cases[0].name)
    );
    (failure.key.clone(), failure.message.clone())
}

#[test]
fn the_committed_cases_pass() {
    let report = report(&formats());
    assert_eq!(report.failures, []);
    let counts: BTreeMap<_, _> = report
        .areas
        .iter()
        .map(|(area, counts)| (area.as_str(), (counts.passed, counts.unsupported)))
        .collect();
    let expected = [
        ("account", 4),
        ("hash_blake2b", 4),
        ("mnemonic", 4),
        ("onion_hop", 8),
        ("onion_request", 4),
        ("ons", 4),
        ("signature_strings", 4),
        ("swarm_map", 6),
        ("v1_decrypt", 4),
        ("v1_deterministic", 4),
        ("v1_envelope_wrap_config", 4),
        ("v1_padding", 4),
        ("v1_reject", 4),
    ];
    assert_eq!(
        counts,
        expected.map(|(area, passed)| (area, (passed, 0))).into()
    );
}

#[test]
fn the_published_cases_pass() {
    let report = report(&VectorFile::parse(PUBLISHED).unwrap());
    assert_eq!(report.failures, []);
    // SHA-3 and SHAKE (5), phrases of 64 bytes and numbers of words (2).
    assert_eq!((report.total().passed, report.total().unsupported), (32, 7));
    assert!(
        report
            .to_text()
            .contains("hash: case `sha3-256`: not run: ")
    );
}

#[test]
fn every_runner_has_a_case() {
    let published = VectorFile::parse(PUBLISHED).unwrap().cases;
    let cases = [formats().cases, published].concat();
    for area in areas::names() {
        assert!(cases.iter().any(|case| case.area == area), "{area}");
    }
}

#[test]
fn a_wrong_output_is_named_with_what_came_out() {
    let (key, message) = fails("hash_blake2b", |case| {
        case.outputs
            .insert("hash".into(), json!("cae66941d9efbd404e4d88758ea67671"));
    });
    assert_eq!(key, "outputs.hash");
    let expected = "expected `…58ea67671`, got `…58ea67670` (they differ at character 32) \
                    (suite real-pure)";
    assert_eq!(message, expected);
}

#[test]
fn missing_and_unknown_keys_fail() {
    let (key, message) = fails("hash_blake2b", |case| {
        case.inputs.remove("msg");
    });
    assert_eq!(
        (key.as_str(), message.starts_with("missing input")),
        ("inputs.msg", true)
    );

    let (key, message) = fails("hash_blake2b", |case| {
        case.inputs.insert("salt".into(), json!("00"));
    });
    assert_eq!(
        (key.as_str(), message.starts_with("unknown input")),
        ("inputs.salt", true)
    );

    let (key, message) = fails("hash_blake2b", |case| {
        case.outputs.insert("hash64".into(), json!("00"));
    });
    let unchecked = message.starts_with("output not checked");
    assert_eq!((key.as_str(), unchecked), ("outputs.hash64", true));

    let (key, _) = fails("signature_strings", |case| {
        case.outputs["delete"]["sig_hex"] = json!("00");
    });
    assert_eq!(key, "outputs.delete");
}

#[test]
fn values_of_another_form_fail() {
    for (value, why) in [
        (json!("CAE66941D9EFBD404E4D88758EA67670"), "expected"),
        (json!(7), "not a text"),
        (json!(["00"]), "not a text"),
    ] {
        let (key, message) = fails("hash_blake2b", |case| {
            case.outputs.insert("hash".into(), value);
        });
        assert_eq!(
            (key.as_str(), message.starts_with(why)),
            ("outputs.hash", true),
            "{message}"
        );
    }
    for (key, value, why) in [
        ("msg", json!("0"), "not lower-case hexadecimal"),
        ("msg", json!("AB"), "not lower-case hexadecimal"),
        ("msg", json!(0), "not a text"),
        ("size", json!(0), "BLAKE2b has 1 to 64 bytes"),
        ("size", json!(65), "BLAKE2b has 1 to 64 bytes"),
        ("size", json!(-1), "not a number that fits"),
        ("size", json!("16"), "not a number that fits"),
    ] {
        let (found, message) = fails("hash_blake2b", |case| {
            case.inputs.insert(key.into(), value.clone());
        });
        assert_eq!(found, format!("inputs.{key}"));
        assert!(message.starts_with(why), "{key} = {value}: {message}");
    }
}

#[test]
fn hashes_of_every_length_are_run() {
    for size in 1..=64_usize {
        let (_, message) = fails("hash_blake2b", |case| {
            case.inputs.insert("size".into(), json!(size));
            case.outputs.insert("hash".into(), json!("zz".repeat(size)));
        });
        assert!(message.starts_with("expected `zz"), "{message}");
    }
}

#[test]
fn unknown_areas_and_ciphers_count_as_unsupported() {
    let report = report(&changed("account", |case| case.area = "alchemy".into()));
    assert_eq!(
        report.areas["alchemy"],
        Counts {
            unsupported: 1,
            ..Counts::default()
        }
    );
    assert_eq!(
        report.to_json(),
        r#"{"areas":{"alchemy":{"passed":0,"failed":0,"unsupported":1}}}"#
    );

    let report = self::report(&changed("onion_hop", |case| {
        case.inputs.insert("enc_type".into(), json!("aes-cbc"));
    }));
    assert_eq!(report.areas["onion_hop"].unsupported, 1);
    assert!(report.to_text().contains("aes-cbc authenticates nothing"));
}

#[test]
fn json_has_counts_and_failures() {
    let file = changed("swarm_map", |case| {
        case.outputs
            .insert("swarm_id".into(), json!("0000000000000000"));
    });
    let json: Value = serde_json::from_str(&report(&file).to_json()).unwrap();
    let counts = json!({ "passed": 0, "failed": 1, "unsupported": 0 });
    assert_eq!(json["areas"], json!({ "swarm_map": counts }));
    assert_eq!(json["failures"][0]["area"], "swarm_map");
    assert_eq!(json["failures"][0]["case"], "swarm-0");
    assert_eq!(json["failures"][0]["key"], "outputs.swarm_id");
}

#[test]
fn malformed_files_are_refused_with_their_place() {
    let case = json!({ "area": "a", "name": "b", "inputs": {}, "outputs": { "c": 1 } });
    let with = |key: &str, value: Value| {
        let mut case = case.clone();
        case[key] = value;
        json!({ "format": "vectors-1", "cases": [case] }).to_string()
    };
    for (text, place) in [
        (String::new(), "line 1, column 0"),
        ("{\n \"format\": x}".to_owned(), "line 2, column 12"),
        ("[]".to_owned(), "line 1"),
        ("{}".to_owned(), "format"),
        (
            json!({ "format": "vectors-2", "cases": [case] }).to_string(),
            "format",
        ),
        (json!({ "format": "vectors-1" }).to_string(), "cases"),
        (
            json!({ "format": "vectors-1", "cases": [] }).to_string(),
            "cases",
        ),
        (
            json!({ "format": "vectors-1", "cases": [case, 3] }).to_string(),
            "cases[1]",
        ),
        (with("area", json!(1)), "cases[0].area"),
        (with("name", json!("")), "cases[0].name"),
        (with("inputs", json!([])), "cases[0].inputs"),
        (with("outputs", Value::Null), "cases[0].outputs"),
        (with("outputs", json!({})), "cases[0].outputs"),
    ] {
        let error = VectorFile::parse(text.as_bytes()).unwrap_err();
        assert_eq!(error.place, place, "{text}");
        assert!(error.to_string().contains("remedy: "), "{error}");
    }
    let good = json!({ "format": "vectors-1", "cases": [case] }).to_string();
    assert_eq!(VectorFile::parse(good.as_bytes()).unwrap().cases.len(), 1);
}
