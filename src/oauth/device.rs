//! The device authorization grant (RFC 8628): a command-line tool or a television
//! shows a short code, and its user types it in where there is a keyboard.

use aws_lc_rs::rand;
use uuid::Uuid;

use super::{
    ClientCredentials, Error, Requester, TokenResponse, audience,
    issue::{Login, Prepared},
    scope_policy,
};
use crate::{
    authority::Authority,
    client::GrantType,
    clock,
    opaque::{Digest, NoRandomness, Opaque},
    scope::ScopeSet,
    store::{self, Decision, DeviceRow, UserRow},
    token::Audience,
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
    /// What the user types in.
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
        audience: audience.iter().collect::<Vec<_>>().join(" "),
        state: DeviceRow::PENDING.to_owned(),
        user_id: None,
        username: None,
        auth_time: None,
        expires_at: clock::now().saturating_add_unsigned(DEVICE_CODE_LIFE),
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
    let device = device
        .filter(|device| device.client_id == client.id())
        .ok_or(Error::InvalidCode)?;
    if device.expires_at <= clock::now() {
        return Err(Error::ExpiredToken);
    }
    match device.state.as_str() {
        DeviceRow::PENDING => Err(wait(authority, &digest, &device).await?),
        DeviceRow::DENIED => Err(Error::AccessDenied),
        DeviceRow::APPROVED => redeem(authority, &client, &digest, device).await,
        _ => Err(Error::InvalidCode),
    }
}

/// Tells a device to ask again, or to ask less often.
async fn wait(authority: &Authority, digest: &Digest, device: &DeviceRow) -> Result<Error, Error> {
    let now = clock::now();
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
    let unreadable = |_| Error::InvalidCode;
    let approved = device.username.as_deref().zip(device.user_id.as_deref());
    let (username, user_id) = approved.ok_or(Error::InvalidCode)?;
    let user = authority.same_user(username, user_id).await?;
    let user = user.ok_or(Error::InvalidCode)?;
    let granted = ScopeSet::parse(&device.scopes).map_err(unreadable)?;
    let scopes = granted.intersection(&user.scopes);
    let audience = Audience::of(device.audience.split(' ').map(str::to_owned).collect());
    let family = Uuid::now_v7().to_string();
    let prepared = Prepared::new(authority, &user, client, scopes, audience, Some(family))?;
    let refresh = prepared.refresh(authority);
    let is_redeemed = authority
        .store
        .redeem_device(digest, &prepared.row, &user.id, refresh.as_ref())
        .await?;
    if !is_redeemed {
        return Err(Error::InvalidCode);
    }
    let login = Login {
        at: device.auth_time.unwrap_or_else(clock::now),
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
/// whatever stands between the letters are forgiven (RFC 8628 §6.1).
pub async fn waiting_device(
    authority: &Authority,
    typed: &str,
    user: &UserRow,
) -> Result<Option<WaitingDevice>, Error> {
    let user_code = canonical(typed);
    let device = authority
        .store
        .waiting_device(&user_code, clock::now())
        .await?;
    let Some(device) = device else {
        return Ok(None);
    };
    let Some(client) = Requester::named(authority, &device.client_id) else {
        return Ok(None);
    };
    let asked = ScopeSet::parse(&device.scopes).map_err(|_| Error::InvalidCode)?;
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
    decide(authority, &device.user_code, &decision).await
}

/// Turns a device away; says whether it was still waiting.
pub async fn deny_device(authority: &Authority, device: &WaitingDevice) -> Result<bool, Error> {
    decide(authority, &device.user_code, &Decision::Deny).await
}

async fn decide(
    authority: &Authority,
    user_code: &str,
    decision: &Decision<'_>,
) -> Result<bool, Error> {
    let now = clock::now();
    Ok(authority
        .store
        .decide_device(user_code, decision, now)
        .await?)
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
