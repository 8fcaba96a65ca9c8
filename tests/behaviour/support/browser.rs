//! Somebody at a browser without JavaScript: one cookie, pages, forms.

use reqwest::header;

use super::{Answer, Call, PASSWORD, Server};

/// A browser that follows no redirect unless told to.
pub struct Browser<'a> {
    server: &'a Server,
    pub cookie: Option<String>,
}

/// A form of a page: where it goes, and what it bears unseen.
#[derive(Clone, Debug)]
pub struct Form {
    pub action: String,
    pub fields: Vec<(String, String)>,
    /// The boxes that can be ticked.
    pub boxes: Vec<String>,
}

impl<'a> Browser<'a> {
    /// A browser that has never been here.
    pub fn at(server: &'a Server) -> Self {
        Self {
            server,
            cookie: None,
        }
    }

    /// A browser that somebody has signed in with.
    #[track_caller]
    pub fn signed_in(server: &'a Server, username: &str) -> Self {
        let mut browser = Self::at(server);
        let answer = browser.sign_in(username, PASSWORD, "/login");
        assert_eq!(answer.status, 303, "{answer:?}");
        browser
    }

    /// Types name and password into the form at a path.
    #[track_caller]
    pub fn sign_in(&mut self, username: &str, password: &str, path: &str) -> Answer {
        let form = self.get(path).form("/login");
        self.submit(&form, &[("username", username), ("password", password)])
    }

    pub fn get(&mut self, path: &str) -> Answer {
        self.send(self.server.get(path))
    }

    /// Opens a path and follows this server's redirects; the last answer is a page
    /// or leads elsewhere.
    #[track_caller]
    pub fn open(&mut self, path: &str) -> Answer {
        let first = self.get(path);
        self.follow(first)
    }

    /// Follows redirects to paths of this server.
    #[track_caller]
    pub fn follow(&mut self, mut answer: Answer) -> Answer {
        for _ in 0..5 {
            match answer.header("location") {
                path if path.starts_with('/') => answer = self.get(path),
                _ => return answer,
            }
        }
        panic!("too many redirects: {answer:?}")
    }

    /// Sends a form with what was typed.
    pub fn submit(&mut self, form: &Form, typed: &[(&str, &str)]) -> Answer {
        let hidden = form.fields.iter();
        let hidden = hidden.map(|(name, value)| (name.as_str(), value.as_str()));
        let all: Vec<(&str, &str)> = hidden.chain(typed.iter().copied()).collect();
        self.post(&form.action, &all)
    }

    pub fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.send(self.server.post(path).form(fields))
    }

    /// Sends a request with the cookie, and keeps the one that is given.
    pub fn send(&mut self, call: Call) -> Answer {
        let call = match &self.cookie {
            Some(cookie) => call.header("cookie", cookie),
            None => call,
        };
        let answer = call.send();
        for set in answer.headers.get_all(header::SET_COOKIE) {
            let set = set.to_str().expect("a cookie");
            let pair = set.split(';').next().expect("a pair").to_owned();
            self.cookie = Some(pair).filter(|pair| !pair.ends_with('='));
        }
        answer
    }
}

impl Answer {
    /// The form of a page that goes to a path.
    #[track_caller]
    pub fn form(&self, action: &str) -> Form {
        let forms = self.forms();
        let form = forms.into_iter().find(|form| form.action == action);
        form.unwrap_or_else(|| panic!("no form to {action}: {self:?}"))
    }

    /// The forms of a page.
    pub fn forms(&self) -> Vec<Form> {
        let forms = self.body.split("<form ").skip(1);
        let forms = forms.map(|rest| rest.split("</form>").next().unwrap_or_default());
        forms.map(Form::of).collect()
    }
}

impl Form {
    fn of(html: &str) -> Self {
        let inputs = || html.split("<input ").skip(1);
        let inputs = inputs().map(|rest| rest.split('>').next().unwrap_or_default());
        let named = |input: &str| Some((attribute(input, "name")?, attribute(input, "value")?));
        let of_type = |kind: &'static str| {
            let typed = inputs.clone();
            typed
                .filter(move |input| attribute(input, "type").as_deref() == Some(kind))
                .filter_map(named)
        };
        Self {
            action: attribute(html, "action").unwrap_or_default(),
            fields: of_type("hidden").collect(),
            boxes: of_type("checkbox").map(|(_, value)| value).collect(),
        }
    }
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let (_, rest) = tag.split_once(&format!("{name}=\""))?;
    let (value, _) = rest.split_once('"')?;
    Some(unescaped(value))
}

fn unescaped(text: &str) -> String {
    [
        ("&#60;", "<"),
        ("&#62;", ">"),
        ("&#34;", "\""),
        ("&#39;", "'"),
        ("&#38;", "&"),
    ]
    .iter()
    .fold(text.to_owned(), |text, (entity, character)| {
        text.replace(entity, character)
    })
}
