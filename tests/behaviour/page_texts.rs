//! Pages in the reader's language, under the team's name.

use crate::support::*;

const GERMAN: (&str, &str) = ("accept-language", "de-AT,de;q=0.9,en;q=0.5");

fn in_german(browser: &mut Browser, server: &Server, path: &str) -> Answer {
    browser.send(server.get(path).header(GERMAN.0, GERMAN.1))
}

/// The words between the tags of a page.
fn words(page: &Answer) -> String {
    let parts = page.body.split('<').skip(1);
    let texts = parts.filter_map(|part| Some(part.split_once('>')?.1.trim()));
    texts
        .filter(|text| !text.is_empty())
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn pages_follow_the_language_of_the_browser() {
    let server = Server::with_shop(&[]);
    let mut browser = Browser::signed_in(&server, "johndoe");
    let asked = redirect_of(&browser_at(&mut browser, &authorize_path(&[])));
    let consent = format!("{}?{}", asked.path(), asked.query().unwrap_or_default());
    for (path, german, english) in [
        ("/", "Ihr Konto", "Your account"),
        (
            "/account",
            "Verbundene Anwendungen",
            "Connected applications",
        ),
        ("/device", "Geben Sie den Code ein", "Enter the code"),
        ("/logout", "Abmelden?", "Log out?"),
        (
            &*consent,
            "bittet um Zugriff in Ihrem Namen",
            "asks for access on behalf of",
        ),
    ] {
        let page = in_german(&mut browser, &server, path);
        assert!(page.body.contains("<html lang=\"de\">"), "{path}");
        assert!(page.header("vary").contains("Accept-Language"), "{path}");
        assert!(page.body.contains(german), "{path}: {}", words(&page));
        assert!(!page.body.contains(english), "{path}: {}", words(&page));
        let page = browser.get(path);
        assert!(page.body.contains("<html lang=\"en\">"), "{path}");
        assert!(page.body.contains(english), "{path}: {}", words(&page));
    }
}

#[test]
fn what_is_wrong_with_a_form_of_the_account_is_said_in_german_too() {
    let server = Server::with_args(&["--password-check=on"]);
    server.user("johndoe", PASSWORD, &["me", "tokens"]);
    let mut browser = Browser::signed_in(&server, "johndoe");
    let account = browser.open("/account");
    let password = |current, new| vec![("current_password", current), ("new_password", new)];
    let token = |name, days, scope| vec![("name", name), ("days", days), ("scope", scope)];
    for (action, typed, why) in [
        (
            "/account/password",
            password("not-this-one", "another-password"),
            "nicht geändert: Das aktuelle Passwort ist falsch.",
        ),
        (
            "/account/password",
            password(PASSWORD, "short"),
            "nicht geändert: Ein neues hat 8 bis 1024 Bytes.",
        ),
        (
            "/account/password",
            password(PASSWORD, "password"),
            "nicht geändert: Das neue ist leicht zu erraten;",
        ),
        (
            "/account/tokens",
            token("", "1", "me"),
            "nicht erstellt: Der Name hat 1 bis 255 Zeichen",
        ),
        (
            "/account/tokens",
            token("x", "0", "me"),
            "nicht erstellt: Es gilt 1 bis 90 Tage.",
        ),
        (
            "/account/tokens",
            token("x", "1", "users:write"),
            "nicht erstellt: Sie können users:write nicht vergeben.",
        ),
    ] {
        let form = account.form(action);
        let hidden = form.fields.iter().map(|(name, value)| (&**name, &**value));
        let fields: Vec<_> = hidden.chain(typed.clone()).collect();
        let call = server.post(action).header(GERMAN.0, GERMAN.1);
        let answer = browser.send(call.form(&fields));
        assert_eq!(answer.status, 400, "{typed:?}");
        assert!(answer.body.contains(why), "{why}: {}", words(&answer));
    }
}

/// Opens a path and gives the answer as it is, with the address made absolute.
fn browser_at(browser: &mut Browser, path: &str) -> Answer {
    let mut answer = browser.get(path);
    let location = answer.header("location").to_owned();
    if location.starts_with('/') {
        let absolute = format!("http://here.example{location}");
        let absolute = absolute.parse().expect("a header");
        answer.headers.insert("location", absolute);
    }
    answer
}

#[test]
fn what_does_not_work_is_said_in_german_too() {
    let server = Server::with_shop(&[]);
    let unknown = authorize_path(&[("client_id", "nobody")]);
    let mut browser = Browser::at(&server);
    let page = in_german(&mut browser, &server, &unknown);
    assert_eq!(page.status, 400);
    assert!(page.body.contains("nicht bekannt"), "{}", words(&page));
    let forged = server.post("/login").header(GERMAN.0, GERMAN.1);
    let forged = forged.form(&[("username", "johndoe")]).send();
    assert_eq!(forged.status, 403);
    assert!(
        forged.body.contains("Nicht ausgeführt"),
        "{}",
        words(&forged)
    );
}

#[test]
fn a_team_gives_the_pages_its_name_its_logo_and_its_colour() {
    let home = Home::new();
    let logo = home.write("logo.svg", "<svg xmlns=\"http://www.w3.org/2000/svg\"/>");
    let args = [
        "--site-name",
        "Ann & Sons",
        "--site-color",
        "#ffd400",
        "--site-logo",
    ];
    let mut args = args.to_vec();
    let logo = logo.to_str().expect("a path");
    args.push(logo);
    let server = Server::start_in(home, &args);
    let page = server.get("/login").send();
    assert!(page.body.contains("Ann &#38; Sons"), "{page:?}");
    assert!(!page.body.contains("Scopegate"), "{page:?}");
    assert!(page.body.contains("src=\"/logo\""), "{page:?}");
    let logo = server.get("/logo").send();
    assert_eq!(logo.header("content-type"), "image/svg+xml");
    assert!(
        logo.header("content-security-policy")
            .contains("default-src 'none'")
    );
    let style = server.get("/style.css").send();
    // Yellow cannot be read on white, and can on the dark card.
    assert!(
        style
            .body
            .contains("(prefers-color-scheme:dark){:root{--accent:#ffd400")
    );
    assert!(!style.body.contains("\n:root{--accent:#ffd400"));
}

#[test]
fn a_logo_or_a_colour_that_cannot_be_is_refused_by_name() {
    let home = Home::new();
    let text = home.write("logo.txt", "no logo");
    let text = text.to_str().expect("a path");
    for (flag, bad) in [
        ("--site-color", "yellow"),
        ("--site-logo", text),
        ("--site-logo", "absent.svg"),
        ("--site-name", " "),
    ] {
        home.run(&["config", flag, bad])
            .was_refused_naming(&flag[2..]);
    }
}
