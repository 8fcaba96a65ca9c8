//! The name that somebody types to log in to a server on another application's users,
//! and the names that it may mean there. (A name of Scopegate's own users is that name
//! and no other.)
//!
//! It is looked for as it was typed first. Django strips what was typed and brings it to
//! NFKC, and applications whose users log in by their e-mail address mostly compare it
//! without its case.

use unicode_normalization::UnicodeNormalization;

/// The names to look for, in this order: as typed, and as Django's login form would have
/// it, stripped and in NFKC.
pub fn forms(typed: &str) -> Vec<String> {
    let tidy = tidy(typed);
    match tidy == typed {
        true => vec![tidy],
        false => vec![typed.to_owned(), tidy],
    }
}

/// The e-mail address that was typed, whose case may not count.
pub fn email(typed: &str) -> Option<String> {
    Some(tidy(typed)).filter(|name| name.contains('@'))
}

/// What all that is typed for one user has in common: failed logins are counted by it.
pub fn common(typed: &str) -> String {
    email(typed).map_or_else(|| tidy(typed), |email| email.to_lowercase())
}

fn tidy(typed: &str) -> String {
    typed.trim().nfkc().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_looked_for_as_typed_first() {
        assert_eq!(forms("john"), ["john"]);
        assert_eq!(forms(" \u{ff2a}ohn "), [" \u{ff2a}ohn ", "John"]);
    }

    #[test]
    fn the_forms_of_a_name_have_one_in_common() {
        for typed in ["Ada@example.com", " ada@EXAMPLE.com", "ada@example.com"] {
            assert_eq!(common(typed), "ada@example.com");
        }
        assert_ne!(common("Ada"), common("ada"));
    }
}
