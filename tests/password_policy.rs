//! What a policy allows and a stored hash may ask for, and what is ever shown.

use scopegate::password::{
    Context, CurrentScheme, Family, Limits, Password, PasswordHash, Policy, PolicyError, Refused,
    Scheme, SiteSalt, identify,
};

const BCRYPT_OF_SECRET: &str = "$2b$04$rOCsIqFgkmWBeKnWZ7.FheNmFAfwUmbN5mY4frgstQDs63HAYyqu2";
const ARGON2ID_OF_SECRET: &str = "$argon2id$v=19$m=256,t=1,p=1$sDqh53SdujVsy5tTrolIdw$HEKbDmv8sGjtxyF64pjtBN/n5AjHZ3rs348thbuYqZw";

fn stored(hash: &str) -> PasswordHash {
    PasswordHash::from_stored(hash)
}

#[test]
fn a_parameter_is_taken_up_to_its_limit_and_refused_above() {
    let bcrypt = |cost: u32| BCRYPT_OF_SECRET.replacen("04", &format!("{cost:02}"), 1);
    let argon2 = |costs: &str| ARGON2ID_OF_SECRET.replacen("m=256,t=1,p=1", costs, 1);
    let pbkdf2 = |count: u32| format!("pbkdf2_sha1${count}$salt$VGaxSncXPVPTf4fxEqU2UhBfQqA=");
    let sha_crypt = |rounds: u32| format!("$5$rounds={rounds}$salt${}", "a".repeat(43));
    let scrypt = |costs: &str| format!("scrypt:{costs}$salt${}", "00".repeat(64));
    let pairs = [
        (bcrypt(16), bcrypt(17)),
        (argon2("m=524288,t=3,p=1"), argon2("m=524289,t=1,p=1")),
        (argon2("m=256,t=4096,p=1"), argon2("m=256,t=4097,p=1")),
        (argon2("m=102400,t=15,p=8"), argon2("m=102400,t=16,p=8")),
        (argon2("m=1024,t=1,p=64"), argon2("m=1024,t=1,p=65")),
        (pbkdf2(10_000_000), pbkdf2(10_000_001)),
        (sha_crypt(5_000_000), sha_crypt(5_000_001)),
        (scrypt("262144:8:2"), scrypt("524288:8:1")),
        (scrypt("32768:8:16"), scrypt("32768:8:17")),
        (scrypt("2:1024:2048"), scrypt("2:2048:2048")),
    ];
    for (within, over) in pairs {
        assert!(identify(&within).is_ok(), "{:?}", identify(&within));
        assert!(matches!(identify(&over), Err(Refused::OverLimit { .. })));
    }
}

#[test]
fn a_limit_of_the_policy_is_heeded_in_verification() {
    let policy = Policy {
        current: CurrentScheme::Bcrypt { cost: 4 },
        limits: Limits {
            bcrypt_cost: 5,
            ..Limits::default()
        },
        ..Policy::default()
    };
    let costlier = BCRYPT_OF_SECRET.replacen("$04$", "$06$", 1);
    let refused = Context::new(policy)
        .unwrap()
        .verify(&Password::new("secret"), &stored(&costlier));
    assert_eq!(
        refused,
        Err(Refused::OverLimit {
            scheme: Scheme::Bcrypt,
            parameter: "cost",
            value: 6,
            limit: 5
        })
    );
}

#[test]
fn a_stored_value_longer_than_any_hash_is_not_read() {
    let long = format!("pbkdf2_sha256$1000${}$x", "s".repeat(2048));
    assert!(matches!(identify(&long), Err(Refused::TooLong { .. })));
}

#[test]
fn a_refused_family_does_not_verify() {
    let policy = Policy {
        refused: [Family::UnsaltedDigest].into(),
        ..Policy::default()
    };
    let bare_md5 = stored("5ebe2294ecd0e0f08eab7690d2a6ee69");
    let refused = Context::new(policy)
        .unwrap()
        .verify(&Password::new("secret"), &bare_md5)
        .unwrap_err();
    assert!(matches!(refused, Refused::SchemeRefused(_)));
}

#[test]
fn a_policy_may_not_refuse_what_new_hashes_need() {
    let policy = Policy {
        refused: [Family::BcryptSha256].into(),
        ..Policy::default()
    };
    let error = Context::new(policy).unwrap_err();
    assert_eq!(error, PolicyError::CurrentRefused(Family::BcryptSha256));
}

#[test]
fn a_policy_may_not_make_hashes_over_its_own_limits() {
    let too_much = [
        CurrentScheme::Bcrypt { cost: 17 },
        CurrentScheme::Bcrypt { cost: 3 },
        CurrentScheme::Argon2id {
            memory_kib: 1 << 20,
            iterations: 1,
            parallelism: 1,
        },
        CurrentScheme::Argon2id {
            memory_kib: 64,
            iterations: 1,
            parallelism: 9,
        },
    ];
    for current in too_much {
        let policy = Policy {
            current,
            ..Policy::default()
        };
        let error = Context::new(policy).unwrap_err();
        assert!(matches!(error, PolicyError::OutOfRange { .. }));
    }
}

#[test]
fn a_stored_hash_is_described_without_its_salt_and_digest() {
    let described = |hash: &str| identify(hash).unwrap().to_string();
    assert_eq!(described(BCRYPT_OF_SECRET), "bcrypt (cost=4)");
    assert_eq!(
        described(ARGON2ID_OF_SECRET),
        "argon2 (variety=argon2id, version=19, memory-kib=256, iterations=1, parallelism=1)"
    );
    assert_eq!(
        described(&format!("$flask-security${BCRYPT_OF_SECRET}")),
        "flask-security over bcrypt (cost=4)"
    );
    assert_eq!(
        described("5ebe2294ecd0e0f08eab7690d2a6ee69"),
        "unsalted md5"
    );
}

#[test]
fn nothing_secret_is_printed_for_debugging() {
    let context = Context::new(Policy {
        flask_security_salt: Some(SiteSalt::new("site-salt")),
        ..Policy::default()
    })
    .unwrap();
    assert_eq!(format!("{:?}", Password::new("secret")), "Password(…)");
    assert_eq!(format!("{:?}", stored(BCRYPT_OF_SECRET)), "PasswordHash(…)");
    let printed = format!("{context:?}");
    assert!(!printed.contains("site-salt") && !printed.contains("$2b$"));
}

#[test]
fn a_family_is_read_by_the_name_it_is_written_with() {
    for family in Family::ALL {
        assert_eq!(family.name().parse(), Ok(family));
    }
    assert!("rot13".parse::<Family>().is_err());
}
