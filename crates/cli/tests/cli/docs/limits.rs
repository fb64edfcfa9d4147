//! The limits of the transport as Markdown, made from the driver's source and its defaults.

use core::fmt::Write as _;

use leek_driver::Limits;

/// Every limit with its default and why it is that; `source` is the file that declares them.
pub(crate) fn markdown(source: &str) -> String {
    let defaults = format!("{:#?}", Limits::default());
    let mut out =
        "\n| Limit | Default | What it bounds, and where the number comes from |\n|---|---|---|\n"
            .to_owned();
    let mut told = 0;
    for (name, meaning) in fields(source) {
        let field = format!("    {name}: ");
        let line = defaults.lines().find_map(|line| line.strip_prefix(&field));
        let value = line.unwrap_or_else(|| panic!("no default of {name}"));
        let value = shown(name, value.trim_end_matches(','));
        let _ = writeln!(out, "| `{name}` | {value} | {meaning} |");
        told += 1;
    }
    // The first and the last line are the braces.
    assert_eq!(told + 2, defaults.lines().count(), "{defaults}");
    out + "\n"
}

/// Names and comments of the fields of `Limits`.
fn fields(source: &str) -> Vec<(&str, String)> {
    let (_, body) = source.split_once("pub struct Limits {\n").expect("limits");
    let (body, _) = body.split_once("\n}\n").expect("an end");
    let mut fields = Vec::new();
    let mut words: Vec<&str> = Vec::new();
    for line in body.lines().map(str::trim) {
        if let Some(comment) = line.strip_prefix("///") {
            words.extend(comment.split_whitespace());
        } else if let Some(field) = line.strip_prefix("pub ") {
            let (name, _) = field.split_once(':').expect("a type");
            fields.push((name, plain(&words.join(" "))));
            words.clear();
        }
    }
    fields
}

/// A comment for people who do not have the source at hand: without links into it, and without
/// the sections that it cites.
fn plain(comment: &str) -> String {
    let mut text = comment.to_owned();
    while let Some((before, rest)) = text.split_once("](") {
        let (_, after) = rest.split_once(')').expect("a link ends");
        let (before, named) = before.rsplit_once('[').expect("a link begins");
        text = format!("{before}{named}{after}");
    }
    for spec in [" (reliability spec ", " (network spec "] {
        while let Some((before, rest)) = text.split_once(spec) {
            let (_, after) = rest.split_once(')').expect("a bracket ends");
            text = format!("{before}{after}");
        }
    }
    while let Some((before, rest)) = text.split_once("; reliability spec ") {
        let (_, after) = rest.split_once(')').expect("a bracket ends");
        text = format!("{before}){after}");
    }
    text.replace('|', "\\|")
}

/// A default with its unit.
fn shown(name: &str, value: &str) -> String {
    const KIB: u64 = 1_024;
    let of_bytes = name.contains("bytes") || name.ends_with("_window");
    if let Ok(number) = value.parse::<u64>() {
        return match number {
            _ if !of_bytes => thousands(number),
            _ if number.is_multiple_of(KIB * KIB) => format!("{} MiB", number / KIB / KIB),
            _ if number.is_multiple_of(KIB) => format!("{} KiB", number / KIB),
            _ => format!("{} bytes", thousands(number)),
        };
    }
    let digits = value.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = &value[digits.len()..];
    let number = digits
        .parse()
        .unwrap_or_else(|_| panic!("{name} is {value}"));
    format!("{} {unit}", thousands(number))
}

fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_numbers_are_for_people() {
        assert_eq!(
            plain("0.2 ms (one signature; reliability spec 2.5), so"),
            "0.2 ms (one signature), so"
        );
        assert_eq!(
            plain("Longer than [`idle`](Self::idle), 2 | 3 (network spec 2.1, x)."),
            "Longer than `idle`, 2 \\| 3."
        );
        let shown = [
            ("connections", "8192"),
            ("frame_bytes", "16384"),
            ("stream_window", "1048576"),
            ("header_list_bytes", "1500"),
            ("idle", "3600s"),
            ("dial_backoff", "200ms"),
        ]
        .map(|(name, value)| shown(name, value));
        assert_eq!(
            shown,
            [
                "8,192",
                "16 KiB",
                "1 MiB",
                "1,500 bytes",
                "3,600 s",
                "200 ms"
            ]
        );
    }
}
