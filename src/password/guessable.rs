//! Whether a new password is among the first that somebody would try: common
//! ones, keyboard rows, years, names, and what they know of its owner (NIST SP
//! 800-63B §3.1.1.2). Nothing is asked of another host, and no kind of character
//! is demanded: length is worth more.

use zxcvbn::{Score, zxcvbn};

use super::Password;

/// Why a password would soon be guessed; none for one that would take more than
/// a million tries, or is no text. `about` are words that an attacker tries
/// first: the user's name, the service's.
pub fn guessable(password: &Password, about: &[&str]) -> Option<String> {
    let text = std::str::from_utf8(password.as_bytes()).ok()?;
    let known: Vec<String> = about.iter().map(|word| word.to_lowercase()).collect();
    if known.contains(&text.to_lowercase()) {
        return Some("it is the name of the user or of the service".to_owned());
    }
    let estimate = zxcvbn(text, about);
    if estimate.score() >= Score::Two {
        return None;
    }
    let warning = estimate
        .feedback()
        .and_then(zxcvbn::feedback::Feedback::warning)
        .map_or(String::new(), |warning| format!(" {warning}"));
    Some(format!(
        "it is among the first million that would be tried.{warning} Several uncommon words make a good one"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_guessable(password: &str) -> bool {
        guessable(&Password::new(password), &["johndoe", "scopegate"]).is_some()
    }

    #[test]
    fn what_is_tried_first_is_guessable() {
        for password in [
            "password",
            "12345678",
            "qwertyuiop",
            "P@ssw0rd",
            "JohnDoe",
            "johndoe1",
            "scopegate",
            "aaaaaaaaaaaa",
            "letmein123",
        ] {
            assert!(is_guessable(password), "{password}");
        }
    }

    #[test]
    fn length_will_do_without_odd_characters() {
        for password in [
            "correct horse battery staple",
            "mauve lantern gravel",
            "kvtdmzqpwa",
        ] {
            assert!(!is_guessable(password), "{password}");
        }
    }
}
