//! The password grant (RFC 6749 §4.3).

use std::{net::IpAddr, sync::Arc};

use super::{
    ClientCredentials, Error, Requester, TokenResponse, audience,
    issue::{Login, issue_for_user},
    scope_policy,
};
use crate::{authority::Authority, client::GrantType, password::Password, throttle::Origin, users};

/// The parameters of the grant; an empty one counts as left out (RFC 6749 §3.2).
pub struct PasswordGrant {
    pub username: Option<String>,
    pub password: Option<Password>,
    pub scope: Option<String>,
    pub resources: Vec<String>,
    pub client: ClientCredentials,
    /// Where the request comes from.
    pub address: IpAddr,
}

/// Logs a user in.
pub async fn password(
    authority: &Arc<Authority>,
    request: PasswordGrant,
) -> Result<TokenResponse, Error> {
    let client = Requester::authenticate(authority, &request.client).await?;
    client.may_use(GrantType::Password)?;
    if !authority.config.password_grant {
        return Err(Error::UnsupportedGrantType);
    }
    let username = request.username.ok_or_else(|| Error::missing("username"))?;
    let password = request.password.ok_or_else(|| Error::missing("password"))?;
    let audience = audience::requested(authority, &client, &request.resources)?;
    let origin = match client.is_confidential() {
        true => Origin::Client(client.id()),
        false => Origin::Address(request.address),
    };
    let user = users::log_in(authority, &username, password, origin).await?;
    let scope = request.scope.as_deref();
    let scopes = scope_policy::grant(authority, &client, scope, &user.scopes)?;
    let login = Login {
        at: authority.clock.now(),
        nonce: None,
    };
    issue_for_user(authority, &user, &client, scopes, audience, login).await
}
