//! The rules of the password context, one sentence each.

use scopegate::password::{
    Context, CurrentScheme, HashError, Password, PasswordHash, Policy, Refused, SiteSalt, Verdict,
    Wrapper, identify,
};

const BCRYPT_OF_SECRET: &str = "$2b$04$rOCsIqFgkmWBeKnWZ7.FheNmFAfwUmbN5mY4frgstQDs63HAYyqu2";
const BCRYPT_OF_A_NUL_B: &str = "$2b$04$olXYn8mpT61LgZw173s4/eNOukdYlAp9flmVHj49QNvA./qehWM.e";
const BCRYPT_OF_NOTHING: &str = "$2b$04$bSXjor98Of.A8by/06wQc.4RbW00UVButRGJ1ejV0fspMrycgCp..";
const ARGON2ID_OF_SECRET: &str = "$argon2id$v=19$m=256,t=1,p=1$sDqh53SdujVsy5tTrolIdw$HEKbDmv8sGjtxyF64pjtBN/n5AjHZ3rs348thbuYqZw";
const FLASK_SECURITY_OF_SECRET: &str =
    "$2b$04$xWjycsdPWwdTOlLMfxhAueXV3noa40vlE2Ovq7vOLFK.4BSc6GG2G";
const FLASK_SECURITY_SALT: &str = "146585145368132386173505678016728509634";

const CHEAP_ARGON2ID: CurrentScheme = CurrentScheme::Argon2id {
    memory_kib: 64,
    iterations: 2,
    parallelism: 1,
};

fn bcrypt(cost: u32) -> Context {
    under(CurrentScheme::Bcrypt { cost })
}

fn under(current: CurrentScheme) -> Context {
    Context::new(Policy {
        current,
        ..Policy::default()
    })
    .unwrap()
}

fn stored(hash: &str) -> PasswordHash {
    PasswordHash::from_stored(hash)
}

fn verdict(context: &Context, password: &[u8], hash: &str) -> Verdict {
    let password = Password::from_bytes(password);
    context.verify(&password, &stored(hash)).unwrap()
}

fn accepts(context: &Context, password: &[u8], hash: &str) -> bool {
    matches!(verdict(context, password, hash), Verdict::Match { .. })
}

fn new_hash(context: &Context, password: &[u8]) -> String {
    let hash = context.hash(&Password::from_bytes(password)).unwrap();
    hash.expose().to_owned()
}

/// A hash of a library that cuts passwords: of the first 72 bytes, as plain bcrypt.
fn hash_of_a_library_that_cuts(password: &[u8]) -> String {
    let salt = [7; 16];
    let cut = &password[..password.len().min(72)];
    let mut key = cut.to_vec();
    if key.len() < 72 {
        key.push(0);
    }
    let digest = bcrypt::bcrypt(4, salt, &key);
    use base64::{Engine, alphabet::BCRYPT, engine::general_purpose::NO_PAD};
    let engine = base64::engine::GeneralPurpose::new(&BCRYPT, NO_PAD);
    let (salt, digest) = (engine.encode(salt), engine.encode(&digest[..23]));
    format!("$2b$04${salt}{digest}")
}

const KEPT: Verdict = Verdict::Match {
    needs_rehash: false,
};
const REHASHED: Verdict = Verdict::Match { needs_rehash: true };

#[test]
fn a_new_hash_of_up_to_71_bytes_is_plain_bcrypt_at_the_current_cost() {
    let context = bcrypt(5);
    assert!(new_hash(&context, b"").starts_with("$2b$05$"));
    assert!(new_hash(&context, &[b'x'; 71]).starts_with("$2b$05$"));
}

#[test]
fn a_new_hash_of_72_bytes_or_with_a_nul_goes_through_bcrypt_sha256() {
    let context = bcrypt(4);
    for password in [&[b'x'; 72][..], b"a\0b", b"\0"] {
        let hash = new_hash(&context, password);
        assert!(hash.starts_with("$bcrypt-sha256$v=2,t=2b,r=4$"));
        assert_eq!(verdict(&context, password, &hash), KEPT);
    }
}

#[test]
fn every_byte_of_a_new_hash_counts_to_the_last_of_1024() {
    for context in [bcrypt(4), under(CHEAP_ARGON2ID)] {
        for length in [72, 73, 74, 255, 256, 1024] {
            let password = vec![b'x'; length];
            let mut other = password.clone();
            other[length - 1] = b'y';
            let hash = new_hash(&context, &password);
            assert!(accepts(&context, &password, &hash));
            assert!(!accepts(&context, &other, &hash), "byte {length}");
            assert!(!accepts(&context, &password[1..], &hash));
        }
    }
}

#[test]
fn a_nul_and_what_follows_it_count_in_a_new_hash() {
    for context in [bcrypt(4), under(CHEAP_ARGON2ID)] {
        let hash = new_hash(&context, b"ab\0cd");
        assert!(accepts(&context, b"ab\0cd", &hash));
        for other in [&b"ab"[..], b"ab\0", b"ab\0ce", b"ab\0ab", b"abcd"] {
            assert!(!accepts(&context, other, &hash));
        }
    }
}

#[test]
fn a_cut_import_verifies_and_is_rehashed_whole() {
    let context = bcrypt(4);
    let long = [b'x'; 100];
    let hash = hash_of_a_library_that_cuts(&long);
    assert_eq!(verdict(&context, &long, &hash), REHASHED);
    assert_eq!(verdict(&context, &long[..72], &hash), REHASHED);
    assert!(!accepts(&context, &long[..71], &hash));
}

#[test]
fn an_import_of_71_bytes_is_whole_and_kept() {
    let context = bcrypt(4);
    let hash = hash_of_a_library_that_cuts(&[b'x'; 71]);
    assert_eq!(verdict(&context, &[b'x'; 71], &hash), KEPT);
}

#[test]
fn a_nul_counts_in_an_imported_bcrypt_hash_which_is_then_rehashed() {
    let context = bcrypt(4);
    assert_eq!(verdict(&context, b"a\0b", BCRYPT_OF_A_NUL_B), REHASHED);
    assert!(!accepts(&context, b"a", BCRYPT_OF_A_NUL_B));
    assert!(!accepts(&context, b"ab", BCRYPT_OF_A_NUL_B));
}

#[test]
fn a_password_does_not_verify_by_going_round_in_a_circle() {
    let context = bcrypt(4);
    let short = hash_of_a_library_that_cuts(b"ab");
    assert!(accepts(&context, b"ab", &short));
    let round_and_round: Vec<u8> = b"ab\0".iter().copied().cycle().take(73).collect();
    let repetitions = [&b"ab\0ab"[..], b"ab\0ab\0ab", &round_and_round];
    for repetition in repetitions {
        assert_eq!(hash_of_a_library_that_cuts(repetition), short);
        assert!(!accepts(&context, repetition, &short));
    }
    assert!(!accepts(&context, b"ab\0", &short));
}

#[test]
fn an_empty_password_is_not_a_nul() {
    let context = bcrypt(4);
    assert!(accepts(&context, b"", BCRYPT_OF_NOTHING));
    assert!(!accepts(&context, b"\0", BCRYPT_OF_NOTHING));
    assert!(!accepts(&context, b"\0\0\0", BCRYPT_OF_NOTHING));
}

#[test]
fn a_nul_in_the_72nd_byte_is_not_the_end_of_a_password_of_71() {
    let context = bcrypt(4);
    let mut longer = vec![b'x'; 71];
    let hash = hash_of_a_library_that_cuts(&longer);
    longer.push(0);
    assert!(!accepts(&context, &longer, &hash));
}

#[test]
fn a_hash_of_the_current_scheme_is_kept_at_its_cost_or_a_higher_one() {
    assert_eq!(verdict(&bcrypt(4), b"secret", BCRYPT_OF_SECRET), KEPT);
    assert_eq!(verdict(&bcrypt(5), b"secret", BCRYPT_OF_SECRET), REHASHED);
    let costlier = new_hash(&bcrypt(6), b"secret");
    assert_eq!(verdict(&bcrypt(5), b"secret", &costlier), KEPT);
}

#[test]
fn the_other_revisions_and_notations_of_bcrypt_become_2b() {
    for notation in ["$2a$", "$2x$", "$2y$", "bcrypt$$2b$"] {
        let hash = BCRYPT_OF_SECRET.replacen("$2b$", notation, 1);
        assert_eq!(verdict(&bcrypt(4), b"secret", &hash), REHASHED);
    }
}

#[test]
fn bcrypt_sha256_is_current_in_the_second_version_of_passlib_only() {
    let context = bcrypt(4);
    let hash = new_hash(&context, &[b'x'; 80]);
    assert!(!context.needs_rehash(&stored(&hash)));
    assert!(bcrypt(5).needs_rehash(&stored(&hash)));
    let version_1 = hash.replacen("v=2,t=2b,r=4", "2b,4", 1);
    assert!(context.needs_rehash(&stored(&version_1)));
}

#[test]
fn argon2id_is_current_when_memory_and_passes_are_no_less() {
    let context = under(CHEAP_ARGON2ID);
    let hash = new_hash(&context, b"secret");
    assert!(hash.starts_with("$argon2id$v=19$m=64,t=2,p=1$"));
    assert_eq!(verdict(&context, b"secret", &hash), KEPT);
    for weaker in [
        "argon2id$v=19$m=63,t=2",
        "argon2id$v=19$m=64,t=1",
        "argon2id$v=16$m=64,t=2",
        "argon2i$v=19$m=64,t=2",
    ] {
        let weaker = hash.replacen("argon2id$v=19$m=64,t=2", weaker, 1);
        assert!(context.needs_rehash(&stored(&weaker)));
    }
    let stronger = hash.replacen("m=64,t=2,p=1", "m=128,t=3,p=4", 1);
    assert!(!context.needs_rehash(&stored(&stronger)));
}

#[test]
fn each_current_scheme_replaces_the_other() {
    assert_eq!(verdict(&bcrypt(4), b"secret", ARGON2ID_OF_SECRET), REHASHED);
    assert_eq!(
        verdict(&under(CHEAP_ARGON2ID), b"secret", BCRYPT_OF_SECRET),
        REHASHED
    );
}

#[test]
fn what_cannot_be_verified_needs_a_new_hash() {
    assert!(bcrypt(4).needs_rehash(&stored("")));
    assert!(bcrypt(4).needs_rehash(&stored("!unusable")));
}

#[test]
fn the_dummy_is_current_and_matches_nothing() {
    for context in [bcrypt(4), under(CHEAP_ARGON2ID)] {
        let dummy = context.dummy();
        assert!(!context.needs_rehash(dummy));
        for password in ["", "secret"] {
            let verdict = context.verify(&Password::new(password), dummy);
            assert_eq!(verdict, Ok(Verdict::Mismatch));
        }
    }
}

#[test]
fn two_hashes_of_one_password_differ() {
    let context = bcrypt(4);
    assert_ne!(new_hash(&context, b"secret"), new_hash(&context, b"secret"));
}

#[test]
fn a_password_is_the_bytes_that_were_typed() {
    let context = bcrypt(4);
    let composed = new_hash(&context, "é".as_bytes());
    assert!(!accepts(&context, "e\u{301}".as_bytes(), &composed));
    assert!(!accepts(&context, "É".as_bytes(), &composed));
    assert!(!accepts(&context, "é ".as_bytes(), &composed));
}

#[test]
fn a_password_over_1024_bytes_is_neither_hashed_nor_tried() {
    let (context, limit) = (bcrypt(4), 1024);
    let password = Password::from_bytes(vec![b'x'; limit + 1]);
    let hashed = context.hash(&password).map(|_| ());
    assert_eq!(hashed, Err(HashError::PasswordTooLong { limit }));
    let tried = context.verify(&password, &stored(BCRYPT_OF_SECRET));
    assert_eq!(tried, Err(Refused::PasswordTooLong { limit }));
}

#[test]
fn a_flask_security_hash_needs_the_right_site_salt() {
    let hash = PasswordHash::wrapped(Wrapper::FlaskSecurity, FLASK_SECURITY_OF_SECRET);
    let verify_with = |salt: Option<&str>| {
        let policy = Policy {
            current: CurrentScheme::Bcrypt { cost: 4 },
            flask_security_salt: salt.map(SiteSalt::new),
            ..Policy::default()
        };
        Context::new(policy)
            .unwrap()
            .verify(&Password::new("secret"), &hash)
    };
    assert_eq!(verify_with(Some(FLASK_SECURITY_SALT)), Ok(REHASHED));
    assert_eq!(verify_with(Some("another")), Ok(Verdict::Mismatch));
    assert_eq!(verify_with(None), Err(Refused::MissingSiteSalt));
}

/// Made by Flask-Security-Too 5.9.2, which normalises to NFKD by default.
#[test]
fn b1_a_flask_security_password_is_compared_in_nfkd_and_as_typed() {
    let hash = "$pbkdf2-sha512$25000$9n5v7b3XmnOOEUKoFcJYSw$F/pUgPR.AniW2TKEsQLRwgfiPn2ryFCBzHH0H.SyRd3CKr19P41.7/p7iDzgIzkH95vmbwBQ1awkH2gyMaLIpg";
    let hash = PasswordHash::wrapped(Wrapper::FlaskSecurity, hash);
    let context = Context::new(Policy {
        current: CurrentScheme::Bcrypt { cost: 4 },
        flask_security_salt: Some(SiteSalt::new(FLASK_SECURITY_SALT)),
        ..Policy::default()
    })
    .unwrap();
    let verify = |password: &str| context.verify(&Password::new(password), &hash);
    assert_eq!(verify("p\u{e4}ssw\u{f6}rd \u{fb01}ne"), Ok(REHASHED));
    assert_eq!(verify("pa\u{308}sswo\u{308}rd fine"), Ok(REHASHED));
    assert_eq!(verify("password fine"), Ok(Verdict::Mismatch));
    // Those of a site that does not normalise are hashed as typed.
    let typed = PasswordHash::wrapped(Wrapper::FlaskSecurity, FLASK_SECURITY_OF_SECRET);
    let verdict = context.verify(&Password::new("secret"), &typed);
    assert_eq!(verdict, Ok(REHASHED));
}

#[test]
fn a_wrapper_holds_no_other_wrapper_and_hex_sha256_only_bcrypt() {
    let twice = format!("$flask-security$$hex-sha256${BCRYPT_OF_SECRET}");
    let of_argon2 = format!("$hex-sha256${ARGON2ID_OF_SECRET}");
    let within = format!("$hex-sha256${BCRYPT_OF_SECRET}");
    assert!(identify(&twice).is_err());
    assert!(identify(&of_argon2).is_err());
    assert!(identify(&within).is_ok());
}

#[test]
fn both_meanings_of_a_salted_sha1_verify_but_sha256_is_always_an_hmac() {
    let context = bcrypt(4);
    let django = "sha1$sHhX5UCRdks4B5KC4KMIaN$a754827068a3ebed797d4ef1d9654e3bc29f53cb";
    let werkzeug = "sha1$9bcsWRCA$f7cc97c4bee74e1b201ec3cdb4642c238ab19aa4";
    assert!(accepts(&context, b"secret", django));
    assert!(accepts(&context, b"secret", werkzeug));
    let werkzeug =
        "sha256$tNKZpj4J$2a858f5c94d4a71d0b140db3c12577499b60934e576fe28b3332fd293b65309b";
    let digest_of_salt_and_password =
        "sha256$tNKZpj4J$3c79e0f6ff9a58ec875ba25a83853913a10382fdae484dd1a06c174f3f5c0b46";
    assert!(accepts(&context, b"secret", werkzeug));
    assert!(!accepts(&context, b"secret", digest_of_salt_and_password));
}

#[test]
fn des_crypt_reads_djangos_empty_salt_and_never_a_nul() {
    let context = bcrypt(4);
    assert!(accepts(&context, b"secret", "crypt$$Cq0jrRNA/lJmo"));
    assert!(accepts(&context, b"secret", "crypt$Cq$Cq0jrRNA/lJmo"));
    assert!(!accepts(&context, b"secret\0", "crypt$$Cq0jrRNA/lJmo"));
    assert!(identify("crypt$Cr$Cq0jrRNA/lJmo").is_err());
}

/// What stands behind a label of LDAP servers, Dovecot and Spring. The digests were made
/// by Python's hashlib, `$6$` by OpenSSL.
#[test]
fn b2_a_hash_behind_a_label_in_braces_verifies() {
    let context = bcrypt(4);
    let sha512 = "$6$saltsalt$TVLlQcbpFVof5W3Yz4DTP6gRstiNuHwwTt6GLc1E5n0U0aDehy0S5knV8wiOQSpT0Y77vwPZN.Pq.H91p5hVO1";
    for hash in [
        format!("{{bcrypt}}{BCRYPT_OF_SECRET}"),
        format!("{{BLF-CRYPT}}{BCRYPT_OF_SECRET}"),
        format!("{{CRYPT}}{BCRYPT_OF_SECRET}"),
        format!("{{crypt}}{sha512}"),
        format!("{{SHA512-CRYPT}}{sha512}"),
        format!("{{ARGON2ID}}{ARGON2ID_OF_SECRET}"),
        "{SSHA}F3tJ8vk8rDhGy6QRPrvpPoxIffIwMTIzNDU2Nw==".to_owned(),
        "{SSHA512}veVOCoSwGP72Xht1aILusDwsSUHyefI11yC6xJHBHZsnVJg6s2+oRchFr/YJLsRuAM0iTVMjwQpm2iqyxIn43DAxMjM0NTY3ODlhYmNkZWY=".to_owned(),
        "{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=".to_owned(),
        "{SMD5}DvXMUipLUn9+lvu/EEb2+TAxMjM0NTY3".to_owned(),
    ] {
        let verify = |password: &str| context.verify(&Password::new(password), &stored(&hash));
        let verdict = verify("secret");
        assert!(matches!(verdict, Ok(Verdict::Match { .. })), "{hash} {verdict:?}");
        assert_eq!(verify("Secret"), Ok(Verdict::Mismatch), "{hash}");
    }
}

#[test]
fn b2_what_a_label_does_not_make_a_hash_is_named() {
    let nested = format!("{{crypt}}{{crypt}}{BCRYPT_OF_SECRET}");
    for hash in ["{noop}secret", "{PLAIN}secret", "{OTP}abc", "{", &nested] {
        let refused = identify(hash);
        assert!(
            matches!(refused, Err(Refused::Unsupported(_))),
            "{refused:?}"
        );
    }
    for hash in ["{SSHA}", "{SSHA}c2hvcnQ=", "{SSHA}not base64"] {
        let refused = identify(hash);
        assert!(
            matches!(refused, Err(Refused::Malformed { .. })),
            "{hash} {refused:?}"
        );
    }
}

/// Keycloak's PBKDF2, and the notation of the PHC, both made by Python's hashlib.
#[test]
fn b2_pbkdf2_of_64_bytes_and_in_phc_notation_verifies() {
    let context = bcrypt(4);
    let keycloak = "$pbkdf2-sha256$27500$MDEyMzQ1Njc4OWFiY2RlZg$YNLdDy0UEugdp0Q7/XlwbHW8bafax.ZmQNpTiaHUhYxuF27u0x/twxw9lExufaO7Hne3cb3C.VQAVfU72H4VjA";
    let phc = "$pbkdf2-sha256$i=600000,l=32$MDEyMzQ1Njc4OWFiY2RlZg$4g9HTnYDIE/3nIyt314iyNSrtzOj+Tg2hP6i9f21K/k";
    for hash in [keycloak, phc] {
        let verify = |password: &str| context.verify(&Password::new(password), &stored(hash));
        assert_eq!(verify("secret"), Ok(REHASHED), "{hash}");
        assert_eq!(verify("Secret"), Ok(Verdict::Mismatch), "{hash}");
    }
    let short = phc.replace("l=32", "l=31");
    assert!(identify(&short).is_err());
    let dear = phc.replace("i=600000", "i=99999999");
    assert!(identify(&dear).is_err());
}
