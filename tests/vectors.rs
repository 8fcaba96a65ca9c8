//! Every hash that the real libraries made, with the right password and a wrong
//! one; and every line that must be refused without being computed.

use std::{
    fs,
    path::Path,
    thread,
    time::{Duration, Instant},
};

use scopegate::password::{
    Context, CurrentScheme, Password, PasswordHash, Policy, Refused, SiteSalt, Verdict, Wrapper,
};
use serde::Deserialize;

/// The project of Firebase's published example, as its console shows it.
const FIREBASE_PROJECT: &str = "hash_config {
  algorithm: SCRYPT,
  base64_signer_key: jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==,
  base64_salt_separator: Bw==,
  rounds: 8,
  mem_cost: 14,
}";

#[derive(Deserialize)]
struct Vector {
    scheme: String,
    password: String,
    hash: String,
    expect: String,
    reason: Option<String>,
    wrong_password: Option<String>,
    also_accepts: Option<String>,
    password_salt: Option<String>,
}

impl Vector {
    fn context(&self) -> Context {
        Context::new(Policy {
            current: CurrentScheme::ARGON2ID,
            flask_security_salt: self.password_salt.as_deref().map(SiteSalt::new),
            firebase: Some(FIREBASE_PROJECT.parse().unwrap()),
            ..Policy::default()
        })
        .unwrap()
    }

    fn stored(&self) -> PasswordHash {
        match self.scheme.as_str() {
            "flask_bcrypt_long" => PasswordHash::wrapped(Wrapper::HexSha256, &self.hash),
            scheme if scheme.starts_with("flask_security") => {
                PasswordHash::wrapped(Wrapper::FlaskSecurity, &self.hash)
            }
            _ => PasswordHash::from_stored(&self.hash),
        }
    }

    fn verify(&self, password: &str) -> Result<Verdict, Refused> {
        self.context()
            .verify(&Password::new(password), &self.stored())
    }

    fn accepts(&self, password: &str) -> bool {
        let verdict = self.verify(password);
        matches!(
            verdict.unwrap_or_else(|refused| panic!("{}: {refused}", self.hash)),
            Verdict::Match { .. }
        )
    }

    fn check(&self) {
        assert!(self.accepts(&self.password), "right: {}", self.hash);
        if let Some(also) = &self.also_accepts {
            assert!(self.accepts(also), "also: {}", self.hash);
        }
        if let Some(wrong) = &self.wrong_password {
            assert!(!self.accepts(wrong), "wrong: {}", self.hash);
        }
    }
}

fn vectors(keep: impl Fn(&Vector) -> bool) -> Vec<Vector> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors");
    let files = ["public.jsonl", "more.jsonl"].map(|name| folder.join(name));
    let texts = files.map(|file| fs::read_to_string(file).unwrap());
    let lines = texts.iter().flat_map(|text| text.lines());
    let vectors = lines.map(|line| serde_json::from_str(line).unwrap());
    vectors.filter(keep).collect()
}

#[test]
fn every_hash_of_a_real_library_verifies_its_password_and_no_other() {
    let matching = vectors(|vector| vector.expect == "match");
    assert_eq!(matching.len(), 500);
    let workers = thread::available_parallelism().map_or(1, usize::from);
    let matching = &matching;
    thread::scope(|scope| {
        for worker in 0..workers {
            scope.spawn(move || {
                let share = matching.iter().skip(worker).step_by(workers);
                share.for_each(Vector::check);
            });
        }
    });
}

#[test]
fn every_imported_hash_is_to_be_rehashed_unless_it_is_current() {
    let cheap = |vector: &Vector| vector.expect == "match" && vector.scheme.contains("bcrypt");
    for vector in vectors(cheap) {
        assert!(vector.context().needs_rehash(&vector.stored()));
    }
}

#[test]
fn every_bad_line_is_refused_for_its_own_reason() {
    for vector in vectors(|vector| vector.expect != "match") {
        let refused = vector.verify(&vector.password).unwrap_err();
        let as_expected = match (vector.expect.as_str(), vector.reason.as_deref()) {
            ("unsupported", Some("over_limit")) => matches!(refused, Refused::OverLimit { .. }),
            ("unsupported", _) => matches!(refused, Refused::Unsupported(_)),
            ("unusable", _) => refused == Refused::Unusable,
            _ => matches!(
                refused,
                Refused::Malformed { .. } | Refused::Unrecognised | Refused::TooLong { .. }
            ),
        };
        assert!(as_expected, "{:.80}: {refused}", vector.hash);
    }
}

#[test]
fn every_bad_line_is_refused_in_under_5_ms() {
    for vector in vectors(|vector| vector.expect != "match") {
        let (context, stored) = (vector.context(), vector.stored());
        let password = Password::new(vector.password.as_str());
        let time = || {
            let started = Instant::now();
            assert!(context.verify(&password, &stored).is_err());
            started.elapsed()
        };
        let best = (0..3).map(|_| time()).min().unwrap();
        assert!(best < Duration::from_millis(5), "{:.80}", vector.hash);
    }
}

#[test]
fn no_refusal_repeats_anything_of_the_stored_value() {
    for vector in vectors(|vector| vector.expect != "match") {
        let refused = vector.verify(&vector.password).unwrap_err();
        let text = format!("{refused} {refused:?}");
        let mut secrets = vector.hash.split(['$', ':']).filter(|part| part.len() > 14);
        let leaked = secrets.find(|secret| text.contains(secret));
        assert_eq!(leaked, None);
    }
}
