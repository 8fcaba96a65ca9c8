//! Keys are rotated while everybody is at work, and nobody notices.

use std::{
    collections::BTreeSet,
    net::SocketAddr,
    sync::{
        RwLock,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use reqwest::blocking::Client;

use crate::support::*;

const REQUESTS: usize = 20_000;
const WORKERS: usize = 6;

fn kid(token: &str) -> String {
    decoded(token).0["kid"].as_str().expect("a kid").to_owned()
}

fn get_token(address: SocketAddr) -> String {
    let answer = Call::new("POST", &format!("http://{address}/token")).form(&[
        ("grant_type", "password"),
        ("username", "johndoe"),
        ("password", PASSWORD),
        ("scope", "me"),
    ]);
    Token::of(&answer.send()).text
}

/// Rotates and waits until the new key signs in both servers.
fn rotate(server: &Server, addresses: &[SocketAddr], tokens: &RwLock<Vec<String>>) {
    let rotated = server
        .run(&["key", "rotate", "--now", "--json"])
        .succeeded()
        .json();
    let next = rotated["kid"].as_str().expect("a kid").to_owned();
    for address in addresses {
        eventually(
            || {
                let token = get_token(*address);
                tokens.write().expect("tokens").push(token.clone());
                token
            },
            |token| kid(token) == next,
        );
    }
}

#[test]
fn no_request_is_refused_while_keys_are_rotated_twice() {
    let (server, first) = Server::with_user(&["me"]);
    let other = Running::start(server.home().command(&["serve"]));
    let addresses = [server.address(), other.address];
    let tokens = RwLock::new(vec![first.text]);
    let rotated = AtomicBool::new(false);
    let sent = AtomicUsize::new(0);
    let refused = AtomicUsize::new(0);

    let work = |worker: usize| {
        let client = Client::builder()
            .no_proxy()
            .timeout(Duration::from_secs(30))
            .build()
            .expect("a client");
        loop {
            let number = sent.fetch_add(1, Ordering::Relaxed);
            if number >= REQUESTS && rotated.load(Ordering::Relaxed) {
                break;
            }
            // The newest token in every second request, the older ones in turn.
            let token = {
                let tokens = tokens.read().expect("tokens");
                let older = number / 2 % tokens.len();
                tokens[if number.is_multiple_of(2) {
                    tokens.len() - 1
                } else {
                    older
                }]
                .clone()
            };
            let url = format!("http://{}/users/me", addresses[(number / 3 + worker) % 2]);
            let answer = client
                .get(url)
                .bearer_auth(token)
                .send()
                .expect("an answer");
            if answer.status() != 200 {
                refused.fetch_add(1, Ordering::Relaxed);
            }
            answer.bytes().expect("a body");
        }
    };

    thread::scope(|scope| {
        for worker in 0..WORKERS {
            let work = &work;
            scope.spawn(move || work(worker));
        }
        rotate(&server, &addresses, &tokens);
        rotate(&server, &addresses, &tokens);
        rotated.store(true, Ordering::Relaxed);
    });

    let tokens = tokens.into_inner().expect("tokens");
    let kids: BTreeSet<String> = tokens.iter().map(|token| kid(token)).collect();
    assert_eq!(kids.len(), 3, "{kids:?}");
    assert!(sent.into_inner() >= REQUESTS);
    assert_eq!(refused.into_inner(), 0, "requests were refused");
}
