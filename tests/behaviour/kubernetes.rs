//! `deploy/kubernetes`: what the manifests have run is run here, with the files, variables and
//! ports that they give it.

use std::{collections::BTreeMap, fs, path::Path, process::Command};

use serde::Deserialize;
use serde_yaml_ng::Value;

use crate::{key_encryption::PLAIN, support::*};

const MANIFESTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/kubernetes");

/// What the Secret has.
const ENCRYPTION_KEY: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

fn manifest(name: &str) -> String {
    fs::read_to_string(Path::new(MANIFESTS).join(name)).expect("a manifest")
}

/// Every object of the manifests, by kind.
fn objects() -> BTreeMap<String, Value> {
    let kustomization: Value =
        serde_yaml_ng::from_str(&manifest("kustomization.yaml")).expect("YAML");
    let files = kustomization["resources"].as_sequence().expect("a list");
    let mut objects = BTreeMap::new();
    for file in files {
        let text = manifest(file.as_str().expect("a name"));
        for document in serde_yaml_ng::Deserializer::from_str(&text) {
            let mut object = Value::deserialize(document).expect("YAML");
            object.apply_merge().expect("YAML");
            let kind = object["kind"].as_str().expect("a kind").to_owned();
            assert!(objects.insert(kind, object).is_none());
        }
    }
    objects
}

fn text(value: &Value) -> &str {
    value
        .as_str()
        .unwrap_or_else(|| panic!("a text, not {value:?}"))
}

/// A pod of the manifests on this machine: its directories are below the home, and each of its
/// ports is another here.
struct Pod {
    home: Home,
    ports: BTreeMap<String, (u64, String)>,
}

impl Pod {
    fn of(server: &Value) -> Self {
        let mut ports = BTreeMap::new();
        for port in server["ports"].as_sequence().expect("ports") {
            let number = port["containerPort"].as_u64().expect("a port");
            let here = free_address().to_string();
            ports.insert(text(&port["name"]).to_owned(), (number, here));
        }
        let pod = Self {
            home: Home::bare(),
            ports,
        };
        for directory in ["etc/scopegate", "run/secrets/scopegate"] {
            fs::create_dir_all(pod.home.path().join(directory)).expect("a directory");
        }
        for file in ["scopegate.toml", "setup.yaml"] {
            pod.home
                .write(&format!("etc/scopegate/{file}"), &pod.here(&manifest(file)));
        }
        let key = "run/secrets/scopegate/key-encryption-key";
        pod.home.write(key, ENCRYPTION_KEY);
        pod
    }

    /// A text with the paths and addresses of the pod, with those of this machine.
    fn here(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for directory in ["/etc/scopegate", "/run/secrets/scopegate"] {
            let below = format!("{}{directory}", self.home.path().display());
            text = text.replace(directory, &below);
        }
        for (number, here) in self.ports.values() {
            text = text.replace(&format!("0.0.0.0:{number}"), here);
        }
        text
    }

    /// The command of a container.
    fn command(&self, container: &Value) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_scopegate"));
        command.current_dir(self.home.path()).env_clear();
        for argument in container["args"].as_sequence().expect("arguments") {
            command.arg(self.here(text(argument)));
        }
        for variable in container["env"].as_sequence().expect("variables") {
            let secret = &variable["valueFrom"]["secretKeyRef"];
            let value = match (&variable["value"], secret["key"].as_str()) {
                (Value::String(value), None) => self.here(value),
                (Value::Null, Some("database-url")) => self.home.database().absolute_url(),
                _ => panic!("{variable:?}"),
            };
            command.env(text(&variable["name"]), value);
        }
        command
    }
}

#[test]
fn the_pod_of_the_manifests_sets_up_serves_and_answers_its_probes() {
    let objects = objects();
    let spec = &objects["Deployment"]["spec"]["template"]["spec"];
    let server = &spec["containers"][0];
    let pod = Pod::of(server);
    let applied = Done::of(&mut pod.command(&spec["initContainers"][0])).succeeded();
    assert!(applied.stdout.contains("items"), "{applied:?}");
    let running = Running::start(pod.command(server));

    let metadata = running.call("GET", "/.well-known/oauth-authorization-server");
    let metadata = metadata.send().expect(200);
    assert_eq!(metadata["issuer"], "https://login.example");
    for probe in ["readinessProbe", "livenessProbe"] {
        let probe = &server[probe]["httpGet"];
        let (_, address) = &pod.ports[text(&probe["port"])];
        let url = format!("http://{address}{}", text(&probe["path"]));
        Call::new("GET", &url).send().expect(200);
    }
    assert!(!pod.home.database_contains(PLAIN), "the key is encrypted");
}

#[test]
fn what_the_manifests_name_is_there() {
    let objects = objects();
    let deployment = &objects["Deployment"]["spec"];
    let template = &deployment["template"];
    let labels = &template["metadata"]["labels"];
    for selector in [
        &deployment["selector"]["matchLabels"],
        &objects["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"],
        &objects["NetworkPolicy"]["spec"]["podSelector"]["matchLabels"],
        &objects["Service"]["spec"]["selector"],
    ] {
        assert_eq!(selector, labels);
    }
    let ports = template["spec"]["containers"][0]["ports"].as_sequence();
    let ports: Vec<&str> = ports
        .expect("ports")
        .iter()
        .map(|port| text(&port["name"]))
        .collect();
    let served = text(&objects["Service"]["spec"]["ports"][0]["targetPort"]);
    assert!(ports.contains(&served));
    for rule in objects["NetworkPolicy"]["spec"]["ingress"]
        .as_sequence()
        .expect("rules")
    {
        assert!(ports.contains(&text(&rule["ports"][0]["port"])));
    }
}

#[test]
fn a_pod_has_the_time_to_stop_that_the_server_takes() {
    let settings: toml::Table = manifest("scopegate.toml").parse().expect("TOML");
    let delay = settings["shutdown-delay"].as_str().expect("a time");
    let delay: u64 = delay.trim_end_matches('s').parse().expect("seconds");
    let grace =
        &objects()["Deployment"]["spec"]["template"]["spec"]["terminationGracePeriodSeconds"];
    assert!(grace.as_u64().expect("seconds") > delay + 20);
}
