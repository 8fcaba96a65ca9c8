//! What a collector of OpenTelemetry is told: by a build with the feature `otlp` the spans of
//! requests, by any other nothing.

use crate::support::*;

/// A server that is to send spans to a collector.
fn sending_to(collector: &str, more: &[(&str, &str)], args: &[&str]) -> (Home, Running) {
    let home = Home::new();
    home.user("johndoe", PASSWORD, &["me"]);
    let mut command = home.command(&[&["serve"], args].concat());
    command
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", collector)
        .env("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json")
        .env("OTEL_BSP_SCHEDULE_DELAY", "50")
        .envs(more.iter().copied());
    let running = Running::start(command);
    (home, running)
}

#[cfg(not(feature = "otlp"))]
#[test]
fn a_build_without_traces_says_so_where_a_collector_is_named() {
    let (_home, server) = sending_to("http://127.0.0.1:4318", &[], &[]);
    let warning = "OTEL_EXPORTER_OTLP_ENDPOINT: no traces are sent";
    assert!(server.greeting.contains(warning), "{}", server.greeting);
}

#[cfg(feature = "otlp")]
mod exported {
    use std::{
        net::TcpListener,
        sync::{Arc, Mutex},
        thread,
    };

    use axum::{Json, Router, routing::post};
    use serde_json::{Value, json};

    use super::*;

    /// A collector, and all that it was told.
    struct Collector {
        address: String,
        told: Arc<Mutex<Vec<Value>>>,
    }

    impl Collector {
        fn start() -> Self {
            let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
            listener.set_nonblocking(true).expect("a socket");
            let address = format!("http://{}", listener.local_addr().expect("an address"));
            let told = Arc::<Mutex<Vec<Value>>>::default();
            let hears = Arc::clone(&told);
            let take = async move |Json(told): Json<Value>| {
                hears.lock().expect("what was told").push(told);
                Json(json!({}))
            };
            let app = Router::new().route("/v1/traces", post(take));
            thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread();
                let runtime = { runtime }.enable_all().build().expect("a runtime");
                runtime.block_on(async {
                    let listener = tokio::net::TcpListener::from_std(listener);
                    let _ = axum::serve(listener.expect("a listener"), app).await;
                });
            });
            Self { address, told }
        }

        fn told(&self) -> Vec<Value> {
            self.told.lock().expect("what was told").clone()
        }

        fn spans(&self) -> Vec<Value> {
            let told = self.told().into_iter();
            told.flat_map(|told| items(&told["resourceSpans"]))
                .flat_map(|resource| items(&resource["scopeSpans"]))
                .flat_map(|scope| items(&scope["spans"]))
                .collect()
        }

        /// The first span of a name, once it has come.
        #[track_caller]
        fn span(&self, name: &str) -> Value {
            let named = |spans: &Vec<Value>| spans.iter().position(|span| span["name"] == name);
            let spans = eventually(|| self.spans(), |spans| named(spans).is_some());
            spans[named(&spans).expect("a span")].clone()
        }
    }

    fn items(list: &Value) -> Vec<Value> {
        list.as_array().cloned().unwrap_or_default()
    }

    fn attribute(of: &Value, name: &str) -> Value {
        let attributes = items(&of["attributes"]);
        let found = attributes.into_iter().find(|one| one["key"] == name);
        found.map_or(Value::Null, |found| {
            let value = found["value"].as_object().expect("a value");
            value.values().next().cloned().unwrap_or_default()
        })
    }

    #[test]
    fn a_login_is_told_with_its_parts_and_without_its_secrets() {
        let collector = Collector::start();
        let (_home, server) = sending_to(&collector.address, &[], &[]);
        let answer = server.log_in("johndoe", PASSWORD);
        let token = Token::of(&answer).text;

        let request = collector.span("POST /token");
        assert_eq!(request["kind"], 2, "a server's: {request}");
        for (name, value) in [
            ("http.request.method", json!("POST")),
            ("http.route", json!("/token")),
            ("http.response.status_code", json!("200")),
            ("client.address", json!("127.0.0.1")),
            ("request_id", json!(answer.header("x-request-id"))),
        ] {
            assert_eq!(attribute(&request, name), value, "{name}: {request}");
        }
        let login = collector.span("login");
        let parts = [
            (&login, &request),
            (&collector.span("password hash"), &login),
            (&collector.span("database write"), &request),
        ];
        for (part, whole) in parts {
            assert_eq!(part["parentSpanId"], whole["spanId"], "{part}");
            assert_eq!(part["traceId"], request["traceId"], "{part}");
        }
        let told = collector.told();
        let resource = &told[0]["resourceSpans"][0]["resource"];
        assert_eq!(attribute(resource, "service.name"), "scopegate");
        let text = format!("{told:?}");
        assert!(!text.contains(PASSWORD) && !text.contains(&token), "{text}");
    }

    #[test]
    fn a_request_is_named_by_its_route_and_not_by_what_it_is_about() {
        let collector = Collector::start();
        let (_home, server) = sending_to(&collector.address, &[], &[]);
        server.call("GET", "/users/johndoe").send().expect(401);
        server.call("GET", "/nowhere").send().expect(404);
        collector.span("GET /users/{username}");
        let unknown = collector.span("GET");
        assert_eq!(attribute(&unknown, "http.response.status_code"), "404");
    }

    #[test]
    fn a_trace_is_continued_for_a_trusted_proxy_alone() {
        let trace = "0af7651916cd43dd8448eb211c80319c";
        let parent = format!("00-{trace}-b7ad6b7169203331-01");
        let behind_proxy: &[&str] = &["--trusted-proxy", "127.0.0.1/32"];
        for (args, is_continued) in [(behind_proxy, true), (&[], false)] {
            let collector = Collector::start();
            let (_home, server) = sending_to(&collector.address, &[], args);
            let healthz = server.call("GET", "/healthz");
            healthz.header("traceparent", &parent).send().expect(200);
            let request = collector.span("GET /healthz");
            assert_eq!(request["traceId"] == trace, is_continued, "{request}");
        }
    }

    #[test]
    fn what_was_not_sent_yet_is_sent_at_the_end() {
        let collector = Collector::start();
        let hourly = [
            ("OTEL_BSP_SCHEDULE_DELAY", "3600000"),
            ("OTEL_SERVICE_NAME", "auth"),
        ];
        let (_home, server) = sending_to(&collector.address, &hourly, &[]);
        server.call("GET", "/healthz").send().expect(200);
        assert_eq!(collector.told(), Vec::<Value>::new());
        server.signal("-TERM");
        collector.span("GET /healthz");
        let resource = collector.told()[0]["resourceSpans"][0]["resource"].clone();
        assert_eq!(attribute(&resource, "service.name"), "auth");
    }

    #[test]
    fn a_collector_that_is_down_keeps_nobody_waiting() {
        let nobody = format!("http://{}", free_address());
        let (_home, server) = sending_to(&nobody, &[], &[]);
        for _ in 0..3 {
            server.log_in("johndoe", PASSWORD).expect(200);
        }
    }

    #[test]
    fn what_cannot_be_a_collector_is_refused_at_start() {
        let home = Home::new();
        let mut command = home.command(&["serve"]);
        command.env("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4318:x");
        Done::of(&mut command).was_refused_naming("OTEL_EXPORTER_OTLP_ENDPOINT");
    }
}
