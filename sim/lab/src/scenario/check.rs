//! Checks across fields: each refusal points at the field to change.

use leek_kernel::{DRIFT_PPM_MAX, RATE_BITS_PER_S_MAX};
use leek_machine::bug;
use leek_onion::GUARDS_MAX;

use super::{
    Format, Graph, Jitter, Latency, Loaded, Network, SCENARIO_VERSION, ScenarioError, SizeModel,
    Swarms,
};
use crate::scenario::units::{BitRate, Span};

/// Accounts a scenario may have; the deployed network's users.
const CLIENTS_MAX: u32 = 2_000_000;
/// Nodes a scenario may have: ten times the deployed network's.
const NODES_MAX: u32 = 20_000;
/// Hops a packet may pass (network spec 3.2).
const HOPS_MAX: u32 = 15;
/// Shortest one-way delay: the engine's windows are as long, and design section 3 asks for 5 ms.
const LATENCY_MIN: Span = Span::from_ms(5);
/// Longest one-way delay: well above any request's timeout.
const LATENCY_MAX: Span = Span::from_s(60);
/// Shortest poll period: fifty times as often as deployed clients.
const POLL_MIN: Span = Span::from_ms(100);
/// Most that one operation may cost a host.
const COST_MAX: Span = Span::from_s(1);
/// Longest text of a message (network spec 8).
const TEXT_BYTES_MAX: u64 = 2_000;
/// Shortest text: it carries the message's number.
const TEXT_BYTES_MIN: u64 = 16;

/// A field's path, what is wrong with it, and what to do.
type Finding = (&'static [&'static str], String, String);

/// Checks a scenario as a whole.
///
/// # Errors
/// The first finding.
pub(super) fn check(loaded: &Loaded) -> Result<(), ScenarioError> {
    let findings = [
        version, nodes, swarms, paths, links, hosts, clients, workload,
    ];
    for find in findings {
        if let Some((path, message, help)) = find(loaded) {
            return Err(loaded.error_at(path, message).help(help));
        }
    }
    Ok(())
}

fn version(loaded: &Loaded) -> Option<Finding> {
    let version = loaded.scenario.version;
    (version != SCENARIO_VERSION).then(|| {
        (
            &["version"][..],
            format!("scenario version {version} is not known"),
            format!("this build reads version {SCENARIO_VERSION}"),
        )
    })
}

fn nodes(loaded: &Loaded) -> Option<Finding> {
    let nodes = loaded.scenario.network.nodes;
    (nodes == 0 || nodes > NODES_MAX).then(|| {
        (
            &["network", "nodes"][..],
            format!("{nodes} nodes"),
            format!("give between 1 and {NODES_MAX}"),
        )
    })
}

fn swarms(loaded: &Loaded) -> Option<Finding> {
    let network = &loaded.scenario.network;
    let Swarms::Fixed { size } = network.swarms else {
        return None;
    };
    if size == 0 || size > network.nodes {
        return Some((
            &["network", "swarms"],
            format!("swarms of {size} in a network of {} nodes", network.nodes),
            "a swarm has at least one member and at most all nodes".to_owned(),
        ));
    }
    (!network.nodes.is_multiple_of(size)).then(|| {
        (
            &["network", "nodes"][..],
            format!(
                "{} nodes do not divide into swarms of exactly {size}",
                network.nodes
            ),
            format!(
                "use {} or {} nodes, or `swarms.deployed = {{}}`",
                network.nodes / size * size,
                network.nodes / size * size + size
            ),
        )
    })
}

/// Nodes that one client's paths need at least: its disjoint paths and one destination.
fn nodes_needed(loaded: &Loaded) -> u32 {
    let onion = &loaded.scenario.onion;
    onion.hops.saturating_mul(onion.guards).saturating_add(1)
}

fn paths(loaded: &Loaded) -> Option<Finding> {
    let (onion, network) = (&loaded.scenario.onion, &loaded.scenario.network);
    if onion.format == Format::Direct {
        return None;
    }
    if onion.hops == 0 || onion.hops > HOPS_MAX {
        return Some((
            &["onion", "hops"],
            format!("{} hops", onion.hops),
            format!("give between 1 and {HOPS_MAX}, or `format = \"direct\"` for none"),
        ));
    }
    if onion.guards == 0 || onion.guards > u32::from(GUARDS_MAX) {
        return Some((
            &["onion", "guards"],
            format!("{} guards", onion.guards),
            format!("give between 1 and {GUARDS_MAX}"),
        ));
    }
    let needed = nodes_needed(loaded);
    if needed > network.nodes {
        return Some((
            &["onion", "hops"],
            format!(
                "{} disjoint paths of {} hops and a destination need {needed} nodes, but the \
                 network has {}",
                onion.guards, onion.hops, network.nodes
            ),
            format!("lower `onion.hops` or `onion.guards`, or give at least {needed} nodes"),
        ));
    }
    let subnets = crate::network::subnets(network);
    (onion.one_per_slash24 && needed > subnets).then(|| {
        (
            &["network", "shared_slash24"][..],
            format!("paths need {needed} different /24, but the nodes sit in {subnets}"),
            "lower `network.shared_slash24`, or set `onion.one_per_slash24 = false`".to_owned(),
        )
    })
}

fn links(loaded: &Loaded) -> Option<Finding> {
    let Network {
        latency, jitter, ..
    } = &loaded.scenario.network;
    if let Latency::Constant(delay) = latency
        && *delay < LATENCY_MIN
    {
        return Some((
            &["network", "latency"],
            format!("a one-way delay of {delay}"),
            format!("give at least {LATENCY_MIN}: the engine looks that far ahead"),
        ));
    }
    if let Latency::Constant(delay) = latency
        && *delay > LATENCY_MAX
    {
        return Some((
            &["network", "latency"],
            format!("a one-way delay of {delay}"),
            format!("give at most {LATENCY_MAX}: no request would outlive it"),
        ));
    }
    let most = Span::from_s(60);
    let (Jitter::Uniform(span) | Jitter::Exponential(span)) = jitter else {
        return None;
    };
    (*span > most).then(|| {
        (
            &["network", "jitter"][..],
            format!("a jitter of {span}"),
            format!("give at most {most}"),
        )
    })
}

fn hosts(loaded: &Loaded) -> Option<Finding> {
    let hosts = &loaded.scenario.hosts;
    if hosts.inbox == 0 {
        return Some((
            &["hosts", "inbox"],
            "an inbox for no message".to_owned(),
            "give at least 1: a host that keeps none refuses everything".to_owned(),
        ));
    }
    if hosts.drift_ppm > DRIFT_PPM_MAX.unsigned_abs() {
        return Some((
            &["hosts", "drift_ppm"],
            format!("clocks that drift by {} ppm", hosts.drift_ppm),
            format!("give at most {DRIFT_PPM_MAX}; real ones stay below 200"),
        ));
    }
    if hosts.node_bandwidth.0.max(hosts.client_bandwidth.0) > RATE_BITS_PER_S_MAX {
        return Some((
            &["hosts"],
            format!(
                "bandwidths of {} and {}",
                hosts.node_bandwidth, hosts.client_bandwidth
            ),
            format!(
                "give at most {}, or 0bit/s for no limit",
                BitRate(RATE_BITS_PER_S_MAX)
            ),
        ));
    }
    let cost = hosts.cost;
    let costs = [
        cost.dh_public_ns,
        cost.dh_ns,
        cost.sign_ns,
        cost.verify_ns,
        cost.aead_ns,
        cost.aead_kib_ns,
        cost.message_ns,
        cost.message_kib_ns,
    ];
    (costs.iter().any(|ns| *ns > COST_MAX.ns())).then(|| {
        (
            &["hosts", "cost"][..],
            "an operation that costs more than a second".to_owned(),
            format!("give at most {} ns each", COST_MAX.ns()),
        )
    })
}

fn clients(loaded: &Loaded) -> Option<Finding> {
    let clients = &loaded.scenario.clients;
    if clients.count > CLIENTS_MAX
        || (clients.count < 2 && loaded.scenario.workload.trace.is_none())
    {
        return Some((
            &["clients", "count"],
            format!("{} clients", clients.count),
            format!("give between 2 and {CLIENTS_MAX}"),
        ));
    }
    if clients.poll < POLL_MIN {
        return Some((
            &["clients", "poll"],
            format!("a poll period of {}", clients.poll),
            format!("give at least {POLL_MIN}; the deployed period is 5s"),
        ));
    }
    for (name, value) in [
        ("poll_members", clients.poll_members),
        ("send_attempts", clients.send_attempts),
    ] {
        if value == 0 || value > 10 {
            let path: &'static [&'static str] = match name {
                "poll_members" => &["clients", "poll_members"],
                "send_attempts" => &["clients", "send_attempts"],
                _ => bug!("a field without a path"),
            };
            return Some((
                path,
                format!("{name} of {value}"),
                "give between 1 and 10".to_owned(),
            ));
        }
    }
    let Graph::SmallWorld { contacts, .. } = clients.graph else {
        return None;
    };
    (contacts == 0 || contacts % 2 == 1 || contacts >= clients.count).then(|| {
        (
            &["clients", "graph"][..],
            format!("{contacts} contacts among {} clients", clients.count),
            "give an even number, at least 2 and below the number of clients".to_owned(),
        )
    })
}

fn workload(loaded: &Loaded) -> Option<Finding> {
    let (workload, duration) = (&loaded.scenario.workload, loaded.scenario.duration);
    let (path, over): (&'static [&'static str], _) = match (&workload.poisson, &workload.trace) {
        (Some(poisson), None) => (&["workload", "poisson", "over"], poisson.over),
        (None, Some(trace)) => (&["workload", "trace", "over"], trace.over),
        (None, None) => {
            return Some((
                &["workload"],
                "the workload has neither `poisson` nor `trace`".to_owned(),
                "add `poisson = { messages = 100, over = \"60s\" }`".to_owned(),
            ));
        }
        (Some(_), Some(_)) => {
            return Some((
                &["workload"],
                "the workload has both `poisson` and `trace`".to_owned(),
                "keep one of them".to_owned(),
            ));
        }
    };
    if over > duration || over.ns() == 0 {
        return Some((
            path,
            format!("messages are sent over {over}, but the run lasts {duration}"),
            "give a time above zero and at most `duration`".to_owned(),
        ));
    }
    let (least, most) = match workload.size {
        SizeModel::Constant(size) => (size.0, size.0),
        SizeModel::LogNormal { median, sigma, max } => {
            if !(0.0..=10.0).contains(&sigma) || median > max {
                return Some((
                    &["workload", "size"],
                    format!("a log-normal size with median {median}, sigma {sigma}, max {max}"),
                    "give sigma between 0 and 10 and a median of at most max".to_owned(),
                ));
            }
            (TEXT_BYTES_MIN, max.0)
        }
    };
    (least < TEXT_BYTES_MIN || most > TEXT_BYTES_MAX).then(|| {
        (
            &["workload", "size"][..],
            format!("texts of {least} to {most} bytes"),
            format!(
                "give between {TEXT_BYTES_MIN} (a message's number) and {TEXT_BYTES_MAX} bytes"
            ),
        )
    })
}
