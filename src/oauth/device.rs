//! The device authorization grant (RFC 8628): a command-line tool or a television
//! shows a short code, and its user types it in where there is a keyboard.

use aws_lc_rs::rand;
use uuid::Uuid;

use super::{
    ClientCredentials, CodeRefused, Error, Requester, TokenResponse, audience,
    issue::{Login, Prepared, acting},
    scope_policy,
};
use crate::{
    authority::Authority,
    client::GrantType,
    opaque::{Digest, NoRandomness, Opaque},
    scope::ScopeSet,
    store::{
        self, Basis, Decision, DeviceRow, Transaction, UserRow, audience_in_words, audience_of,
    },
};

/// How long a device may wait for its user, in seconds.
pub const DEVICE_CODE_LIFE: u64 = 600;

/// How long a device has to wait between two questions at first, in seconds;
/// this much longer each time that it does not (RFC 8628 §3.5).
pub const DEVICE_PACE: i64 = 5;

/// Consonants that are not taken for each other or for digits, and that make no
/// words (RFC 8628 §6.1): 20^8 codes.
const ALPHABET: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";
const USER_CODE_LENGTH: usize = 8;

/// What a device asks for (RFC 8628 §3.1).
pub struct DeviceRequest {
    pub scope: Option<String>,
    pub resources: Vec<String>,
    pub client: ClientCredentials,
}

/// What a device shows its user, and what it asks for the token with.
pub struct DeviceAuthorization {
    /// A secret of the device.
    pub device_code: Opaque,
    /// The code for the user to type in.
    pub user_code: String,
}

/// Begins: a device asks for codes.
pub async fn begin_device(
    authority: &Authority,
    request: DeviceRequest,
) -> Result<DeviceAuthorization, Error> {
    let client = Requester::authenticate(authority, &request.client).await?;
    client.may_use(GrantType::DeviceCode)?;
    let audience = audience::requested(authority, &client, &request.resources)?;
    let scopes = scope_policy::askable(authority, &client, request.scope.as_deref())?;
    let device_code = Opaque::generate(Opaque::DEVICE_CODE)?;
    let mut device = DeviceRow {
        user_code: user_code()?,
        client_id: client.id().to_owned(),
        scopes: scopes.to_string(),
        audience: audience_in_words(&audience),
        state: DeviceRow::PENDING.to_owned(),
        user_id: None,
        username: None,
        auth_time: None,
        expires_at: authority
            .clock
            .now()
            .saturating_add_unsigned(DEVICE_CODE_LIFE),
        pace: DEVICE_PACE,
        asked_at: None,
    };
    let digest = device_code.digest();
    while let Err(error) = authority.store.add_device(&digest, &device).await {
        match error {
            store::Error::Exists => device.user_code = user_code()?,
            other => return Err(other.into()),
        }
    }
    Ok(DeviceAuthorization {
        device_code,
        user_code: device.user_code,
    })
}

/// The parameters of the grant (RFC 8628 §3.4).
pub struct DeviceCodeGrant {
    pub device_code: Option<String>,
    pub client: ClientCredentials,
}

/// Gives the token once the user has approved; until then says that they have not.
pub async fn device_code(
    authority: &Authority,
    request: DeviceCodeGrant,
) -> Result<TokenResponse, Error> {
    let client = Requester::authenticate(authority, &request.client).await?;
    client.may_use(GrantType::DeviceCode)?;
    let code = request
        .device_code
        .ok_or_else(|| Error::missing("device_code"))?;
    let digest = Digest::of(&code);
    let device = authority.store.device(&digest).await?;
    let device = device.ok_or(CodeRefused::Unknown)?;
    if device.client_id != client.id() {
        return Err(Error::from(CodeRefused::OfAnotherClient(device.client_id)));
    }
    if device.expires_at <= authority.clock.now() {
        return Err(Error::ExpiredToken);
    }
    match device.state.as_str() {
        DeviceRow::PENDING => Err(wait(authority, &digest, &device).await?),
        DeviceRow::DENIED => Err(Error::AccessDenied),
        DeviceRow::APPROVED => redeem(authority, &client, &digest, device).await,
        _ => Err(Error::from(CodeRefused::Spent)),
    }
}

/// Tells a device to ask again, or to ask less often.
async fn wait(authority: &Authority, digest: &Digest, device: &DeviceRow) -> Result<Error, Error> {
    let now = authority.clock.now();
    let is_too_fast = device.asked_at.is_some_and(|at| now - at < device.pace);
    let (pace, answer) = match is_too_fast {
        true => (device.pace + DEVICE_PACE, Error::SlowDown),
        false => (device.pace, Error::AuthorizationPending),
    };
    authority.store.pace_device(digest, now, pace).await?;
    Ok(answer)
}

async fn redeem(
    authority: &Authority,
    client: &Requester,
    digest: &Digest,
    device: DeviceRow,
) -> Result<TokenResponse, Error> {
    let approved = device.username.as_deref().zip(device.user_id.as_deref());
    let (username, user_id) = approved.ok_or(CodeRefused::Gone)?;
    let user = authority.same_user(username, user_id).await?;
    let user = user.ok_or(CodeRefused::Gone)?;
    let granted = ScopeSet::from_stored(&device.scopes);
    let scopes = granted.intersection(&user.scopes);
    let audience = audience_of(&device.audience);
    let family = Uuid::now_v7().to_string();
    let auth_time = device.auth_time.unwrap_or_else(|| authority.clock.now());
    let prepared = Prepared::new(authority, &user, client, scopes, audience, Some(family))?;
    let write = async |transaction: &mut Transaction| {
        let rests = prepared.rests(transaction, &user, client).await?;
        let now = authority.clock.now();
        if !rests || !transaction.spend_device(digest, now).await? {
            return Err(Error::from(CodeRefused::Spent));
        }
        prepared
            .store(authority, transaction, &user, auth_time)
            .await
    };
    authority.write(&acting(&user, client)?, write).await?;
    let login = Login {
        at: auth_time,
        nonce: None,
    };
    prepared.answer(authority, login)
}

/// A device that waits for its user.
#[derive(Debug)]
pub struct WaitingDevice {
    pub user_code: String,
    pub client: Requester,
    /// What it asks for of what this user may hold.
    pub scopes: ScopeSet,
}

/// The device that shows a code, for the user who typed it in. Small letters and
/// anything between the letters are forgiven (RFC 8628 §6.1).
pub async fn waiting_device(
    authority: &Authority,
    typed: &str,
    user: &UserRow,
) -> Result<Option<WaitingDevice>, Error> {
    let user_code = canonical(typed);
    let device = authority
        .store
        .waiting_device(&user_code, authority.clock.now())
        .await?;
    let Some(device) = device else {
        return Ok(None);
    };
    let Some(client) = Requester::named(authority, &device.client_id) else {
        return Ok(None);
    };
    let asked = ScopeSet::from_stored(&device.scopes);
    Ok(Some(WaitingDevice {
        user_code,
        client,
        scopes: asked.intersection(&user.scopes),
    }))
}

/// Lets a device in, with the scopes that the user left ticked; says whether it
/// was still waiting.
pub async fn approve_device(
    authority: &Authority,
    device: &WaitingDevice,
    user: &UserRow,
    ticked: &ScopeSet,
    auth_time: i64,
) -> Result<bool, Error> {
    let scopes = device.scopes.intersection(ticked).to_string();
    let decision = Decision::Approve {
        user_id: &user.id,
        scopes: &scopes,
        auth_time,
    };
    decide(authority, device, user, &decision).await
}

/// Turns a device away; says whether it was still waiting.
pub async fn deny_device(
    authority: &Authority,
    device: &WaitingDevice,
    user: &UserRow,
) -> Result<bool, Error> {
    decide(authority, device, user, &Decision::Deny).await
}

async fn decide(
    authority: &Authority,
    device: &WaitingDevice,
    user: &UserRow,
    decision: &Decision<'_>,
) -> Result<bool, Error> {
    let basis = Basis {
        user: Some(user.basis()),
        client: device.client.basis(),
        ..Basis::default()
    };
    let now = authority.clock.now();
    let write = async |transaction: &mut Transaction| {
        let code = &device.user_code;
        Ok(transaction.holds(&basis).await?
            && transaction.decide_device(code, decision, now).await?)
    };
    authority.write(&acting(user, &device.client)?, write).await
}

fn canonical(typed: &str) -> String {
    let letters = typed.chars().filter(char::is_ascii_alphabetic);
    let letters: Vec<char> = letters.map(|letter| letter.to_ascii_uppercase()).collect();
    let halves = letters.chunks(USER_CODE_LENGTH / 2).map(String::from_iter);
    halves.collect::<Vec<_>>().join("-")
}

/// Eight letters, in two halves to be read aloud.
fn user_code() -> Result<String, NoRandomness> {
    let mut letters = String::new();
    while letters.len() < USER_CODE_LENGTH {
        let mut bytes = [0; 2 * USER_CODE_LENGTH];
        rand::fill(&mut bytes).map_err(|_| NoRandomness)?;
        // 240 is a multiple of 20: every letter is as likely as any other.
        let fair = bytes.into_iter().filter(|byte| *byte < 240);
        letters.extend(fair.map(|byte| char::from(ALPHABET[usize::from(byte) % ALPHABET.len()])));
    }
    letters.truncate(USER_CODE_LENGTH);
    Ok(canonical(&letters))
}
