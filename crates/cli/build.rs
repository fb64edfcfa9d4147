//! Tells the program which compiler built it, for `manifest.json`.

use std::{env, error::Error, process::Command};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    let rustc = env::var_os("RUSTC").ok_or("Cargo does not say which compiler it uses")?;
    let output = Command::new(rustc).arg("--version").output()?;
    let version = String::from_utf8(output.stdout)?;
    println!("cargo::rustc-env=LEEK_RUSTC={}", version.trim());
    Ok(())
}
