//! A header and claims of any content (a line, and what follows it), rightly signed; and the
//! same bytes as a whole token and as a set of keys. Whatever is accepted is in order.
#![no_main]

use aws_lc_rs::hmac;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use libfuzzer_sys::fuzz_target;
use scopegate::guard::token::{
    Claims, Expected, Keys, LEEWAY_SECONDS, Unverified, VerificationKey,
};

const SECRET: &[u8] = b"a secret of the fuzzer, 32 bytes";
const ISSUER: &str = "https://login.example";
const AUDIENCE: &str = "https://api.example";
const NOW: i64 = 1_800_000_000;

fuzz_target!(|text: &str| {
    if let Some(read) = Unverified::read(text) {
        let _ = read.claims_problem();
    }
    let _ = Keys::from_jwks(text);

    let (header, claims) = text
        .split_once('\n')
        .unwrap_or((r#"{"alg":"HS256","typ":"at+jwt","kid":"k"}"#, text));
    let message = format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(header),
        URL_SAFE_NO_PAD.encode(claims)
    );
    let signature = hmac::sign(
        &hmac::Key::new(hmac::HMAC_SHA256, SECRET),
        message.as_bytes(),
    );
    let token = format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature));
    let keys: Keys = [VerificationKey::from_secret("k".to_owned(), SECRET)]
        .into_iter()
        .collect();
    let expected = Expected {
        issuer: ISSUER.to_owned(),
        audience: Some(AUDIENCE.to_owned()),
    };
    if let Ok(verified) = keys.verify(&token, &expected, NOW) {
        let claims: &Claims = &verified;
        assert_eq!(claims.issuer, ISSUER);
        assert!(claims.audience.contains(AUDIENCE));
        assert!(claims.expires_at > NOW - LEEWAY_SECONDS);
    }
});
