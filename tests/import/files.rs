//! CSV, JSON lines, password files.

use std::fs;

use serde_json::Value;

use crate::support::{Site, vector};

/// `secret`, at cost 4.
const SECRET: &str = "$2b$04$owKCzTP3FjP2g220ww0AtObi9Vz6iDs4eH15pONseh/6b0f1.bOqa";

/// A vector of a scheme: its password, hash and site salt.
fn of_scheme(scheme: &str) -> (String, String, String) {
    let text = fs::read_to_string(vector("public.jsonl")).unwrap();
    let mut vectors = text
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    let found = vectors.find(|vector| vector["scheme"] == scheme).unwrap();
    let text = |name: &str| found[name].as_str().unwrap_or_default().to_owned();
    (text("password"), text("hash"), text("password_salt"))
}

#[test]
fn a_csv_is_imported_and_its_users_log_in() {
    let site = Site::new();
    let (password, hash, _) = of_scheme("passlib_bcrypt");
    let csv = site.file(
        "users.csv",
        &format!(
            "username,password_hash,email,full_name,disabled,scopes\n\
             ann,{hash},ann@example.com,\"Ann, the first\",false,me users:read\n\
             ben,{hash},,,true,\n\
             cat,,,,,\n"
        ),
    );
    assert_eq!(site.import(&["--from", "csv", &csv]).counts(), [3, 0, 0, 0]);
    let server = site.serve(&[]);
    let granted = server.log_in("ann", &password, "me users:read tokens");
    assert_eq!(granted, Ok("me users:read".to_owned()));
    assert!(server.log_in("ben", &password, "").is_err());
    assert!(server.log_in("cat", "", "").is_err());
    let ann = site.user("ann").unwrap();
    assert_eq!(ann.profile.full_name.as_deref(), Some("Ann, the first"));
    assert!(site.user("cat").unwrap().password_hash.is_none());
}

#[test]
fn a_csv_from_a_spreadsheet_has_a_byte_order_mark_and_other_line_ends() {
    let site = Site::new();
    let csv = site.file(
        "users.csv",
        "\u{feff}username,email\r\nann,ann@example.com\r\n",
    );
    assert_eq!(site.import(&["--from", "csv", &csv]).counts(), [1, 0, 0, 0]);
    let ann = site.user("ann").unwrap();
    assert_eq!(ann.profile.email.as_deref(), Some("ann@example.com"));
    let again = site.import(&["--from", "passlib", &csv]);
    assert_eq!(again.counts(), [0, 0, 1, 0]);
}

#[test]
fn json_lines_are_imported() {
    let site = Site::new();
    let (password, hash, _) = of_scheme("passlib_argon2");
    let ann = serde_json::json!({"username": "ann", "password_hash": hash, "scopes": ["me"]});
    let lines = format!("{ann}\n\n{{\"username\":\"ben\",\"disabled\":true,\"email\":null}}\n");
    let path = site.file("users.jsonl", &lines);
    let imported = site.import(&["--from", "jsonl", &path, "--scope", "tokens"]);
    assert_eq!(imported.counts(), [2, 0, 0, 0]);
    assert_eq!(site.scopes_of("ann"), "me tokens");
    assert!(site.user("ben").unwrap().disabled);
    let granted = site.serve(&[]).log_in("ann", &password, "me");
    assert_eq!(granted, Ok("me".to_owned()));
}

#[test]
fn a_refused_row_is_named_with_its_reason_and_without_its_hash() {
    let site = Site::new();
    let csv = site.file(
        "users.csv",
        "username,password_hash,email,disabled,scopes\n\
         ann,$y$j9T$abcdefgh$0123456789abcdefghijkl,,,\n\
         ben,hunter2,,,\n\
         cat,,not an address,,\n\
         dan,,,,me nope\n\
         ,,eve@example.com,,\n\
         fay,,,,\n\
         fay,,,,\n\
         gus,,,perhaps,\n\
         hal\n",
    );
    let imported = site.import(&["--from", "csv", &csv]);
    assert_eq!(imported.status, 1);
    assert_eq!(imported.counts(), [1, 0, 0, 8]);
    for refusal in [
        "line 2, user ann: yescrypt is not supported",
        "line 3, user ben: the stored value is not a password hash",
        "line 4, user cat: email: this is not an e-mail address",
        "line 5, user dan: scopes: not in the catalogue: nope",
        "line 6: it has no username",
        "line 8, user fay: an earlier row has this username",
        "line 9, user gus: disabled: it is neither true nor false",
        "line 10: it has 1 fields where the header has 5",
        "scopegate: 8 rows refused",
    ] {
        assert!(imported.stderr.contains(refusal), "{}", imported.stderr);
    }
    assert!(!imported.stderr.contains("hunter2"));
    assert!(!imported.stderr.contains("abcdefgh"));
    assert!(site.user("ann").is_none());
}

#[test]
fn odd_json_lines_are_refused_one_by_one() {
    let site = Site::new();
    let path = site.file(
        "users.jsonl",
        "{\"username\":\"ann\",\"password\":\"hunter2\"}\n\
         not json\n\
         {\"username\":7}\n\
         {\"username\":\"ben\",\"scopes\":\"me\"}\n\
         {\"username\":\"cat\"}\n",
    );
    let imported = site.import(&["--from", "jsonl", &path]);
    assert_eq!(imported.counts(), [1, 0, 0, 4]);
    for refusal in [
        "line 1, user ann: there is no key `password`",
        "line 2: the line is not a JSON object",
        "line 3: username: it is not a text",
        "line 4, user ben: scopes: it is not an array of texts",
    ] {
        assert!(imported.stderr.contains(refusal), "{}", imported.stderr);
    }
    assert!(!imported.stderr.contains("hunter2"));
}

#[test]
fn a_csv_without_a_header_is_refused_and_shows_no_hash() {
    let site = Site::new();
    let csv = site.file("users.csv", &format!("{SECRET},ann\n"));
    let refused = site.import(&["--from", "csv", &csv]);
    assert_eq!(refused.status, 1);
    assert!(
        refused
            .stderr
            .contains("the first line must name the columns")
    );
    assert!(!refused.stderr.contains("$2b$"));
}

#[test]
fn a_password_file_is_imported() {
    let site = Site::new();
    let (password, hash, _) = of_scheme("passlib_bcrypt");
    let lines = format!("# staff\nann:{hash}\n\nben:*\ncat:$apr1$abcdefgh$xyz\n");
    let path = site.file("htpasswd", &lines);
    let imported = site.import(&["--from", "passlib", &path]);
    assert_eq!(imported.counts(), [2, 0, 0, 1]);
    let refusal = "line 5, user cat: malformed apache md5-crypt hash";
    assert!(imported.stderr.contains(refusal), "{}", imported.stderr);
    assert!(site.user("ben").unwrap().password_hash.is_none());
    assert!(site.serve(&[]).log_in("ann", &password, "").is_ok());
    let csv = site.file("users", &format!("username,password_hash\ndan,{hash}\n"));
    let imported = site.import(&["--from", "passlib", &csv]);
    assert_eq!(imported.counts(), [1, 0, 0, 0]);
}

#[test]
fn users_of_flask_security_log_in_with_the_salt_of_their_site() {
    let site = Site::new();
    let (password, hash, salt) = of_scheme("flask_security_argon2");
    let salt = site.file("salt", &format!("{salt}\n"));
    let csv = format!("username,password_hash\nann,\"{hash}\"\n");
    let csv = site.file("users.csv", &csv);
    let unsalted = site.import(&["--from", "csv", &csv, "--hash-kind", "flask-security"]);
    assert_eq!(unsalted.counts(), [0, 0, 0, 1]);
    let with_salt = ["--flask-security-salt-file", &salt];
    let imported = site.import(&[&["--from", "csv", &csv], &with_salt[..]].concat());
    assert_eq!(imported.counts(), [1, 0, 0, 0]);
    assert!(site.serve(&[]).log_in("ann", &password, "").is_err());
    assert!(site.serve(&with_salt).log_in("ann", &password, "").is_ok());
    assert!(site.has_current_hash("ann"));
    assert!(site.serve(&[]).log_in("ann", &password, "").is_ok());
}

#[test]
fn the_salt_of_flask_security_is_not_printed() {
    let site = Site::new();
    let salt = "146585145368132386173505678016728509634";
    let printed = site.run(&["config", "--flask-security-salt", salt]);
    assert_eq!(printed.status, 0);
    assert!(!printed.stdout.contains(salt));
}

#[test]
fn users_of_flask_bcrypt_with_long_passwords_log_in() {
    let site = Site::new();
    let (password, hash, _) = of_scheme("flask_bcrypt_long");
    let csv = format!("username,password_hash\nann,{hash}\n");
    let csv = site.file("users.csv", &csv);
    let imported = site.import(&["--from", "csv", &csv, "--hash-kind", "hex-sha256"]);
    assert_eq!(imported.counts(), [1, 0, 0, 0]);
    assert!(site.serve(&[]).log_in("ann", &password, "").is_ok());
    assert!(site.has_current_hash("ann"));
}

#[test]
fn flags_for_databases_are_wrong_usage_with_files() {
    let site = Site::new();
    let csv = site.file("users.csv", "username\nann\n");
    let wrong = site.import(&["--from", "csv", &csv, "--table", "users"]);
    assert_eq!(wrong.status, 2);
    assert_eq!(site.import(&["--from", "mysql", &csv]).status, 2);
}

#[test]
fn more_users_than_fit_in_a_batch_are_imported() {
    let site = Site::new();
    let mut csv = "username,scopes\n".to_owned();
    for number in 0..2_500 {
        csv.push_str(&format!("user{number},me tokens\n"));
    }
    let path = site.file("users.csv", &csv);
    assert_eq!(
        site.import(&["--from", "csv", &path]).counts(),
        [2_500, 0, 0, 0]
    );
    assert_eq!(site.scopes_of("user2499"), "me tokens");
    let again = site.import(&["--from", "csv", &path, "--update"]);
    assert_eq!(again.counts(), [0, 0, 2_500, 0]);
}

#[test]
fn b3_semicolons_tabs_and_what_a_spreadsheet_says_of_them_are_understood() {
    for (number, text) in [
        "username;email\nann;ann@example.com\n",
        "username\temail\nann\tann@example.com\n",
        "sep=;\r\nusername;email\r\nann;ann@example.com\r\n",
        "sep=|\nusername|email\nann|ann@example.com\n",
    ]
    .into_iter()
    .enumerate()
    {
        let site = Site::new();
        let csv = site.file(&format!("{number}.csv"), text);
        let imported = site.import(&["--from", "csv", &csv]);
        assert_eq!(imported.counts(), [1, 0, 0, 0], "{text:?}");
        let ann = site.user("ann").unwrap();
        assert_eq!(ann.profile.email.as_deref(), Some("ann@example.com"));
    }
}

#[test]
fn b3_a_file_in_utf_16_is_read() {
    let text = "username,full_name\nann,J\u{fc}rgen\n";
    let little: Vec<u8> = "\u{feff}"
        .encode_utf16()
        .chain(text.encode_utf16())
        .flat_map(u16::to_le_bytes)
        .collect();
    let big: Vec<u8> = "\u{feff}"
        .encode_utf16()
        .chain(text.encode_utf16())
        .flat_map(u16::to_be_bytes)
        .collect();
    for bytes in [little, big] {
        let site = Site::new();
        let csv = site.file("users.csv", "");
        fs::write(&csv, bytes).unwrap();
        assert_eq!(site.import(&["--from", "csv", &csv]).counts(), [1, 0, 0, 0]);
        let ann = site.user("ann").unwrap();
        assert_eq!(ann.profile.full_name.as_deref(), Some("J\u{fc}rgen"));
    }
}

#[test]
fn b3_columns_that_are_unknown_are_ignored_and_named() {
    let site = Site::new();
    let csv = site.file("users.csv", "username,shoe_size\nann,44\n");
    let imported = site.import(&["--from", "csv", &csv]);
    assert_eq!(imported.counts(), [1, 0, 0, 0]);
    let named = imported.stderr.contains("ignored: shoe_size");
    assert!(named, "{}", imported.stderr);
    // A password in plain text is not passed over in silence.
    let plain = site.file("plain.csv", "username,password\nben,hunter2\n");
    let refused = site.import(&["--from", "csv", &plain]);
    assert_eq!(refused.status, 1);
    assert!(
        refused.stderr.contains("password_hash"),
        "{}",
        refused.stderr
    );
}

#[test]
fn b3_a_quote_that_is_not_closed_is_named_by_its_line() {
    let site = Site::new();
    let text = "username,full_name\nann,Ann\nben,\"Ben\ncat,Cat\ndan,Dan\n";
    let csv = site.file("users.csv", text);
    let imported = site.import(&["--from", "csv", &csv]);
    assert_eq!(imported.counts(), [1, 0, 0, 1]);
    let reason = "line 3, user ben: a quote that begins here is not closed";
    assert!(imported.stderr.contains(reason), "{}", imported.stderr);
    assert!(site.user("ben").is_none());
}

#[test]
fn b3_a_quote_within_a_field_spoils_no_other_row() {
    let site = Site::new();
    let text = "username,full_name\nann,Ann 5\"\nben,\"Ben \"\"B\"\"\"\n";
    let csv = site.file("users.csv", text);
    assert_eq!(site.import(&["--from", "csv", &csv]).counts(), [2, 0, 0, 0]);
    let ben = site.user("ben").unwrap();
    assert_eq!(ben.profile.full_name.as_deref(), Some("Ben \"B\""));
}

#[test]
fn b3_control_characters_are_taken_out_of_a_full_name() {
    let site = Site::new();
    let csv = site.file("users.csv", "username,full_name\nann,\"Ann\nSmith\u{7}\"\n");
    let imported = site.import(&["--from", "csv", &csv]);
    assert_eq!(imported.counts(), [1, 0, 0, 0]);
    assert!(
        imported.stderr.contains("removed from 1 full name"),
        "{}",
        imported.stderr
    );
    let ann = site.user("ann").unwrap();
    assert_eq!(ann.profile.full_name.as_deref(), Some("Ann Smith"));
}

#[test]
fn b3_a_repeated_run_names_users_who_exist() {
    let site = Site::new();
    let csv = site.file("users.csv", "username\nann\nben\n");
    let first = site.import(&["--from", "csv", &csv]);
    assert!(
        first.stderr.contains("2 imported users may hold no scope"),
        "{}",
        first.stderr
    );
    let again = site.import(&["--from", "csv", &csv]);
    assert_eq!(again.counts(), [0, 0, 2, 0]);
    assert!(again.stderr.contains("ann, ben"), "{}", again.stderr);
}
