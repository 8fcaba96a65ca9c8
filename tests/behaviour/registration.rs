//! Clients that register themselves (RFC 7591) and manage that (RFC 7592).

use serde_json::{Value, json};

use crate::support::*;

/// Where the agents of these tests are answered.
const LOOPBACK: &str = "http://127.0.0.1:8765/callback";

/// A server that anybody may register at, with the scope `items` and `johndoe`, who may
/// hold it.
fn open_server() -> Server {
    let server = Server::with_args(&["--registration", "open"]);
    server
        .run(&["scope", "add", "items", "--description", "Read your items"])
        .succeeded();
    server.user("johndoe", PASSWORD, &["me", "items", "offline_access"]);
    let knows = |answer: &Answer| answer.body.contains("\"items\"");
    let metadata = "/.well-known/oauth-authorization-server";
    eventually(|| server.get(metadata).send(), knows);
    server
}

fn agent() -> Value {
    json!({
        "client_name": "An agent",
        "redirect_uris": [LOOPBACK],
        "grant_types": ["authorization_code", "refresh_token"],
        "token_endpoint_auth_method": "none",
        "software_id": "is not known here"
    })
}

/// The metadata with other values for some members; null leaves one out.
fn agent_with(changes: &Value) -> Value {
    let mut metadata = agent();
    for (name, value) in changes.as_object().expect("members") {
        metadata[name] = value.clone();
    }
    let members = metadata.as_object_mut().expect("members");
    members.retain(|_, value| !value.is_null());
    metadata
}

#[track_caller]
fn registered(server: &Server, metadata: &Value) -> Value {
    server.post("/register").json(metadata).send().expect(201)
}

#[track_caller]
fn text<'a>(answer: &'a Value, name: &str) -> &'a str {
    let text = answer[name].as_str();
    text.unwrap_or_else(|| panic!("no {name}: {answer}"))
}

/// A call to where a client manages itself.
fn manage(server: &Server, method: &str, client: &Value) -> Call {
    let path = format!("/register/{}", text(client, "client_id"));
    let call = server.call(method, &path);
    call.bearer(text(client, "registration_access_token"))
}

/// The metadata of a registration with its id, as a client sends it to replace it.
fn replacement(client: &Value, changes: &Value) -> Value {
    let mut metadata = agent_with(changes);
    metadata["client_id"] = client["client_id"].clone();
    metadata
}

/// Lets `johndoe` agree to these scopes for a client, which redeems its code.
#[track_caller]
fn token_for(server: &Server, client: &Value, scopes: &[&str]) -> Token {
    let path = authorize_path(&[
        ("client_id", text(client, "client_id")),
        ("redirect_uri", LOOPBACK),
        ("scope", &scopes.join(" ")),
    ]);
    let mut browser = Browser::signed_in(server, "johndoe");
    let page = browser.open(&path);
    assert!(page.body.contains("127.0.0.1:8765"), "{page:?}");
    let code = parameter(&browser.answer_consent(&page, scopes), "code").expect("a code");
    let redeemed = server.redeem_with(
        &code,
        &[
            ("client_id", text(client, "client_id")),
            ("redirect_uri", LOOPBACK),
        ],
    );
    Token::of(&redeemed.send())
}

#[test]
fn an_agent_registers_itself_and_gets_what_a_user_agrees_to() {
    let server = open_server();
    let answer = server.post("/register").json(&agent()).send();
    assert_eq!(answer.header("cache-control"), "no-store");
    let client = answer.expect(201);
    assert_eq!(client["token_endpoint_auth_method"], "none");
    assert_eq!(client["application_type"], "native");
    assert_eq!(
        client["grant_types"],
        json!(["refresh_token", "authorization_code"])
    );
    assert_eq!(client["client_secret"], Value::Null);
    let token = token_for(&server, &client, &["items", "offline_access"]);
    assert_eq!(token.scope(), "items offline_access");
    let (_, claims) = decoded(&token.text);
    assert_eq!(claims["client_id"], client["client_id"]);
    let shown = server.run(&["client", "show", text(&client, "client_id"), "--json"]);
    assert_eq!(shown.succeeded().json()["self_registered"], true);
}

#[test]
fn registration_is_off_unless_it_is_turned_on() {
    let metadata = "/.well-known/oauth-authorization-server";
    let off = Server::start();
    off.post("/register").json(&agent()).send().expect(404);
    let known = off.get(metadata).send().expect(200);
    assert_eq!(known["registration_endpoint"], Value::Null);

    let open = open_server();
    let known = open.get(metadata).send().expect(200);
    assert!(text(&known, "registration_endpoint").ends_with("/register"));
}

#[test]
fn with_a_token_of_the_command_alone() {
    let server = Server::with_args(&["--registration", "token"]);
    let without = server.post("/register").json(&agent()).send();
    without.expect(401);
    assert_eq!(
        without.header("www-authenticate"),
        "Bearer realm=\"scopegate\""
    );
    let wrong = server.post("/register").bearer("sgi_wrong").json(&agent());
    let wrong = wrong.send();
    assert_eq!(wrong.expect(401)["error"], "invalid_token");
    assert!(
        wrong
            .header("www-authenticate")
            .contains("error=\"invalid_token\"")
    );

    let made = server.run(&["client", "registration-token"]).succeeded();
    let token = made.stdout.trim();
    assert!(!token.contains(char::is_whitespace), "{made:?}");
    let register = || server.post("/register").bearer(token).json(&agent()).send();
    register().expect(201);
    register().expect(201);
    let ended = server.run(&["client", "registration-token", "--end-all"]);
    assert!(ended.succeeded().stdout.contains('1'));
    register().expect(401);
    assert!(!server.home().database_contains(token.as_bytes()));
}

#[test]
fn the_api_makes_and_ends_such_tokens() {
    let (server, admin) = Server::with_user(&["clients:write"]);
    let make = || server.post("/registration-tokens").bearer(&admin.text);
    let made = make().json(&json!({"expires_in": 60})).send().expect(201);
    assert_eq!(made["expires_in"], 60);
    assert!(text(&made, "registration_token").starts_with("sgi_"));
    let ended = server.delete("/registration-tokens").bearer(&admin.text);
    assert_eq!(ended.send().status, 204);

    // Whoever may not hold the team's scopes lets nobody ask for them.
    server
        .run(&["scope", "add", "items", "--description", "Read items"])
        .succeeded();
    let is_refused = |answer: &Answer| answer.status == 403;
    eventually(|| make().json(&json!({})).send(), is_refused);
}

#[test]
fn what_does_not_fit_is_refused_by_the_codes_of_the_rfc() {
    let server = open_server();
    let long = format!("https://a.example/{}", "x".repeat(3000));
    let many: Vec<String> = (0..11).map(|n| format!("https://a.example/{n}")).collect();
    let refused = [
        (json!({"redirect_uris": []}), "invalid_redirect_uri"),
        (json!({"redirect_uris": null}), "invalid_client_metadata"),
        (
            json!({"redirect_uris": "https://a.example"}),
            "invalid_client_metadata",
        ),
        (
            json!({"redirect_uris": ["https://a.example/#x"]}),
            "invalid_redirect_uri",
        ),
        (
            json!({"redirect_uris": ["https://u@a.example/"]}),
            "invalid_redirect_uri",
        ),
        (
            json!({"redirect_uris": ["https://*.a.example/"]}),
            "invalid_redirect_uri",
        ),
        (
            json!({"redirect_uris": ["javascript:alert(1)"]}),
            "invalid_redirect_uri",
        ),
        (
            json!({"redirect_uris": ["/relative"]}),
            "invalid_redirect_uri",
        ),
        (
            json!({"redirect_uris": ["http://a.example/"]}),
            "invalid_redirect_uri",
        ),
        (json!({"redirect_uris": [long]}), "invalid_redirect_uri"),
        (json!({"redirect_uris": many}), "invalid_redirect_uri"),
        (
            json!({"client_name": "x".repeat(256)}),
            "invalid_client_metadata",
        ),
        (
            json!({"client_name": "elgooG\u{202e}"}),
            "invalid_client_metadata",
        ),
        (json!({"client_name": ["x"]}), "invalid_client_metadata"),
        (
            json!({"token_endpoint_auth_method": "tls_client_auth"}),
            "invalid_client_metadata",
        ),
        (
            json!({"token_endpoint_auth_method": "private_key_jwt"}),
            "invalid_client_metadata",
        ),
        (
            json!({"grant_types": ["client_credentials", "password"]}),
            "invalid_client_metadata",
        ),
        (
            json!({"response_types": ["token"]}),
            "invalid_client_metadata",
        ),
        (
            json!({"application_type": "toaster"}),
            "invalid_client_metadata",
        ),
        (json!({"scope": "users:write"}), "invalid_client_metadata"),
        (json!({"scope": "a\"b"}), "invalid_client_metadata"),
    ];
    for (changes, code) in refused {
        println!("{changes}");
        let answer = server.post("/register").json(&agent_with(&changes)).send();
        assert_eq!(answer.expect(400)["error"], code);
    }
    let form = server
        .post("/register")
        .form(&[("client_name", "x")])
        .send();
    assert_eq!(form.expect(400)["error"], "invalid_request");
    let listed = server.run(&["client", "list", "--json"]).succeeded();
    assert_eq!(listed.json(), json!([]));
}

#[test]
fn nobody_registers_for_more_than_is_open_to_such_clients() {
    let server = open_server();
    let greedy = json!({
        "grant_types": ["authorization_code", "client_credentials", "password"],
        "scope": "items me users:write tokens",
        "first_party": true
    });
    let client = registered(&server, &agent_with(&greedy));
    assert_eq!(client["grant_types"], json!(["authorization_code"]));
    assert_eq!(client["scope"], "items me");
    let all = registered(&server, &agent());
    assert_eq!(all["scope"], "email items me offline_access openid profile");
    let id = text(&client, "client_id");
    server
        .run(&["client", "set", id, "--first-party"])
        .was_refused_naming("needs consent");
}

#[test]
fn the_setting_says_what_is_open_to_them() {
    let server = Server::with_args(&[
        "--registration",
        "open",
        "--registration-scope",
        "me,tokens",
    ]);
    assert_eq!(registered(&server, &agent())["scope"], "me tokens");
}

#[test]
fn a_confidential_client_gets_a_secret_and_uses_it() {
    let server = open_server();
    for method in ["client_secret_post", "client_secret_basic"] {
        let changes = json!({"token_endpoint_auth_method": method});
        let client = registered(&server, &agent_with(&changes));
        assert_eq!(client["token_endpoint_auth_method"], method);
        assert_eq!(client["client_secret_expires_at"], 0);
        let (id, secret) = (text(&client, "client_id"), text(&client, "client_secret"));
        let refused = |secret: &str| {
            let call = server.redeem_with("no-code", &[("client_id", "")]);
            call.basic(id, secret).send().json()["error"].clone()
        };
        assert_eq!(refused(secret), "invalid_grant");
        assert_eq!(refused("wrong"), "invalid_client");
        let read = manage(&server, "GET", &client).send().expect(200);
        assert_eq!(read["token_endpoint_auth_method"], method);
        assert_eq!(read["client_secret"], Value::Null);
    }
    let unsaid = json!({"token_endpoint_auth_method": null});
    let client = registered(&server, &agent_with(&unsaid));
    assert_eq!(client["token_endpoint_auth_method"], "client_secret_basic");
}

#[test]
fn whoever_holds_the_registration_access_token_manages_the_client_and_nobody_else() {
    let server = open_server();
    let (client, other) = (registered(&server, &agent()), registered(&server, &agent()));
    let read = manage(&server, "GET", &client).send().expect(200);
    assert_eq!(read["client_id"], client["client_id"]);
    assert_eq!(
        read["registration_client_uri"],
        client["registration_client_uri"]
    );
    let path = format!("/register/{}", text(&client, "client_id"));
    let theirs = text(&other, "registration_access_token");
    for method in ["GET", "DELETE"] {
        assert_eq!(server.call(method, &path).send().status, 401);
        let foreign = server.call(method, &path).bearer(theirs).send();
        assert_eq!(foreign.expect(401)["error"], "invalid_token");
    }
    server
        .get("/register/unknown")
        .bearer(theirs)
        .send()
        .expect(401);

    let token = token_for(&server, &client, &["me"]);
    server.assert_accepts(&token.text);
    assert_eq!(manage(&server, "DELETE", &client).send().status, 204);
    server.assert_refuses(&token.text);
    manage(&server, "GET", &client).send().expect(401);
}

#[test]
fn a_registration_is_replaced_and_never_widened() {
    let server = open_server();
    let client = registered(&server, &agent_with(&json!({"scope": "me"})));
    let put = |metadata: &Value| manage(&server, "PUT", &client).json(metadata).send();
    let changes = json!({"client_name": "Another name", "scope": "me items"});
    let changed = put(&replacement(&client, &changes)).expect(200);
    assert_eq!(changed["client_name"], "Another name");
    assert_eq!(changed["scope"], "me");

    let refused = put(&agent()).expect(400);
    assert_eq!(refused["error"], "invalid_client_metadata");
    let mut with_secret = replacement(&client, &json!({}));
    with_secret["client_secret"] = json!("not its own");
    put(&with_secret).expect(400);

    // One that had no secret gets one, and keeps it.
    let secret = json!({"token_endpoint_auth_method": "client_secret_basic"});
    let with_secret = put(&replacement(&client, &secret)).expect(200);
    assert!(text(&with_secret, "client_secret").starts_with("sgc_"));
    let again = put(&replacement(&with_secret, &secret)).expect(200);
    assert_eq!(again["client_secret"], Value::Null);
}

#[test]
fn what_an_operator_takes_from_such_a_client_stays_taken() {
    let server = open_server();
    let client = registered(&server, &agent());
    let id = text(&client, "client_id");
    server
        .run(&["client", "set", id, "--scope", "me"])
        .succeeded();
    let put = || manage(&server, "PUT", &client).json(&replacement(&client, &json!({})));
    assert_eq!(put().send().expect(200)["scope"], "me");
    server.run(&["client", "set", id, "--disabled"]).succeeded();
    put().send().expect(401);
    manage(&server, "DELETE", &client).send().expect(401);
}

#[test]
fn an_address_registers_a_hundred_clients_in_a_quarter_of_an_hour() {
    let server = open_server();
    let mut registered = 0;
    let refused = loop {
        let answer = server.post("/register").json(&agent()).send();
        if answer.status != 201 {
            break answer;
        }
        registered += 1;
    };
    assert_eq!(refused.expect(429)["error"], "temporarily_unavailable");
    assert!(refused.headers.contains_key("retry-after"));
    assert_eq!(registered, 100);
}
