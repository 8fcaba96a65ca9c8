//! `deploy/`: a real Prometheus scrapes a server, and the dashboard and the alerts ask it for
//! what is there.

use std::{
    fs,
    net::SocketAddr,
    path::Path,
    process::{Command, Stdio},
};

use serde_json::Value;

use crate::support::*;

const DEPLOY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/deploy");

/// A Prometheus that scrapes one server every second.
struct Prometheus {
    _process: Program,
    address: SocketAddr,
}

impl Prometheus {
    fn of(home: &Home, watched: SocketAddr) -> Self {
        let address = free_address();
        let configuration = format!(
            "global: {{scrape_interval: 1s}}\n\
             scrape_configs:\n  - job_name: scopegate\n    static_configs: [{{targets: ['{watched}']}}]\n"
        );
        let process = Program::start(
            Command::new("prometheus")
                .arg("--config.file")
                .arg(home.write("prometheus.yml", &configuration))
                .arg("--storage.tsdb.path")
                .arg(home.path().join("prometheus"))
                .arg(format!("--web.listen-address={address}"))
                .stdout(Stdio::null())
                .stderr(fs::File::create(home.path().join("prometheus.log")).expect("a log")),
        );
        let prometheus = Self {
            _process: process,
            address,
        };
        let healthy = || prometheus.get("/-/healthy").try_send();
        eventually(healthy, |answer| {
            answer.as_ref().is_some_and(|answer| answer.status == 200)
        });
        prometheus
    }

    fn get(&self, path: &str) -> Call {
        Call::new("GET", &format!("http://{}{path}", self.address))
    }

    /// How many series answer a query.
    #[track_caller]
    fn count(&self, query: &str) -> usize {
        let encoded: String = url::form_urlencoded::byte_serialize(query.as_bytes()).collect();
        let answer: Value = self
            .get(&format!("/api/v1/query?query={encoded}"))
            .send()
            .expect(200);
        let series = answer["data"]["result"].as_array().expect("series");
        // What is not a number is no answer.
        let is_number = |one: &&Value| one["value"][1] != "NaN";
        series.iter().filter(is_number).count()
    }
}

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(DEPLOY).join(path)).expect(path)
}

#[test]
fn every_query_of_the_dashboard_and_every_metric_of_the_alerts_has_an_answer() {
    let watched = free_address();
    let server = Server::with_args(&["--admin-listen", &watched.to_string()]);
    server.user("johndoe", PASSWORD, &["me"]);
    let prometheus = Prometheus::of(server.home(), watched);
    let use_it = || {
        let token = server.login("johndoe", PASSWORD, &["me"]);
        server.assert_accepts(&token.text);
        server.assert_refuses("garbage");
    };
    let dashboard: Value = serde_json::from_str(&read("grafana/scopegate.json")).expect("JSON");
    let panels = dashboard["panels"].as_array().expect("panels").iter();
    let queries = panels.flat_map(|panel| panel["targets"].as_array().expect("queries"));
    let queries = queries.map(|target| target["expr"].as_str().expect("a query").to_owned());
    let alerts = read("prometheus/scopegate.rules.yml");
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    let metrics = alerts
        .split(|letter| !is_part(letter))
        .filter(|word| word.starts_with("scopegate_"))
        .map(str::to_owned);
    let queries: Vec<String> = queries.chain(metrics).collect();
    assert!(queries.len() > 15, "{queries:?}");
    for query in queries {
        let query = query.replace("$__rate_interval", "10s");
        let ask = || {
            use_it();
            prometheus.count(&query)
        };
        let count = eventually_within(20, ask, |count| *count > 0);
        assert!(count > 0, "{query}");
    }
    assert_eq!(prometheus.count("up{job=\"scopegate\"} == 1"), 1);
}

#[test]
fn the_alerts_are_raised_when_they_should_be() {
    for (what, file) in [
        ("check", "prometheus/scopegate.rules.yml"),
        ("test", "prometheus/scopegate.test.yml"),
    ] {
        let mut command = Command::new("promtool");
        command
            .args([what, "rules"])
            .arg(Path::new(DEPLOY).join(file));
        Done::of(&mut command).succeeded();
    }
}

#[test]
fn the_systemd_unit_may_do_little() {
    let mut command = Command::new("systemd-analyze");
    let unit = Path::new(DEPLOY).join("systemd/scopegate.service");
    command
        .args(["security", "--offline=true", "--threshold=20"])
        .arg(unit);
    let judged = Done::of(&mut command).succeeded();
    assert!(
        judged.stdout.contains("exposure level"),
        "{}",
        judged.stdout
    );
}
