use std::collections::BTreeMap;

use miette::{GraphicalReportHandler, GraphicalTheme};

use super::*;
use crate::scenario::{CryptoMode, Format, Swarms, units::Span};

/// Files in memory.
#[derive(Default)]
struct Files(BTreeMap<PathBuf, String>);

impl Files {
    fn with(mut self, path: &str, text: &str) -> Self {
        self.0.insert(PathBuf::from(path), text.to_owned());
        self
    }
}

impl Loader for Files {
    fn read(&self, path: &Path) -> Result<String, String> {
        self.0
            .get(path)
            .cloned()
            .ok_or_else(|| "no such file".to_owned())
    }

    fn absolute(&self, path: &Path) -> PathBuf {
        Path::new("/home").join(path)
    }
}

fn try_load(files: &Files, what: &str, sets: &[&str]) -> Result<Loaded, String> {
    let sets: Vec<String> = sets.iter().map(|set| (*set).to_owned()).collect();
    load(files, what, &sets, None).map_err(|error| {
        let mut out = String::new();
        GraphicalReportHandler::new_themed(GraphicalTheme::unicode_nocolor())
            .render_report(&mut out, &error)
            .unwrap();
        out
    })
}

fn refused(files: &Files, what: &str, sets: &[&str], parts: &[&str]) {
    let shown = try_load(files, what, sets).err().unwrap();
    for part in parts {
        assert!(shown.contains(part), "no {part:?} in:\n{shown}");
    }
}

const BASE: &str = "[workload.poisson]\nmessages = 5\nover = \"10s\"\n";

#[test]
fn every_shipped_scenario_loads_and_its_effective_form_says_the_same() {
    for shipped in crate::scenario::SHIPPED {
        let loaded = try_load(&Files::default(), shipped.name, &[]).unwrap();
        assert!(!loaded.scenario.purpose.is_empty(), "{}", shipped.name);
        let files = Files::default().with("/home/effective.toml", &loaded.effective());
        let again = try_load(&files, "effective.toml", &[]).unwrap();
        assert_eq!(again.scenario, loaded.scenario);
    }
}

#[test]
fn layers_apply_in_order_files_then_sets_then_seed() {
    let files = Files::default()
        .with(
            "/home/a/base.toml",
            &format!("seed = 5\n[network]\nnodes = 40\n{BASE}"),
        )
        .with(
            "/home/a/b/top.toml",
            "extends = \"../base.toml\"\n[network]\nloss = 0.5\n",
        );
    // The loader does not normalise, and neither should the layers.
    let files = files.with(
        "/home/a/b/../base.toml",
        &format!("seed = 5\n[network]\nnodes = 40\n{BASE}"),
    );
    let loaded = load(
        &files,
        "a/b/top.toml",
        &["network.nodes=50".to_owned()],
        Some(u64::MAX),
    )
    .unwrap();
    let scenario = &loaded.scenario;
    assert_eq!(
        (scenario.network.nodes, scenario.network.loss.get()),
        (50, 0.5)
    );
    assert_eq!(scenario.seed, u64::MAX);
    assert_eq!(loaded.name, "top");
}

#[test]
fn an_override_replaces_an_enum_whole_and_a_struct_in_part() {
    let sets = [
        "network.swarms.fixed.size=5",
        "onion.format=direct",
        "crypto.mode=sized",
    ];
    let scenario = try_load(&Files::default(), "hundred", &sets)
        .unwrap()
        .scenario;
    assert_eq!(scenario.network.swarms, Swarms::Fixed { size: 5 });
    assert_eq!(scenario.onion.format, Format::Direct);
    assert_eq!(scenario.crypto.mode, CryptoMode::Sized);
    assert_eq!(scenario.network.nodes, 100);
    let sets = ["clients.graph.small_world.contacts=4"];
    let scenario = try_load(&Files::default(), "first-light", &sets)
        .unwrap()
        .scenario;
    let graph = format!("{:?}", scenario.clients.graph);
    assert!(
        graph.contains("contacts: 4") && graph.contains("0.2"),
        "{graph}"
    );
}

#[test]
fn a_trace_replaces_a_poisson_process_and_finds_its_file() {
    let files = Files::default().with("/home/x/t.txt", "1 2 10\n").with(
        "/home/x/s.toml",
        "extends = \"hundred\"\n[workload.trace]\nfile = \"t.txt\"\nover = \"5s\"\n",
    );
    let loaded = try_load(&files, "x/s.toml", &[]).unwrap();
    assert_eq!(loaded.trace.unwrap().text, "1 2 10\n");
    assert!(loaded.scenario.workload.poisson.is_none());
    assert_eq!(
        loaded.scenario.workload.trace.unwrap().over,
        Span::from_s(5)
    );
}

#[test]
fn unknown_keys_are_shown_with_file_line_caret_and_suggestion() {
    let files = Files::default().with("/home/s.toml", &format!("[network]\nlos = 0.1\n{BASE}"));
    refused(
        &files,
        "s.toml",
        &[],
        &["s.toml:2:1", "los = 0.1", "╰", "did you mean `loss`"],
    );
    let set = ["network.los=0.1"];
    refused(
        &files,
        "hundred",
        &set,
        &["--set network.los:1", "did you mean `loss`"],
    );
}

#[test]
fn wrong_units_and_variants_are_shown_where_they_stand() {
    let files = Files::default()
        .with("/home/u.toml", &format!("duration = \"5 parsec\"\n{BASE}"))
        .with(
            "/home/v.toml",
            &format!("[onion]\nformat = \"sphinx\"\n{BASE}"),
        );
    refused(
        &files,
        "u.toml",
        &[],
        &["u.toml:1:12", "5 parsec", "\"250ms\""],
    );
    refused(
        &files,
        "v.toml",
        &[],
        &["v.toml:2:10", "sphinx", "session-v4"],
    );
    refused(
        &files,
        "hundred",
        &["clients.poll=5"],
        &["--set clients.poll:1", "expected a"],
    );
}

#[test]
fn impossible_combinations_point_at_the_value_last_given() {
    let files = Files::default();
    let more_hops_than_nodes = ["network.nodes=10", "onion.hops=9"];
    refused(
        &files,
        "hundred",
        &more_hops_than_nodes,
        &["--set onion.hops:1", "19 nodes", "has 10"],
    );
    for (set, part) in [
        (
            "network.swarms.fixed.size=7",
            "divide into swarms of exactly 7",
        ),
        ("network.latency.constant=1ms", "at least 5ms"),
        ("network.nodes=0", "0 nodes"),
        ("workload.poisson.over=2min", "the run lasts 1min"),
        ("clients.count=1", "1 clients"),
        ("clients.poll_members=0", "between 1 and 10"),
        ("workload.size.constant=1B", "texts of 1 to 1 bytes"),
        ("onion.guards=0", "0 guards"),
        ("onion.guards=9", "between 1 and 8"),
        ("hosts.inbox=0", "no message"),
        ("hosts.drift_ppm=100001", "at most 100000"),
        ("hosts.cost.dh_ns=1000000001", "more than a second"),
        ("hosts.node_bandwidth=9000000Gbit/s", "no limit"),
        ("network.latency.constant=61s", "at most 1min"),
        ("clients.poll=1ns", "at least 100ms"),
        ("version=2", "version 2"),
    ] {
        refused(&files, "hundred", &[set], &[part]);
    }
}

#[test]
fn a_conflict_with_a_default_points_at_the_override() {
    let parts = [
        "--set network.nodes:1",
        "network.nodes=5",
        "here",
        "at least 7 nodes",
    ];
    refused(&Files::default(), "hundred", &["network.nodes=5"], &parts);
}

#[test]
fn missing_files_and_names_come_with_a_remedy() {
    let files = Files::default().with("/home/e.toml", "extends = \"gone.toml\"\n");
    refused(&files, "first-ligth", &[], &["did you mean `first-light`"]);
    refused(&files, "gone.toml", &[], &["cannot read", "leek list"]);
    refused(&files, "e.toml", &[], &["e.toml:1:11", "gone.toml"]);
    let set = ["workload.trace.file=none.txt"];
    refused(
        &files,
        "trace",
        &set,
        &["--set workload.trace.file", "none.txt", "embedded trace"],
    );
    refused(&files, "hundred", &["network.nodes"], &["has no `=`"]);
}

#[test]
fn a_circle_of_extends_ends() {
    let files = Files::default()
        .with("/home/a.toml", "extends = \"b.toml\"\n")
        .with("/home/b.toml", "extends = \"a.toml\"\n");
    refused(&files, "a.toml", &[], &["more than 8 scenarios", "circle"]);
}

#[test]
fn a_broken_file_is_shown_where_it_breaks() {
    let files = Files::default().with("/home/s.toml", "[network\nnodes = 3\n");
    refused(&files, "s.toml", &[], &["s.toml:1"]);
}
