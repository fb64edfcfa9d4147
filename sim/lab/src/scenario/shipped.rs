//! Scenarios embedded in the program.

/// A scenario that ships.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shipped {
    /// The name to run it by.
    pub name: &'static str,
    /// Its TOML text.
    pub text: &'static str,
}

/// All scenarios that ship, in the order `leek list` shows them.
pub const SHIPPED: &[Shipped] = &[
    Shipped {
        name: "first-light",
        text: include_str!("../../../scenarios/first-light.toml"),
    },
    Shipped {
        name: "trace",
        text: include_str!("../../../scenarios/trace.toml"),
    },
    Shipped {
        name: "direct",
        text: include_str!("../../../scenarios/direct.toml"),
    },
    Shipped {
        name: "hundred",
        text: include_str!("../../../scenarios/hundred.toml"),
    },
    Shipped {
        name: "calm",
        text: include_str!("../../../scenarios/calm.toml"),
    },
];

/// The trace that runs when a trace scenario names no file: made for this purpose, 24 people in
/// four circles over one day.
pub(super) const EMBEDDED_TRACE: &str = include_str!("../../data/small-trace.txt");

/// The shipped scenario of this name.
pub fn shipped(name: &str) -> Option<&'static Shipped> {
    SHIPPED.iter().find(|s| s.name == name)
}

impl Shipped {
    /// Its one-line purpose.
    pub fn purpose(&self) -> String {
        toml::from_str::<toml::Table>(self.text)
            .ok()
            .and_then(|table| Some(table.get("purpose")?.as_str()?.to_owned()))
            .unwrap_or_default()
    }
}
