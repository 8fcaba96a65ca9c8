//! Three servers behind a real nginx, by the configuration that the documentation shows.

use std::{
    fs,
    process::{Child, Command, Stdio},
};

use crate::support::*;

const CONFIGURATION: &str = include_str!("../../examples/nginx/scopegate.conf");

/// nginx, and where it listens.
struct Nginx {
    process: Child,
    origin: String,
}

impl Nginx {
    fn before(home: &Home, servers: &[&Running]) -> Self {
        let address = free_address();
        let mut site = CONFIGURATION
            .lines()
            .filter(|line| !line.trim().starts_with("ssl_certificate"))
            .collect::<Vec<_>>()
            .join("\n")
            .replace("listen 443 ssl;", &format!("listen {address};"));
        for (number, server) in servers.iter().enumerate() {
            let shown = format!("10.0.0.{}:8000", number + 1);
            assert!(site.contains(&shown));
            site = site.replace(&shown, &server.address.to_string());
        }
        let directory = home.path().display();
        let whole = format!(
            "daemon off; master_process off; pid {directory}/nginx.pid; error_log stderr;\n\
             events {{}}\n\
             http {{ access_log off; client_body_temp_path {directory}/body;\n\
             proxy_temp_path {directory}/proxy; fastcgi_temp_path {directory}/fastcgi;\n\
             uwsgi_temp_path {directory}/uwsgi; scgi_temp_path {directory}/scgi;\n{site}\n}}\n"
        );
        let path = home.write("nginx.conf", &whole);
        let process = Command::new("/usr/sbin/nginx")
            .arg("-c")
            .arg(&path)
            .arg("-p")
            .arg(home.path())
            .stdout(Stdio::null())
            .stderr(fs::File::create(home.path().join("nginx.log")).expect("a log"))
            .spawn()
            .expect("nginx");
        let origin = format!("http://{address}");
        let nginx = Self { process, origin };
        let alive = || nginx.call("GET", "/healthz").try_send();
        eventually(alive, Option::is_some);
        nginx
    }

    fn call(&self, method: &str, path: &str) -> Call {
        Call::new(method, &format!("{}{path}", self.origin))
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn of_three_servers_one_may_die_and_a_revocation_holds_in_all() {
    let home = Home::new();
    home.user("johndoe", PASSWORD, &["me"]);
    let serve = || {
        let args = ["serve", "--trusted-proxy", "127.0.0.0/8"];
        Running::start(home.command(&args))
    };
    let mut servers = vec![serve(), serve(), serve()];
    let nginx = Nginx::before(&home, &servers.iter().collect::<Vec<_>>());
    let form = [
        ("grant_type", "password"),
        ("username", "johndoe"),
        ("password", PASSWORD),
        ("scope", "me"),
    ];
    let log_in = || Token::of(&nginx.call("POST", "/token").form(&form).send());
    let profile = |token: &Token| nginx.call("GET", "/users/me").bearer(&token.text).send();
    let revoke = |token: &Token| {
        let form = [("token", token.text.as_str())];
        nginx.call("POST", "/revoke").form(&form).send().expect(200);
    };
    let (kept, revoked) = (log_in(), log_in());
    revoke(&revoked);
    for server in &servers {
        let url = format!("http://{}/users/me", server.address);
        let there = || Call::new("GET", &url).bearer(&revoked.text).send();
        eventually(there, |answer| answer.status == 401);
    }
    while servers.len() > 1 {
        drop(servers.pop());
        for _ in 0..6 {
            profile(&kept).expect(200);
        }
        revoke(&log_in());
    }
}
