//! The authorization code flow, as a client goes through it.

use reqwest::Url;

use super::{Answer, Browser, Call, Server, percent_encoded};

/// Where the clients of the tests are answered.
pub const CALLBACK: &str = "https://shop.example/back";

/// A verifier and its challenge (RFC 7636, appendix B).
pub const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// The parameters of an authorization request that is in order.
const REQUEST: &[(&str, &str)] = &[
    ("response_type", "code"),
    ("client_id", "shop"),
    ("redirect_uri", CALLBACK),
    ("scope", "me items"),
    ("state", "af0 ifj/&x"),
    ("code_challenge", CHALLENGE),
    ("code_challenge_method", "S256"),
];

/// The path of a request in order, with other values for some parameters; an
/// empty one leaves the parameter out.
pub fn authorize_path(changes: &[(&str, &str)]) -> String {
    let new = changes.iter().filter(|(name, _)| !is_usual(name));
    let usual = REQUEST.iter().map(|(name, value)| {
        let change = changes.iter().find(|(one, _)| one == name);
        (*name, change.map_or(*value, |(_, value)| *value))
    });
    let pairs = usual
        .chain(new.copied())
        .filter(|(_, value)| !value.is_empty());
    let pairs: Vec<String> = pairs
        .map(|(name, value)| format!("{name}={}", percent_encoded(value)))
        .collect();
    format!("/authorize?{}", pairs.join("&"))
}

fn is_usual(name: &str) -> bool {
    REQUEST.iter().any(|(one, _)| *one == name)
}

impl Server {
    /// A server with the public client `shop`, which wants `me items`, and
    /// `johndoe`, who has these and `offline_access`.
    #[track_caller]
    pub fn with_shop(more: &[&str]) -> Self {
        let server = Self::start();
        server
            .run(&["scope", "add", "items", "--description", "Read your items"])
            .succeeded();
        server.user(
            "johndoe",
            super::PASSWORD,
            &["me", "items", "offline_access", "tokens"],
        );
        server.shop(more);
        server
    }

    /// Adds the client, and waits until the server knows it.
    #[track_caller]
    pub fn shop(&self, more: &[&str]) {
        let mut args = vec!["client", "add", "shop", "--name", "The Shop", "--public"];
        args.extend(["--grant", "authorization_code", "--grant", "refresh_token"]);
        args.extend(["--redirect-uri", CALLBACK]);
        args.extend([
            "--scope",
            "me",
            "--scope",
            "items",
            "--scope",
            "offline_access",
        ]);
        args.extend(more);
        self.run(&args).succeeded();
        let is_known = |answer: &Answer| answer.status == 303;
        super::eventually(|| self.get(&authorize_path(&[])).send(), is_known);
    }

    /// A code about to be redeemed as it should be.
    pub fn redeem(&self, code: &str) -> Call {
        self.redeem_with(code, &[])
    }

    /// A code about to be redeemed with other parameters.
    pub fn redeem_with(&self, code: &str, changes: &[(&str, &str)]) -> Call {
        let usual = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", CALLBACK),
            ("code_verifier", VERIFIER),
            ("client_id", "shop"),
        ];
        let changed = usual.map(|(name, value)| {
            let change = changes.iter().find(|(one, _)| *one == name);
            (name, change.map_or(value, |(_, value)| *value))
        });
        self.post("/token").form(&changed)
    }
}

impl Browser<'_> {
    /// Asks for a code, agrees to these scopes, and gives where the client is
    /// answered.
    #[track_caller]
    pub fn allow(&mut self, path: &str, scopes: &[&str]) -> Url {
        let page = self.open(path);
        self.answer_consent(&page, scopes)
    }

    /// Agrees to these scopes on the page that asks.
    #[track_caller]
    pub fn answer_consent(&mut self, page: &Answer, scopes: &[&str]) -> Url {
        let mut typed = vec![("decision", "allow")];
        typed.extend(scopes.iter().map(|scope| ("scope", *scope)));
        let answer = self.submit(&page.form("/consent"), &typed);
        redirect_of(&answer)
    }

    /// The code of a user who agrees to all, now or before.
    #[track_caller]
    pub fn code(&mut self) -> String {
        let answer = self.open(&authorize_path(&[]));
        let url = match answer.status {
            303 => redirect_of(&answer),
            _ => self.answer_consent(&answer, &["me", "items"]),
        };
        parameter(&url, "code").unwrap_or_else(|| panic!("no code: {url}"))
    }
}

/// Where an answer leads.
#[track_caller]
pub fn redirect_of(answer: &Answer) -> Url {
    assert_eq!(answer.status, 303, "{answer:?}");
    Url::parse(answer.header("location")).unwrap_or_else(|error| panic!("{error}: {answer:?}"))
}

/// A parameter of a query.
pub fn parameter(url: &Url, name: &str) -> Option<String> {
    let mut pairs = url.query_pairs();
    let (_, value) = pairs.find(|(one, _)| one == name)?;
    Some(value.into_owned())
}
