//! The FastAPI application of docs/guard-fastapi.md, run as the page has it.

use std::process::{Child, Command, Stdio};

use crate::support::*;

/// The application, on a port of its own.
struct Application {
    process: Child,
    url: String,
}

impl Application {
    fn start(home: &Home, issuer: &str) -> Self {
        let page = include_str!("../../docs/guard-fastapi.md");
        let code = page.split("```python\n").nth(1).expect("the code");
        let code = code.split("```").next().expect("its end");
        home.write("main.py", code);
        let port = free_address().port().to_string();
        let process = Command::new(foreign_python())
            .args(["-m", "uvicorn", "main:app", "--port", &port])
            .current_dir(home.path())
            .env("ISSUER", issuer)
            .stderr(Stdio::null())
            .spawn()
            .expect("a running application");
        let url = format!("http://127.0.0.1:{port}/items");
        let application = Self { process, url };
        let answer = || Call::new("GET", &application.url).try_send();
        eventually(|| answer().is_some(), |answers| *answers);
        application
    }

    fn get(&self, token: &str) -> Answer {
        Call::new("GET", &self.url).bearer(token).send()
    }
}

impl Drop for Application {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn the_application_of_the_page_takes_scopegates_tokens_and_no_others() {
    let address = free_address().to_string();
    let server = Server::with_args(&["--listen", &address]);
    let issuer = format!("http://{address}");
    let application = Application::start(server.home(), &issuer);

    let document = application.url.replace("/items", "/openapi.json");
    let check = || server.run(&["scope", "check", &document, "--issuer", &issuer]);
    check().was_refused_naming("1 of 1 operations");
    server.run(&["scope", "import", &document]).succeeded();
    check().succeeded();
    server.user("johndoe", PASSWORD, &["items", "me"]);
    let items = || server.login("johndoe", PASSWORD, &["me"]);
    items();

    let token = eventually(
        || server.try_login("johndoe", PASSWORD, &["items"]).send(),
        |answer| answer.status == 200,
    );
    let token = Token::of(&token);
    let answer = application.get(&token.text);
    assert_eq!(answer.expect(200)["owner"], "username:johndoe");

    let lacking = application.get(&items().text);
    assert_eq!(lacking.status, 403, "{lacking:?}");
    let challenge = lacking.header("www-authenticate");
    assert_eq!(
        challenge,
        "Bearer error=\"insufficient_scope\", scope=\"items\""
    );

    let [header, claims, signature] = parts(&token.text);
    let first = if signature.starts_with('A') { "B" } else { "A" };
    let forged = format!("{header}.{claims}.{first}{}", &signature[1..]);
    for bad in ["garbage", &forged] {
        let refused = application.get(bad);
        assert_eq!(refused.status, 401, "{refused:?}");
    }
    let missing = Call::new("GET", &application.url).send();
    assert_eq!(missing.status, 401, "{missing:?}");
}
