//! The README states every limit with its default.

use leek_driver::Limits;

#[test]
fn the_readme_states_every_limit() {
    let readme = include_str!("../../README.md");
    let defaults = format!("{:#?}", Limits::default());
    let fields = defaults
        .lines()
        .filter_map(|line| line.trim().split_once(": "));
    let mut stated = 0;
    for (name, value) in fields {
        let row = format!("`{name}` {}", value.trim_end_matches(','));
        assert!(readme.contains(&row), "the README does not say {row:?}");
        stated += 1;
    }
    // Every field of the struct, and one pair of back-quotes for each.
    let section = readme.split("## Limits").nth(1).unwrap();
    let rows = section.split("\n## ").next().unwrap();
    assert_eq!(
        rows.matches('`').count(),
        2 * (stated + 1),
        "a limit that is none"
    );
}
