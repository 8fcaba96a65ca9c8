//! What a user's profile says. A field is added here, in two migrations, in the
//! store's statements, in the API's objects and in the command.

use crate::fields::{self, Unfit, fit};

/// The profile of a user: all of it the user's own to change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Profile {
    /// The user's email address.
    pub email: Option<String>,
    pub full_name: Option<String>,
    /// A language tag (BCP 47), as `en` or `de-AT`.
    pub locale: Option<String>,
}

/// A change of a profile, or what a source says of one: `None` leaves a
/// field as it is, `Some(None)` empties it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProfilePatch {
    pub email: Option<Option<String>>,
    pub full_name: Option<Option<String>>,
    pub locale: Option<Option<String>>,
}

impl Profile {
    /// The names of the fields, in order.
    pub const FIELDS: [&'static str; 3] = ["email", "full_name", "locale"];

    /// Checks every field.
    ///
    /// # Errors
    /// The first that does not fit.
    pub fn check(&self) -> Result<(), Unfit> {
        let check = |field, text: &Option<String>, rule: fn(&str) -> Result<(), String>| {
            fit(field, text.as_deref().map_or(Ok(()), rule))
        };
        check("email", &self.email, fields::email)?;
        check("full_name", &self.full_name, fields::full_name)?;
        check("locale", &self.locale, fields::locale)
    }
}

impl ProfilePatch {
    /// The field of a name.
    pub fn field_mut(&mut self, name: &str) -> Option<&mut Option<Option<String>>> {
        match name {
            "email" => Some(&mut self.email),
            "full_name" => Some(&mut self.full_name),
            "locale" => Some(&mut self.locale),
            _ => None,
        }
    }

    /// The profile that it makes of an empty one.
    pub fn filled(self) -> Profile {
        Profile {
            email: self.email.flatten(),
            full_name: self.full_name.flatten(),
            locale: self.locale.flatten(),
        }
    }

    /// What of it differs from a profile.
    #[must_use]
    pub fn beyond(self, profile: &Profile) -> Self {
        Self {
            email: self.email.filter(|new| *new != profile.email),
            full_name: self.full_name.filter(|new| *new != profile.full_name),
            locale: self.locale.filter(|new| *new != profile.locale),
        }
    }

    /// The same, where an empty text empties its field.
    #[must_use]
    pub fn without_empty_texts(self) -> Self {
        let emptied =
            |field: Option<Option<String>>| field.map(|text| text.filter(|text| !text.is_empty()));
        Self {
            email: emptied(self.email),
            full_name: emptied(self.full_name),
            locale: emptied(self.locale),
        }
    }
}
