//! Narrower tokens to hand on (RFC 8693), and tokens for other APIs (RFC 8707).

use serde_json::{Value, json};

use crate::support::*;

const CARS: &str = "https://cars.example";
const POSTS: &str = "https://posts.example";

/// A server whose tokens may be for two other APIs, and a user's token.
fn with_user() -> (Server, Token) {
    let args = ["--allowed-audience", CARS, "--allowed-audience", POSTS];
    let server = Server::start_in(Home::new(), &args);
    server.user("johndoe", PASSWORD, &["me", "me:write", "users:read"]);
    let token = server.login("johndoe", PASSWORD, &["me", "users:read"]);
    (server, token)
}

fn claims(token: &Token) -> Value {
    decoded(&token.text).1
}

fn seconds(claims: &Value, name: &str) -> i64 {
    claims[name].as_i64().expect("a time")
}

fn id(token: &Token) -> String {
    claims(token)["jti"].as_str().expect("an id").to_owned()
}

/// A client that may exchange tokens.
fn gateway(server: &Server, id: &str, more: &[&str]) -> Confidential {
    let own = ["--grant", "token-exchange", "--scope", "me"];
    server.client(id, &[&own[..], &["--scope", "users:read"], more].concat())
}

fn exchange_by(server: &Server, client: &Confidential, token: &Token) -> Answer {
    let call = server.try_exchange(token, &[]);
    call.basic(&client.id, &client.secret).send()
}

/// Says "active" of a token, or that it is not, whomever it is for.
fn is_active(server: &Server, admin: &Token, token: &Token) -> Value {
    let form = [("token", token.text.as_str())];
    let call = server.post("/introspect").bearer(admin).form(&form);
    call.send().expect(200)["active"].clone()
}

#[test]
fn a_token_is_exchanged_for_a_narrower_and_shorter_one() {
    let (server, token) = with_user();
    let wanted = [("scope", "me"), ("expires_in", "60")];
    let narrow = server.exchange(&token, &wanted);
    assert_eq!(narrow.scope(), "me");
    assert_eq!(narrow.answer["issued_token_type"], ACCESS_TOKEN);
    assert_eq!(narrow.answer["token_type"], "bearer");
    assert_eq!(narrow.answer["expires_in"], 60);
    assert_eq!(narrow.answer.get("refresh_token"), None);
    let claims = claims(&narrow);
    assert_eq!(claims["sub"], "username:johndoe");
    assert_eq!(claims["scopes"], json!(["me"]));
    assert_eq!(seconds(&claims, "exp") - seconds(&claims, "iat"), 60);
    server.assert_accepts(&narrow.text);
    server.assert_may_not_list_users(&narrow);
    server.assert_lists_users(&token);
}

#[test]
fn without_a_scope_the_token_keeps_its_own() {
    let (server, token) = with_user();
    assert_eq!(server.exchange(&token, &[]).scope(), "me users:read");
    let jwt = "urn:ietf:params:oauth:token-type:jwt";
    let as_jwt = [("requested_token_type", jwt)];
    server.exchange(&token, &as_jwt);
}

#[test]
fn p17_an_exchange_gives_no_further_scope() {
    let (server, token) = with_user();
    let narrow = server.exchange(&token, &[("scope", "me")]);
    for (from, scope) in [
        (&token, "me:write"),
        (&token, "me me:write"),
        (&token, "nothing-like-it"),
        (&narrow, "users:read"),
        (&narrow, "me users:read"),
    ] {
        let answer = server.try_exchange(from, &[("scope", scope)]).send();
        assert_oauth_error(&answer, 400, "invalid_scope");
    }
}

#[test]
fn p17_an_exchange_gives_no_longer_life() {
    let (server, token) = with_user();
    let root = seconds(&claims(&token), "exp");
    let long = server.exchange(&token, &[("expires_in", "999999999")]);
    assert!(seconds(&claims(&long), "exp") <= root);
    let short = server.exchange(&token, &[("expires_in", "60")]);
    let of_short = server.exchange(&short, &[]);
    let end = seconds(&claims(&short), "exp");
    assert!(seconds(&claims(&of_short), "exp") <= end);
    for bad in ["0", "-1", "soon", "1.5", "99999999999999999999999"] {
        let answer = server.try_exchange(&token, &[("expires_in", bad)]).send();
        assert_oauth_error(&answer, 400, "invalid_request");
    }
}

#[test]
fn p17_what_the_user_has_lost_is_not_exchanged() {
    let server = Server::start();
    let admin = server.admin();
    server.user("jane", PASSWORD, &["users:read", "clients:read"]);
    let jane = server.login("jane", PASSWORD, &["users:read", "clients:read"]);
    let derived = server.exchange(&jane, &[]);
    let call = server.patch("/users/jane").bearer(&admin);
    call.json(&json!({"scopes": ["clients:read"]}))
        .send()
        .expect(200);
    server.assert_may_not_list_users(&derived);
    assert_eq!(server.exchange(&jane, &[]).scope(), "clients:read");
    let answer = server
        .try_exchange(&jane, &[("scope", "users:read")])
        .send();
    assert_oauth_error(&answer, 400, "invalid_scope");
}

#[test]
fn p21_a_subject_token_that_is_not_good_is_an_invalid_request() {
    let (server, token) = with_user();
    let foreign = Server::with_user(&["me"]).1;
    let revoked = server.login("johndoe", PASSWORD, &["me"]);
    server.run(&["token", "revoke", &id(&revoked)]).succeeded();
    eventually(
        || server.get("/users/me").bearer(&revoked).send().status,
        |status| *status == 401,
    );
    let [header, body, _] = parts(&token.text);
    let unsigned = format!("{header}.{body}.");
    for bad in ["", "nonsense", &foreign.text, &revoked.text, &unsigned] {
        let answer = server.try_exchange(bad, &[]).send();
        assert_oauth_error(&answer, 400, "invalid_request");
    }
    let grant = ("grant_type", TOKEN_EXCHANGE);
    let shown = ("subject_token", token.text.as_str());
    let id_token = "urn:ietf:params:oauth:token-type:id_token";
    for form in [
        vec![grant],
        vec![grant, shown],
        vec![grant, ("subject_token_type", ACCESS_TOKEN)],
        vec![grant, shown, ("subject_token_type", id_token)],
    ] {
        let answer = server.post("/token").form(&form).send();
        assert_oauth_error(&answer, 400, "invalid_request");
    }
    for more in [
        ("requested_token_type", id_token),
        ("actor_token", token.text.as_str()),
    ] {
        let answer = server.try_exchange(&token, &[more]).send();
        assert_oauth_error(&answer, 400, "invalid_request");
    }
}

#[test]
fn p21_an_expired_subject_token_is_an_invalid_request() {
    let mut forger = Forger::with_scopes(&["me"]);
    let now = forger.now();
    forger.claims["iat"] = json!(now - 100);
    let good = forger.claim("exp", json!(now + 100));
    forger.server.exchange(&good, &[]);
    let expired = forger.claim("exp", json!(now - 10));
    let answer = forger.server.try_exchange(&expired, &[]).send();
    assert_oauth_error(&answer, 400, "invalid_request");
}

#[test]
fn p21_an_audience_that_is_not_allowed_is_an_invalid_target() {
    let (server, token) = with_user();
    for name in ["audience", "resource"] {
        for audience in ["https://evil.example", "https://cars.example/"] {
            let answer = server.try_exchange(&token, &[(name, audience)]).send();
            assert_oauth_error(&answer, 400, "invalid_target");
        }
        let both = [(name, CARS), (name, "https://evil.example")];
        let answer = server.try_exchange(&token, &both).send();
        assert_oauth_error(&answer, 400, "invalid_target");
    }
}

#[test]
fn t21_a_token_for_another_api_is_for_that_one_alone() {
    let (server, token) = with_user();
    for name in ["audience", "resource"] {
        let for_cars = server.exchange(&token, &[(name, CARS)]);
        assert_eq!(claims(&for_cars)["aud"], CARS);
        server.assert_refuses(&for_cars.text);
    }
    let for_both = server.exchange(&token, &[("audience", CARS), ("resource", POSTS)]);
    server.assert_refuses(&for_both.text);
    let audiences = claims(&for_both)["aud"].clone();
    let audiences = audiences.as_array().expect("several audiences").clone();
    assert!(audiences.contains(&json!(CARS)) && audiences.contains(&json!(POSTS)));
}

#[test]
fn p17_a_token_for_another_api_is_not_exchanged_back() {
    let (server, token) = with_user();
    let for_cars = server.exchange(&token, &[("audience", CARS)]);
    for audience in [ISSUER, POSTS] {
        for wanted in [
            vec![("audience", audience)],
            vec![("audience", CARS), ("audience", audience)],
        ] {
            let answer = server.try_exchange(&for_cars, &wanted).send();
            assert_oauth_error(&answer, 400, "invalid_target");
        }
    }
    assert_eq!(claims(&server.exchange(&for_cars, &[]))["aud"], CARS);
    let again = server.exchange(&for_cars, &[("audience", CARS), ("scope", "me")]);
    assert_eq!(claims(&again)["aud"], CARS);
    server.assert_refuses(&again.text);
}

#[test]
fn an_api_goes_on_to_the_apis_that_the_operator_gave_its_client_and_to_no_other() {
    const HUTS: &str = "https://huts.example";
    let (server, token) = with_user();
    let cars = gateway(&server, "cars", &["--audience", CARS, "--audience", HUTS]);
    let lone = gateway(&server, "lone", &["--audience", CARS]);
    let other = gateway(&server, "other", &["--audience", HUTS]);
    let for_cars = server.exchange(&token, &[("audience", CARS), ("scope", "me users:read")]);
    let ask = |client: &Confidential, token: &Token, audience: &str| {
        let call = server.try_exchange(token, &[("audience", audience), ("scope", "me")]);
        call.basic(&client.id, &client.secret).send()
    };
    let for_huts = Token::of(&ask(&cars, &for_cars, HUTS));
    assert_eq!(claims(&for_huts)["aud"], HUTS);
    assert_eq!(claims(&for_huts)["sub"], "username:johndoe");
    assert_eq!(claims(&for_huts)["scopes"], json!(["me"]));
    assert_eq!(claims(&for_huts)["act"], json!({"sub": "client:cars"}));
    for (client, token, audience) in [
        // Not an audience of its own, though one that anybody may ask for.
        (&cars, &for_cars, POSTS),
        (&cars, &for_cars, ISSUER),
        (&lone, &for_cars, HUTS),
        // It does not speak for the API that the token is for.
        (&other, &for_cars, HUTS),
        (&lone, &for_huts, CARS),
    ] {
        assert_oauth_error(&ask(client, token, audience), 400, "invalid_target");
    }
    let nobody = server.try_exchange(&for_cars, &[("audience", HUTS)]);
    assert_oauth_error(&nobody.send(), 400, "invalid_target");

    // Whoever asks sees who acts: the API by introspection, the operator by the command.
    let form = [("token", for_huts.text.as_str())];
    let call = server.post("/introspect").basic(&other.id, &other.secret);
    let seen = call.form(&form).send().expect(200);
    assert_eq!(seen["act"], json!({"sub": "client:cars"}));
    let shown = server.run(&["token", "inspect", &for_huts.text]);
    assert!(shown.stdout.contains("acting  client:cars\n"), "{shown:#?}");
}

#[test]
fn p22_a_chain_dies_with_its_root() {
    let (server, root) = with_user();
    let admin = server.admin();
    let other = server.login("johndoe", PASSWORD, &["me"]);
    let first = server.exchange(&root, &[]);
    let second = server.exchange(&first, &[("scope", "me")]);
    let third = server.exchange(&second, &[]);
    let for_cars = server.exchange(&root, &[("audience", CARS)]);
    let of_cars = server.exchange(&for_cars, &[]);
    server.assert_accepts(&third.text);
    let call = server.delete(&format!("/tokens/{}", id(&root)));
    assert_eq!(call.bearer(&admin).send().status, 204);
    for token in [&root, &first, &second, &third] {
        server.assert_refuses(&token.text);
        let answer = server.try_exchange(token, &[]).send();
        assert_oauth_error(&answer, 400, "invalid_request");
    }
    for token in [&for_cars, &of_cars] {
        assert_eq!(is_active(&server, &admin, token), false);
        let answer = server.try_exchange(token, &[]).send();
        assert_oauth_error(&answer, 400, "invalid_request");
    }
    server.assert_accepts(&other.text);
}

#[test]
fn p22_a_link_of_a_chain_takes_only_what_came_of_it() {
    let (server, root) = with_user();
    let first = server.exchange(&root, &[]);
    let second = server.exchange(&first, &[]);
    let sibling = server.exchange(&root, &[]);
    let form = [("token", first.text.as_str())];
    server.post("/revoke").form(&form).send().expect(200);
    server.assert_refuses(&first.text);
    server.assert_refuses(&second.text);
    server.assert_accepts(&root.text);
    server.assert_accepts(&sibling.text);
}

#[test]
fn a_confidential_client_that_acts_for_a_user_is_named_and_behind_it_who_acted_before() {
    let (server, token) = with_user();
    let (first, second) = (
        gateway(&server, "first", &[]),
        gateway(&server, "second", &[]),
    );
    let once = Token::of(&exchange_by(&server, &first, &token));
    assert_eq!(claims(&once)["sub"], "username:johndoe");
    assert_eq!(claims(&once)["client_id"], "first");
    assert_eq!(claims(&once)["act"], json!({"sub": "client:first"}));
    let twice = Token::of(&exchange_by(&server, &second, &once));
    let nested = json!({"sub": "client:second", "act": {"sub": "client:first"}});
    assert_eq!(claims(&twice)["act"], nested);
    server.assert_accepts(&twice.text);
    let by_nobody = server.exchange(&twice, &[]);
    assert_eq!(claims(&by_nobody)["act"], nested);
    assert_eq!(claims(&server.exchange(&token, &[])).get("act"), None);
}

#[test]
fn a_client_gets_by_exchange_what_it_may_ask_for() {
    let (server, token) = with_user();
    let narrow = server.client("narrow", &["--grant", "token-exchange", "--scope", "me"]);
    assert_eq!(
        Token::of(&exchange_by(&server, &narrow, &token)).scope(),
        "me"
    );
    let call = server.try_exchange(&token, &[("scope", "users:read")]);
    let nothing = call.basic(&narrow.id, &narrow.secret).send();
    assert_oauth_error(&nothing, 400, "invalid_scope");
    let own = gateway(&server, "own", &["--audience", "https://own.example"]);
    let wanted = [("audience", "https://own.example")];
    let call = server.try_exchange(&token, &wanted);
    let for_own = Token::of(&call.basic(&own.id, &own.secret).send());
    assert_eq!(claims(&for_own)["aud"], "https://own.example");
    for client in [None, Some(&narrow)] {
        let call = server.try_exchange(&token, &wanted);
        let call = match client {
            Some(client) => call.basic(&client.id, &client.secret),
            None => call,
        };
        assert_oauth_error(&call.send(), 400, "invalid_target");
    }
}

#[test]
fn t21_a_login_with_a_resource_is_for_that_api() {
    let (server, _) = with_user();
    let login = |resources: &[&str]| {
        let mut form = vec![
            ("grant_type", "password"),
            ("username", "johndoe"),
            ("password", PASSWORD),
            ("scope", "me"),
        ];
        form.extend(resources.iter().map(|resource| ("resource", *resource)));
        server.post("/token").form(&form).send()
    };
    let one = Token::of(&login(&[CARS]));
    assert_eq!(claims(&one)["aud"], CARS);
    server.assert_refuses(&one.text);
    let several = Token::of(&login(&[CARS, POSTS]));
    assert_eq!(claims(&several)["aud"], json!([CARS, POSTS]));
    server.assert_refuses(&several.text);
    let with_own = Token::of(&login(&[CARS, ISSUER]));
    server.assert_accepts(&with_own.text);
    let twice = Token::of(&login(&[CARS, CARS]));
    assert_eq!(claims(&twice)["aud"], CARS);
    for bad in [
        &["https://evil.example"][..],
        &[CARS, "https://evil.example"],
    ] {
        assert_oauth_error(&login(bad), 400, "invalid_target");
    }
}

#[test]
fn a2_a_child_ends_with_its_parent_however_often_it_is_exchanged() {
    let server = Server::with_args(&["--access-token-ttl", "3s"]);
    server.user("johndoe", PASSWORD, &["me"]);
    let root = server.login("johndoe", PASSWORD, &["me"]);
    let expiry = |token: &str| decoded(token).1["exp"].as_i64().expect("an exp");
    let child = server.exchange(&root, &[]);
    let grandchild = server.exchange(&child, &[("expires_in", "3600")]);
    for token in [&child, &grandchild] {
        assert!(expiry(&token.text) <= expiry(&root.text));
    }
    // Within the leeway it is still accepted, and nothing comes of it any more.
    let is_refused = |answer: &Answer| answer.status == 400;
    eventually(|| server.try_exchange(&grandchild, &[]).send(), is_refused);
    server.assert_accepts(&grandchild.text);
}
