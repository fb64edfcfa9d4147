//! What a process says on its loopback port.

use std::{
    io::{self, Read as _, Write as _},
    net::{SocketAddrV4, TcpStream},
    time::Duration,
};

/// Time for one answer. A healthy process answers within a millisecond; on an overloaded machine
/// one that waits its turn must not be taken for dead.
const TIMEOUT: Duration = Duration::from_secs(2);
/// Most bytes of an answer: the metrics of a node have about 20 KiB.
const ANSWER_BYTES_MAX: u64 = 1 << 20;

/// Messages stored, as the node's metrics call them.
const STORED_MESSAGES: &str = "leek_store_messages";
/// Bytes of them.
const STORED_BYTES: &str = "leek_store_bytes";
/// Requests answered, by how.
const REQUESTS: &str = "leek_requests_total";

/// What a process said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Probe {
    /// Why it is not ready, if it is not.
    pub(crate) not_ready: Option<String>,
    pub(crate) messages: Option<u64>,
    pub(crate) bytes: Option<u64>,
    pub(crate) requests: Option<u64>,
}

/// Asks a process how it is.
pub(crate) fn probe(ops: SocketAddrV4) -> Probe {
    let (ready, metrics) = match get(ops, "/readyz").and_then(|ready| {
        let metrics = get(ops, "/metrics")?;
        Ok((ready, metrics))
    }) {
        Ok(answers) => answers,
        Err(error) => {
            return Probe {
                not_ready: Some(format!("no answer ({})", error.kind())),
                ..Probe::default()
            };
        }
    };
    Probe {
        not_ready: (ready.status != 200).then(|| {
            let why = ready.body.trim();
            why.strip_prefix("not ready: ").unwrap_or(why).to_owned()
        }),
        messages: sum(&metrics.body, STORED_MESSAGES),
        bytes: sum(&metrics.body, STORED_BYTES),
        requests: sum(&metrics.body, REQUESTS),
    }
}

struct Answer {
    status: u16,
    body: String,
}

fn get(ops: SocketAddrV4, path: &str) -> io::Result<Answer> {
    let mut stream = TcpStream::connect_timeout(&ops.into(), TIMEOUT)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.set_write_timeout(Some(TIMEOUT))?;
    let request = format!("GET {path} HTTP/1.1\r\nhost: {ops}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes())?;
    let mut bytes = Vec::new();
    stream.take(ANSWER_BYTES_MAX).read_to_end(&mut bytes)?;
    parse(&bytes).ok_or_else(|| io::ErrorKind::InvalidData.into())
}

/// An HTTP/1.1 answer whose body has a `content-length` or lasts until the end.
fn parse(bytes: &[u8]) -> Option<Answer> {
    let text = core::str::from_utf8(bytes).ok()?;
    let (head, body) = text.split_once("\r\n\r\n")?;
    let status = head.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()?;
    Some(Answer {
        status,
        body: body.to_owned(),
    })
}

/// The sum of a metric over all its labels; `None` when it is not there. Counts are whole.
fn sum(metrics: &str, name: &str) -> Option<u64> {
    let mut total = None;
    for line in metrics.lines() {
        let Some(rest) = line.strip_prefix(name) else {
            continue;
        };
        let value = match rest.strip_prefix('{') {
            Some(labelled) => labelled.rsplit_once("} ").map(|(_, value)| value),
            None => rest.strip_prefix(' '),
        };
        if let Some(value) = value.and_then(|value| value.trim().parse::<u64>().ok()) {
            total = Some(total.unwrap_or(0) + value);
        }
    }
    total
}

#[cfg(test)]
mod tests {
    use std::{net::TcpListener, thread};

    use super::*;

    #[test]
    fn metrics_are_summed_over_their_labels() {
        let text = "# TYPE a counter\na{x=\"1\"} 2\na{x=\"} 9\"} 3\nab 7\nb 1\nc 0.5\n";
        assert_eq!(sum(text, "a"), Some(5));
        assert_eq!(sum(text, "b"), Some(1));
        assert_eq!(sum(text, "ab"), Some(7));
        assert_eq!(sum(text, "d"), None);
        assert_eq!(sum(text, "c"), None, "no count");
    }

    #[test]
    fn an_answer_is_taken_apart() {
        let answer = parse(b"HTTP/1.1 503 x\r\na: b\r\n\r\nwhy\n").unwrap();
        assert_eq!((answer.status, answer.body.as_str()), (503, "why\n"));
        for bad in [
            &b""[..],
            b"HTTP/1.1 200",
            b"SSH-2.0\r\n\r\n",
            b"HTTP/1.1 2\r\n\r\n",
        ] {
            assert!(parse(bad).is_none(), "{bad:?}");
        }
    }

    #[test]
    fn a_process_is_asked_twice() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let std::net::SocketAddr::V4(ops) = listener.local_addr().unwrap() else {
            unreachable!()
        };
        let server = thread::spawn(move || {
            for answer in [
                "HTTP/1.1 503 no\r\ncontent-length: 16\r\n\r\nnot ready: full\n",
                "HTTP/1.1 200 OK\r\n\r\nleek_store_messages 3\nleek_requests_total{a=\"b\"} 4\n",
            ] {
                let (mut stream, _) = listener.accept().unwrap();
                let mut request = [0; 512];
                let len = stream.read(&mut request).unwrap();
                assert!(request[..len].starts_with(b"GET /"));
                stream.write_all(answer.as_bytes()).unwrap();
            }
        });
        let said = probe(ops);
        server.join().unwrap();
        let expected = Probe {
            not_ready: Some("full".to_owned()),
            messages: Some(3),
            bytes: None,
            requests: Some(4),
        };
        assert_eq!(said, expected);
        // Nobody listens any more.
        assert!(probe(ops).not_ready.unwrap().starts_with("no answer"));
    }
}
