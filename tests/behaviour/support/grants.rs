//! Clients, and the tokens that are not got by a login.

use serde_json::{Value, json};

use super::{Answer, Call, PASSWORD, Server, Token, assert_insufficient_scope};

/// RFC 8693 §2.1.
pub const TOKEN_EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
/// RFC 8693 §3.
pub const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";

/// RFC 7523 §2.2.
pub const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// What somebody may do who administers clients, tokens and scopes.
const ADMINISTRATION: &[&str] = &[
    "audit:read",
    "clients:read",
    "clients:write",
    "introspect",
    "scopes:write",
    "tokens:mint",
    "tokens:read",
    "tokens:write",
    "users:grant",
    "users:read",
    "users:write",
];

/// A client that authenticates by its secret.
#[derive(Clone, Debug)]
pub struct Confidential {
    pub id: String,
    pub secret: String,
}

impl Server {
    /// Adds somebody who administers, and logs them in.
    #[track_caller]
    pub fn admin(&self) -> Token {
        self.user("root", PASSWORD, ADMINISTRATION);
        self.login("root", PASSWORD, ADMINISTRATION)
    }

    /// Adds a client with a secret by the command, and waits until the server knows it.
    #[track_caller]
    pub fn client(&self, id: &str, more: &[&str]) -> Confidential {
        let mut args = vec!["client", "add", id, "--json"];
        args.extend(more);
        let added = self.run(&args).succeeded().json();
        let client = Confidential::of(&added);
        let refused = |answer: &Answer| answer.status != 401;
        super::eventually(|| self.client_credentials(&client, "").send(), refused);
        client
    }

    /// Adds a subject kind by the API.
    #[track_caller]
    pub fn subject_kind(&self, admin: &Token, kind: &str, scopes: &[&str]) {
        let body = json!({"kind": kind, "scopes": scopes});
        let call = self.post("/subject-kinds").bearer(admin);
        call.json(&body).send().expect(201);
    }

    /// A client about to ask for a token about itself.
    pub fn client_credentials(&self, client: &Confidential, scope: &str) -> Call {
        let form = [("grant_type", "client_credentials"), ("scope", scope)];
        self.post("/token")
            .basic(&client.id, &client.secret)
            .form(&form)
    }

    /// The token that a client gets about itself.
    #[track_caller]
    pub fn token_of(&self, client: &Confidential, scope: &str) -> Token {
        let answer = self.client_credentials(client, scope).send();
        assert_eq!(answer.status, 200, "{answer:?}");
        Token::of(&answer)
    }

    /// A token about to be exchanged, with more parameters.
    pub fn try_exchange(&self, token: impl AsRef<str>, more: &[(&str, &str)]) -> Call {
        let mut form = vec![
            ("grant_type", TOKEN_EXCHANGE),
            ("subject_token", token.as_ref()),
            ("subject_token_type", ACCESS_TOKEN),
        ];
        form.extend(more);
        self.post("/token").form(&form)
    }

    /// What a token is exchanged for.
    #[track_caller]
    pub fn exchange(&self, token: impl AsRef<str>, more: &[(&str, &str)]) -> Token {
        let answer = self.try_exchange(token, more).send();
        assert_eq!(answer.status, 200, "{answer:?}");
        Token::of(&answer)
    }

    /// A token about a car or a post, about to be made.
    pub fn mint(&self, by: &Token, body: Value) -> Answer {
        self.post("/tokens").bearer(by).json(&body).send()
    }

    /// A personal token, about to be made with another token.
    pub fn personal(&self, with: impl AsRef<str>, scopes: &[&str]) -> Answer {
        let body = json!({"name": "backup bot", "scopes": scopes});
        let call = self.post("/users/me/tokens").bearer(with);
        call.json(&body).send()
    }

    /// The token lists users: it has the scope `users:read`.
    #[track_caller]
    pub fn assert_lists_users(&self, token: impl AsRef<str>) {
        self.get("/users").bearer(token).send().expect(200);
    }

    /// The token is good, and has no scope `users:read` (any longer).
    #[track_caller]
    pub fn assert_may_not_list_users(&self, token: impl AsRef<str>) {
        let answer = self.get("/users").bearer(token).send();
        assert_insufficient_scope(&answer, "users:read");
    }
}

impl Confidential {
    /// The client of an answer that shows its secret.
    #[track_caller]
    pub fn of(shown: &Value) -> Self {
        let text = |name: &str| match shown[name].as_str() {
            Some(text) => text.to_owned(),
            None => panic!("no {name} in {shown}"),
        };
        Self {
            id: text("client_id"),
            secret: text("client_secret"),
        }
    }
}
