//! Clients that authenticate by a signed JWT, `private_key_jwt` (RFC 7523 §2.2, §3).

use jsonwebtoken::{
    DecodingKey, Validation, dangerous::insecure_decode_claims, decode, decode_header, jwk::JwkSet,
};
use serde::Deserialize;

use super::{AssertionRefused, ClientCredentials, ClientRefused, Error, Requester};
use crate::{
    assertion_keys::algorithm, authority::Authority, client::Authentication, token::LEEWAY_SECONDS,
};

/// The value of `client_assertion_type`.
pub const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// For how long an assertion may be valid, in seconds: until then its `jti` is
/// remembered.
const MAX_LIFE: i64 = 600;

#[derive(Deserialize)]
struct Assertion {
    iss: String,
    sub: String,
    jti: String,
    exp: i64,
}

/// The client that signed an assertion, once.
pub(super) async fn authenticate(
    authority: &Authority,
    credentials: &ClientCredentials,
    assertion: &str,
) -> Result<Requester, Error> {
    if credentials.client_secret.is_some() {
        let reason = "the client shows a secret and an assertion";
        return Err(Error::InvalidRequest(reason.to_owned()));
    }
    let id = match &credentials.client_id {
        Some(id) => id.clone(),
        None => unverified_subject(assertion).ok_or(ClientRefused::Unknown)?,
    };
    let client = authority.live.registry.client(&id);
    let client = client.ok_or(ClientRefused::Unknown)?;
    let refused = |why| ClientRefused::Assertion(client.id.clone(), why);
    let Authentication::PrivateKey(jwks) = &client.authentication else {
        return Err(Error::from(ClientRefused::WrongMethod(client.id.clone())));
    };
    let claims = verify(authority, &client.id, jwks, assertion).map_err(refused)?;
    let expires_at = claims.exp.saturating_add(LEEWAY_SECONDS);
    let is_first = authority
        .store
        .use_assertion(&client.id, &claims.jti, expires_at)
        .await?;
    if is_first {
        Ok(Requester::Registered(client))
    } else {
        Err(refused(AssertionRefused::Replayed).into())
    }
}

/// Whom an assertion claims to come from: to find the key that it must have
/// been signed with, and for nothing else.
fn unverified_subject(assertion: &str) -> Option<String> {
    let claims: Assertion = insecure_decode_claims(assertion).ok()?;
    Some(claims.sub)
}

fn verify(
    authority: &Authority,
    client_id: &str,
    jwks: &str,
    assertion: &str,
) -> Result<Assertion, AssertionRefused> {
    use AssertionRefused::{Malformed, NoName, NotItsOwn, NotValid, TooLong, UnknownKey};

    let keys: JwkSet = serde_json::from_str(jwks).map_err(|_| UnknownKey)?;
    let header = decode_header(assertion).map_err(|_| Malformed)?;
    let mut keys = keys.keys.iter();
    let key = keys
        .find(|key| header.kid.is_none() || key.common.key_id == header.kid)
        .ok_or(UnknownKey)?;
    let config = &authority.config;
    let mut validation = Validation::new(algorithm(key).ok_or(UnknownKey)?);
    validation.leeway = LEEWAY_SECONDS.unsigned_abs();
    validation.validate_nbf = true;
    validation.set_required_spec_claims(&["exp", "aud"]);
    validation.set_audience(&[config.issuer.clone(), format!("{}/token", config.issuer)]);
    let decoding = DecodingKey::from_jwk(key).map_err(|_| UnknownKey)?;
    let claims = decode::<Assertion>(assertion, &decoding, &validation)
        .map_err(|_| NotValid)?
        .claims;
    if claims.iss != client_id || claims.sub != client_id {
        return Err(NotItsOwn);
    }
    if claims.exp > authority.clock.now().saturating_add(MAX_LIFE) {
        return Err(TooLong);
    }
    if !(1..=255).contains(&claims.jti.len()) {
        return Err(NoName);
    }
    Ok(claims)
}
