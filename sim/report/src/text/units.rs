//! Numbers for people: three digits that matter, and a unit.

/// Thousands apart: `1,234,567`.
pub(crate) fn count(value: u64) -> String {
    let digits = value.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// [`count`] where that fits `columns`, else [`short`].
pub(crate) fn tight(value: u64, columns: usize) -> String {
    let full = count(value);
    if full.len() <= columns {
        full
    } else {
        short(float(value))
    }
}

/// For the few digits that are shown.
#[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
pub(crate) const fn float(value: u64) -> f64 {
    value as f64
}

/// Bytes in powers of 1024: `512 B`, `45.1 MiB`.
pub(crate) fn bytes(value: f64) -> String {
    scaled(value, 1024.0, &["B", "KiB", "MiB", "GiB", "TiB", "PiB"])
}

/// A count or a rate in powers of 1000: `734`, `2.70 M`.
pub(crate) fn short(value: f64) -> String {
    scaled(value, 1000.0, &["", "k", "M", "G", "T", "P", "E"])
        .trim_end()
        .to_owned()
}

/// A time given in milliseconds: `0.25 ms`, `312 ms`, `2.41 s`, `3,600 s`.
pub(crate) fn millis(value: f64) -> String {
    if value < 999.5 {
        format!("{} ms", digits(value))
    } else {
        seconds(value / 1000.0)
    }
}

/// A time given in seconds: `0.45 s`, `3,600 s`, `11.6 d`.
pub(crate) fn seconds(value: f64) -> String {
    if value < 999_999.5 {
        format!("{} s", digits(value))
    } else {
        format!("{} d", digits(value / 86_400.0))
    }
}

/// Three digits that matter, never fewer than the whole part: `0.25`, `2.41`, `24.1`, `3,600`.
pub(crate) fn digits(value: f64) -> String {
    if !value.is_finite() || value < 0.0 {
        return "?".to_owned();
    }
    if value < 9.995 {
        format!("{value:.2}")
    } else if value < 99.95 {
        format!("{value:.1}")
    } else {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "`as` saturates, and times and counts are far below 2^64"
        )]
        let whole = value.round() as u64;
        count(whole)
    }
}

fn scaled(value: f64, step: f64, units: &[&str]) -> String {
    let (mut value, mut units) = (value, units);
    // 999.5 would print as 1,000 of the smaller unit.
    while let [_, rest @ ..] = units
        && !rest.is_empty()
        && value >= step - 0.5
    {
        value /= step;
        units = rest;
    }
    let unit = units.first().copied().unwrap_or("");
    let is_whole = value < 1000.0 && value.fract() == 0.0;
    if is_whole {
        format!("{value} {unit}")
    } else {
        format!("{} {unit}", digits(value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_have_separators() {
        let shown = [0, 999, 1000, 1_234_567, u64::MAX].map(count);
        assert_eq!(
            shown,
            [
                "0",
                "999",
                "1,000",
                "1,234,567",
                "18,446,744,073,709,551,615"
            ]
        );
    }

    #[test]
    fn bytes_change_unit_where_they_should() {
        let shown = [0.0, 512.0, 1023.0, 1024.0, 1536.0, 47_290_777.6, 5e18].map(bytes);
        let expected = [
            "0 B",
            "512 B",
            "1,023 B",
            "1 KiB",
            "1.50 KiB",
            "45.1 MiB",
            "4,441 PiB",
        ];
        assert_eq!(shown, expected);
    }

    #[test]
    fn times_change_unit_where_they_should() {
        let shown = [0.25, 9.999, 312.4, 999.4, 999.6, 2413.0, 3_600_000.0, 1e9].map(millis);
        let expected = [
            "0.25 ms", "10.0 ms", "312 ms", "999 ms", "1.00 s", "2.41 s", "3,600 s", "11.6 d",
        ];
        assert_eq!(shown, expected);
    }

    #[test]
    fn rates_are_short() {
        let shown = [7.0, 734.4, 999.9, 2_700_000.0].map(short);
        assert_eq!(shown, ["7", "734", "1.00 k", "2.70 M"]);
    }

    #[test]
    fn counts_give_way_where_it_is_tight() {
        assert_eq!(tight(999_999, 7), "999,999");
        assert_eq!(tight(1_000_000, 7), "1 M");
        assert_eq!(tight(u64::MAX, 7), "18.4 E");
    }

    #[test]
    fn nonsense_is_shown_as_such() {
        assert_eq!(millis(f64::NAN), "? d");
        assert_eq!(seconds(-1.0), "? s");
    }
}
