//! Quantities with their unit in the text: `"250ms"`, `"76800B"`, `"20Mbit/s"`.

use core::fmt;
use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error as _, Visitor},
};

/// Splits `"250ms"` into the number and the unit.
fn split(text: &str) -> Option<(f64, &str)> {
    let at = text
        .find(|c: char| !(c.is_ascii_digit() || c == '.'))
        .unwrap_or(text.len());
    let (number, unit) = text.split_at_checked(at)?;
    let number: f64 = number.parse().ok()?;
    number.is_finite().then_some((number, unit.trim_start()))
}

/// Reads a quantity as a multiple of its base unit, rounded to an integer below 2^53.
fn read(text: &str, units: &[(&str, f64)]) -> Option<u64> {
    let (number, unit) = split(text)?;
    let (_, factor) = units.iter().find(|(name, _)| *name == unit)?;
    let value = (number * factor).round();
    // Below 2^53 the conversion is exact, and no quantity here is larger.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "bounded above"
    )]
    (value < 9.007e15).then_some(value as u64)
}

/// Writes a quantity with the largest unit that divides it.
fn write(value: u64, units: &[(&str, f64)]) -> String {
    for (name, factor) in units {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "constants"
        )]
        let factor = *factor as u64;
        if value >= factor && value.is_multiple_of(factor) {
            return format!("{}{name}", value / factor);
        }
    }
    let smallest = units.last().map_or("", |(name, _)| name);
    format!("{value}{smallest}")
}

/// Takes a string; anything else, such as a number without its unit, is refused with what should
/// have been there.
struct Text(&'static str);

impl Visitor<'_> for Text {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }

    fn visit_str<E>(self, text: &str) -> Result<String, E> {
        Ok(text.to_owned())
    }
}

macro_rules! quantity {
    ($(#[$doc:meta])* $name:ident, $units:expr, $expect:literal, $pattern:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub u64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&write(self.0, $units))
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = deserializer.deserialize_str(Text($expect))?;
                read(&text, $units).map(Self).ok_or_else(|| {
                    D::Error::custom(format!("`{text}` is not {}", $expect))
                })
            }
        }

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "string", "pattern": $pattern, "description": $expect })
            }
        }
    };
}

quantity!(
    /// A span of virtual time, in nanoseconds. Written `"250ms"`.
    Span,
    &[("h", 3.6e12), ("min", 6e10), ("s", 1e9), ("ms", 1e6), ("us", 1e3), ("ns", 1.0)],
    "a time with its unit: \"250ms\", \"5s\", \"10min\", \"1h\"",
    "^[0-9.]+ ?(ns|us|ms|s|min|h)$"
);

quantity!(
    /// A size in bytes. Written `"76800B"` or `"10MiB"`.
    Bytes,
    &[("GiB", 1073741824.0), ("MiB", 1048576.0), ("KiB", 1024.0), ("B", 1.0)],
    "a size with its unit: \"76800B\", \"75KiB\", \"10MiB\"",
    "^[0-9.]+ ?(B|KiB|MiB|GiB)$"
);

quantity!(
    /// A rate in bits per second; zero means unlimited. Written `"20Mbit/s"`.
    BitRate,
    &[("Gbit/s", 1e9), ("Mbit/s", 1e6), ("kbit/s", 1e3), ("bit/s", 1.0)],
    "a rate with its unit: \"20Mbit/s\", \"1Gbit/s\", or \"0bit/s\" for unlimited",
    "^[0-9.]+ ?(bit|kbit|Mbit|Gbit)/s$"
);

impl Span {
    /// Nanoseconds.
    pub const fn ns(self) -> u64 {
        self.0
    }

    /// Whole milliseconds, rounded down.
    pub const fn ms(self) -> u64 {
        self.0 / 1_000_000
    }

    /// A span of so many seconds.
    pub const fn from_s(s: u64) -> Self {
        Self(s * 1_000_000_000)
    }

    /// A span of so many milliseconds.
    pub const fn from_ms(ms: u64) -> Self {
        Self(ms * 1_000_000)
    }
}

/// A probability or a share, between 0 and 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd, Serialize, JsonSchema)]
pub struct Share(f64);

impl Share {
    /// The value.
    pub const fn get(self) -> f64 {
        self.0
    }

    /// A share known to be valid.
    ///
    /// # Panics
    /// When it is outside 0 to 1: a caller's bug.
    pub const fn constant(value: f64) -> Self {
        assert!(value >= 0.0 && value <= 1.0, "a share lies between 0 and 1");
        Self(value)
    }
}

impl<'de> Deserialize<'de> for Share {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = f64::deserialize(deserializer)?;
        if (0.0..=1.0).contains(&value) {
            Ok(Self(value))
        } else {
            Err(D::Error::custom(format!(
                "`{value}` is not a share between 0 and 1"
            )))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct One<T> {
        x: T,
    }

    fn span(text: &str) -> Result<u64, String> {
        toml::from_str::<One<Span>>(&format!("x = \"{text}\""))
            .map(|one| one.x.0)
            .map_err(|e| e.message().to_owned())
    }

    #[test]
    fn units_are_read() {
        assert_eq!(span("250ms"), Ok(250_000_000));
        assert_eq!(span("1.5 s"), Ok(1_500_000_000));
        assert_eq!(span("1h"), Ok(3_600_000_000_000));
    }

    #[test]
    fn a_missing_or_wrong_unit_is_refused_with_the_remedy() {
        for text in ["5", "5m", "fast", "", "1e9s", "-1s", "99999999h"] {
            let message = span(text).unwrap_err();
            assert!(message.contains("250ms"), "{text}: {message}");
        }
    }

    #[test]
    fn a_number_without_a_unit_is_refused_with_the_remedy() {
        let error = toml::from_str::<One<Span>>("x = 5").unwrap_err();
        assert!(
            error.message().contains("integer `5`, expected a time"),
            "{}",
            error.message()
        );
        assert!(error.message().contains("250ms"), "{}", error.message());
        assert_eq!(error.span(), Some(4..5));
    }

    #[test]
    fn writing_and_reading_agree() {
        for ns in [
            0,
            1,
            999,
            1_000,
            5_000_000_000,
            270_000_000_000,
            3_600_000_000_001,
        ] {
            let text = toml::to_string(&One { x: Span(ns) }).unwrap();
            assert_eq!(
                toml::from_str::<One<Span>>(&text).unwrap().x.0,
                ns,
                "{text}"
            );
        }
    }

    #[test]
    fn shares_stay_between_zero_and_one() {
        assert!(toml::from_str::<One<Share>>("x = 0.1").is_ok());
        assert!(toml::from_str::<One<Share>>("x = 1.1").is_err());
        assert!(toml::from_str::<One<Share>>("x = nan").is_err());
    }
}
