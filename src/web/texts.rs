//! The texts of the pages: a file a language. Another language is one more file, and its
//! line in [`FILES`].

use std::sync::LazyLock;

use askama::filters::{Html, escape};
use poem::{Request, http::header};
use serde::Deserialize;

/// The first is for readers who prefer none of them.
const FILES: [&str; 2] = [include_str!("texts/en.toml"), include_str!("texts/de.toml")];

/// All texts in one language.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Texts {
    pub lang: String,
    pub sign_in: String,
    pub username: String,
    pub password: String,
    pub log_out: String,
    pub revoke: String,
    pub revoke_what: String,
    pub none: String,
    pub it_may: String,
    pub allow: String,
    pub refuse: String,
    pub asks_nothing: String,
    pub your_account: String,
    pub home_account: String,
    pub home_device: String,
    pub home_device_for: String,
    pub home_docs_for: String,
    pub home_redoc_for: String,
    pub home_document_for: String,
    pub login_wrong: String,
    pub logout_title: String,
    pub signed_in_as: String,
    pub consent_title: String,
    pub consent_who: String,
    pub consent_document: String,
    pub consent_back: String,
    pub consent_outdated: String,
    pub device_title: String,
    pub device_who: String,
    pub device_type: String,
    pub device_code: String,
    pub device_go_on: String,
    pub device_unknown: String,
    pub device_allowed: String,
    pub device_refused: String,
    pub form_post_title: String,
    pub form_post_button: String,
    pub account_name: String,
    pub account_email: String,
    pub account_log_out_everywhere: String,
    pub account_apps: String,
    pub account_app: String,
    pub account_tokens: String,
    pub account_token_made: String,
    pub account_token_itself: String,
    pub account_token_try: String,
    pub account_token: String,
    pub account_token_used: String,
    pub account_token_unused: String,
    pub account_token_nameless: String,
    pub account_token_new: String,
    pub account_token_purpose: String,
    pub account_token_days: String,
    pub account_token_create: String,
    pub account_token_scope: String,
    pub account_token_failed: String,
    pub account_token_name: String,
    pub account_token_life: String,
    pub account_token_beyond: String,
    pub account_token_too_many: String,
    pub account_sessions: String,
    pub account_session_here: String,
    pub account_session: String,
    pub account_session_end: String,
    pub account_password_ends: String,
    pub account_password_current: String,
    pub account_password_new: String,
    pub account_password_change: String,
    pub account_password_changed: String,
    pub account_password_failed: String,
    pub account_password_wrong: String,
    pub account_password_length: String,
    pub account_password_guessable: String,
    pub done: String,
    pub refused: String,
    pub not_done: String,
    pub not_done_why: String,
    pub does_not_work: String,
    pub too_many: String,
    pub too_many_why: String,
    pub too_large: String,
    pub too_large_why: String,
    pub not_now: String,
    pub not_now_why: String,
    pub no_form: String,
    pub form_incomplete: String,
    pub client_gone: String,
    pub client_unknown: String,
    pub client_unusable: String,
    pub redirect_unregistered: String,
    pub parameter_repeated: String,
    pub request_unknown: String,
}

static TEXTS: LazyLock<[Texts; 2]> = LazyLock::new(|| {
    // The files are part of the binary, and the tests read each of them.
    FILES.map(|file| toml::from_str(file).expect("every text in every file"))
});

impl Texts {
    /// The texts in the language that a browser prefers (RFC 9110 §12.5.4).
    pub(super) fn of(request: &Request) -> &'static Self {
        let wanted = request.header(header::ACCEPT_LANGUAGE).unwrap_or_default();
        Self::preferred(wanted)
    }

    /// The texts for readers who prefer none.
    pub(super) fn default_language() -> &'static Self {
        let [default, ..] = &*TEXTS;
        default
    }

    /// The texts in the first of these languages, best first, that is available.
    pub(super) fn in_one_of(tags: &str) -> Option<&'static Self> {
        let mut languages = tags.split_ascii_whitespace().map(language);
        languages.find_map(|language| TEXTS.iter().find(|texts| texts.lang == language))
    }

    fn preferred(wanted: &str) -> &'static Self {
        let rank = |range: &str| {
            let mut parts = range.split(';').map(str::trim);
            let language = language(parts.next().unwrap_or_default());
            let quality = parts.find_map(|part| part.strip_prefix("q="));
            let quality: f32 = quality.map_or(Some(1.0), |text| text.parse().ok())?;
            let is_any = language == "*";
            let texts = TEXTS
                .iter()
                .find(|texts| is_any || texts.lang == language)?;
            (quality > 0.0).then_some((quality, texts))
        };
        let ranked = wanted.split(',').filter_map(rank);
        // Of equals the first is meant.
        let best = ranked.reduce(|best, next| if next.0 > best.0 { next } else { best });
        best.map_or_else(Self::default_language, |(_, texts)| texts)
    }
}

/// The language of a tag (BCP 47), without its region.
fn language(tag: &str) -> String {
    tag.split('-')
        .next()
        .unwrap_or_default()
        .to_ascii_lowercase()
}

/// A text with its placeholders in braces filled in.
pub(super) fn fill(text: &str, values: &[(&str, &str)]) -> String {
    filled(text, values, str::to_owned, str::to_owned)
}

/// The same as HTML, with what is filled in set off from the rest.
pub(super) fn strong(text: &str, values: &[(&str, &str)]) -> String {
    let escaped = |text: &str| {
        escape(text, Html).map_or_else(|never| match never {}, |safe| safe.to_string())
    };
    filled(text, values, escaped, |value| {
        format!("<strong>{}</strong>", escaped(value))
    })
}

/// Goes through the text once, so that a value with braces stays what it is.
fn filled(
    text: &str,
    values: &[(&str, &str)],
    plain: impl Fn(&str) -> String,
    value: impl Fn(&str) -> String,
) -> String {
    let mut parts = text.split('{');
    let mut filled = plain(parts.next().unwrap_or_default());
    for part in parts {
        let (name, rest) = part.split_once('}').unwrap_or((part, ""));
        if let Some((_, known)) = values.iter().find(|(one, _)| *one == name) {
            filled += &value(known);
        }
        filled += &plain(rest);
    }
    filled
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    #[test]
    fn every_language_has_every_text_with_the_same_names_to_fill_in() {
        let names = |file: &str| -> BTreeMap<String, BTreeSet<String>> {
            let texts: BTreeMap<String, String> = toml::from_str(file).expect("texts");
            let in_braces = |text: &String| -> BTreeSet<String> {
                let parts = text.split('{').skip(1);
                parts
                    .filter_map(|part| Some(part.split_once('}')?.0.to_owned()))
                    .collect()
            };
            texts
                .iter()
                .map(|(key, text)| (key.clone(), in_braces(text)))
                .collect()
        };
        for file in FILES {
            assert_eq!(names(file), names(FILES[0]));
        }
        assert_eq!(TEXTS[1].lang, "de");
    }

    #[test]
    fn the_preferred_language_is_taken_or_the_first() {
        for (wanted, lang) in [
            ("", "en"),
            ("de", "de"),
            ("de-AT,de;q=0.9,en;q=0.8", "de"),
            ("fr, de;q=0.5, en;q=0.7", "en"),
            ("en;q=0.5, de;q=0.5", "en"),
            ("de;q=0, *;q=0.1", "en"),
            ("fr", "en"),
            ("de;q=x", "en"),
        ] {
            assert_eq!(Texts::preferred(wanted).lang, lang, "{wanted}");
        }
    }

    #[test]
    fn what_is_filled_in_is_text_and_is_not_filled_in_itself() {
        let values = &[("client", "<b>{username}"), ("username", "johndoe")];
        assert_eq!(
            fill("{client} for {username}.", values),
            "<b>{username} for johndoe."
        );
        assert_eq!(
            strong("{client} & {username}", values),
            "<strong>&#60;b&#62;{username}</strong> &#38; <strong>johndoe</strong>"
        );
    }
}
