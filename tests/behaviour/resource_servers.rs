//! Programs that are not ours as resource servers, by the recipes of docs/resource-servers.md.

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    net::{SocketAddr, TcpStream},
    os::unix::fs::{PermissionsExt, symlink},
    process::{Command, Stdio},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use tempfile::TempDir;

use crate::support::*;

const PAGE: &str = include_str!("../../docs/resource-servers.md");
const AUDIENCE: &str = "https://api.example.com";

/// All code of a language below a heading of the page.
fn recipe(heading: &str, language: &str) -> String {
    let section = PAGE.split("\n## ").find(|text| text.starts_with(heading));
    let section = section.expect("a section of the page");
    blocks(section, language).concat()
}

/// A server, and its issuer.
struct Issuer {
    server: Server,
    url: String,
}

impl Issuer {
    fn start() -> Self {
        Self::start_in(Home::new(), "http", &[])
    }

    /// One that is reached by https.
    fn start_with_tls() -> Self {
        let home = Home::new();
        home.write_certificate();
        let args = ["--tls-cert", "cert.pem", "--tls-key", "key.pem"];
        Self::start_in(home, "https", &args)
    }

    fn start_in(home: Home, scheme: &str, args: &[&str]) -> Self {
        let address = free_address().to_string();
        let server = Server::start_in(home, &[&["--listen", &address], args].concat());
        for scope in ["items", "other"] {
            server.run(&["scope", "add", scope]).succeeded();
        }
        let kind = [
            "subject-kind",
            "add",
            "post",
            "--scope",
            "items",
            "--scope",
            "other",
        ];
        server.run(&kind).succeeded();
        let url = format!("{scheme}://{address}");
        Self { server, url }
    }

    /// A token with a scope for an audience.
    fn mint(&self, scope: &str, audience: &str, life: &str) -> String {
        let mint = [
            "token",
            "mint",
            "--json",
            "--subject",
            "post:1",
            "--scope",
            scope,
        ];
        let whose = ["--issuer", &self.url, "--expires-in", life];
        let audience = ["--audience", audience, "--allowed-audience", audience];
        let made = self.server.run(&[&mint[..], &whose, &audience].concat());
        let token = made.succeeded().json()["access_token"].clone();
        token.as_str().expect("a token").to_owned()
    }

    /// The recipe with the addresses of this test.
    fn fill(&self, recipe: &str) -> String {
        recipe.replace("https://auth.example.com", &self.url)
    }
}

/// A program that serves `/items` behind a guard.
struct Guarded {
    _process: Program,
    url: String,
}

impl Guarded {
    fn start(home: &Home, command: &mut Command, listen: &str) -> Self {
        let log = fs::File::create(home.path().join("program.log")).expect("a log");
        let process = Program::start(command.stdout(Stdio::null()).stderr(log));
        let guarded = Self {
            _process: process,
            url: format!("http://{listen}/items"),
        };
        let asked = || Call::new("GET", &guarded.url).try_send();
        eventually(asked, Option::is_some);
        guarded
    }

    fn status(&self, token: &str) -> u16 {
        Call::new("GET", &self.url).bearer(token).send().status
    }
}

/// What every recipe does; `lacking` is the status for a missing scope.
fn assert_guards(guarded: &Guarded, issuer: &Issuer, lacking: u16) {
    let token = issuer.mint("items", AUDIENCE, "1h");
    assert_eq!(guarded.status(&token), 200);
    assert_eq!(Call::new("GET", &guarded.url).send().status, 401);
    let other_scope = issuer.mint("other", AUDIENCE, "1h");
    assert_eq!(guarded.status(&other_scope), lacking);
    let brief = issuer.mint("items", AUDIENCE, "1s");
    let [header, claims, signature] = parts(&token);
    let first = if signature.starts_with('A') { "B" } else { "A" };
    let forged = format!("{header}.{claims}.{first}{}", &signature[1..]);
    let theirs = issuer.mint("items", "https://else.example", "1h");
    for bad in ["garbage", &forged, &theirs] {
        assert_eq!(guarded.status(bad), 401, "{bad}");
    }
    eventually_within(30, || guarded.status(&brief), |status| *status == 401);
}

#[test]
fn haproxy_guards_by_a_public_key() {
    let issuer = Issuer::start();
    let home = issuer.server.home();
    let keys = issuer.server.run(&["key", "list", "--json"]).json();
    let kid = keys[0]["kid"].as_str().expect("a key");
    let pem = issuer
        .server
        .run(&["key", "show", kid, "--pem"])
        .succeeded();
    let pem = home.write("scopegate.pem", &pem.stdout);
    let listen = free_address().to_string();
    let frontend = issuer
        .fill(&recipe("HAProxy", "haproxy"))
        .replace("bind :443", &format!("bind {listen}"))
        .replace("/etc/haproxy/scopegate.pem", &pem.display().to_string());
    let configuration = home.write(
        "haproxy.cfg",
        &format!(
            "defaults\n    mode http\n    timeout client 5s\n    timeout server 5s\n    \
             timeout connect 5s\n{frontend}\nbackend app\n    \
             http-request return status 200 content-type text/plain string ok\n"
        ),
    );
    let mut command = Command::new("/usr/sbin/haproxy");
    let guarded = Guarded::start(home, command.arg("-f").arg(configuration), &listen);
    assert_guards(&guarded, &issuer, 403);
}

/// Apache with a module and a recipe for it.
fn apache(issuer: &Issuer, module: &str, more: &str, recipe: &str) -> Guarded {
    let home = issuer.server.home();
    let listen = free_address().to_string();
    home.write("items", "ok");
    // Where it is started by root it serves as a user of its own.
    let everybody = fs::Permissions::from_mode(0o755);
    fs::set_permissions(home.path(), everybody).expect("a directory for everybody");
    let modules: String = [
        "mpm_event",
        "authn_core",
        "authz_core",
        "authz_user",
        module,
    ]
    .iter()
    .map(|name| format!("LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so\n"))
    .collect();
    let configuration = home.write(
        "apache.conf",
        &format!(
            "ServerRoot {directory}\nServerName localhost\nListen {listen}\nPidFile {directory}/apache.pid\n\
             User www-data\nGroup www-data\nErrorLog {directory}/apache.log\nDocumentRoot {directory}\n{modules}{more}\n\
             <Directory {directory}>\n    Require all granted\n</Directory>\n{recipe}\n",
            directory = home.path().display(),
            recipe = issuer.fill(recipe),
        ),
    );
    let mut command = Command::new("/usr/sbin/apache2");
    command.args(["-D", "FOREGROUND", "-f"]).arg(configuration);
    Guarded::start(home, &mut command, &listen)
}

#[test]
fn apache_guards_by_mod_auth_openidc() {
    let issuer = Issuer::start_with_tls();
    let recipe = recipe("Apache: mod_auth_openidc", "apache");
    let more = "OIDCCryptoPassphrase of-a-test-alone\nOIDCOAuthSSLValidateServer Off";
    assert_guards(
        &apache(&issuer, "auth_openidc", more, &recipe),
        &issuer,
        401,
    );
}

#[test]
fn apache_guards_by_mod_oauth2() {
    let issuer = Issuer::start();
    let recipe = recipe("Apache: mod_oauth2", "apache");
    assert_guards(&apache(&issuer, "oauth2", "", &recipe), &issuer, 401);
}

#[test]
fn django_rest_framework_guards_by_simplejwt() {
    let issuer = Issuer::start();
    let home = issuer.server.home();
    let listen = free_address().to_string();
    let recipe = issuer.fill(&recipe("Django REST framework", "python"));
    let (settings, permission) = recipe
        .split_once("from rest_framework")
        .expect("two blocks");
    let program = format!(
        "import sys
from django.conf import settings
{settings}
settings.configure(
    ROOT_URLCONF=__name__, ALLOWED_HOSTS=['*'], SECRET_KEY='of a test alone' * 4,
    INSTALLED_APPS=['django.contrib.auth', 'django.contrib.contenttypes'],
    REST_FRAMEWORK=REST_FRAMEWORK, SIMPLE_JWT=SIMPLE_JWT)
import django
django.setup()
from django.urls import path
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework{permission}

class Items(APIView):
    scopes = ['items']
    permission_classes = [HasScopes]

    def get(self, request):
        return Response({{'owner': request.user.id}})

urlpatterns = [path('items', Items.as_view())]
from wsgiref.simple_server import make_server
from django.core.wsgi import get_wsgi_application
host, port = sys.argv[1].split(':')
make_server(host, int(port), get_wsgi_application()).serve_forever()
"
    );
    let program = home.write("program.py", &program);
    let mut command = Command::new(foreign_python());
    let guarded = Guarded::start(home, command.arg(program).arg(&listen), &listen);
    assert_guards(&guarded, &issuer, 403);
}

#[test]
fn express_guards_by_express_oauth2_jwt_bearer() {
    let issuer = Issuer::start();
    let home = issuer.server.home();
    let listen = free_address();
    let recipe = issuer.fill(&recipe("Express", "js"));
    let port = listen.port();
    home.write(
        "program.mjs",
        &format!("{recipe}\napp.listen({port}, \"127.0.0.1\");\n"),
    );
    let modules = concat!(env!("CARGO_MANIFEST_DIR"), "/clients/node/node_modules");
    symlink(modules, home.path().join("node_modules")).expect("a link");
    let mut command = Command::new("node");
    let command = command.arg(home.path().join("program.mjs"));
    let guarded = Guarded::start(home, command, &listen.to_string());
    assert_guards(&guarded, &issuer, 403);
}

#[test]
fn a_handler_in_go_is_guarded_by_go_oidc() {
    let issuer = Issuer::start();
    let home = issuer.server.home();
    let listen = free_address().to_string();
    let recipe = issuer.fill(&recipe("Go: go-oidc", "go"));
    let recipe = recipe.replace("127.0.0.1:8080", &listen);
    // As Debian packages it.
    let program = format!(
        "package main\n\nimport (\n\t\"context\"\n\t\"fmt\"\n\t\"log\"\n\t\"net/http\"\n\t\"strings\"\n\n\t\
         oidc \"github.com/coreos/go-oidc\"\n)\n\n{recipe}"
    );
    let source = home.write("main.go", &program);
    let built = home.path().join("program");
    let mut build = Command::new("go");
    build.args(["build", "-o"]).arg(&built).arg(source);
    build.envs([("GO111MODULE", "off"), ("GOPATH", "/usr/share/gocode")]);
    Done::of(&mut build).succeeded();
    let guarded = Guarded::start(home, &mut Command::new(built), &listen);
    assert_guards(&guarded, &issuer, 403);
}

/// A Dovecot of the recipe, for the mail of whoever may log in.
struct Dovecot {
    _process: Program,
    address: SocketAddr,
    /// Where a user who is not root finds it: the directory of a test is for one user alone.
    _directory: TempDir,
}

impl Dovecot {
    fn start(issuer: &Issuer, client: &Confidential) -> Self {
        let directory = tempfile::tempdir_in("/tmp").expect("a directory");
        let root = directory.path();
        let address = free_address();
        let asked = recipe("Dovecot", "dovecot-oauth2")
            .replace(
                "https://mail:SECRET@",
                &format!("http://{}:{}@", client.id, client.secret),
            )
            .replace("auth.example.com", issuer.url.trim_start_matches("http://"));
        fs::write(root.join("dovecot-oauth2.conf.ext"), asked).expect("a file");
        let main =
            recipe("Dovecot", "dovecot").replace("/etc/dovecot", &root.display().to_string());
        let is_root = said(Command::new("id").arg("-un")) == "root";
        let user = match is_root {
            true => "daemon".to_owned(),
            false => said(Command::new("id").arg("-un")),
        };
        let group = said(Command::new("id").args(["-gn", &user]));
        let at = root.display();
        let around = format!(
            "base_dir = {at}/run\nstate_dir = {at}/state\nlog_path = {at}/log\n\
             listen = 127.0.0.1\nprotocols = imap\nssl = no\ndisable_plaintext_auth = no\n\
             first_valid_uid = 1\nmail_location = maildir:~/Maildir\nauth_failure_delay = 0\n\
             default_login_user = {user}\ndefault_internal_user = {user}\ndefault_internal_group = {group}\n\
             userdb {{\n driver = static\n args = uid={user} gid={group} home={at}/mail/%u\n}}\n\
             service anvil {{\n chroot =\n unix_listener anvil-auth-penalty {{\n mode = 0\n }}\n}}\n\
             service imap-login {{\n chroot =\n inet_listener imap {{\n port = {}\n }}\n\
             inet_listener imaps {{\n port = 0\n }}\n}}\n",
            address.port()
        );
        fs::write(root.join("dovecot.conf"), format!("{around}{main}")).expect("a file");
        for name in ["run", "state", "mail"] {
            fs::create_dir(root.join(name)).expect("a directory");
        }
        let mut command = Command::new("/usr/sbin/dovecot");
        if is_root {
            said(
                Command::new("chown")
                    .arg("-R")
                    .arg(format!("{user}:{group}"))
                    .arg(root),
            );
            command = Command::new("runuser");
            command.args(["-u", &user, "--", "/usr/sbin/dovecot"]);
        }
        command.arg("-F").arg("-c").arg(root.join("dovecot.conf"));
        let process = Program::start(command.stdout(Stdio::null()).stderr(Stdio::null()));
        let dovecot = Self {
            _process: process,
            address,
            _directory: directory,
        };
        eventually(|| TcpStream::connect(address).is_ok(), |is_there| *is_there);
        dovecot
    }

    /// Whether somebody of a name gets in by a token.
    fn lets_in(&self, name: &str, token: &str) -> bool {
        let mut wire = BufReader::new(TcpStream::connect(self.address).expect("a connection"));
        let mut line = String::new();
        wire.read_line(&mut line).expect("a greeting");
        let said =
            format!("n,a={name},\x01host=localhost\x01port=143\x01auth=Bearer {token}\x01\x01");
        let said = STANDARD.encode(said);
        write!(wire.get_mut(), "a AUTHENTICATE OAUTHBEARER {said}\r\n").expect("a sent line");
        line.clear();
        wire.read_line(&mut line).expect("an answer");
        if line.starts_with('+') {
            // It says why; the client says that it has understood (RFC 7628 §3.2.3).
            wire.get_mut().write_all(b"AQ==\r\n").expect("a sent line");
            line.clear();
            wire.read_line(&mut line).expect("an answer");
        }
        assert!(
            line.starts_with("a OK") || line.starts_with("a NO"),
            "{line}"
        );
        line.starts_with("a OK")
    }
}

fn said(command: &mut Command) -> String {
    Done::of(command).succeeded().stdout.trim().to_owned()
}

#[test]
fn dovecot_lets_users_in_by_their_tokens() {
    let issuer = Issuer::start();
    let server = &issuer.server;
    server.run(&["scope", "add", "mail"]).succeeded();
    server.user("ada", PASSWORD, &["mail", "me"]);
    server.user("bob", PASSWORD, &["mail"]);
    let client = server.client("mail", &["--grant", "client_credentials"]);
    let dovecot = Dovecot::start(&issuer, &client);
    let token = eventually(
        || server.try_login("ada", PASSWORD, &["mail"]).send(),
        |answer| answer.status == 200,
    );
    let token = Token::of(&token).text;
    assert!(dovecot.lets_in("ada", &token));
    assert!(!dovecot.lets_in("bob", &token));
    assert!(!dovecot.lets_in("ada", &server.login("ada", PASSWORD, &["me"]).text));
    assert!(!dovecot.lets_in("ada", "garbage"));
    let form = [("token", &*token)];
    server.post("/revoke").form(&form).send().expect(200);
    assert!(!dovecot.lets_in("ada", &token));
}
