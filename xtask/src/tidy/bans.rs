//! Which packages may name which dependencies.

use super::{
    Finding, Workspace,
    workspace::{Dependency, Kind, Package},
};

/// The insecure suite. As a normal dependency it would put a weak cipher into a program, so only
/// the laboratory has it; tests of higher layers may compare the suites.
const SIZED: &str = "leek-crypto-sized";

/// The only package with [`SIZED`] among its normal dependencies.
const SIZED_USER: &str = "leek-lab";

/// Implementations of primitives: behind `leek_crypto::Suite` and nowhere else.
const PRIMITIVES: [&str; 24] = [
    "aes",
    "aes-gcm",
    "aws-lc-rs",
    "aws-lc-sys",
    "blake2",
    "blake2b_simd",
    "blake3",
    "chacha20",
    "chacha20poly1305",
    "crypto_box",
    "crypto_secretbox",
    "curve25519-dalek",
    "ed25519",
    "ed25519-dalek",
    "hkdf",
    "hmac",
    "ml-kem",
    "poly1305",
    "ring",
    "salsa20",
    "sha1",
    "sha2",
    "sha3",
    "x25519-dalek",
];

/// Who may name primitives.
const CRYPTO: [&str; 2] = ["leek-crypto", SIZED];

/// Single exceptions from [`PRIMITIVES`], each with its reason.
const EXCEPTIONS: [(&str, &str, &str); 1] = [(
    "leek-machine",
    "sha2",
    "seeds fork by hash, and machine stands below crypto",
)];

/// Runtimes and networks: the driver's, which is the lowest to have them.
const NETWORK: [&str; 14] = [
    "async-std",
    "axum",
    "futures",
    "h2",
    "hyper",
    "hyper-util",
    "mio",
    "quinn",
    "reqwest",
    "rustls",
    "smol",
    "tokio",
    "tonic",
    "tower",
];

/// The driver's layer.
const NETWORK_LAYER: i64 = 6;

pub(crate) fn check(workspace: &Workspace<'_>, findings: &mut Vec<Finding>) {
    for package in &workspace.packages {
        for dependency in &package.dependencies {
            if let Some((rule, what, remedy)) = refuse(package, dependency) {
                findings.push(Finding::error(
                    rule,
                    package.manifest.file,
                    dependency.line,
                    what,
                    remedy,
                ));
            }
        }
    }
}

/// Rule, what is wrong, remedy.
fn refuse(
    package: &Package<'_>,
    dependency: &Dependency,
) -> Option<(&'static str, String, &'static str)> {
    let (user, used) = (package.name.as_str(), dependency.name.as_str());
    let edge = format!("{user} {}depends on {used}", dependency.kind.prefix());
    if used == SIZED && dependency.kind != Kind::Dev && user != SIZED_USER {
        return Some((
            "insecure-suite",
            format!("{edge}, the insecure suite of simulations"),
            "take `&dyn Suite` as an argument; only sim/lab chooses the insecure one",
        ));
    }
    let excepted = EXCEPTIONS
        .iter()
        .any(|(name, crate_name, _)| (*name, *crate_name) == (user, used));
    if PRIMITIVES.contains(&used) && !CRYPTO.contains(&user) && !excepted {
        return Some((
            "primitive",
            format!("{edge}, an implementation of cryptographic primitives"),
            "use leek_crypto (`Suite`, `hash`), and add there what is missing",
        ));
    }
    let low = package.layer.is_none_or(|layer| layer < NETWORK_LAYER);
    let network = NETWORK.iter().any(|name| {
        used.strip_prefix(name)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    });
    if low && network {
        return Some((
            "network-below-driver",
            format!("{edge}, which belongs to the driver (layer {NETWORK_LAYER})"),
            "make it an input or output of the machine",
        ));
    }
    None
}
