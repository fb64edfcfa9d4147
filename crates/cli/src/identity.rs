//! What makes two runs runs of the same scenario.

use leek_crypto::hash::sha256;

/// How the line of the seed begins in `effective.toml`, where it is a top-level key.
const SEED_LINE: &str = "seed = ";

/// SHA-256, hex, of `effective.toml` without its seed line, followed by the trace if there is one.
/// In a shell: `(grep -v '^seed = ' effective.toml; cat trace.txt) | sha256sum`.
pub(crate) fn scenario_hash(effective: &str, trace: Option<&str>) -> String {
    let is_kept = |line: &&str| !line.starts_with(SEED_LINE);
    let mut parts: Vec<&[u8]> = effective
        .split_inclusive('\n')
        .filter(is_kept)
        .map(str::as_bytes)
        .collect();
    parts.extend(trace.map(str::as_bytes));
    sha256(&parts)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// The seed in `effective.toml`, as it is written there.
pub(crate) fn seed_of(effective: &str) -> Option<&str> {
    effective
        .lines()
        .find_map(|line| line.strip_prefix(SEED_LINE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_seed_does_not_count_and_everything_else_does() {
        let hash = |text| scenario_hash(text, None);
        let seven = hash("version = 1\nseed = 7\nduration = \"5s\"\n");
        assert_eq!(seven, hash("version = 1\nseed = 8\nduration = \"5s\"\n"));
        assert_ne!(seven, hash("version = 1\nseed = 7\nduration = \"6s\"\n"));
        assert_ne!(
            seven,
            scenario_hash(
                "version = 1\nseed = 7\nduration = \"5s\"\n",
                Some("0 1 2\n")
            )
        );
    }

    #[test]
    fn the_hash_is_that_of_sha256sum() {
        // printf 'version = 1\nduration = "5s"\n0 1 2\n' | sha256sum
        let text = "version = 1\nseed = 7\nduration = \"5s\"\n";
        assert_eq!(
            scenario_hash(text, Some("0 1 2\n")),
            "e9a41c3ded8ef9671f24bd61d2728e64732f6bec0cd8caa3bca3135a4e66e226"
        );
    }

    #[test]
    fn the_seed_is_found() {
        assert_eq!(seed_of("version = 1\nseed = 7\n\n[network]\n"), Some("7"));
        assert_eq!(seed_of("version = 1\n"), None);
    }
}
