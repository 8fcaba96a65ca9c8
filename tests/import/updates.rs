//! `--update`, and who is left alone without it.

use crate::support::Site;

/// Two hashes at cost 4, of different passwords.
const OLD: &str = "$2b$04$owKCzTP3FjP2g220ww0AtObi9Vz6iDs4eH15pONseh/6b0f1.bOqa";
const NEW: &str = "$2b$04$0FxRD01/Ktfl0eS.6ZR6B.joPG6EFDM3eqpCZrIrSVvWd9qbGfMR2";

fn csv(site: &Site, rows: &str) -> String {
    let header = "username,password_hash,email,disabled,scopes\n";
    site.file("users.csv", &format!("{header}{rows}"))
}

#[test]
fn without_update_a_user_that_there_is_stays_as_it_is() {
    let site = Site::new();
    let path = csv(&site, &format!("ann,{OLD},ann@example.com,,me\n"));
    site.import(&["--from", "csv", &path]);
    let path = csv(&site, &format!("ann,{NEW},other@example.com,true,\n"));
    assert_eq!(
        site.import(&["--from", "csv", &path]).counts(),
        [0, 0, 1, 0]
    );
    let ann = site.user("ann").unwrap();
    assert_eq!(ann.profile.email.as_deref(), Some("ann@example.com"));
    assert!(!ann.disabled);
    assert_eq!(site.hash_of("ann"), OLD);
}

#[test]
fn an_update_brings_a_user_to_what_the_source_says() {
    let site = Site::new();
    let path = csv(&site, &format!("ann,{OLD},ann@example.com,,me\nben,,,,\n"));
    site.import(&["--from", "csv", &path]);
    let path = csv(&site, &format!("ann,{NEW},,true,tokens\nben,,,,\n"));
    let update = ["--from", "csv", &path, "--update"];
    let counted = site.import(&[&update[..], &["--dry-run"]].concat());
    assert_eq!(counted.counts(), [0, 1, 1, 0]);
    assert_eq!(site.hash_of("ann"), OLD);
    assert_eq!(site.import(&update).counts(), [0, 1, 1, 0]);
    let ann = site.user("ann").unwrap();
    assert_eq!((ann.profile.email, ann.disabled), (None, true));
    assert_eq!(site.scopes_of("ann"), "tokens");
    assert_eq!(site.hash_of("ann"), NEW);
    assert_eq!(site.import(&update).counts(), [0, 0, 2, 0]);
}

#[test]
fn an_update_leaves_what_the_source_does_not_speak_of() {
    let site = Site::new();
    let path = csv(&site, &format!("ann,{OLD},ann@example.com,true,me\n"));
    site.import(&["--from", "csv", &path]);
    let path = site.file("names.csv", "username,full_name\nann,Ann\n");
    let updated = site.import(&["--from", "csv", &path, "--update"]);
    assert_eq!(updated.counts(), [0, 1, 0, 0]);
    let ann = site.user("ann").unwrap();
    assert_eq!(ann.profile.email.as_deref(), Some("ann@example.com"));
    assert_eq!(ann.profile.full_name.as_deref(), Some("Ann"));
    assert!(ann.disabled);
    assert_eq!(site.scopes_of("ann"), "me");
    assert_eq!(site.hash_of("ann"), OLD);
}

#[test]
fn a_password_that_the_source_took_away_opens_nothing_after_an_update() {
    let site = Site::new();
    let path = csv(&site, &format!("ann,{OLD},,,\n"));
    site.import(&["--from", "csv", &path]);
    let path = csv(&site, "ann,!gone,,,\n");
    let update = ["--from", "csv", &path, "--update"];
    assert_eq!(site.import(&update).counts(), [0, 1, 0, 0]);
    assert_ne!(site.hash_of("ann"), OLD);
    assert_eq!(site.import(&update).counts(), [0, 0, 1, 0]);
}

#[test]
fn a_borrowed_name_does_not_make_somebody_of_somebody_else() {
    let site = Site::new();
    let path = csv(
        &site,
        &format!("f03@example.net,{OLD},mallory@example.com,,me\n"),
    );
    site.import(&["--from", "csv", &path]);
    let source = crate::support::vector("flask.sqlite3");
    let imported = site.import(&["--from", "flask", &source, "--update"]);
    assert_eq!(imported.counts(), [19, 0, 0, 1]);
    assert!(imported.stderr.contains("is the username of somebody else"));
    assert_eq!(site.hash_of("f03@example.net"), OLD);
}
