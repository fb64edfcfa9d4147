use leek_lab::scenario::SHIPPED;

use super::Seeds;

pub(super) fn scenario(seeds: &mut Seeds) {
    for shipped in SHIPPED {
        seeds.valid(
            &format!("shipped-{}", shipped.name.replace('/', "-")),
            shipped.text,
        );
    }
    for (name, text) in [
        ("nothing", ""),
        ("extends", "extends = \"hundred\"\nseed = 7\n"),
        (
            "enum",
            "network.latency = { uniform = { min = \"10ms\", max = \"20ms\" } }\n",
        ),
        (
            "trace-file",
            "extends = \"trace\"\nworkload.trace.file = \"lines.txt\"\n",
        ),
    ] {
        seeds.any(name, text);
    }
    for (name, text) in [
        ("unknown-key", "colour = \"green\"\n"),
        ("unit", "duration = \"5 parsecs\"\n"),
        ("type", "network = 3\n"),
        ("extends-nobody", "extends = \"nobody\"\n"),
        ("extends-itself", "extends = \"given.toml\"\n"),
        ("no-nodes", "network.nodes = 0\n"),
        ("many-nodes", "network.nodes = 4294967295\n"),
        ("version", "version = 99\n"),
        ("negative", "clients.count = -1\n"),
        ("overflow", "duration = \"99999999999999999999h\"\n"),
        ("not-toml", "[network\n"),
        ("twice", "seed = 1\nseed = 2\n"),
        ("nan", "network.loss = nan\n"),
    ] {
        seeds.bad(name, text);
    }
    seeds.bad("deep", format!("a = {}", "[".repeat(500)));
    seeds.bad("not-utf8", b"seed = \xff");
}

pub(super) fn trace(seeds: &mut Seeds) {
    seeds.valid("two-lines", "1 2 1500000000\n2 1 1500000060\n");
    seeds.valid("one-line", "1 2 0\n");
    seeds.valid("carriage-returns", "1 2 3\r\n2 1 3\r\n");
    seeds.valid("no-newline", "1 2 3\n2 3 4");
    for (name, text) in [
        ("nothing", ""),
        ("empty-line", "1 2 3\n\n"),
        ("two-fields", "1 2\n"),
        ("four-fields", "1 2 3 4\n"),
        ("backwards", "1 2 4\n1 2 3\n"),
        ("negative", "1 -2 3\n"),
        ("letters", "a b c\n"),
        ("tabs", "1\t2\t3\n"),
        ("large", "1 2 99999999999999999999\n"),
    ] {
        seeds.bad(name, text);
    }
    seeds.any(
        "largest",
        "0 18446744073709551615 0\n1 1 18446744073709551615\n",
    );
    seeds.any("to-oneself", "1 1 3\n");
}
