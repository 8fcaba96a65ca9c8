//! The groups of operations, and paths to what they made.

use poem_openapi::Tags;

/// The groups that operations stand in.
#[derive(Tags)]
pub(in crate::api) enum Tag {
    /// Tokens for users and clients (RFC 6749).
    #[oai(rename = "oauth")]
    OAuth,
    /// Your own profile and password.
    #[oai(rename = "me")]
    Me,
    /// Administration of users.
    #[oai(rename = "users")]
    Users,
    /// The catalogue of scopes.
    #[oai(rename = "scopes")]
    Scopes,
    /// Tokens of all subjects, and the kinds of subjects without accounts.
    #[oai(rename = "tokens")]
    Tokens,
    /// OAuth clients: third parties and programs.
    #[oai(rename = "clients")]
    Clients,
    /// Signing keys.
    #[oai(rename = "keys")]
    Keys,
    /// Who did what to what.
    #[oai(rename = "audit")]
    Audit,
    /// For operators of the server.
    #[oai(rename = "operation")]
    Operation,
}

impl Tag {
    /// In the order of use.
    pub(in crate::api) const ORDER: [&str; 9] = [
        "oauth",
        "me",
        "tokens",
        "users",
        "clients",
        "scopes",
        "keys",
        "audit",
        "operation",
    ];
}

/// A text as one segment of a path (RFC 3986 §3.3).
pub(in crate::api) fn path_segment(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}
