//! WordPress 6.8 and later: `$wp` before an ordinary bcrypt hash, of the padded base64 of the
//! HMAC-SHA-384 of the password under a fixed key.

use zeroize::Zeroizing;

use super::{
    Digest, Limits, Refused, Scheme,
    bcrypt::Core,
    digest::hmac_of,
    fields::to_base64_padded,
    stored::{Parameter, StoredHash},
};

const KEY: &[u8] = b"wp-sha384";

pub(super) fn parse(stored: &str, limits: &Limits) -> Result<Box<dyn StoredHash>, Refused> {
    let inner = stored.strip_prefix("$wp").unwrap_or_default();
    let core = Core::parse(inner, Scheme::WordPress, limits)?;
    Ok(Box::new(WordPress(core)))
}

struct WordPress(Core);

impl StoredHash for WordPress {
    fn scheme(&self) -> Scheme {
        Scheme::WordPress
    }

    fn parameters(&self) -> Vec<Parameter> {
        vec![Parameter::new("cost", self.0.cost)]
    }

    fn matches(&self, password: &[u8]) -> Result<bool, Refused> {
        let mac = hmac_of(Digest::Sha384, KEY, password);
        let text = Zeroizing::new(to_base64_padded(&mac));
        Ok(self.0.matches(text.as_bytes()))
    }
}
