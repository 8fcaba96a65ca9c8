//! What a program does with the generated client: every answer is checked, and every value that
//! is used here has its type from the document.

use std::{env, error::Error};

use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue};

use client::{Client, Error as CallError, types};

/// What progenitor makes of `scopegate openapi --for progenitor`.
mod client {
    progenitor::generate_api!(spec = "scopegate.json", interface = Builder);
}

const PASSWORD: &str = "correct horse battery";

fn as_holder(base: &str, token: &str) -> Result<Client, Box<dyn Error>> {
    let mut headers = HeaderMap::new();
    headers.insert(
        AUTHORIZATION,
        HeaderValue::try_from(format!("Bearer {token}"))?,
    );
    let http = reqwest::Client::builder()
        .default_headers(headers)
        .build()?;
    Ok(Client::new_with_client(base, http))
}

async fn log_in(
    base: &str,
    password: &str,
) -> Result<types::TokenAnswer, CallError<types::OAuthProblem>> {
    let call = Client::new(base);
    let call = call.create_token().body_map(|form| {
        form.grant_type(types::GrantType::Password)
            .username("ada".to_owned())
            .password(password.to_owned())
            .scope("me tokens users:read users:write introspect revocations:read".to_owned())
    });
    Ok(call.send().await?.into_inner())
}

/// What the server says to a call that it refuses.
fn refused<T, E>(outcome: Result<T, CallError<E>>, status: u16) -> E {
    match outcome {
        Err(CallError::ErrorResponse(answer)) => {
            assert_eq!(answer.status().as_u16(), status);
            answer.into_inner()
        }
        Err(_) => panic!("not as the document says"),
        Ok(_) => panic!("not refused"),
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let base = &env::args().nth(1).ok_or("no address")?;
    let admin = as_holder(base, &log_in(base, PASSWORD).await?.access_token)?;
    let wrong = refused(log_in(base, "wrong password").await, 400);
    assert_eq!(wrong.error, "invalid_grant");

    let me = admin.get_me().send().await?;
    assert!(me.username == "ada" && me.scopes.iter().any(|scope| scope == "me"));

    let made = admin.create_my_token().body_map(|token| {
        token
            .name("a bot")
            .scopes(vec!["me".to_owned()])
            .expires_in(3600.try_into().ok())
    });
    let made = made.send().await?;
    let bot = as_holder(base, &made.access_token)?;
    assert_eq!(bot.get_me().send().await?.username, "ada");
    assert_eq!(admin.list_my_tokens().send().await?.status(), 200);

    for number in 0..5 {
        let user = admin
            .create_user()
            .body_map(|user| user.username(format!("user-{number}")));
        assert!(!user.send().await?.disabled);
    }
    let two = std::num::NonZeroU64::try_from(2)?;
    let mut page = admin.list_users().limit(two).send().await?.into_inner();
    let mut names: Vec<String> = Vec::new();
    loop {
        names.extend(page.items.into_iter().map(|user| user.username));
        let Some(cursor) = page.next_cursor else {
            break;
        };
        page = admin
            .list_users()
            .limit(two)
            .cursor(cursor)
            .send()
            .await?
            .into_inner();
    }
    assert_eq!(
        names,
        ["ada", "user-0", "user-1", "user-2", "user-3", "user-4"]
    );

    let stranger = as_holder(base, "garbage")?;
    let problem = refused(stranger.get_me().send().await, 401);
    assert!(problem.type_.ends_with("/problems/invalid-token"));

    let lacking = refused(bot.list_users().send().await, 403);
    assert_eq!(lacking.scope.as_deref(), Some("users:read"));

    // A user without a name is no value of the type: what is sent is checked before the server sees it.
    assert!(types::UserCreateUsername::try_from("").is_err());
    let unfit = admin.create_user().body_map(|user| user.username("a\nb"));
    let unfit = refused(unfit.send().await, 422);
    assert_eq!(
        unfit
            .errors
            .iter()
            .map(|error| &error.field)
            .collect::<Vec<_>>(),
        ["username"]
    );

    let active = admin
        .introspect_token()
        .body_map(|question| question.token(made.access_token.clone()));
    assert!(active.send().await?.active);
    let denied = stranger
        .introspect_token()
        .body_map(|question| question.token("x"));
    assert_eq!(refused(denied.send().await, 401).error, "invalid_token");

    assert!(
        admin
            .list_revocations()
            .send()
            .await?
            .revocations
            .is_empty()
    );
    Ok(())
}
