//! Paths as the routes know them.
//!
//! Where the issuer's address has a path, everything is found below it as well: a proxy may
//! pass the path on or take it away. Well-known documents have it at their end (RFC 8414 §3,
//! RFC 9728 §3.1). A slash at the end is accepted everywhere, and several in a row are one.

use std::borrow::Cow;

use poem::http::{Uri, uri::PathAndQuery};

/// The address that the routes know, where it is another than the one that was asked for;
/// `base` is the issuer's path: empty, or without a slash at its end.
pub(in crate::api) fn routed(uri: &Uri, base: &str) -> Option<Uri> {
    let path = without_slashes(without_base(uri.path(), base));
    if path == uri.path() {
        return None;
    }
    let target: Result<PathAndQuery, _> = match uri.query() {
        Some(query) => format!("{path}?{query}").parse(),
        None => path.parse(),
    };
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(target.ok()?);
    Uri::from_parts(parts).ok()
}

fn without_base<'a>(path: &'a str, base: &str) -> &'a str {
    if base.is_empty() {
        return path;
    }
    match path.strip_prefix(base) {
        Some("") => "/",
        Some(rest) if rest.starts_with('/') => rest,
        _ => match path.strip_suffix(base) {
            Some(rest) if rest.starts_with("/.well-known/") => rest,
            _ => path,
        },
    }
}

/// Nothing but slashes stays, and leads nowhere unless it is one.
fn without_slashes(path: &str) -> Cow<'_, str> {
    let has_two = || path.as_bytes().windows(2).any(|two| two == b"//");
    if !(path.ends_with('/') || has_two()) {
        return Cow::Borrowed(path);
    }
    let segments = path.split('/').filter(|segment| !segment.is_empty());
    let trimmed: String = segments.flat_map(|segment| ["/", segment]).collect();
    match trimmed.is_empty() {
        true => Cow::Borrowed(path),
        false => Cow::Owned(trimmed),
    }
}
