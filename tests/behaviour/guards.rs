//! What a guarded endpoint makes of a token that somebody has touched. The
//! ids are those of the list of attacks.

use std::{net::TcpListener, thread};

use serde_json::{Value, json};

use crate::support::*;

/// The token with another header and its old signature.
fn headed(token: &str, header: &Value) -> String {
    let [_, claims, signature] = parts(token);
    format!("{}.{claims}.{signature}", part(header.to_string()))
}

#[test]
fn t01_without_a_token_one_is_asked_for() {
    let server = Server::start();
    assert_asked_for_a_token(&server.get("/users/me").send());
}

#[test]
fn t02_another_scheme_is_no_token() {
    let (server, token) = Server::guarding();
    for value in [
        "Basic am9obmRvZTpzZWNyZXQ=",
        "Digest x",
        "Bearer",
        "Bearer ",
        &token,
    ] {
        let answer = server
            .get("/users/me")
            .header("authorization", value)
            .send();
        assert_eq!(answer.status, 401, "{value}");
        assert_contract_shape("/users/me", &answer);
    }
}

#[test]
fn the_name_of_the_scheme_may_have_any_case() {
    let (server, token) = Server::guarding();
    for scheme in ["bearer", "BEARER"] {
        let value = format!("{scheme} {token}");
        server
            .get("/users/me")
            .header("authorization", &value)
            .send()
            .expect(200);
    }
}

#[test]
fn t03_two_tokens_are_none() {
    let (server, token) = Server::guarding();
    for [first, second] in [[&*token, "garbage"], ["garbage", &token], [&token, &token]] {
        let request = format!(
            "GET /users/me HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\
             authorization: Bearer {first}\r\nauthorization: Bearer {second}\r\n\r\n"
        );
        let status = raw_status(&server.raw(request.as_bytes()));
        assert!(matches!(status, Some(400 | 401)), "{status:?}");
    }
}

#[test]
fn t04_a_token_counts_in_its_header_alone() {
    let (server, token) = Server::guarding();
    let in_query = server
        .get(&format!("/users/me?access_token={token}"))
        .send();
    assert_asked_for_a_token(&in_query);
    let in_body = server
        .patch("/users/me")
        .json(&json!({"access_token": token}))
        .send();
    assert_asked_for_a_token(&in_body);
    let in_form = server
        .get("/users/me")
        .form(&[("access_token", &token)])
        .send();
    assert_asked_for_a_token(&in_form);
    let in_cookie = server
        .get("/users/me")
        .header("cookie", &format!("access_token={token}"));
    assert_asked_for_a_token(&in_cookie.send());
}

#[test]
fn t05_alg_none_is_refused() {
    let (server, token) = Server::guarding();
    let [_, claims, signature] = parts(&token);
    for name in ["none", "None", "nOnE", "NONE", ""] {
        let mut header = decoded(&token).0;
        header["alg"] = json!(name);
        let header = part(header.to_string());
        server.assert_refuses(&format!("{header}.{claims}."));
        server.assert_refuses(&format!("{header}.{claims}.{signature}"));
    }
}

#[test]
fn t05_an_empty_signature_is_refused() {
    let (server, token) = Server::guarding();
    let [header, claims, _] = parts(&token);
    server.assert_refuses(&format!("{header}.{claims}."));
    server.assert_refuses(&format!("{header}.{claims}"));
}

#[test]
fn t07_another_algorithm_than_the_keys_is_refused() {
    let (server, token) = Server::guarding();
    for name in [
        "HS256", "ES384", "ES512", "RS256", "PS256", "EdDSA", "es256",
    ] {
        let mut header = decoded(&token).0;
        header["alg"] = json!(name);
        server.assert_refuses(&headed(&token, &header));
    }
}

#[test]
fn t08_a_key_id_that_names_no_key_is_refused() {
    let (server, token) = Server::guarding();
    let long = "k".repeat(10_000);
    for kid in [
        "",
        "unknown",
        "../../../../dev/null",
        "' OR 1=1 --",
        "0",
        &long,
    ] {
        let mut header = decoded(&token).0;
        header["kid"] = json!(kid);
        server.assert_refuses(&headed(&token, &header));
    }
}

#[test]
fn t17_a_token_of_a_mebibyte_is_refused() {
    let (server, token) = Server::guarding();
    let request = format!(
        "GET /users/me HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Bearer {}\r\n\r\n",
        "x".repeat(1 << 20)
    );
    let status = raw_status(&server.raw(request.as_bytes()));
    assert!(matches!(status, None | Some(401 | 431)), "{status:?}");
    server.get("/users/me").bearer(&token).send().expect(200);
}

#[test]
fn t26_a_new_user_of_an_old_name_does_not_inherit_the_tokens() {
    let (server, token) = Server::guarding();
    let admin = administrator(&server);
    server
        .delete("/users/johndoe")
        .bearer(&admin)
        .send()
        .expect(204);
    server.assert_refuses(&token);
    let again = json!({"username": "johndoe", "password": PASSWORD, "scopes": ["me"]});
    server
        .post("/users")
        .bearer(&admin)
        .json(&again)
        .send()
        .expect(201);
    server.assert_refuses(&token);
    let new = server.login("johndoe", PASSWORD, &["me"]);
    server.get("/users/me").bearer(&new).send().expect(200);
}

#[test]
fn t27_a_disabled_user_is_refused_at_the_next_request() {
    let (server, token) = Server::guarding();
    let admin = administrator(&server);
    let disabled = json!({"disabled": true});
    server
        .patch("/users/johndoe")
        .bearer(&admin)
        .json(&disabled)
        .send()
        .expect(200);
    server.assert_refuses(&token);
}

#[test]
fn t27_a_scope_that_was_taken_is_missed_at_the_next_request() {
    let (server, token) = Server::guarding();
    let admin = administrator(&server);
    let nothing = json!({"scopes": []});
    server
        .patch("/users/johndoe")
        .bearer(&admin)
        .json(&nothing)
        .send()
        .expect(200);
    let answer = server.get("/users/me").bearer(&token).send();
    assert_insufficient_scope(&answer, "me");
}

#[test]
fn t28_what_is_not_an_access_token_is_refused() {
    let (server, _) = Server::guarding();
    for text in [
        PASSWORD,
        "scopegate-docs",
        "johndoe",
        "garbage",
        "a.b.c",
        "..",
        "e30.e30.e30",
    ] {
        server.assert_refuses(text);
    }
}

#[test]
fn t30_garbage_does_not_drive_out_a_good_token() {
    let (server, token) = Server::guarding();
    let [header, claims, _] = parts(&token);
    thread::scope(|scope| {
        for lot in 0_u64..8 {
            let server = &server;
            scope.spawn(move || {
                for n in lot * 1_250..(lot + 1) * 1_250 {
                    let signature = part([n.to_be_bytes(); 8].concat());
                    server.assert_refuses(&format!("{header}.{claims}.{signature}"));
                }
            });
        }
    });
    server.get("/users/me").bearer(&token).send().expect(200);
}

#[test]
fn t33_the_empty_key_is_refused() {
    let (server, token) = Server::guarding();
    let (mut header, claims) = decoded(&token);
    header["alg"] = json!("HS256");
    server.assert_refuses(&signed(&header.to_string(), &claims.to_string(), b""));
    header["kid"] = json!("../../dev/null");
    server.assert_refuses(&signed(&header.to_string(), &claims.to_string(), b""));
}

#[test]
fn t34_addresses_in_a_token_are_not_visited() {
    let (server, token) = Server::guarding();
    let trap = TcpListener::bind("127.0.0.1:0").expect("a listener");
    trap.set_nonblocking(true)
        .expect("a listener that does not wait");
    let url = format!("http://{}/keys", trap.local_addr().expect("an address"));
    for (name, kid) in [
        ("jku", "theirs"),
        ("x5u", "theirs"),
        ("jku", ""),
        ("x5u", &url),
    ] {
        let mut header = decoded(&token).0;
        header[name] = json!(url);
        header["kid"] = json!(kid);
        server.assert_refuses(&headed(&token, &header));
    }
    let visit = trap.accept().expect_err("no visit");
    assert_eq!(visit.kind(), std::io::ErrorKind::WouldBlock);
}

fn administrator(server: &Server) -> Token {
    let scopes = ["me", "users:grant", "users:read", "users:write"];
    server.user("admin", PASSWORD, &scopes);
    server.login("admin", PASSWORD, &["users:grant", "users:write"])
}
