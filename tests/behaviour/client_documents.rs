//! Clients that are known by the document at their id
//! (draft-ietf-oauth-client-id-metadata-document).

use std::{
    io::{BufRead, BufReader, Write},
    net::TcpListener,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use serde_json::{Value, json};

use crate::support::*;

/// Where the agents of these tests are answered.
const LOOPBACK: &str = "http://127.0.0.1:8765/callback";

/// A server of somebody else, which answers every request alike.
struct Host {
    origin: String,
    answer: Arc<Mutex<(String, String)>>,
    asked: Arc<AtomicUsize>,
}

impl Host {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let origin = format!("http://{}", listener.local_addr().expect("an address"));
        let host = Self {
            origin,
            answer: Arc::default(),
            asked: Arc::default(),
        };
        let (answer, asked) = (Arc::clone(&host.answer), Arc::clone(&host.asked));
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                asked.fetch_add(1, Ordering::SeqCst);
                let mut lines = BufReader::new(&stream).lines().map_while(Result::ok);
                lines.find(String::is_empty);
                let (head, body) = answer.lock().expect("the answer").clone();
                let length = body.len();
                // Whoever hangs up early has read enough.
                let _ = write!(
                    &stream,
                    "HTTP/1.1 {head}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
                );
            }
        });
        host
    }

    fn id(&self) -> String {
        format!("{}/client.json", self.origin)
    }

    fn answers(&self, head: &str, body: &str) {
        *self.answer.lock().expect("the answer") = (head.to_owned(), body.to_owned());
    }

    /// Shows the document of a client with other values for some members; null leaves one out.
    fn describes(&self, changes: &Value) {
        self.describes_with("cache-control: no-store", changes);
    }

    fn describes_with(&self, header: &str, changes: &Value) {
        let mut document = json!({
            "client_id": self.id(),
            "client_name": "An agent",
            "redirect_uris": [LOOPBACK],
            "grant_types": ["authorization_code", "refresh_token"],
            "token_endpoint_auth_method": "none",
        });
        for (name, value) in changes.as_object().expect("members") {
            document[name] = value.clone();
        }
        let members = document.as_object_mut().expect("members");
        members.retain(|_, value| !value.is_null());
        let head = format!("200 OK\r\ncontent-type: application/json\r\n{header}");
        self.answers(&head, &document.to_string());
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

const ON: &[&str] = &[
    "--client-metadata-documents",
    "on",
    "--client-metadata-allow",
    "127.0.0.1",
];

fn server_with(args: &[&str]) -> Server {
    let server = Server::with_args(args);
    server.user("johndoe", PASSWORD, &["me", "offline_access"]);
    server
}

fn authorize(id: &str) -> String {
    authorize_path(&[
        ("client_id", id),
        ("redirect_uri", LOOPBACK),
        ("scope", "me"),
    ])
}

/// The request of the client leads to the login page.
#[track_caller]
fn assert_known(server: &Server, id: &str) {
    let answer = server.get(&authorize(id)).send();
    assert_eq!(answer.status, 303, "{answer:?}");
}

/// The request is refused on a page that says why.
#[track_caller]
fn assert_refused(server: &Server, id: &str, why: &str) {
    let answer = server.get(&authorize(id)).send();
    assert_eq!(answer.status, 400, "{answer:?}");
    assert!(!answer.headers.contains_key("location"));
    assert!(answer.body.contains(why), "no {why:?}: {}", answer.body);
}

#[test]
fn a_client_is_known_by_its_document_and_the_user_sees_whose_it_is() {
    let (server, host) = (server_with(ON), Host::start());
    host.describes(&json!({}));
    let mut browser = Browser::signed_in(&server, "johndoe");
    let page = browser.open(&authorize(&host.id()));
    assert!(page.body.contains("An agent"), "{page:?}");
    assert!(
        page.body.contains("document at <strong>127.0.0.1<"),
        "{page:?}"
    );
    let url = browser.answer_consent(&page, &["me"]);
    let code = parameter(&url, "code").expect("a code");
    let changes = [("client_id", &*host.id()), ("redirect_uri", LOOPBACK)];
    let token = Token::of(&server.redeem_with(&code, &changes).send());
    assert_eq!(token.scope(), "me");
    assert_eq!(decoded(&token.text).1["client_id"], host.id());
    server.assert_accepts(&token.text);
    let account = browser.open("/account");
    assert!(account.body.contains("An agent"), "{account:?}");

    server.run(&["client", "remove", &host.id()]).succeeded();
    let is_refused = |answer: &Answer| answer.status == 401;
    eventually(
        || server.get("/users/me").bearer(&token.text).send(),
        is_refused,
    );
}

#[test]
fn its_requests_may_be_pushed() {
    let (server, host) = (server_with(ON), Host::start());
    host.describes(&json!({}));
    let pushed = server.post("/par").form(&[
        ("client_id", &host.id()),
        ("response_type", "code"),
        ("redirect_uri", LOOPBACK),
        ("scope", "me"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ]);
    pushed.send().expect(201);
}

#[test]
fn it_is_unknown_unless_the_setting_is_on() {
    let host = Host::start();
    host.describes(&json!({}));
    let server = server_with(&[]);
    assert_refused(&server, &host.id(), "not registered here");
    assert_eq!(host.asked(), 0);
    let metadata = |server: &Server| {
        let metadata = server.get("/.well-known/oauth-authorization-server").send();
        metadata.expect(200)["client_id_metadata_document_supported"].clone()
    };
    assert_eq!(metadata(&server), false);
    assert_eq!(metadata(&server_with(ON)), true);
}

#[test]
fn no_private_address_is_reached_unless_it_is_allowed() {
    let host = Host::start();
    host.describes(&json!({}));
    let server = server_with(&["--client-metadata-documents", "on"]);
    let port = host.origin.rsplit(':').next().expect("a port");
    for id in [
        host.id(),
        format!("https://127.0.0.1:{port}/client.json"),
        format!("https://[::1]:{port}/client.json"),
        format!("https://[::ffff:7f00:1]:{port}/client.json"),
        "https://10.0.0.1/client.json".to_owned(),
        "https://169.254.169.254/latest".to_owned(),
        format!("https://localhost:{port}/client.json"),
    ] {
        println!("{id}");
        assert_refused(&server, &id, "is not public");
    }
    assert_refused(&server, "http://agent.example/client.json", "must be https");
    assert_eq!(host.asked(), 0);
}

#[test]
fn an_id_that_is_no_plain_url_with_a_path_is_refused() {
    let (server, host) = (server_with(ON), Host::start());
    host.describes(&json!({}));
    for end in [
        "",
        "/",
        "/a/../client.json",
        "/./client.json",
        "/%2e/x",
        "/x#y",
    ] {
        let id = format!("{}{end}", host.origin);
        println!("{id}");
        assert_refused(&server, &id, "has a path");
    }
    let with_user = host.id().replace("http://", "http://user@");
    assert_refused(&server, &with_user, "has a path");
    assert_eq!(host.asked(), 0);
}

#[test]
fn a_document_that_is_of_no_use_is_refused() {
    let (server, host) = (server_with(ON), Host::start());
    for (changes, why) in [
        (
            json!({"client_id": "https://other.example/client.json"}),
            "not its address",
        ),
        (json!({"client_secret": "x"}), "has a secret"),
        (
            json!({"token_endpoint_auth_method": "client_secret_basic"}),
            "none or private_key_jwt",
        ),
        (json!({"redirect_uris": null}), "must be one at least"),
        (
            json!({"redirect_uris": ["javascript:alert(1)"]}),
            "redirect_uris",
        ),
        (json!({"redirect_uris": 7}), "not the metadata of a client"),
        (
            json!({"client_name": "x".repeat(70_000)}),
            "larger than 64 KiB",
        ),
        (
            json!({"jwks_uri": "https://a.example", "token_endpoint_auth_method": "private_key_jwt"}),
            "jwks",
        ),
    ] {
        println!("{why}");
        host.describes(&changes);
        assert_refused(&server, &host.id(), why);
    }
    for (head, why) in [
        (
            "404 Not Found\r\ncontent-type: application/json",
            "answered 404",
        ),
        ("302 Found\r\nlocation: /elsewhere", "answered 302"),
        ("200 OK\r\ncontent-type: text/html", "not JSON"),
        (
            "200 OK\r\ncontent-type: application/json",
            "not the metadata of a client",
        ),
    ] {
        host.answers(head, "<p>");
        assert_refused(&server, &host.id(), why);
    }
    let listed = server.run(&["client", "list", "--json"]).succeeded();
    assert_eq!(listed.json(), json!([]));
}

#[test]
fn a_document_is_fetched_again_when_it_is_no_longer_fresh() {
    let (server, host) = (server_with(ON), Host::start());
    host.describes_with("cache-control: max-age=600", &json!({}));
    assert_known(&server, &host.id());
    host.describes(&json!({"redirect_uris": ["https://moved.example/back"]}));
    assert_known(&server, &host.id());
    assert_eq!(host.asked(), 1);

    let other = Host::start();
    other.describes(&json!({}));
    assert_known(&server, &other.id());
    other.describes(&json!({"redirect_uris": ["https://moved.example/back"]}));
    assert_refused(&server, &other.id(), "not registered for it");
    assert_eq!(other.asked(), 2);
}

#[test]
fn what_an_operator_says_of_it_holds_against_the_document() {
    let (server, host) = (server_with(ON), Host::start());
    host.describes(&json!({}));
    assert_known(&server, &host.id());
    let set = |args: &[&str]| {
        let mut all = vec!["client", "set"];
        let id = host.id();
        all.push(&id);
        all.extend(args);
        server.run(&all).succeeded();
    };
    set(&["--scope", "openid"]);
    let with_error = |answer: &Answer| answer.header("location").contains("invalid_scope");
    eventually(|| server.get(&authorize(&host.id())).send(), with_error);
    host.describes(&json!({"client_name": "Another name"}));
    let again = server.get(&authorize(&host.id())).send();
    assert!(with_error(&again), "{again:?}");
    set(&["--disabled"]);
    let is_unknown = |answer: &Answer| answer.status == 400;
    eventually(|| server.get(&authorize(&host.id())).send(), is_unknown);
    host.describes(&json!({}));
    assert_refused(&server, &host.id(), "not registered here");
}

#[test]
fn an_address_has_a_limited_number_of_documents_fetched() {
    let (server, host) = (server_with(ON), Host::start());
    host.describes(&json!({"client_id": "https://other.example/"}));
    let refused = (0..400).find_map(|_| {
        let answer = server.get(&authorize(&host.id())).send();
        (answer.status != 400).then_some(answer)
    });
    assert_eq!(refused.expect("a limit").status, 429);
    assert_eq!(host.asked(), 300);
}
