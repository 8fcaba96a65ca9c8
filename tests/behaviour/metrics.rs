//! What those who watch the server are shown on `admin-listen`.

use std::net::SocketAddr;

use crate::support::*;

struct Watched {
    server: Server,
    address: SocketAddr,
}

impl Watched {
    fn start() -> Self {
        let address = free_address();
        let server = Server::with_args(&["--admin-listen", &address.to_string()]);
        Self { server, address }
    }

    fn get(&self, path: &str) -> Answer {
        Call::new("GET", &format!("http://{}{path}", self.address)).send()
    }

    /// The value of a metric with its labels; none where it is not shown.
    #[track_caller]
    fn value(&self, name: &str) -> Option<f64> {
        let shown = self.get("/metrics");
        assert_eq!(shown.status, 200, "{shown:?}");
        let mut lines = shown.body.lines();
        let value = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        value.map(|value| value.parse().expect("a number"))
    }

    #[track_caller]
    fn assert_counts(&self, name: &str, value: f64) {
        assert_eq!(self.value(name), Some(value), "{name}");
    }
}

#[test]
fn logins_tokens_and_refusals_are_counted_by_outcome_grant_and_reason() {
    let watched = Watched::start();
    let server = &watched.server;
    server.user("johndoe", PASSWORD, &["me"]);
    let token = server.login("johndoe", PASSWORD, &["me"]);
    server.try_login("johndoe", "wrong password", &[]).send();
    server.assert_accepts(&token.text);
    server.assert_refuses("garbage");
    let form = [("token", token.text.as_str())];
    server.post("/revoke").form(&form).send().expect(200);
    server.assert_refuses(&token.text);
    for (name, value) in [
        ("scopegate_logins_total{outcome=\"accepted\"}", 1.0),
        ("scopegate_logins_total{outcome=\"refused\"}", 1.0),
        ("scopegate_login_seconds_count", 2.0),
        ("scopegate_tokens_issued_total{grant=\"password\"}", 1.0),
        ("scopegate_token_verifications_total{how=\"verified\"}", 1.0),
        (
            "scopegate_token_verifications_total{how=\"remembered\"}",
            1.0,
        ),
        ("scopegate_tokens_refused_total{reason=\"invalid\"}", 1.0),
        ("scopegate_tokens_refused_total{reason=\"revoked\"}", 1.0),
        ("scopegate_http_answers_total{status=\"200\"}", 3.0),
        ("scopegate_http_answers_total{status=\"400\"}", 1.0),
        ("scopegate_http_answers_total{status=\"401\"}", 2.0),
        ("scopegate_revoked_tokens", 1.0),
        ("scopegate_verified_tokens", 1.0),
        ("scopegate_hash_places{state=\"taken\"}", 0.0),
    ] {
        watched.assert_counts(name, value);
    }
    let age = watched.value("scopegate_change_log_age_seconds");
    assert!(age.is_some_and(|age| age < 5.0), "{age:?}");
    let idle = watched.value("scopegate_database_connections{state=\"idle\"}");
    assert!(idle.is_some_and(|idle| idle >= 1.0), "{idle:?}");
}

#[test]
fn metrics_are_in_the_format_of_openmetrics_and_name_nobody() {
    let watched = Watched::start();
    watched.server.user("johndoe", PASSWORD, &["me"]);
    watched.server.login("johndoe", PASSWORD, &["me"]);
    let shown = watched.get("/metrics");
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    assert_eq!(shown.header("content-type"), kind);
    assert!(shown.body.ends_with("# EOF\n"), "{}", shown.body);
    let version = format!("version=\"{}\"", env!("CARGO_PKG_VERSION"));
    assert!(shown.body.contains(&version), "{}", shown.body);
    assert!(!shown.body.contains("johndoe"), "{}", shown.body);
}

#[test]
fn s10_metrics_are_not_at_the_address_for_everybody() {
    let watched = Watched::start();
    assert_problem(&watched.server.get("/metrics").send(), 404);
    for (path, status) in [
        ("/healthz", 200),
        ("/readyz", 200),
        ("/token", 404),
        ("/docs", 404),
    ] {
        assert_eq!(watched.get(path).status, status, "{path}");
    }
}

#[test]
fn an_address_that_cannot_be_had_is_said() {
    let watched = Watched::start();
    let taken = watched.address.to_string();
    let refused = watched.server.run(&["serve", "--admin-listen", &taken]);
    refused.was_refused_naming("admin-listen: ");
    let wrong = watched
        .server
        .run(&["serve", "--admin-listen", "everywhere"]);
    wrong.was_refused_naming("admin-listen: must be an address and a port");
}
