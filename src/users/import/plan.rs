//! What a row changes.

use uuid::Uuid;

use crate::{
    elsewhere::{Account, digest_of},
    password::PasswordHash,
    profile::ProfilePatch,
    store::{Addition, Alteration, KnownUser, NewUser, UserPatch},
};

/// What Django writes for an account without a password: nothing verifies
/// against it.
const NO_PASSWORD: &str = "!";

/// The user that a row makes.
pub(super) fn addition(account: Account) -> Addition {
    let password_hash = account.password_hash.flatten();
    Addition {
        imported_hash: password_hash.as_ref().map(digest_of),
        user: NewUser {
            id: Uuid::now_v7().to_string(),
            username: account.username,
            password_hash,
            profile: account.profile.filled(),
            disabled: account.disabled.unwrap_or(false),
            scopes: account.scopes.unwrap_or_default(),
        },
    }
}

/// What a row changes of an existing user, if anything.
///
/// The password is changed only if the source has another hash than at the
/// last import: one that a login renewed here, or that was set here since, is
/// not put back.
pub(super) fn alteration(account: Account, user: KnownUser) -> Option<Alteration> {
    let (password_hash, imported_hash) = match account.password_hash {
        None => (None, None),
        Some(hash) => {
            let digest = hash.as_ref().map(digest_of);
            if digest == user.imported_hash {
                (None, None)
            } else {
                let hash = hash.unwrap_or_else(|| PasswordHash::from_stored(NO_PASSWORD));
                (Some(hash), digest)
            }
        }
    };
    let patch = UserPatch {
        profile: account.profile.beyond(&user.profile),
        disabled: account
            .disabled
            .filter(|disabled| *disabled != user.disabled),
        scopes: account.scopes.filter(|scopes| *scopes != user.scopes),
        password_hash,
    };
    let changes = patch.profile != ProfilePatch::default()
        || patch.disabled.is_some()
        || patch.scopes.is_some()
        || patch.password_hash.is_some();
    changes.then_some(Alteration {
        id: user.id,
        username: user.username,
        patch,
        imported_hash,
    })
}
