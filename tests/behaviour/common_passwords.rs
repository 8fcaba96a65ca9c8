//! New passwords that would soon be guessed, where they are to be refused.

use serde_json::json;

use crate::support::*;

#[test]
fn passwords_that_would_soon_be_guessed_are_refused_where_that_is_set() {
    let server = Server::with_args(&["--password-check=on"]);
    server.user("johndoe", PASSWORD, &["me:write", "users:write"]);
    let token = server.login("johndoe", PASSWORD, &["me:write", "users:write"]);
    let add = |username: &str, password: &str| {
        let user = json!({"username": username, "password": password});
        server.post("/users").bearer(&token.text).json(&user).send()
    };
    for password in [
        "password1",
        "qwertyuiop",
        "jane-roe",
        "JANE-ROE",
        "scopegate",
    ] {
        assert_wrong_fields(&add("jane-roe", password), &["password"]);
    }
    add("jane-roe", "mauve lantern gravel").expect(201);
    let patch = json!({"password": "jane-roe1"});
    let patch = server
        .patch("/users/jane-roe")
        .bearer(&token.text)
        .json(&patch)
        .send();
    assert_wrong_fields(&patch, &["password"]);
    let change = json!({"current_password": PASSWORD, "new_password": "johndoe1"});
    let change = server
        .put("/users/me/password")
        .bearer(&token.text)
        .json(&change)
        .send();
    assert_wrong_fields(&change, &["new_password"]);
    server.login("johndoe", PASSWORD, &[]);
}

#[test]
fn the_command_refuses_them_as_well_and_says_why() {
    let home = Home::new();
    let add = |settings: &[&str]| {
        let args = [&["user", "add", "ada", "--password-stdin"], settings].concat();
        home.run_with_input(&args, "password1")
    };
    add(&["--password-check=on"]).was_refused_naming("password: it is among the first million");
    add(&[]).succeeded();
}
