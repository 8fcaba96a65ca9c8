//! B2: what other services export, as they write it.

use crate::support::Site;

/// `secret`, at cost 4.
const SECRET: &str = "$2b$04$rOCsIqFgkmWBeKnWZ7.FheNmFAfwUmbN5mY4frgstQDs63HAYyqu2";

/// Firebase's published example: the project, and the user's password, salt and hash.
const HASH_CONFIG: &str = "hash_config {
  algorithm: SCRYPT,
  base64_signer_key: jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==,
  base64_salt_separator: Bw==,
  rounds: 8,
  mem_cost: 14,
}
";
const FIREBASE_PASSWORD: &str = "user1password";
const FIREBASE_SALT: &str = "42xEC+ixf3L2lw==";
const FIREBASE_HASH: &str =
    "lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ==";

#[test]
fn b2_users_of_auth0_log_in_by_their_addresses() {
    let site = Site::new();
    let users = format!(
        r#"{{"_id":{{"$oid":"60425dc43519d90068f82973"}},"email_verified":true,"email":"ann@example.com","passwordHash":"{SECRET}","password_set_date":{{"$date":"2021-03-05T16:36:20.530Z"}},"tenant":"acme","connection":"Username-Password-Authentication","_tmp_is_unique":true,"name":"Ann"}}
{{"_id":{{"$oid":"60425dc43519d90068f82974"}},"email":"ben@example.com","username":"ben","passwordHash":"{SECRET}","name":"ben@example.com","blocked":true}}
{{"_id":{{"$oid":"60425dc43519d90068f82975"}},"email":"cat@example.com","passwordHash":17}}
"#
    );
    let users = site.file("users.json", &users);
    let imported = site.import(&["--from", "auth0", &users]);
    assert_eq!(imported.counts(), [2, 0, 0, 1]);
    let refusal = "refused: line 3, user cat@example.com: a field is missing, or of another type";
    assert!(imported.stderr.contains(refusal), "{}", imported.stderr);
    let note = "1 user without a username got the e-mail address for one";
    assert!(imported.stderr.contains(note), "{}", imported.stderr);
    let ann = site.user("ann@example.com").unwrap();
    assert_eq!(ann.profile.full_name.as_deref(), Some("Ann"));
    let ben = site.user("ben").unwrap();
    assert_eq!((ben.disabled, ben.profile.full_name), (true, None));
    let server = site.serve(&[]);
    assert!(server.log_in("ann@example.com", "secret", "").is_ok());
    assert!(server.log_in("ann@example.com", "Secret", "").is_err());
}

#[test]
fn b2_users_of_firebase_log_in_with_the_parameters_of_their_project() {
    let site = Site::new();
    let users = format!(
        r#"{{"users": [
{{"localId":"f1","email":"ann@example.com","emailVerified":true,"passwordHash":"{FIREBASE_HASH}","salt":"{FIREBASE_SALT}","displayName":"Ann","lastSignedInAt":"1600000000000","createdAt":"1500000000000","providerUserInfo":[]}},
{{"localId":"f2","phoneNumber":"+15550100","disabled":true}},
{{"localId":"f3","email":"cat@example.com","passwordHash":"{FIREBASE_HASH}"}},
{{"localId":"f4","email":"dan@example.com","passwordHash":"AAAA","salt":"AAAA"}}
]}}"#
    );
    let users = site.file("users.json", &users);
    let config = site.file("hash_config.txt", HASH_CONFIG);
    let without = site.import(&["--from", "firebase", &users]);
    assert_eq!(without.status, 1);
    assert!(
        without.stderr.contains("needs --firebase-hash-config-file"),
        "{}",
        without.stderr
    );
    let project = ["--firebase-hash-config-file", &config];
    let imported = site.import(&[&["--from", "firebase", &users], &project[..]].concat());
    assert_eq!(imported.counts(), [3, 0, 0, 1]);
    for line in [
        "refused: row 4, user dan@example.com: malformed firebase scrypt hash",
        "`serve` needs firebase-hash-config-file as well",
    ] {
        assert!(imported.stderr.contains(line), "{}", imported.stderr);
    }
    assert!(site.user("f2").unwrap().disabled);
    let user = ("ann@example.com", FIREBASE_PASSWORD);
    assert!(site.serve(&[]).log_in(user.0, user.1, "").is_err());
    let server = site.serve(&project);
    assert!(server.log_in(user.0, "user2password", "").is_err());
    assert!(server.log_in(user.0, user.1, "").is_ok());
    assert!(site.has_current_hash(user.0));
    assert!(site.serve(&[]).log_in(user.0, user.1, "").is_ok());
}

#[test]
fn b2_the_parameters_of_a_firebase_project_are_checked_and_not_printed() {
    let site = Site::new();
    let one_line = HASH_CONFIG.replace('\n', " ");
    let printed = site.run(&["config", "--firebase-hash-config", &one_line]);
    assert_eq!(printed.status, 0, "{}", printed.stderr);
    assert!(!printed.stdout.contains("jxspr8Ki0RYycVU8zykbdLGj"));
    for (text, other, reason) in [
        (
            "rounds: 8",
            "rounds: 9",
            "`rounds` must be a number from 1 to 8",
        ),
        ("mem_cost", "cost", "`mem_cost` is missing"),
        ("Bw==", "B*==", "`base64_salt_separator` must be in base64"),
        ("SCRYPT", "BCRYPT", "`algorithm` must be SCRYPT"),
    ] {
        let config = HASH_CONFIG.replace(text, other);
        let refused = site.run(&["config", "--firebase-hash-config", &config]);
        assert_eq!(refused.status, 1);
        assert!(refused.stderr.contains("firebase-hash-config"));
        assert!(refused.stderr.contains(reason), "{}", refused.stderr);
    }
}

#[test]
fn b2_users_of_keycloak_log_in() {
    let site = Site::new();
    let credential = |algorithm: &str, iterations: u32, value: &str, further: &str| {
        let secret = serde_json::json!({
            "value": value, "salt": "MDEyMzQ1Njc4OWFiY2RlZg==", "additionalParameters": {},
        });
        let further: serde_json::Value = serde_json::from_str(further).unwrap();
        let data = serde_json::json!({
            "hashIterations": iterations, "algorithm": algorithm, "additionalParameters": further,
        });
        serde_json::json!([
            {"type": "otp", "secretData": "{\"value\":\"x\"}", "credentialData": "{}"},
            {"type": "password", "secretData": secret.to_string(), "credentialData": data.to_string()},
        ])
    };
    let sha256 =
        "YNLdDy0UEugdp0Q7/XlwbHW8bafax+ZmQNpTiaHUhYxuF27u0x/twxw9lExufaO7Hne3cb3C+VQAVfU72H4VjA==";
    let sha512 =
        "vgFvU7zWIDgDAUi7d8ayt+cfRiPWVVWfv8iQRsGZaZviWzsSNgWYXEE5PmvI/VELMsOmEbqLz0PKuePNjOk41A==";
    let argon2 = "1WrOeYOHOe+p4HO2pwf896hJ4M2x+Vo6V/mXQ4Ud59U=";
    let argon2_parameters = r#"{"hashLength":["32"],"memory":["7168"],"type":["id"],"version":["1.3"],"parallelism":["1"]}"#;
    let realm = serde_json::json!({
        "id": "acme", "realm": "acme", "roles": {"realm": [{"name": "user"}]},
        "users": [
            {"username": "ann", "email": "ann@example.com", "firstName": "Ann", "lastName": "Other",
             "enabled": true, "attributes": {"locale": ["de"]},
             "credentials": credential("pbkdf2-sha256", 27_500, sha256, "{}")},
            {"username": "ben", "credentials": credential("pbkdf2-sha512", 1000, sha512, "{}")},
            {"username": "cat", "credentials": credential("argon2", 5, argon2, argon2_parameters)},
            {"username": "dan", "enabled": false, "firstName": "Dan"},
            {"username": "eve", "credentials": credential("whirlpool", 5, argon2, "{}")},
            {"username": "fay", "credentials": [{"type": "password", "secretData": "{"}]},
        ],
    });
    let realm = site.file("realm.json", &realm.to_string());
    let imported = site.import(&["--from", "keycloak", &realm]);
    assert_eq!(imported.counts(), [4, 0, 0, 2]);
    for line in [
        "refused: row 5, user eve: an algorithm unknown to this server is not supported",
        "refused: row 6, user fay: the password is not of the form that Keycloak exports",
    ] {
        assert!(imported.stderr.contains(line), "{}", imported.stderr);
    }
    let ann = site.user("ann").unwrap().profile;
    assert_eq!(ann.full_name.as_deref(), Some("Ann Other"));
    assert_eq!(ann.locale.as_deref(), Some("de"));
    let dan = site.user("dan").unwrap();
    assert!(dan.disabled && dan.password_hash.is_none());
    assert_eq!(dan.profile.full_name.as_deref(), Some("Dan"));
    let server = site.serve(&[]);
    for name in ["ann", "ben", "cat"] {
        assert!(server.log_in(name, "secret", "").is_ok(), "{name}");
        assert!(server.log_in(name, "secret2", "").is_err(), "{name}");
    }
}

#[test]
fn b2_users_of_supabase_log_in_by_their_addresses() {
    let site = Site::new();
    let users = format!(
        "instance_id,id,aud,email,encrypted_password,raw_user_meta_data,banned_until,deleted_at\n\
         0,1,authenticated,ann@example.com,{SECRET},\"{{\"\"full_name\"\": \"\"Ann\"\"}}\",,\n\
         0,2,authenticated,ben@example.com,{SECRET},{{}},2100-01-01 00:00:00+00,\n\
         0,3,authenticated,cat@example.com,{SECRET},{{}},2020-01-01 00:00:00.5+00,\n\
         0,4,authenticated,dan@example.com,{SECRET},{{}},,2024-01-01 00:00:00+00\n\
         0,5,authenticated,eve@example.com,,{{}},,\n"
    );
    let csv = site.file("users.csv", &users);
    assert_eq!(
        site.import(&["--from", "supabase", &csv]).counts(),
        [5, 0, 0, 0]
    );
    let ann = site.user("ann@example.com").unwrap().profile;
    assert_eq!(ann.full_name.as_deref(), Some("Ann"));
    assert_eq!(ann.email.as_deref(), Some("ann@example.com"));
    assert!(
        site.user("eve@example.com")
            .unwrap()
            .password_hash
            .is_none()
    );
    let server = site.serve(&[]);
    let may_log_in = |name: &str| {
        server
            .log_in(&format!("{name}@example.com"), "secret", "")
            .is_ok()
    };
    assert_eq!(
        ["ann", "ben", "cat", "dan", "eve"].map(may_log_in),
        [true, false, true, false, false]
    );
    let renamed = site.file("other.csv", &users.replacen("email", "mail", 1));
    let refused = site.run(&["user", "import", "--from", "supabase", &renamed]);
    assert!(
        refused.stderr.contains("`email` is not among them"),
        "{}",
        refused.stderr
    );
}

#[test]
fn b2_a_document_that_is_none_is_refused_with_the_line() {
    let site = Site::new();
    for (text, reason) in [
        (
            "{\"realm\":\"acme\"}",
            "line 1 column 16: it must be an array of users",
        ),
        (
            "{\"users\":[\n{\"username\":\"ann\"},\n{]}",
            "line 3 column",
        ),
        (
            "{\"users\":\"$2b$04$secret\"}",
            "or an object with an array `users`",
        ),
    ] {
        let file = site.file("export.json", text);
        let refused = site.run(&["user", "import", "--from", "keycloak", &file]);
        assert_eq!(refused.status, 1);
        assert!(refused.stderr.contains(reason), "{}", refused.stderr);
        assert!(!refused.stderr.contains("secret"));
    }
}
