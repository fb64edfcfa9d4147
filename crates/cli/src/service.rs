//! What `leek node run` and `leek directory run` have in common.

use std::{
    fs::File,
    io::{self, Read as _, Write as _},
    net::{Ipv4Addr, SocketAddrV4},
    path::{Path, PathBuf},
};

use clap::Args;
use leek_daemon::{Notice, die_with_parent, telemetry::LogLevel};
use leek_directory::{DirectoryUrl, NetworkFile, NetworkName, Trust};
use leek_identity::NodeAddress;

use crate::{args::LogArgs, console, failure::Failure};

/// Most bytes of a network file that are looked at; a longer one is refused anyway.
const NETWORK_FILE_BYTES_MAX: u64 = 1 << 20;

/// Options of every service.
#[derive(Debug, Args)]
pub(crate) struct ServiceArgs {
    /// Where its key and its data are; made, readable by its owner only, if not there.
    #[arg(long, value_name = "DIR")]
    pub(crate) data_dir: PathBuf,
    /// The address others reach it at, such as 203.0.113.5:22021. Port 0 takes a free one.
    #[arg(long, value_name = "IP:PORT", value_parser = parse_address)]
    pub(crate) listen: NodeAddress,
    /// Where it serves /healthz, /readyz and /metrics: a loopback address. Port 0 takes a free one.
    #[arg(long, value_name = "IP:PORT", default_value = "127.0.0.1:0", value_parser = parse_ops)]
    pub(crate) ops: SocketAddrV4,
    /// Milliseconds to add to the system's clock, for a machine whose clock cannot be set.
    #[arg(
        long,
        value_name = "MS",
        default_value_t = 0,
        allow_negative_numbers = true
    )]
    pub(crate) clock_offset_ms: i64,
    /// Lines of JSON on stdout: what it says when it has started, is ready, and has stopped.
    #[arg(long)]
    pub(crate) json: bool,
    /// End as soon as this process, the parent, does.
    #[arg(long, value_name = "PID", hide = true)]
    pub(crate) die_with_parent: Option<u32>,
}

impl ServiceArgs {
    /// What must happen before anything else of a service does.
    pub(crate) fn prepare(&self, log: &LogArgs) -> Result<(), Failure> {
        if let Some(parent) = self.die_with_parent {
            die_with_parent(parent)?;
        }
        let telemetry = log.telemetry(LogLevel::Info);
        telemetry.start().map_err(Failure::Telemetry)
    }

    /// Prints what a service says, a line each.
    pub(crate) fn say(&self, notice: &Notice) -> io::Result<()> {
        let mut line = if self.json {
            notice.to_json()
        } else {
            notice.to_string()
        };
        line.push('\n');
        let mut stdout = io::stdout().lock();
        stdout.write_all(line.as_bytes())?;
        stdout.flush()
    }
}

/// The network a process belongs to.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct NetworkArgs {
    /// A directory, leek://KEY@IP:PORT; once for each. A majority of them must agree.
    #[arg(long = "directory", value_name = "URL")]
    pub(crate) directories: Vec<DirectoryUrl>,
    /// The network's file, which names its directories.
    #[arg(long, value_name = "FILE")]
    pub(crate) network: Option<PathBuf>,
}

/// Whom to trust, by a file or by the directories themselves.
pub(crate) fn trust(file: Option<&Path>, urls: &[DirectoryUrl]) -> Result<Trust, Failure> {
    match file {
        Some(path) => read_network(path),
        None => {
            let signers = urls.iter().map(|url| url.0).collect();
            Trust::majority(NetworkName::default(), signers).map_err(Failure::Trust)
        }
    }
}

fn read_network(path: &Path) -> Result<Trust, Failure> {
    let mut text = String::new();
    File::open(path)
        .and_then(|file| file.take(NETWORK_FILE_BYTES_MAX).read_to_string(&mut text))
        .map_err(|source| Failure::Read {
            path: path.to_owned(),
            source,
        })?;
    let network = NetworkFile::parse(&text).map_err(|error| Failure::NetworkFile {
        path: path.to_owned(),
        error,
    })?;
    Ok(network.into_trust())
}

/// Says something on stderr that is no log line.
pub(crate) fn hint(text: &str) {
    console::talk(&format!("{text}\n"));
}

pub(crate) fn parse_address(text: &str) -> Result<NodeAddress, String> {
    let address: SocketAddrV4 = text
        .parse()
        .map_err(|_| "give an IPv4 address and a port, such as 203.0.113.5:22021".to_owned())?;
    Ok(NodeAddress {
        ip: *address.ip(),
        port: address.port(),
    })
}

fn parse_ops(text: &str) -> Result<SocketAddrV4, String> {
    let address: Result<SocketAddrV4, _> = text.parse();
    let loopback = address.ok().filter(|address| address.ip().is_loopback());
    loopback.ok_or_else(|| {
        let example = SocketAddrV4::new(Ipv4Addr::LOCALHOST, 9_100);
        format!("give an address of this machine alone, such as {example}")
    })
}

/// Reads a number of bytes: `64MiB`, `3.5GiB` is not one, `1000000` is.
pub(crate) fn parse_bytes(text: &str) -> Result<u64, String> {
    let digits = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let scale: Option<u64> = match unit {
        "" | "B" => Some(1),
        "KiB" => Some(1 << 10),
        "MiB" => Some(1 << 20),
        "GiB" => Some(1 << 30),
        _ => None,
    };
    let number: Option<u64> = number.parse().ok();
    number
        .zip(scale)
        .and_then(|(number, scale)| number.checked_mul(scale))
        .ok_or_else(|| "give a whole number of B, KiB, MiB or GiB, such as 64MiB".to_owned())
}

/// Reads a time in milliseconds: `5ms`, `2s`.
pub(crate) fn parse_duration(text: &str) -> Result<std::time::Duration, String> {
    let digits = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let scale: Option<u64> = match unit {
        "ms" => Some(1),
        "s" => Some(1_000),
        "min" => Some(60_000),
        _ => None,
    };
    let number: Option<u64> = number.parse().ok();
    number
        .zip(scale)
        .and_then(|(number, scale)| number.checked_mul(scale))
        .map(std::time::Duration::from_millis)
        .ok_or_else(|| "give a whole number of ms, s or min, such as 5ms".to_owned())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn sizes_and_times_have_units() {
        assert_eq!(parse_bytes("64MiB"), Ok(64 << 20));
        assert_eq!(parse_bytes("1000"), Ok(1_000));
        assert_eq!(parse_bytes("3GiB"), Ok(3 << 30));
        for bad in [
            "",
            "MiB",
            "-1",
            "1.5GiB",
            "1MB",
            "1 KiB",
            "99999999999999999999",
            "9999999999999GiB",
        ] {
            assert!(parse_bytes(bad).is_err(), "{bad}");
        }
        assert_eq!(parse_duration("5ms"), Ok(Duration::from_millis(5)));
        assert_eq!(parse_duration("2min"), Ok(Duration::from_secs(120)));
        for bad in ["", "5", "ms", "1h", "-1s"] {
            assert!(parse_duration(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn addresses_are_numbers() {
        assert_eq!(
            parse_address("127.3.0.1:80").unwrap().to_string(),
            "127.3.0.1:80"
        );
        for bad in ["localhost:80", "127.0.0.1", "[::1]:80", "1.2.3.4:99999"] {
            assert!(parse_address(bad).is_err(), "{bad}");
        }
        assert_eq!(parse_ops("127.0.0.1:0").unwrap().port(), 0);
        assert!(
            parse_ops("192.0.2.1:80")
                .unwrap_err()
                .contains("this machine alone")
        );
    }
}
