//! Private keys at rest, with and without a key to encrypt them.

use crate::support::*;

const ENCRYPTION: &str = "6f1ed002ab5595859014ebf0951522d9c2a3f4c5d6e7081920a1b2c3d4e5f607";
const ANOTHER: &str = "0f1ed002ab5595859014ebf0951522d9c2a3f4c5d6e7081920a1b2c3d4e5f607";

/// What stands in every PKCS#8 of an ECDSA key on P-256: its algorithm (RFC 5480 §2.1.1).
pub const PLAIN: &[u8] =
    b"\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07";

fn home() -> Home {
    let home = Home::new();
    home.write("kek", &format!("{ENCRYPTION}\n"));
    home.write("other", &format!("{ANOTHER}\n"));
    home
}

const FILE: [&str; 2] = ["--key-encryption-key-file", "kek"];

#[test]
fn without_a_key_encryption_key_private_keys_are_plain() {
    let server = Server::start();
    assert!(server.home().database_contains(PLAIN));
}

#[test]
fn with_one_no_private_key_is_plain() {
    let server = Server::start_in(home(), &FILE);
    server
        .run(&["key", "rotate", "--now", FILE[0], FILE[1]])
        .succeeded();
    assert!(!server.home().database_contains(PLAIN));
    assert!(!server.home().database_contains(ENCRYPTION.as_bytes()));
}

#[test]
fn plain_keys_are_encrypted_at_the_first_start_with_one() {
    let home = home();
    home.user("johndoe", PASSWORD, &["me"]);
    assert!(home.database_contains(PLAIN));
    let mut server = Server::start_in(home, &FILE);
    let token = server.login("johndoe", PASSWORD, &["me"]).text;
    assert!(!server.home().database_contains(PLAIN));
    server.restart();
    server.assert_accepts(&token);
}

#[test]
fn a_start_without_the_key_encryption_key_or_with_another_is_refused() {
    let home = home();
    home.run(&["key", "list", FILE[0], FILE[1]]).succeeded();
    for args in [
        &["serve"][..],
        &["serve", "--key-encryption-key-file", "other"],
        &["key", "list"],
    ] {
        home.run(args).was_refused_naming("key-encryption-key");
    }
    home.run(&["key", "list", FILE[0], FILE[1]]).succeeded();
}

#[test]
fn a_key_encryption_key_that_is_none_is_refused_and_not_shown() {
    let home = Home::new();
    for text in ["short", &ENCRYPTION[1..], &ENCRYPTION.replace('6', "x")] {
        let mut command = home.command(&["serve"]);
        let done = Done::of(command.env("SCOPEGATE_KEY_ENCRYPTION_KEY", text));
        assert!(!done.stderr.contains(text), "{done:?}");
        done.was_refused_naming("key-encryption-key");
    }
    let mut command = home.command(&["config"]);
    let done = Done::of(command.env("SCOPEGATE_KEY_ENCRYPTION_KEY", ENCRYPTION));
    assert!(!done.succeeded().stdout.contains(ENCRYPTION));
}
