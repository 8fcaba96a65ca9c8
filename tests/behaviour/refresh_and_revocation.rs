//! Refresh tokens and revocation (RFC 6749 §6, RFC 7009, RFC 7662).

use std::{cell::RefCell, collections::HashSet, thread};

use serde_json::json;

use crate::support::*;

const SCOPES: &[&str] = &["me", "offline_access"];

fn signed_in(server: &Server) -> (Token, String) {
    server.user("johndoe", PASSWORD, SCOPES);
    let answer = server.try_login("johndoe", PASSWORD, SCOPES).send();
    (Token::of(&answer), refresh_token(&answer))
}

fn refresh_token(answer: &Answer) -> String {
    let body = answer.expect(200);
    body["refresh_token"].as_str().expect("one").to_owned()
}

fn refresh(server: &Server, token: &str, more: &[(&str, &str)]) -> Answer {
    let mut form = vec![("grant_type", "refresh_token"), ("refresh_token", token)];
    form.extend(more);
    server.post("/token").form(&form).send()
}

fn me(server: &Server, token: impl AsRef<str>) -> Answer {
    server.get("/users/me").bearer(token).send()
}

fn revoke(server: &Server, token: &str) -> Answer {
    server.post("/revoke").form(&[("token", token)]).send()
}

#[test]
fn p18_a_spent_refresh_token_ends_its_family() {
    let server = Server::with_args(&["--refresh-grace=0"]);
    let (_, first) = signed_in(&server);
    let answer = refresh(&server, &first, &[]);
    let (token, second) = (Token::of(&answer), refresh_token(&answer));
    me(&server, &token).expect(200);
    assert_oauth_error(&refresh(&server, &first, &[]), 400, "invalid_grant");
    assert_oauth_error(&refresh(&server, &second, &[]), 400, "invalid_grant");
    assert_invalid_token(&me(&server, &token));
}

#[test]
fn p20_of_a_hundred_who_use_one_refresh_token_one_wins() {
    let server = Server::with_args(&["--refresh-grace=0"]);
    let (_, token) = signed_in(&server);
    let answers: Vec<Answer> = thread::scope(|scope| {
        let tries: Vec<_> = (0..100)
            .map(|_| scope.spawn(|| refresh(&server, &token, &[])))
            .collect();
        let tries = tries.into_iter();
        tries.map(|one| one.join().expect("an answer")).collect()
    });
    let winners: Vec<&Answer> = answers.iter().filter(|one| one.status == 200).collect();
    assert_eq!(winners.len(), 1);
    for loser in answers.iter().filter(|one| one.status != 200) {
        assert_oauth_error(loser, 400, "invalid_grant");
    }
    assert_invalid_token(&me(&server, Token::of(winners[0])));
}

#[test]
fn of_many_who_refresh_at_once_those_stay_signed_in_whose_login_is_not_revoked_meanwhile() {
    let server = Server::start();
    server.user("johndoe", PASSWORD, SCOPES);
    for _ in 0..3 {
        let log_in = |_| refresh_token(&server.try_login("johndoe", PASSWORD, SCOPES).send());
        let logins: Vec<String> = (0..12).map(log_in).collect();
        let (ended, kept) = logins.split_at(6);
        let answers: Vec<Answer> = thread::scope(|scope| {
            let refreshing: Vec<_> = logins
                .iter()
                .map(|token| scope.spawn(|| refresh(&server, token, &[])))
                .collect();
            for token in ended {
                scope.spawn(|| assert_eq!(revoke(&server, token).status, 200));
            }
            let refreshing = refreshing.into_iter();
            refreshing
                .map(|one| one.join().expect("an answer"))
                .collect()
        });
        let (of_ended, of_kept) = answers.split_at(ended.len());
        for answer in of_ended {
            match answer.status {
                200 => assert_invalid_token(&me(&server, Token::of(answer))),
                _ => assert_oauth_error(answer, 400, "invalid_grant"),
            }
        }
        for answer in of_kept {
            me(&server, Token::of(answer)).expect(200);
        }
        let tokens: HashSet<String> = of_kept.iter().map(|one| Token::of(one).text).collect();
        assert_eq!(tokens.len(), kept.len());
    }
}

#[test]
fn two_tabs_that_refresh_at_once_both_stay_signed_in() {
    let server = Server::start();
    let (_, token) = signed_in(&server);
    let refreshed: Vec<Answer> = thread::scope(|scope| {
        let tabs: Vec<_> = (0..4)
            .map(|_| scope.spawn(|| refresh(&server, &token, &[])))
            .collect();
        let tabs = tabs.into_iter();
        tabs.map(|tab| tab.join().expect("an answer")).collect()
    });
    for answer in &refreshed {
        me(&server, Token::of(answer)).expect(200);
    }
    let next = refreshed.iter().map(refresh_token);
    for token in next.collect::<Vec<_>>() {
        refresh(&server, &token, &[]).expect(200);
    }
}

#[test]
fn a_spent_refresh_token_serves_nobody_at_another_address_and_ends_its_family() {
    let server = Server::with_args(&["--trusted-proxy", "127.0.0.0/8"]);
    let (_, token) = signed_in(&server);
    let refresh_from = |address: &str, token: &str| {
        let form = [("grant_type", "refresh_token"), ("refresh_token", token)];
        let call = server.post("/token").header("X-Forwarded-For", address);
        call.form(&form).send()
    };
    let next = refresh_token(&refresh_from("192.0.2.1", &token));
    let lost = refresh_from("192.0.2.1", &token);
    let access = Token::of(&lost);
    me(&server, &access).expect(200);
    assert_oauth_error(&refresh_from("192.0.2.2", &token), 400, "invalid_grant");
    assert_invalid_token(&me(&server, &access));
    assert_oauth_error(&refresh_from("192.0.2.1", &token), 400, "invalid_grant");
    assert_oauth_error(&refresh_from("192.0.2.1", &next), 400, "invalid_grant");
}

#[test]
fn a_revoked_family_has_no_grace() {
    let server = Server::start();
    let (_, token) = signed_in(&server);
    let next = refresh_token(&refresh(&server, &token, &[]));
    assert_eq!(revoke(&server, &next).status, 200);
    assert_oauth_error(&refresh(&server, &token, &[]), 400, "invalid_grant");
}

#[test]
fn a_refresh_gives_an_id_token_where_the_login_gave_one() {
    let server = Server::start();
    server.user("johndoe", PASSWORD, &["openid", "me", "offline_access"]);
    let login = server
        .try_login("johndoe", PASSWORD, &["openid", "offline_access"])
        .send();
    let (_, first) = decoded(login.expect(200)["id_token"].as_str().expect("one"));
    let answer = refresh(&server, &refresh_token(&login), &[]);
    let (_, again) = decoded(answer.expect(200)["id_token"].as_str().expect("one"));
    for claim in ["iss", "sub", "aud", "auth_time"] {
        assert_eq!(again[claim], first[claim], "{claim}");
    }
    let narrowed = refresh(
        &server,
        &refresh_token(&answer),
        &[("scope", "offline_access")],
    );
    assert!(narrowed.expect(200).get("id_token").is_none());
}

#[test]
fn p17_a_refresh_narrows_and_never_widens() {
    let server = Server::start();
    let (_, token) = signed_in(&server);
    let wider = refresh(&server, &token, &[("scope", "me users:read")]);
    assert_oauth_error(&wider, 400, "invalid_scope");
    let narrow = refresh(&server, &token, &[("scope", "me")]);
    assert_eq!(Token::of(&narrow).scope(), "me");
    let whole = refresh(&server, &refresh_token(&narrow), &[]);
    assert_eq!(Token::of(&whole).scope(), "me offline_access");
}

#[test]
fn t28_a_refresh_token_is_no_bearer_token_and_is_not_stored_in_clear() {
    let server = Server::start();
    let (_, token) = signed_in(&server);
    assert_invalid_token(&me(&server, &token));
    assert!(!server.home().database_contains(token.as_bytes()));
}

#[test]
fn p19_another_clients_attempt_leaves_the_family_alive() {
    let server = Server::start();
    let (_, token) = signed_in(&server);
    let other = server.client(
        "other",
        &["--grant", "refresh_token", "--grant", "client_credentials"],
    );
    let form = [("grant_type", "refresh_token"), ("refresh_token", &*token)];
    let call = server.post("/token").basic(&other.id, &other.secret);
    assert_oauth_error(&call.form(&form).send(), 400, "invalid_grant");
    refresh(&server, &token, &[]).expect(200);
}

#[test]
fn p30_a_client_cannot_revoke_what_another_was_given() {
    let server = Server::start();
    let (token, _) = signed_in(&server);
    let other = server.client("other", &[]);
    let call = server.post("/revoke").basic(&other.id, &other.secret);
    let form = [("token", token.as_ref())];
    assert_oauth_error(&call.form(&form).send(), 400, "invalid_grant");
    me(&server, &token).expect(200);
    assert_eq!(revoke(&server, "unknown").status, 200);
    let form = [
        ("token", token.as_ref()),
        ("token_type_hint", "refresh_token"),
    ];
    assert_eq!(server.post("/revoke").form(&form).send().status, 200);
    assert_invalid_token(&me(&server, &token));
}

#[test]
fn p29_what_was_revoked_or_spent_stays_so_after_a_kill() {
    let mut server = Server::with_args(&["--refresh-grace=0"]);
    let (first, spent) = signed_in(&server);
    refresh(&server, &spent, &[]).expect(200);
    let mut tokens = vec![first];
    tokens.extend((0..10).map(|_| server.login("johndoe", PASSWORD, &["me"])));
    for token in &tokens {
        assert_eq!(revoke(&server, token.as_ref()).status, 200);
    }
    server.kill();
    server.restart();
    for token in &tokens {
        assert_invalid_token(&me(&server, token));
    }
    assert_oauth_error(&refresh(&server, &spent, &[]), 400, "invalid_grant");
}

#[test]
fn p31_of_a_token_that_is_not_active_nothing_is_told() {
    let server = Server::start();
    let (token, _) = signed_in(&server);
    let client = server.client("api", &[]);
    let ask = |token: &str| {
        let call = server.post("/introspect").basic(&client.id, &client.secret);
        call.form(&[("token", token)]).send().expect(200)
    };
    let active = ask(token.as_ref());
    assert_eq!(active["sub"], "username:johndoe", "{active}");
    assert_eq!(active["active"], true);
    assert_eq!(revoke(&server, token.as_ref()).status, 200);
    for inactive in [token.as_ref(), "garbage"] {
        assert_eq!(ask(inactive), json!({"active": false}));
    }
    let form = [("token", token.as_ref())];
    let unnamed = server.post("/introspect").form(&form).send();
    assert_oauth_error(&unnamed, 401, "invalid_client");
}

#[test]
fn p31_to_a_client_outside_its_audience_a_token_is_not_active() {
    let api = "https://api.example";
    let server = Server::with_args(&["--allowed-audience", api]);
    server.user("johndoe", PASSWORD, SCOPES);
    let inside = server.client("inside", &["--audience", api]);
    let outside = server.client("outside", &["--audience", "https://other.example"]);
    let form = [
        ("grant_type", "password"),
        ("username", "johndoe"),
        ("password", PASSWORD),
        ("scope", "me"),
        ("resource", api),
    ];
    let token = Token::of(&server.post("/token").form(&form).send());
    let ask = |client: &Confidential| {
        let call = server.post("/introspect").basic(&client.id, &client.secret);
        call.form(&[("token", token.as_ref())]).send().expect(200)
    };
    assert_eq!(ask(&inside)["active"], true);
    assert_eq!(ask(&outside), json!({"active": false}));
}

#[test]
fn a12_introspection_tells_a_client_of_the_audiences_that_it_serves_and_of_no_other() {
    let api = "https://api.example";
    let server = Server::with_args(&["--allowed-audience", api]);
    server.user("johndoe", PASSWORD, SCOPES);
    let serves_api = server.client("serves-api", &["--audience", api]);
    let serves_issuer = server.client("serves-issuer", &[]);
    let token_for = |resource: &[(&str, &str)]| {
        let login = [
            ("grant_type", "password"),
            ("username", "johndoe"),
            ("password", PASSWORD),
            ("scope", "me"),
        ];
        let form = [&login[..], resource].concat();
        Token::of(&server.post("/token").form(&form).send())
    };
    let is_active = |client: &Confidential, token: &Token| {
        let call = server.post("/introspect").basic(&client.id, &client.secret);
        let told = call.form(&[("token", token.as_ref())]).send().expect(200);
        if told["active"] == false {
            assert_eq!(told, json!({"active": false}));
        }
        told["active"].clone()
    };
    let (own, foreign) = (token_for(&[]), token_for(&[("resource", api)]));
    assert_eq!(is_active(&serves_api, &foreign), true);
    assert_eq!(is_active(&serves_api, &own), false);
    assert_eq!(is_active(&serves_issuer, &own), true);
    assert_eq!(is_active(&serves_issuer, &foreign), false);
}

#[test]
fn an_expired_refresh_token_is_refused() {
    let server = Server::with_args(&["--refresh-token-ttl", "3s"]);
    server.user("johndoe", PASSWORD, SCOPES);
    let mut args = vec!["--grant", "password", "--grant", "refresh_token"];
    args.extend(SCOPES.iter().flat_map(|scope| ["--scope", scope]));
    let api = server.client("api", &args);
    let login = server.try_login("johndoe", PASSWORD, SCOPES);
    let token = refresh_token(&login.basic(&api.id, &api.secret).send());
    let call = |path| server.post(path).basic(&api.id, &api.secret);
    let told = || call("/introspect").form(&[("token", &*token)]).send();
    assert_eq!(told().expect(200)["active"], true);
    eventually(told, |told| told.expect(200) == json!({"active": false}));
    let form = [("grant_type", "refresh_token"), ("refresh_token", &*token)];
    assert_oauth_error(&call("/token").form(&form).send(), 400, "invalid_grant");
}

#[test]
fn however_often_it_is_refreshed_a_login_ends() {
    let server = Server::with_args(&["--max-refresh-ttl", "3s", "--refresh-token-ttl", "30d"]);
    let (_, first) = signed_in(&server);
    let tokens = RefCell::new(vec![first]);
    let next = || refresh(&server, tokens.borrow().last().expect("a token"), &[]);
    eventually(next, |answer| {
        if answer.status == 200 {
            tokens.borrow_mut().push(refresh_token(answer));
        }
        answer.status != 200
    });
    assert!(tokens.borrow().len() > 1);
    assert_oauth_error(&next(), 400, "invalid_grant");
}

#[test]
fn a4_a_revocation_stands_though_the_user_or_the_client_was_disabled_at_that_moment() {
    let server = Server::start();
    let admin = server.admin();
    server.user("johndoe", PASSWORD, &["me"]);
    let token = server.login("johndoe", PASSWORD, &["me"]);
    let set_disabled = |disabled: bool| {
        let call = server.patch("/users/johndoe").bearer(&admin);
        call.json(&json!({"disabled": disabled})).send()
    };
    server.run(&["user", "grant", "root", "me"]).succeeded();
    let admin_may = |answer: &Answer| answer.status == 200;
    eventually(|| set_disabled(true), admin_may);
    let form = [("token", &*token.text)];
    server.post("/revoke").form(&form).send().expect(200);
    server.run(&["user", "enable", "johndoe"]).succeeded();
    let logs_in = |answer: &Answer| answer.status == 200;
    eventually(
        || server.try_login("johndoe", PASSWORD, &["me"]).send(),
        logs_in,
    );
    server.assert_refuses(&token.text);
}
