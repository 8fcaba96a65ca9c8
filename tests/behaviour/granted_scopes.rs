//! Granted = requested ∩ what the user may hold.

use crate::support::*;

#[test]
fn what_was_asked_for_and_is_held_is_granted() {
    let (server, token) = Server::with_user(&["me", "me:write", "tokens"]);
    assert_eq!(token.scope(), "me me:write tokens");
    assert_eq!(server.login("johndoe", PASSWORD, &["me"]).scope(), "me");
}

#[test]
fn what_was_asked_for_and_is_not_held_is_left_out() {
    let (server, _) = Server::with_user(&["me"]);
    let token = server.login("johndoe", PASSWORD, &["me", "users:read"]);
    assert_eq!(token.scope(), "me");
    assert_scopes(&token, &["me"]);
}

#[test]
fn who_asks_for_no_scope_gets_a_token_that_may_do_nothing() {
    let (server, _) = Server::with_user(&["me"]);
    let parameters = [
        ("grant_type", "password"),
        ("username", "johndoe"),
        ("password", PASSWORD),
    ];
    let answer = server.post("/token").form(&parameters).send();
    answer.expect(200);
    let token = Token::of(&answer);
    assert_eq!(token.scope(), "");
    assert_scopes(&token, &[]);
    assert_insufficient_scope(&server.get("/users/me").bearer(&token).send(), "me");
}

#[test]
fn an_empty_scope_asks_for_none() {
    let (server, _) = Server::with_user(&["me"]);
    assert_eq!(server.login("johndoe", PASSWORD, &[]).scope(), "");
    assert_eq!(server.login("johndoe", PASSWORD, &["", "", ""]).scope(), "");
}

#[test]
fn a_scope_that_is_not_in_the_catalogue_is_invalid() {
    let (server, _) = Server::with_user(&["me"]);
    for scopes in [
        &["nothing-like-it"][..],
        &["me", "nothing-like-it"],
        &["ME"],
        &["me,tokens"],
    ] {
        let answer = server.try_login("johndoe", PASSWORD, scopes).send();
        assert_oauth_error(&answer, 400, "invalid_scope");
    }
}

#[test]
fn asking_only_for_what_is_not_held_is_invalid() {
    let (server, _) = Server::with_user(&["me"]);
    let answer = server
        .try_login("johndoe", PASSWORD, &["users:read"])
        .send();
    assert_oauth_error(&answer, 400, "invalid_scope");
}

#[test]
fn a_wrong_password_is_found_wrong_before_the_scopes_are_compared_with_the_users() {
    let (server, _) = Server::with_user(&["me"]);
    let answer = server
        .try_login("johndoe", "another-password", &["users:read"])
        .send();
    assert_oauth_error(&answer, 400, "invalid_grant");
}

#[test]
fn a_user_without_scopes_logs_in_all_the_same() {
    let server = Server::start();
    server.user("johndoe", PASSWORD, &[]);
    assert_eq!(server.login("johndoe", PASSWORD, &[]).scope(), "");
}

#[test]
fn scopes_come_back_sorted_and_without_repeats() {
    let (server, _) = Server::with_user(&["me", "me:write", "tokens"]);
    let token = server.login("johndoe", PASSWORD, &["tokens", "me:write", "me", "tokens"]);
    assert_eq!(token.scope(), "me me:write tokens");
    assert_scopes(&token, &["me", "me:write", "tokens"]);
}

#[test]
fn a_scope_of_the_teams_own_api_can_be_granted() {
    let home = Home::new();
    let name = "https://api.example/read";
    home.run(&["scope", "add", name, "--description", "Read the API"])
        .succeeded();
    let server = Server::start_in(home, &[]);
    server.user("johndoe", PASSWORD, &[name]);
    let token = server.login("johndoe", PASSWORD, &[name]);
    assert_scopes(&token, &[name]);
}

#[test]
fn p16_a_scope_that_smuggles_something_in_is_refused() {
    let (server, _) = Server::with_user(&["me"]);
    let smuggling = [
        "me\" scope=\"admin".to_owned(),
        "me\nusers:read".to_owned(),
        "me\tusers:read".to_owned(),
        "me\0".to_owned(),
        "me\\".to_owned(),
        "më".to_owned(),
        "' OR 1=1 --".to_owned(),
        (0..3000).map(|n| format!("s{n} ")).collect(),
        "x".repeat(2049),
    ];
    for scope in smuggling {
        let answer = server.try_login("johndoe", PASSWORD, &[&scope]).send();
        assert_oauth_error(&answer, 400, "invalid_scope");
    }
}

#[test]
fn p16_a_scope_ten_thousand_times_is_that_scope_or_nothing() {
    let (server, _) = Server::with_user(&["me"]);
    let answer = server
        .try_login("johndoe", PASSWORD, &vec!["me"; 10_000])
        .send();
    match answer.status {
        200 => assert_scopes(&Token::of(&answer), &["me"]),
        _ => assert_oauth_error(&answer, 400, "invalid_scope"),
    }
}

/// In the token itself both claims say the same.
#[track_caller]
fn assert_scopes(token: &Token, scopes: &[&str]) {
    let (_, claims) = decoded(&token.text);
    assert_eq!(strings(&claims["scopes"]), scopes);
    assert_eq!(claims["scope"], scopes.join(" "));
    assert_eq!(token.scope(), scopes.join(" "));
}
