//! Bodies of OAuth endpoints: forms, read strictly (RFC 6749 §3.2, appendix B): UTF-8,
//! each parameter once, and an empty one counts as left out.

use std::collections::HashSet;

use bytes::Bytes;
use memchr::memchr2;
use poem::{Request, RequestBody, Result, error::ReadBodyError, http::header};
use poem_openapi::{
    ApiExtractor, ApiExtractorType, ExtractParamOptions,
    registry::{MetaMediaType, MetaRequest, Registry},
    types::{ParseFromJSON, Type},
};
use serde_json::{Map, Value};

use crate::api::plumbing::body::{MAX_BODY_BYTES, Others, misfits_of, not_of};
use crate::{guard::unambiguous_json, oauth};

/// What may stand in a form several times (RFC 8707 §2, RFC 8693 §2.1).
const REPEATABLE: [&str; 2] = ["resource", "audience"];

const MEDIA_TYPE: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";

/// A form whose fields are texts.
pub(in crate::api) struct OAuthForm<T>(pub T);

impl<'a, T: ParseFromJSON + Type> ApiExtractor<'a> for OAuthForm<T> {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::RequestObject];

    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        T::register(registry);
    }

    fn request_meta() -> Option<MetaRequest> {
        request_meta::<T>(MEDIA_TYPE)
    }

    async fn from_request(
        request: &'a Request,
        body: &mut RequestBody,
        _options: ExtractParamOptions<()>,
    ) -> Result<Self> {
        Ok(Self(read(request, body).await?))
    }
}

fn request_meta<T: Type>(content_type: &'static str) -> Option<MetaRequest> {
    Some(MetaRequest {
        description: None,
        content: vec![MetaMediaType {
            content_type,
            schema: T::schema_ref(),
        }],
        required: true,
    })
}

async fn read<T: ParseFromJSON>(
    request: &Request,
    body: &mut RequestBody,
) -> Result<T, oauth::Error> {
    let fields = parse(&bytes_of(request, body, MEDIA_TYPE).await?)?;
    T::parse_from_json(Some(Value::Object(fields)))
        .map_err(|error| oauth::Error::InvalidRequest(error.into_message()))
}

/// The body of a request, which is of a media type.
async fn bytes_of(
    request: &Request,
    body: &mut RequestBody,
    media_type: &str,
) -> Result<Bytes, oauth::Error> {
    let refuse = |reason: String| oauth::Error::InvalidRequest(reason);
    if !is_of(request, media_type) {
        return Err(refuse(not_of(media_type, request.content_type())));
    }
    let body = body
        .take()
        .map_err(|_| refuse("there is no body".to_owned()))?;
    match body.into_bytes_limit(MAX_BODY_BYTES).await {
        Ok(bytes) => Ok(bytes),
        Err(ReadBodyError::PayloadTooLarge) => Err(oauth::Error::TooLarge),
        Err(_) => Err(refuse("the body cannot be read".to_owned())),
    }
}

fn is_of(request: &Request, media_type: &str) -> bool {
    let content_type = request.headers().get(header::CONTENT_TYPE);
    content_type
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .is_some_and(|media| media.trim().eq_ignore_ascii_case(media_type))
}

/// The metadata of a client that registers itself, as JSON: what is not known is ignored
/// (RFC 7591 §2).
pub(in crate::api) struct OAuthJson<T>(pub T);

impl<'a, T: ParseFromJSON + Type> ApiExtractor<'a> for OAuthJson<T> {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::RequestObject];

    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        T::register(registry);
    }

    fn request_meta() -> Option<MetaRequest> {
        request_meta::<T>(JSON)
    }

    async fn from_request(
        request: &'a Request,
        body: &mut RequestBody,
        _options: ExtractParamOptions<()>,
    ) -> Result<Self> {
        let bytes = bytes_of(request, body, JSON).await?;
        let refuse = |reason: String| oauth::Error::InvalidClientMetadata(reason);
        let value: Value = unambiguous_json(&bytes)
            .map_err(|_| refuse("the body is not JSON without repeated names".to_owned()))?;
        if let Some(misfit) = misfits_of::<T>(&value, &[], Others::Ignored).first() {
            return Err(refuse(format!("{}: {}", misfit.field, misfit.detail)).into());
        }
        let parsed = T::parse_from_json(Some(value));
        Ok(Self(parsed.map_err(|error| refuse(error.into_message()))?))
    }
}

fn parse(bytes: &[u8]) -> Result<Map<String, Value>, oauth::Error> {
    let mut fields = Map::new();
    let mut empty = HashSet::new();
    for pair in bytes.split(|byte| *byte == b'&') {
        if pair.is_empty() {
            continue;
        }
        let mut parts = pair.splitn(2, |byte| *byte == b'=');
        let name = decode(parts.next().unwrap_or_default())?;
        let value = decode(parts.next().unwrap_or_default())?;
        if REPEATABLE.contains(&name.as_str()) {
            let values = fields
                .entry(name)
                .or_insert_with(|| Value::Array(Vec::new()));
            if let Value::Array(values) = values
                && !value.is_empty()
            {
                values.push(Value::String(value));
            }
            continue;
        }
        if fields.contains_key(&name) || empty.contains(&name) {
            let text = format!("the parameter `{name}` is repeated");
            return Err(oauth::Error::InvalidRequest(text));
        }
        match value.is_empty() {
            true => drop(empty.insert(name)),
            false => drop(fields.insert(name, Value::String(value))),
        }
    }
    Ok(fields)
}

pub(in crate::api) fn decode(encoded: &[u8]) -> Result<String, oauth::Error> {
    let refuse =
        || oauth::Error::InvalidRequest("the form is not percent-encoded UTF-8".to_owned());
    let mut decoded = Vec::with_capacity(encoded.len());
    let mut rest = encoded;
    // What stands for itself, as all of a token, is copied in one piece.
    while let Some(at) = memchr2(b'+', b'%', rest) {
        decoded.extend_from_slice(&rest[..at]);
        let (mark, behind) = (rest[at], &rest[at + 1..]);
        if mark == b'+' {
            decoded.push(b' ');
            rest = behind;
            continue;
        }
        let (digits, behind) = behind.split_at_checked(2).ok_or_else(refuse)?;
        let digits = std::str::from_utf8(digits).map_err(|_| refuse())?;
        if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(refuse());
        }
        decoded.push(u8::from_str_radix(digits, 16).map_err(|_| refuse())?);
        rest = behind;
    }
    decoded.extend_from_slice(rest);
    String::from_utf8(decoded).map_err(|_| refuse())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repeated_parameter_is_refused_even_if_unknown() {
        assert!(parse(b"a=1&b=2&a=3").is_err());
        assert!(parse(b"a=&a=3").is_err());
    }

    #[test]
    fn a_resource_may_stand_there_several_times() {
        let fields = parse(b"resource=a&resource=b&resource=").unwrap();
        assert_eq!(fields["resource"], serde_json::json!(["a", "b"]));
    }

    #[test]
    fn an_empty_parameter_counts_as_left_out() {
        assert!(parse(b"scope=&grant_type").unwrap().is_empty());
    }

    #[test]
    fn what_is_not_percent_encoded_utf8_is_refused() {
        for bad in [
            &b"a=%"[..],
            b"a=%4",
            b"a=%zz",
            b"a=%+1",
            b"a=%ff",
            b"a=\xff",
        ] {
            assert!(parse(bad).is_err(), "{bad:?}");
        }
        assert_eq!(parse(b"a=b+%C3%A4").unwrap()["a"], "b ä");
    }
}
