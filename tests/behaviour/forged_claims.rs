//! Tokens whose signature holds, by somebody who knows the secret: what they
//! say is checked all the same.

use serde_json::{Value, json};

use crate::support::*;

#[test]
fn a_token_signed_with_the_secret_is_accepted() {
    let forger = Forger::with_scopes(&["me"]);
    forger.server.assert_accepts(&forger.claiming(|_| {}));
    forger
        .server
        .assert_accepts(&forger.claim("jti", json!("01890a5d-ac96-774b-bcce-b302099a8057")));
}

#[test]
fn t06_a_token_signed_with_another_secret_is_refused() {
    let forger = Forger::with_scopes(&["me"]);
    let (header, claims) = (forger.header.to_string(), forger.claims.to_string());
    let kid = forger.header["kid"].as_str().expect("a kid");
    for secret in ["", "secret", kid, &SECRET.to_uppercase(), &SECRET[..63]] {
        forger
            .server
            .assert_refuses(&signed(&header, &claims, secret.as_bytes()));
    }
}

#[test]
fn t07_another_algorithm_with_the_right_secret_is_refused() {
    let forger = Forger::with_scopes(&["me"]);
    for name in ["none", "HS384", "HS512", "ES256", "RS256", "hs256", ""] {
        forger
            .server
            .assert_refuses(&forger.heading("alg", json!(name)));
    }
    forger
        .server
        .assert_refuses(&forger.heading("alg", Value::Null));
}

#[test]
fn t08_a_key_id_that_names_no_key_is_refused_though_the_signature_holds() {
    let forger = Forger::with_scopes(&["me"]);
    let long = "k".repeat(10_000);
    for kid in ["", "unknown", "../../dev/null", "' OR 1=1 --", "*", &long] {
        forger
            .server
            .assert_refuses(&forger.heading("kid", json!(kid)));
    }
    for kid in [
        Value::Null,
        json!(0),
        json!([forger.header["kid"]]),
        json!({}),
    ] {
        forger.server.assert_refuses(&forger.heading("kid", kid));
    }
}

#[test]
fn t09_a_key_that_a_token_brings_along_is_not_used() {
    let forger = Forger::with_scopes(&["me"]);
    let theirs = b"a secret of thirty-two bytes, theirs";
    let jwk = json!({"kty": "oct", "alg": "HS256", "kid": "theirs", "k": part(theirs)});
    for kid in [forger.header["kid"].clone(), json!("theirs")] {
        for (name, value) in [("jwk", jwk.clone()), ("x5c", json!([part(theirs)]))] {
            let mut header = forger.header.clone();
            header[name] = value;
            header["kid"] = kid.clone();
            let claims = forger.claims.to_string();
            forger
                .server
                .assert_refuses(&signed(&header.to_string(), &claims, theirs));
        }
    }
}

#[test]
fn t10_an_extension_that_is_not_known_is_refused() {
    let forger = Forger::with_scopes(&["me"]);
    for crit in [
        json!(["exp"]),
        json!(["b64"]),
        json!(["x"]),
        json!([]),
        json!("x"),
    ] {
        forger.server.assert_refuses(&forger.heading("crit", crit));
    }
}

#[test]
fn t11_an_unencoded_payload_is_refused() {
    let forger = Forger::with_scopes(&["me"]);
    forger
        .server
        .assert_refuses(&forger.heading("b64", json!(false)));
}

#[test]
fn t16_a_claim_that_stands_twice_is_refused() {
    let forger = Forger::with_scopes(&["me"]);
    let header = forger.header.to_string();
    let claims = forger.claims.to_string();
    for again in [
        r#""sub":"username:admin""#,
        r#""exp":99999999999"#,
        r#""scopes":["me"]"#,
    ] {
        let twice = claims.replacen('{', &format!("{{{again},"), 1);
        forger
            .server
            .assert_refuses(&signed(&header, &twice, SECRET.as_bytes()));
    }
    let twice = header.replacen('{', r#"{"alg":"HS256","#, 1);
    forger
        .server
        .assert_refuses(&signed(&twice, &claims, SECRET.as_bytes()));
}

#[test]
fn t17_deep_nesting_is_refused() {
    let forger = Forger::with_scopes(&["me"]);
    let header = forger.header.to_string();
    let deep = format!("{}{}", "[".repeat(5_000), "]".repeat(5_000));
    let within = forger
        .claims
        .to_string()
        .replacen('{', &format!("{{\"x\":{deep},"), 1);
    for claims in [deep, within, "[".repeat(10_000)] {
        forger
            .server
            .assert_refuses(&signed(&header, &claims, SECRET.as_bytes()));
    }
}

#[test]
fn t18_an_expiry_that_is_past_or_no_time_is_refused() {
    let forger = Forger::with_scopes(&["me"]);
    let now = forger.now();
    let bad = [
        json!(now - 6),
        json!(0),
        json!(-1),
        json!(i64::MIN),
        json!(1e300),
        json!(null),
        json!("99999999999"),
        json!(true),
        json!([now + 60]),
    ];
    for expiry in bad {
        forger.server.assert_refuses(&forger.claim("exp", expiry));
    }
    forger
        .server
        .assert_accepts(&forger.claim("exp", json!(now + 60)));
}

#[test]
fn t18_a_number_that_is_none_is_refused() {
    let forger = Forger::with_scopes(&["me"]);
    let claims = forger.claims.to_string();
    let expiry = format!("\"exp\":{}", forger.claims["exp"]);
    for number in [
        "NaN",
        "Infinity",
        "1e999",
        "-0",
        "0x7fffffff",
        "99999999999999999999999",
    ] {
        let other = claims.replace(&expiry, &format!("\"exp\":{number}"));
        assert_ne!(other, claims);
        forger.server.assert_refuses(&signed(
            &forger.header.to_string(),
            &other,
            SECRET.as_bytes(),
        ));
    }
}

#[test]
fn t19_a_token_from_the_future_is_refused() {
    let forger = Forger::with_scopes(&["me"]);
    let now = forger.now();
    for issued in [
        json!(now + 3600),
        json!(i64::MAX),
        json!(null),
        json!("0"),
        json!(1e300),
    ] {
        forger.server.assert_refuses(&forger.claim("iat", issued));
    }
    forger
        .server
        .assert_accepts(&forger.claim("iat", json!(now + 2)));
}

#[test]
fn t20_another_issuer_is_refused() {
    let forger = Forger::with_scopes(&["me"]);
    let slash = format!("{ISSUER}/");
    for issuer in [
        json!("https://evil.example"),
        json!(slash),
        json!(""),
        json!([ISSUER]),
    ] {
        forger.server.assert_refuses(&forger.claim("iss", issuer));
    }
    forger
        .server
        .assert_refuses(&forger.claim("iss", Value::Null));
}

#[test]
fn t21_another_audience_is_refused() {
    let forger = Forger::with_scopes(&["me"]);
    let bad = [
        json!("https://api.example"),
        json!(""),
        json!([]),
        json!(["https://api.example"]),
        json!([[ISSUER]]),
        json!({ISSUER: true}),
        json!(null),
    ];
    for audience in bad {
        forger.server.assert_refuses(&forger.claim("aud", audience));
    }
    forger
        .server
        .assert_accepts(&forger.claim("aud", json!(["https://api.example", ISSUER])));
}

#[test]
fn t22_another_type_of_token_is_refused() {
    let forger = Forger::with_scopes(&["me"]);
    for kind in [
        json!("JWT"),
        json!("jwt"),
        json!(""),
        json!("at+jwt2"),
        json!(1),
        json!(null),
    ] {
        forger.server.assert_refuses(&forger.heading("typ", kind));
    }
}

#[test]
fn t23_a_subject_that_is_none_is_refused() {
    let forger = Forger::with_scopes(&["me"]);
    let long = format!("username:{}", "x".repeat(256));
    let bad = [
        json!("johndoe"),
        json!("username:"),
        json!(":johndoe"),
        json!("Username:johndoe"),
        json!("username:johndoe\n"),
        json!("username: johndoe"),
        json!("username:JohnDoe"),
        json!("username:nobody"),
        json!("unknown-kind:johndoe"),
        json!("client:nobody"),
        json!(["username:johndoe"]),
        json!(long),
        json!(null),
    ];
    for subject in bad {
        forger.server.assert_refuses(&forger.claim("sub", subject));
    }
}

#[test]
fn t24_scopes_in_another_form_are_refused() {
    let forger = Forger::with_scopes(&["me", "me:write"]);
    let bad = [
        json!("me me:write"),
        json!(["me", 1]),
        json!([["me", "me:write"]]),
        json!({"me": true, "me:write": true}),
        json!(["me"]),
        json!(["me", "me:write", "tokens"]),
        json!(["me me:write"]),
        json!(null),
    ];
    for scopes in bad {
        forger
            .server
            .assert_refuses(&forger.claim("scopes", scopes));
    }
    for scope in [
        json!("me"),
        json!("me:write"),
        json!(["me", "me:write"]),
        json!(null),
    ] {
        forger.server.assert_refuses(&forger.claim("scope", scope));
    }
}

#[test]
fn t25_a_scope_that_looks_alike_is_not_the_scope() {
    let forger = Forger::with_scopes(&["me", "me:write"]);
    for scopes in [
        &["me:writ"][..],
        &["ME"],
        &["m"],
        &["me:"],
        &["mee"],
        &["me:write"],
    ] {
        let answer = forger
            .server
            .get("/users/me")
            .bearer(forger.scoped(scopes))
            .send();
        assert_insufficient_scope(&answer, "me");
    }
}

#[test]
fn t25_a_scope_with_a_blank_is_not_the_scope() {
    let forger = Forger::with_scopes(&["me"]);
    for scope in ["me ", " me", "me\n", "me\0"] {
        let answer = forger
            .server
            .get("/users/me")
            .bearer(forger.scoped(&[scope]))
            .send();
        assert!([401, 403].contains(&answer.status), "{answer:?}");
        assert_contract_shape("/users/me", &answer);
    }
}

#[test]
fn a_scope_that_the_user_does_not_hold_is_not_in_any_token() {
    let forger = Forger::with_scopes(&["me"]);
    let token = forger.scoped(&["me", "users:read"]);
    forger.server.assert_accepts(&token);
    let answer = forger.server.get("/users").bearer(&token).send();
    assert_insufficient_scope(&answer, "users:read");
}

#[test]
fn t31_a_time_in_a_string_is_refused() {
    let forger = Forger::with_scopes(&["me"]);
    for name in ["exp", "iat", "nbf"] {
        let text = forger.now().to_string();
        forger
            .server
            .assert_refuses(&forger.claim(name, json!(text)));
    }
}

#[test]
fn t32_a_token_that_is_not_valid_yet_is_refused() {
    let forger = Forger::with_scopes(&["me"]);
    let now = forger.now();
    forger
        .server
        .assert_refuses(&forger.claim("nbf", json!(now + 3600)));
    forger
        .server
        .assert_accepts(&forger.claim("nbf", json!(now)));
}

#[test]
fn an_id_that_is_no_uuid_is_refused() {
    let forger = Forger::with_scopes(&["me"]);
    for id in [json!(""), json!("1"), json!(7), json!(["x"]), json!(null)] {
        forger.server.assert_refuses(&forger.claim("jti", id));
    }
}
