use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;

fn at(last: u8, port: u16) -> NodeAddress {
    NodeAddress {
        ip: Ipv4Addr::new(198, 51, 100, last),
        port,
    }
}

async fn pair(network: &Memory) -> (ByteStream, ByteStream) {
    let mut listener = network.listen(at(1, 0)).await.unwrap();
    let near = network.connect(None, listener.address()).await.unwrap();
    let (far, _) = listener.accept().await.unwrap();
    (near, far)
}

#[tokio::test(start_paused = true)]
async fn addresses_of_both_ends_are_what_they_were_given() {
    let network = Memory::new();
    let mut listener = network.listen(at(7, 22_021)).await.unwrap();
    assert_eq!(listener.address(), at(7, 22_021));
    for port in [49_152, 49_153] {
        let given = Some(at(9, 0).ip);
        let _near = network.connect(given, at(7, 22_021)).await.unwrap();
        let (_far, from) = listener.accept().await.unwrap();
        assert_eq!(from, at(9, port));
    }
    let _near = network.connect(None, at(7, 22_021)).await.unwrap();
    let (_far, from) = listener.accept().await.unwrap();
    assert_eq!(from.ip, Ipv4Addr::LOCALHOST);
}

#[tokio::test(start_paused = true)]
async fn an_address_has_one_listener_and_is_free_again_after_it() {
    let network = Memory::new();
    let listener = network.listen(at(1, 80)).await.unwrap();
    let taken = network.listen(at(1, 80)).await.unwrap_err();
    assert_eq!(taken.kind(), io::ErrorKind::AddrInUse);
    network.listen(at(2, 80)).await.unwrap();

    let mut waiting = network.connect(None, at(1, 80)).await.unwrap();
    drop(listener);
    assert_eq!(waiting.read(&mut [0]).await.unwrap(), 0);
    let refused = network.connect(None, at(1, 80)).await.err().unwrap();
    assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);
    network.listen(at(1, 80)).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn chosen_ports_are_free_ones() {
    let network = Memory::new();
    let taken = network.listen(at(1, 49_153)).await.unwrap();
    let first = network.listen(at(1, 0)).await.unwrap();
    let second = network.listen(at(1, 0)).await.unwrap();
    assert_eq!(first.address(), at(1, 49_152));
    assert_eq!(second.address(), at(1, 49_154));
    drop(taken);
}

#[tokio::test(start_paused = true)]
async fn a_writer_waits_for_the_reader() {
    let (mut near, mut far) = pair(&Memory::new()).await;
    near.write_all(&[7; BUFFER]).await.unwrap();
    let more = tokio::time::timeout(core::time::Duration::from_secs(60), near.write(&[7])).await;
    assert!(more.is_err(), "the buffer has no bound");
    far.read_exact(&mut [0; 1]).await.unwrap();
    assert_eq!(near.write(&[7, 7]).await.unwrap(), 1);
}

#[tokio::test(start_paused = true)]
async fn one_direction_can_end_before_the_other() {
    let (mut near, mut far) = pair(&Memory::new()).await;
    near.write_all(b"question").await.unwrap();
    near.shutdown().await.unwrap();
    let mut heard = Vec::new();
    far.read_to_end(&mut heard).await.unwrap();
    assert_eq!(heard, b"question");
    far.write_all(b"answer").await.unwrap();
    drop(far);
    heard.clear();
    near.read_to_end(&mut heard).await.unwrap();
    assert_eq!(heard, b"answer");
}

#[tokio::test(start_paused = true)]
async fn writing_to_nobody_fails() {
    let (mut near, far) = pair(&Memory::new()).await;
    drop(far);
    let gone = near.write_all(b"hello?").await.unwrap_err();
    assert_eq!(gone.kind(), io::ErrorKind::BrokenPipe);
}

#[tokio::test(start_paused = true)]
async fn a_full_backlog_makes_callers_wait() {
    let network = Memory::new();
    let mut listener = network.listen(at(1, 80)).await.unwrap();
    let mut streams = Vec::new();
    for _ in 0..BACKLOG {
        streams.push(network.connect(None, at(1, 80)).await.unwrap());
    }
    let soon = core::time::Duration::from_secs(1);
    let late = tokio::time::timeout(soon, network.connect(None, at(1, 80))).await;
    assert!(late.is_err(), "the backlog has no bound");
    listener.accept().await.unwrap();
    network.connect(None, at(1, 80)).await.unwrap();
}
