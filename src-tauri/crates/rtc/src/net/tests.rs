//! Sockets of this machine's own addresses: all of 127.0.0.0/8 is.

use std::sync::{Arc, Mutex};

use tokio::net::UdpSocket;
use tokio::time::{sleep, timeout};

use super::*;
use crate::wire::{Configuration, IceServer};

const PATIENCE: Duration = Duration::from_secs(8);

/// A machine whose addresses are told.
#[derive(Clone, Default)]
struct Machine(Arc<Mutex<Vec<IpAddr>>>);

impl Machine {
    fn has(&self, addresses: &[&str]) {
        *self.0.lock().unwrap() = addresses.iter().map(|address| address.parse().unwrap()).collect();
    }

    fn net(&self) -> Net {
        let this = self.clone();
        Net::new(Interfaces::new(move || Some(this.0.lock().unwrap().clone())))
    }
}

/// The next change.
async fn change(net: &mut Net) -> Change {
    let next = async {
        loop {
            if let Some(change) = net.change() {
                return change;
            }
            net.ready().await;
            let mut buffer = [0; MAX_DATAGRAM_BYTES];
            while net.receive(&mut buffer).is_some() {}
        }
    };
    timeout(PATIENCE, next).await.expect("a change")
}

fn host(change: Change) -> SocketAddr {
    match change {
        Change::Found(Found::Host { address }) => address,
        other => panic!("not a host: {other:?}"),
    }
}

fn relay_only(ice_servers: Vec<IceServer>) -> Configuration {
    Configuration { ice_servers, relay_only: true }
}

/// The next datagram.
async fn datagram(net: &mut Net, buffer: &mut [u8]) -> (SocketAddr, SocketAddr, usize) {
    let next = async {
        loop {
            if let Some(datagram) = net.receive(buffer) {
                return datagram;
            }
            while net.change().is_some() {}
            net.ready().await;
        }
    };
    timeout(PATIENCE, next).await.expect("a datagram")
}

#[tokio::test]
async fn addresses_that_come_and_go_are_told() {
    let machine = Machine::default();
    machine.has(&["127.0.0.1", "127.0.0.2"]);
    let mut net = machine.net();
    assert_eq!(net.change(), None, "nothing is opened before it is asked for");
    net.gather(&Configuration::default(), false);
    let (first, second) = (host(change(&mut net).await), host(change(&mut net).await));
    assert_eq!(first.ip().to_string(), "127.0.0.1");
    assert_eq!(change(&mut net).await, Change::Gathered);

    machine.has(&["127.0.0.2", "127.0.0.3"]);
    assert_eq!(change(&mut net).await, Change::Gone(first));
    let third = host(change(&mut net).await);
    assert_eq!(third.ip().to_string(), "127.0.0.3");

    // What stands goes on: both can be sent from, the one that is gone cannot.
    let other = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let to = other.local_addr().unwrap();
    net.send(first, to, b"gone");
    net.send(second, to, b"second");
    net.send(third, to, b"third");
    let mut buffer = [0; 64];
    for (from, text) in [(second, "second"), (third, "third")] {
        let (length, source) = timeout(PATIENCE, other.recv_from(&mut buffer)).await.unwrap().unwrap();
        assert_eq!((source, &buffer[..length]), (from, text.as_bytes()));
    }

    // After an ICE restart all are told anew, on the same sockets.
    net.gather(&Configuration::default(), true);
    assert_eq!([host(change(&mut net).await), host(change(&mut net).await)], [second, third]);
    assert_eq!(change(&mut net).await, Change::Gathered);
    assert_eq!(net.change(), None);
}

#[tokio::test]
async fn an_address_that_is_not_there_is_passed_over() {
    let machine = Machine::default();
    machine.has(&["192.0.2.1", "127.0.0.1"]);
    let mut net = machine.net();
    net.gather(&Configuration::default(), false);
    assert_eq!(host(change(&mut net).await).ip().to_string(), "127.0.0.1");
    assert_eq!(change(&mut net).await, Change::Gathered);
}

#[tokio::test]
async fn a_flood_on_one_socket_leaves_the_others_their_turn() {
    let machine = Machine::default();
    machine.has(&["127.0.0.1", "127.0.0.2"]);
    let mut net = machine.net();
    net.gather(&Configuration::default(), false);
    let (first, second) = (host(change(&mut net).await), host(change(&mut net).await));
    let other = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    for _ in 0..100 {
        other.send_to(b"flood", first).await.unwrap();
    }
    other.send_to(b"quiet", second).await.unwrap();
    sleep(Duration::from_millis(50)).await;
    let mut buffer = [0; MAX_DATAGRAM_BYTES];
    let mut came = Vec::new();
    for _ in 0..101 {
        let (local, source, length) = datagram(&mut net, &mut buffer).await;
        assert_eq!((source, length), (other.local_addr().unwrap(), 5));
        came.push(local);
    }
    let quiet = came.iter().position(|local| *local == second).expect("it came");
    assert!(quiet <= 1, "after {quiet} others");
}

#[tokio::test]
async fn with_relays_only_no_socket_is_told_or_heard() {
    let machine = Machine::default();
    machine.has(&["127.0.0.1"]);
    let mut net = machine.net();
    net.gather(&relay_only(Vec::new()), false);
    assert_eq!(change(&mut net).await, Change::Gathered);
    let base = net.sockets[0].base;
    let other = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    for _ in 0..200 {
        other.send_to(b"hello", base).await.unwrap();
    }
    sleep(Duration::from_millis(50)).await;
    let mut buffer = [0; MAX_DATAGRAM_BYTES];
    for _ in 0..10 {
        assert_eq!(net.receive(&mut buffer), None);
    }
    // Allowed again, it is told and heard.
    net.gather(&Configuration::default(), true);
    assert_eq!(host(change(&mut net).await), base);
    other.send_to(b"hello", base).await.unwrap();
    assert_eq!(datagram(&mut net, &mut buffer).await.2, 5);
}

#[tokio::test]
async fn a_socket_that_comes_later_asks_the_stun_servers_too() {
    let server = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let url = format!("stun:{}", server.local_addr().unwrap());
    let answering = tokio::spawn(async move {
        use stun_proto::types::attribute::XorMappedAddress;
        use stun_proto::types::message::{Message, MessageWriteVec};
        use stun_proto::types::prelude::*;
        let mut buffer = [0; 1500];
        loop {
            let (length, from) = server.recv_from(&mut buffer).await.unwrap();
            let request = Message::from_bytes(&buffer[..length]).unwrap();
            let mut answer = Message::builder_success(&request, MessageWriteVec::new());
            // Seen with another port.
            let seen = SocketAddr::new(from.ip(), from.port() ^ 1);
            answer.add_attribute(&XorMappedAddress::new(seen, request.transaction_id())).unwrap();
            server.send_to(&answer.finish(), from).await.unwrap();
        }
    });
    let machine = Machine::default();
    machine.has(&["127.0.0.1"]);
    let mut net = machine.net();
    let servers = vec![IceServer { urls: vec![url], username: None, credential: None }];
    net.gather(&Configuration { ice_servers: servers, relay_only: false }, false);
    for address in ["127.0.0.1", "127.0.0.2"] {
        let base = host(change(&mut net).await);
        assert_eq!(base.ip().to_string(), address);
        let seen = SocketAddr::new(base.ip(), base.port() ^ 1);
        assert_eq!(change(&mut net).await, Change::Found(Found::Reflexive { address: seen, base }));
        if address == "127.0.0.1" {
            assert_eq!(change(&mut net).await, Change::Gathered);
            machine.has(&["127.0.0.1", "127.0.0.2"]);
        }
    }
    answering.abort();
}
