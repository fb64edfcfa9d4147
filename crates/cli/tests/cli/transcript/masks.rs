//! What differs from one run to the next, and nothing else:
//!
//! | what | where | compared instead |
//! |---|---|---|
//! | account ids, whole and shortened | anywhere, commands too | which account it is, by first appearance |
//! | words of a recovery phrase | behind `recovery phrase` | that there are 13 |
//! | date and time | in front of a message | their form |
//! | seconds | at the end of `sent …` | their form |
//! | process numbers, swarms, requests | rows of a table of processes | that they are numbers |
//! | second byte of addresses | the same rows | which network it is, by first appearance |
//! | blanks | the same rows, whose columns they align | that there are some |
//! | epoch | below the same rows | that it is a number |
//! | nodes that have a message, attempts | `sent …`, after a node was killed | bounds |

/// Hexadecimal digits of an account id.
const ID_DIGITS: usize = 66;
/// Those shown of a short one, before and behind the dots.
const SHORT_ENDS: [usize; 2] = [12, 4];
/// Words of a recovery phrase.
const PHRASE_WORDS: usize = 13;
/// Most attempts that a message takes.
const ATTEMPTS_MAX: u32 = 8;

/// The lines with a word in the place of everything that differs from run to run.
pub(super) fn masked(lines: &[String]) -> Vec<String> {
    let mut masks = Masks::default();
    lines.iter().map(|line| masks.line(line)).collect()
}

/// The account ids in a text, in their order.
pub(super) fn ids(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split(|c: char| !is_hex(c));
    words.filter(|word| word.len() == ID_DIGITS && word.starts_with("05"))
}

/// What was seen up to a line.
#[derive(Default)]
struct Masks {
    accounts: Vec<String>,
    networks: Vec<String>,
    killed: u32,
}

impl Masks {
    fn line(&mut self, line: &str) -> String {
        // Nobody sees a blank at the end of a line, and editors remove it.
        let line = self.accounts_named(line.trim_end());
        if line.starts_with("$ leek net kill ") {
            self.killed += 1;
        }
        let masked = self
            .process(&line)
            .or_else(|| phrase(&line))
            .or_else(|| epoch(&line))
            .or_else(|| message(&line))
            .or_else(|| self.sent(&line));
        masked.unwrap_or(line)
    }

    /// The line with the number of its account in the place of every id.
    fn accounts_named(&mut self, line: &str) -> String {
        for id in ids(line) {
            if !self.accounts.iter().any(|known| known == id) {
                self.accounts.push(id.to_owned());
            }
        }
        let mut named = line.to_owned();
        for (number, id) in self.accounts.iter().enumerate() {
            let [front, back] = SHORT_ENDS;
            let short = format!("{}…{}", &id[..front], &id[ID_DIGITS - back..]);
            named = named.replace(id, &format!("<account {number}>"));
            named = named.replace(&short, &format!("<short account {number}>"));
        }
        named
    }

    /// A row of a table of processes: name, state, process, address, swarm, messages, bytes,
    /// requests.
    fn process(&mut self, line: &str) -> Option<String> {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [
            name,
            state @ ..,
            pid,
            address,
            swarm,
            messages,
            bytes,
            requests,
        ] = &words[..]
        else {
            return None;
        };
        let number = name
            .strip_prefix("node-")
            .or_else(|| name.strip_prefix("directory-"))?;
        let address = self.address(address)?;
        let pid = if is_number(pid) { "<process>" } else { pid };
        let is_swarm = swarm.len() >= 8 && swarm.chars().all(is_hex);
        let swarm = if is_swarm { "<swarm>" } else { swarm };
        // None yet is a dash.
        let counts = is_number(requests) || *requests == "-";
        let requests = if counts { "<requests>" } else { requests };
        let row = [pid, &address, swarm, messages, bytes, requests];
        (is_number(number)).then(|| [&[*name], state, &row].concat().join(" "))
    }

    fn address(&mut self, address: &str) -> Option<String> {
        let (network, rest) = address.strip_prefix("127.")?.split_once('.')?;
        network.parse::<u8>().ok()?;
        let known = self.networks.iter().position(|known| known == network);
        let number = known.unwrap_or_else(|| {
            self.networks.push(network.to_owned());
            self.networks.len() - 1
        });
        Some(format!("127.<network {number}>.{rest}"))
    }

    /// `sent  to …: durable at 4 of 4 nodes; 3 hops, 1 attempt, 0.14 s`.
    fn sent(&self, line: &str) -> Option<String> {
        let (rest, seconds) = line.strip_suffix(" s")?.rsplit_once(' ')?;
        let (whole, hundredths) = seconds.split_once('.')?;
        let is_time = is_number(whole) && is_number(hundredths) && hundredths.len() == 2;
        if !is_time || !rest.starts_with("sent  to ") {
            return None;
        }
        if self.killed == 0 {
            return Some(format!("{rest} <seconds> s"));
        }
        let (to, level) = rest.split_once(": durable at ")?;
        let (durable, level) = level.split_once(" of ")?;
        let (members, level) = level.split_once(" nodes; ")?;
        let (hops, attempts) = level.split_once(", ")?;
        let (attempts, word) = attempts.split_once(' ')?;
        let numbers: [Option<u32>; 3] = [durable, members, attempts].map(|word| word.parse().ok());
        let [Some(durable), Some(members), Some(attempts)] = numbers else {
            return None;
        };
        let in_bounds = (members.saturating_sub(self.killed)..=members).contains(&durable)
            && (1..=ATTEMPTS_MAX).contains(&attempts)
            && word
                == if attempts == 1 {
                    "attempt,"
                } else {
                    "attempts,"
                };
        in_bounds.then(|| {
            format!("{to}: durable at <nodes> of {members} nodes; {hops}, <attempts>, <seconds> s")
        })
    }
}

fn phrase(line: &str) -> Option<String> {
    let title = "recovery phrase  ";
    let words: Vec<&str> = line.strip_prefix(title)?.split(' ').collect();
    let is_word = |word: &&str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase());
    (words.len() == PHRASE_WORDS && words.iter().all(is_word)).then(|| format!("{title}<words>"))
}

/// `12 of 12 nodes ready, 3 directories, epoch 1 lists 12 nodes`. Which directory is the first to
/// have all signatures decides which epoch is.
fn epoch(line: &str) -> Option<String> {
    let (ready, epoch) = line.split_once(" directories, epoch ")?;
    let (epoch, listed) = epoch.split_once(' ')?;
    is_number(epoch).then(|| format!("{ready} directories, epoch <epoch> {listed}"))
}

/// `2026-11-22 21:37:05Z  alice: …`.
fn message(line: &str) -> Option<String> {
    const FORM: &str = "0000-00-00 00:00:00Z";
    let (time, said) = line.split_once("  ")?;
    let form: String = time
        .chars()
        .map(|c| if c.is_ascii_digit() { '0' } else { c })
        .collect();
    (form == FORM).then(|| format!("<time>  {said}"))
}

fn is_number(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_hex(c: char) -> bool {
    c.is_ascii_digit() || ('a'..='f').contains(&c)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn same(left: &[&str], right: &[&str]) -> bool {
        let [left, right] =
            [left, right].map(|lines| lines.iter().map(|&l| l.to_owned()).collect::<Vec<_>>());
        masked(&left) == masked(&right)
    }

    const ROW: &str = "node-3 ready 1 127.7.3.1:7 55555555 - 0 3";
    const SENT: &str = "sent  to bob: durable at 4 of 4 nodes; 3 hops, 1 attempt, 0.14 s";

    #[test]
    fn what_differs_from_run_to_run_is_masked() {
        let row = "node-3   ready     4145 127.78.3.1:7007     55555555     -    0   3";
        for (left, right) in [
            (
                SENT,
                "sent  to bob: durable at 4 of 4 nodes; 3 hops, 1 attempt, 12.00 s",
            ),
            (
                "2026-11-22 22:43:00Z  bob: hi",
                "2031-01-02 03:04:05Z  bob: hi",
            ),
            ("Passphrase:", "Passphrase: "),
            (
                "12 of 12 nodes ready, 3 directories, epoch 1 lists 12 nodes",
                "12 of 12 nodes ready, 3 directories, epoch 3 lists 12 nodes",
            ),
            (
                row,
                "node-3   ready   1 127.201.3.1:7007  aaaaaaaa   -   0  27",
            ),
            (
                row,
                "node-3   ready   1 127.201.3.1:7007  aaaaaaaa   -   0  -",
            ),
        ] {
            assert!(same(&[left], &[right]), "{right}");
        }
    }

    #[test]
    fn nothing_else_is() {
        for (left, right) in [
            (
                SENT,
                "sent  to bob: durable at 4 of 4 nodes; 2 hops, 1 attempt, 0.14 s",
            ),
            (
                SENT,
                "sent  to bob: durable at 3 of 4 nodes; 3 hops, 1 attempt, 0.14 s",
            ),
            (
                SENT,
                "sent  to bob: durable at 4 of 4 nodes; 3 hops, 2 attempts, 0.14 s",
            ),
            (
                SENT,
                "sent  to bob: durable at 4 of 4 nodes; 3 hops, 1 attempt, 0.1 s",
            ),
            (
                SENT,
                "sent to bob: durable at 4 of 4 nodes; 3 hops, 1 attempt, 0.14 s",
            ),
            (
                "2026-11-22 22:43:00Z  bob: hi",
                "2026-11-22 22:43:00Z  bob: ho",
            ),
            (
                "2026-11-22 22:43:00Z  bob: hi",
                "2026-11-22 22:43Z  bob: hi",
            ),
            (ROW, "node-4 ready 1 127.7.3.1:7 55555555 - 0 3"),
            (ROW, "node-3 paused 1 127.7.3.1:7 55555555 - 0 3"),
            (ROW, "node-3 not ready 1 127.7.3.1:7 55555555 - 0 3"),
            (ROW, "node-3 ready - 127.7.3.1:7 55555555 - 0 3"),
            (ROW, "node-3 ready 1 127.7.4.1:7 55555555 - 0 3"),
            (ROW, "node-3 ready 1 127.7.3.1:8 55555555 - 0 3"),
            (ROW, "node-3 ready 1 127.7.3.1:7 - - 0 3"),
            (ROW, "node-3 ready 1 127.7.3.1:7 55555555 1 0 3"),
            (ROW, "node-3 ready 1 127.7.3.1:7 55555555 - 1 3"),
            (ROW, "node-3 ready 1 127.7.3.1:7 55555555 - 0 few"),
        ] {
            assert!(!same(&[left], &[right]), "{right}");
        }
    }

    #[test]
    fn accounts_keep_their_places() {
        let [a, b] = ["1", "2"].map(|digit| format!("05{}", digit.repeat(64)));
        let [c, d] = ["3", "4"].map(|digit| format!("05{}", digit.repeat(64)));
        let [short_a, short_c] = [&a, &c].map(|id| format!("{}…{} says", &id[..12], &id[62..]));
        assert!(same(&[&a, &b, &short_a], &[&c, &d, &short_c]));
        assert!(!same(&[&a, &b, &a], &[&c, &d, &d]));
        assert!(!same(&[&a, &b, &short_a], &[&d, &c, &short_c]));
        assert!(!same(&[&a, &short_a], &[&c, &short_a]));
        assert!(!same(&[&a], &[&a[..65]]));
    }

    #[test]
    fn addresses_are_of_one_network() {
        let row = |network: u8| format!("node-3 ready 1 127.{network}.3.1:7 - - 0 3");
        assert!(same(&[&row(1), &row(1)], &[&row(9), &row(9)]));
        assert!(!same(&[&row(1), &row(1)], &[&row(9), &row(8)]));
    }

    #[test]
    fn phrases_have_their_words() {
        let phrase = |words: usize| format!("recovery phrase  {}", vec!["leek"; words].join(" "));
        let other = phrase(13).replace("leek", "onion");
        assert!(same(&[&phrase(13)], &[&other]));
        assert!(!same(&[&phrase(13)], &[&phrase(12)]));
        assert!(!same(
            &[&phrase(13)],
            &[&phrase(13).replacen("leek", "L33k", 1)]
        ));
    }

    #[test]
    fn a_killed_node_may_lack_the_message() {
        let kill = "$ leek net kill 3";
        let fewer = "sent  to bob: durable at 3 of 4 nodes; 3 hops, 2 attempts, 0.14 s";
        assert!(same(&[kill, SENT], &[kill, fewer]));
        for other in [
            "sent  to bob: durable at 2 of 4 nodes; 3 hops, 1 attempt, 0.14 s",
            "sent  to bob: durable at 5 of 4 nodes; 3 hops, 1 attempt, 0.14 s",
            "sent  to bob: durable at 4 of 4 nodes; 3 hops, 9 attempts, 0.14 s",
            "sent  to bob: durable at 4 of 4 nodes; 3 hops, 2 attempt, 0.14 s",
            "sent  to bob: durable at 4 of 4 nodes; 2 hops, 1 attempt, 0.14 s",
            "sent  to bob: durable at 4 of 5 nodes; 3 hops, 1 attempt, 0.14 s",
        ] {
            assert!(!same(&[kill, SENT], &[kill, other]), "{other}");
        }
    }
}
