//! A status for people.

use crate::{Life, ProcessStatus, Role, Status};

/// Digits of a swarm's id in the table: enough to tell those of one machine apart.
const SWARM_DIGITS: usize = 8;
/// Characters of a reason in the table.
const WHY_CHARS: usize = 60;

/// The status as a table, each line with its line end. Plain text; stable between two calls with
/// the same status. What matters most comes first, for a terminal that cuts lines.
pub fn table(status: &Status) -> String {
    let mut out = line([
        "name", "state", "pid", "address", "swarm", "messages", "bytes", "requests", "",
    ]);
    for process in &status.processes {
        out += &row(process);
    }
    out + &last_line(status)
}

fn line(cells: [&str; 9]) -> String {
    let [
        name,
        state,
        pid,
        address,
        swarm,
        messages,
        bytes,
        requests,
        why,
    ] = cells;
    let line = format!(
        "{name:<12} {state:<14} {pid:>7} {address:<19} {swarm:<8} {messages:>8} {bytes:>9} \
         {requests:>8}  {why}"
    );
    format!("{}\n", line.trim_end())
}

fn row(process: &ProcessStatus) -> String {
    let number = |count: Option<u64>| count.map_or_else(|| "-".to_owned(), |n| n.to_string());
    let swarm = process.swarm.as_deref().unwrap_or("-");
    let (state, why) = state(&process.life);
    line([
        &process.name,
        &state,
        &number(process.pid.map(u64::from)),
        &process.address,
        swarm.get(..SWARM_DIGITS).unwrap_or(swarm),
        &number(process.messages),
        &number(process.bytes),
        &number(process.requests),
        &why,
    ])
}

/// A word or two, and the reason without anything that moves a cursor: it comes from another
/// process.
fn state(life: &Life) -> (String, String) {
    let state = match life {
        Life::NotReady { why } => {
            let printable = |c: char| if c.is_control() { '?' } else { c };
            let why = why.chars().map(printable).take(WHY_CHARS).collect();
            return ("not ready".to_owned(), why);
        }
        Life::Exited { code } => format!("dead: exit {code}"),
        Life::Killed { signal } => format!("dead: signal {signal}"),
        other => other.to_string(),
    };
    (state, String::new())
}

fn last_line(status: &Status) -> String {
    if !status.up {
        return "the network is down\n".to_owned();
    }
    let directories = status
        .processes
        .iter()
        .filter(|process| process.role == Role::Directory);
    let epoch = status.epoch.map_or_else(
        || "no snapshot yet".to_owned(),
        |epoch| format!("epoch {epoch}"),
    );
    format!(
        "{} of {} nodes ready, {} directories, {epoch} lists {} nodes\n",
        status.nodes_ready(),
        status.nodes().count(),
        directories.count(),
        status.listed
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn process(role: Role, number: u16, life: Life) -> ProcessStatus {
        let name = match role {
            Role::Directory => format!("directory-{number}"),
            Role::Node => format!("node-{number}"),
        };
        ProcessStatus {
            name,
            role,
            number,
            id: "ab".repeat(32),
            address: format!("127.9.{number}.1:7001"),
            ops: None,
            pid: (!life.is_over()).then_some(4_711),
            life,
            swarm: (role == Role::Node).then(|| "4000000000000000".to_owned()),
            messages: (role == Role::Node).then_some(12),
            bytes: None,
            requests: Some(7),
        }
    }

    #[test]
    fn a_table_has_a_line_for_every_process() {
        let status = Status {
            up: true,
            epoch: Some(3),
            listed: 2,
            processes: vec![
                process(Role::Directory, 0, Life::Ready),
                process(Role::Node, 0, Life::Ready),
                process(Role::Node, 1, Life::Killed { signal: 9 }),
            ],
        };
        let expected = "\
name         state              pid address             swarm    messages     bytes requests
directory-0  ready             4711 127.9.0.1:7001      -               -         -        7
node-0       ready             4711 127.9.0.1:7001      40000000       12         -        7
node-1       dead: signal 9       - 127.9.1.1:7001      40000000       12         -        7
1 of 2 nodes ready, 1 directories, epoch 3 lists 2 nodes
";
        assert_eq!(table(&status), expected);
    }

    #[test]
    fn a_reason_from_outside_is_harmless_and_short() {
        let why = format!("\u{1b}[2J{}", "x".repeat(99));
        let (state, why) = state(&Life::NotReady { why });
        assert_eq!(state, "not ready");
        assert_eq!(why, format!("?[2J{}", "x".repeat(56)));
    }
}
