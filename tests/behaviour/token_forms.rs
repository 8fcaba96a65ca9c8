//! A token that says the right things in the wrong form.

use serde_json::json;

use crate::support::*;

#[test]
fn t12_one_bit_changed_anywhere_is_refused() {
    let (server, token) = Server::guarding();
    for changed in 0..3 {
        let mut pieces = parts(&token).map(str::to_owned);
        let original = bytes(&pieces[changed]);
        for place in (0..original.len()).step_by(7) {
            let mut other = original.clone();
            other[place] ^= 1;
            pieces[changed] = part(other);
            server.assert_refuses(&pieces.join("."));
        }
    }
}

#[test]
fn t13_the_signature_of_another_token_is_refused() {
    let (server, token) = Server::guarding();
    let other = server.login("johndoe", PASSWORD, &["me"]).text;
    let ([header, claims, _], [_, _, signature]) = (parts(&token), parts(&other));
    server.assert_refuses(&format!("{header}.{claims}.{signature}"));
}

#[test]
fn t14_a_signature_in_another_form_is_refused() {
    let (server, token) = Server::guarding();
    let [header, claims, signature] = parts(&token);
    let signature = bytes(signature);
    let (r, s) = signature.split_at(32);
    let zero = [0; 32];
    let others = [
        [r, &negated(s)].concat(),
        der(r, s),
        [r, &zero].concat(),
        [&zero, s].concat(),
        [zero, zero].concat(),
        [s, r].concat(),
        [r, s, &[0]].concat(),
        [&[0], r, s].concat(),
        r.to_vec(),
    ];
    for other in others {
        server.assert_refuses(&format!("{header}.{claims}.{}", part(other)));
    }
}

#[test]
fn t15_a_token_in_another_form_is_refused() {
    let (server, token) = Server::guarding();
    let [header, claims, signature] = parts(&token);
    let json = json!({"payload": claims, "protected": header, "signature": signature});
    let others = [
        format!("{header}.{claims} .{signature}"),
        format!("{header}.{claims}.{signature}="),
        format!("{header}=.{claims}=.{signature}=="),
        format!("{token}.{signature}"),
        format!("{token}."),
        format!(".{token}"),
        format!("\"{token}\""),
        format!("{token},{token}"),
        format!("{header}..{signature}"),
        json.to_string(),
    ];
    for other in others {
        let answer = server
            .get("/users/me")
            .header("authorization", &format!("Bearer {other}"));
        assert_invalid_token(&answer.send());
    }
}

#[test]
fn t15_the_alphabet_with_plus_and_slash_is_refused() {
    let (server, mut token) = Server::guarding();
    while !token.contains(['-', '_']) {
        token = server.login("johndoe", PASSWORD, &["me"]).text;
    }
    server.assert_refuses(&token.replace('-', "+").replace('_', "/"));
}

#[test]
fn t15_the_last_character_has_one_form() {
    let (server, mut token) = Server::guarding();
    // 64 bytes leave four bits of the last character without a meaning: zero.
    let last = token.pop().expect("a character");
    let next = char::from(last as u8 + 1);
    server.assert_refuses(&format!("{token}{next}"));
}

/// The other `s` of an ECDSA signature that holds: the order less `s`.
fn negated(s: &[u8]) -> Vec<u8> {
    const ORDER: [u8; 32] = [
        0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc,
        0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
    ];
    let mut difference = [0; 32];
    let mut borrow = false;
    for place in (0..32).rev() {
        let (less, first) = ORDER[place].overflowing_sub(s[place]);
        let (less, second) = less.overflowing_sub(u8::from(borrow));
        difference[place] = less;
        borrow = first || second;
    }
    difference.to_vec()
}

/// The signature as X.509 writes it.
fn der(r: &[u8], s: &[u8]) -> Vec<u8> {
    let integer = |number: &[u8]| {
        let mut content = vec![0; usize::from(number[0] >> 7)];
        content.extend(number);
        [&[2, content.len() as u8][..], &content].concat()
    };
    let content = [integer(r), integer(s)].concat();
    [&[0x30, content.len() as u8][..], &content].concat()
}
