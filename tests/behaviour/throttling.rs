//! Failed logins are limited, and nobody is locked out by a stranger.

use std::{
    io::{Read, Write},
    net::TcpStream,
    thread,
    time::{Duration, Instant},
};

use crate::support::*;

const PROXY: [&str; 2] = ["--trusted-proxy", "127.0.0.0/8"];

fn from(call: Call, address: &str) -> Call {
    call.header("x-forwarded-for", address)
}

#[track_caller]
fn assert_throttled(answer: &Answer) {
    assert_eq!(answer.status, 429, "{answer:?}");
    assert_eq!(answer.json()["error"], "temporarily_unavailable");
    let retry_after = answer.header("retry-after");
    let seconds: u32 = retry_after.parse().expect("seconds");
    assert!((1..=900).contains(&seconds), "{seconds}");
}

fn served() -> Server {
    let server = Server::with_args(&PROXY);
    server.user("johndoe", PASSWORD, &["me"]);
    server
}

fn wrong(server: &Server, username: &str, address: &str) -> Answer {
    from(server.try_login(username, "wrong-password", &[]), address).send()
}

/// The statuses of fifty wrong passwords at once.
fn fifty_at_once(server: &Server, address: &str) -> Vec<u16> {
    thread::scope(|scope| {
        let tries: Vec<_> = (0..50)
            .map(|_| scope.spawn(|| wrong(server, "johndoe", address).status))
            .collect();
        tries
            .into_iter()
            .map(|t| t.join().expect("a try"))
            .collect()
    })
}

fn right(server: &Server, address: &str) -> Answer {
    from(server.try_login("johndoe", PASSWORD, &[]), address).send()
}

#[test]
fn p12_a_stranger_is_throttled_and_the_user_is_not() {
    let mut server = served();
    right(&server, "192.0.2.1").expect(200);
    for _ in 0..10 {
        wrong(&server, "johndoe", "198.51.100.1").expect(400);
    }
    assert_throttled(&wrong(&server, "johndoe", "198.51.100.1"));
    assert_throttled(&right(&server, "198.51.100.2"));
    right(&server, "192.0.2.1").expect(200);

    server.restart();
    assert_throttled(&wrong(&server, "johndoe", "198.51.100.1"));
    right(&server, "192.0.2.1").expect(200);
}

#[test]
fn p12_fifty_wrong_passwords_at_once_are_counted() {
    let server = served();
    let statuses = fifty_at_once(&server, "198.51.100.1");
    let checked = statuses.iter().filter(|status| **status == 400).count();
    let refused = statuses.iter().filter(|status| **status == 429).count();
    assert_eq!((checked, refused), (10, 40), "{statuses:?}");
}

#[test]
fn a7_of_fifty_at_once_at_a_usual_address_ten_are_checked() {
    let server = served();
    right(&server, "192.0.2.1").expect(200);
    let statuses = fifty_at_once(&server, "192.0.2.1");
    let checked = statuses.iter().filter(|status| **status == 400).count();
    assert_eq!(checked, 10, "{statuses:?}");
    assert_throttled(&right(&server, "192.0.2.1"));
}

#[test]
fn a_login_from_a_usual_address_makes_up_for_what_failed_there() {
    let server = served();
    right(&server, "192.0.2.1").expect(200);
    for _ in 0..2 {
        for _ in 0..9 {
            wrong(&server, "johndoe", "192.0.2.1").expect(400);
        }
        right(&server, "192.0.2.1").expect(200);
    }
}

/// A mail server has one address for all of its users.
#[test]
fn a7_a_client_with_a_secret_is_counted_by_itself_and_by_username() {
    let server = served();
    let mail = server.client("mail", &["--grant", "password", "--scope", "me"]);
    let by_mail = |username: &str, password: &str| {
        let call = from(server.try_login(username, password, &[]), "192.0.2.7");
        call.basic(&mail.id, &mail.secret).send()
    };
    for number in 0..100 {
        by_mail(&format!("user{number}"), "wrong-password").expect(400);
    }
    by_mail("user100", "wrong-password").expect(400);
    by_mail("johndoe", PASSWORD).expect(200);
    // Nor does it count against the address itself.
    wrong(&server, "user101", "192.0.2.7").expect(400);
    for _ in 0..10 {
        by_mail("user102", "wrong-password").expect(400);
    }
    assert_throttled(&by_mail("user102", "wrong-password"));
}

#[test]
fn a7_an_address_reported_by_a_stranger_is_said_once_to_be_ignored() {
    let server = Server::start();
    for number in 0..3 {
        wrong(&server, "nobody", &format!("198.51.100.{number}")).expect(400);
    }
    let lines = || server.log().matches("X-Forwarded-For is ignored").count();
    eventually(lines, |count| *count > 0);
    assert_eq!(lines(), 1);
    assert!(server.log().contains("trusted-proxy"), "{}", server.log());
}

#[test]
fn p12_a_name_that_nobody_has_is_throttled_alike() {
    let server = served();
    for _ in 0..10 {
        wrong(&server, "nobody", "198.51.100.1").expect(400);
    }
    assert_throttled(&wrong(&server, "nobody", "198.51.100.1"));
}

#[test]
fn right_passwords_at_once_are_not_throttled() {
    let server = served();
    thread::scope(|scope| {
        for _ in 0..20 {
            scope.spawn(|| right(&server, "192.0.2.1").expect(200));
        }
    });
}

#[test]
fn p13_one_address_with_many_names_is_throttled() {
    let server = served();
    for number in 0..100 {
        wrong(&server, &format!("user{number}"), "198.51.100.1").expect(400);
    }
    assert_throttled(&wrong(&server, "user100", "198.51.100.1"));
    wrong(&server, "user100", "198.51.100.2").expect(400);
}

#[test]
fn p14_an_untrusted_peer_cannot_name_its_address() {
    let server = Server::start();
    server.user("johndoe", PASSWORD, &["me"]);
    right(&server, "192.0.2.1").expect(200);
    for number in 0..10 {
        wrong(&server, "johndoe", &format!("198.51.100.{number}")).expect(400);
    }
    assert_throttled(&right(&server, "192.0.2.1"));
}

#[test]
fn p15_a_full_queue_is_said_at_once() {
    // One hash takes ten times as long as what is to be said at once.
    let args = [
        "--hash-workers",
        "1",
        "--hash-queue",
        "1",
        "--bcrypt-cost",
        "13",
    ];
    let server = Server::with_args(&args);
    let start = Instant::now();
    let answers: Vec<(Answer, Duration)> = thread::scope(|scope| {
        let tries: Vec<_> = (0..20)
            .map(|number| {
                let call = server.try_login(&format!("user{number}"), "wrong-password", &[]);
                scope.spawn(move || (call.send(), start.elapsed()))
            })
            .collect();
        tries
            .into_iter()
            .map(|t| t.join().expect("a try"))
            .collect()
    });
    let (shed, checked): (Vec<_>, Vec<_>) =
        answers.iter().partition(|(answer, _)| answer.status == 503);
    assert_eq!((shed.len(), checked.len()), (18, 2), "{answers:?}");
    for (answer, _) in &shed {
        assert!(!answer.header("retry-after").is_empty(), "{answer:?}");
    }
    let slowest_shed = shed.iter().map(|(_, at)| *at).max();
    let first_checked = checked.iter().map(|(_, at)| *at).min();
    assert!(slowest_shed < first_checked, "{answers:?}");
}

#[test]
fn a_wrong_current_password_is_throttled() {
    let (server, token) = Server::with_user(&["me", "me:write"]);
    let body = serde_json::json!({"current_password": "wrong-password", "new_password": "another-password"});
    let change = || {
        server
            .put("/users/me/password")
            .bearer(&token.text)
            .json(&body)
            .send()
    };
    for _ in 0..10 {
        change().expect(422);
    }
    let refused = change();
    assert_eq!(refused.status, 429, "{refused:?}");
    assert!(!refused.header("retry-after").is_empty());
}

/// A server where a hash takes a while, and a user.
fn slow_to_hash() -> Server {
    const SLOWLY: [&str; 2] = ["--bcrypt-cost", "12"];
    let server = Server::with_args(&SLOWLY);
    let home = server.home();
    home.user_with("johndoe", PASSWORD, &["me"], &SLOWLY);
    server
}

/// Sends a login and hangs up before its answer.
fn hang_up(server: &Server, password: &str) {
    let body = format!("grant_type=password&username=johndoe&password={password}");
    let request = format!(
        "POST /token HTTP/1.1\r\nhost: localhost\r\ncontent-length: {}\r\n\
         content-type: application/x-www-form-urlencoded\r\n\r\n{body}",
        body.len()
    );
    let mut stream = TcpStream::connect(server.address()).expect("a connection");
    stream.write_all(request.as_bytes()).expect("a request");
    // The hash takes several times as long.
    let patience = Duration::from_millis(50);
    stream.set_read_timeout(Some(patience)).expect("a limit");
    let answered = stream.read(&mut [0; 1]).is_ok_and(|read| read > 0);
    assert!(!answered, "the answer was faster");
}

#[test]
fn whoever_hangs_up_with_the_right_password_has_not_failed() {
    let server = slow_to_hash();
    for _ in 0..12 {
        hang_up(&server, PASSWORD);
    }
    server.login("johndoe", PASSWORD, &["me"]);
}

#[test]
fn whoever_hangs_up_with_a_wrong_password_has_failed() {
    let server = slow_to_hash();
    let failed = || {
        hang_up(&server, "wrong-password");
        let count =
            "SELECT CAST(coalesce(max(failures - pending), 0) AS BIGINT) FROM login_failures";
        server.home().database().number(count)
    };
    eventually_within(60, failed, |failures| *failures >= 3);
}
