//! What has expired is removed, and nothing else. The clock is moved: the server's
//! own library runs in the test.

use std::{net::IpAddr, sync::Arc};

use scopegate::{
    actor::Actor,
    audit,
    authority::{Authority, NotAccepted},
    clock::Clock,
    config::{Config, Layer, Layers, Purpose, Source},
    housekeeping::tidy,
    infrastructure::Infrastructure,
    oauth::{
        self, ClientCredentials, Error, PasswordGrant, RefreshGrant, TokenResponse, password,
        refresh,
    },
    password::Password,
    scope::{Scope, ScopeSet},
    scopes,
    store::{Expired, Revoke, Transaction},
    tokens,
    users::{self, NewAccount},
};

use crate::support::*;

const DAY: i64 = 24 * 60 * 60;

fn config(home: &Home, more: &[(&'static str, &str)]) -> Config {
    let mut layers = Layers::new();
    let url = home.database().absolute_url();
    layers.add(
        Source::Flag,
        Layer::from([("database-url", url), ("bcrypt-cost", "10".to_owned())]),
    );
    let more = more
        .iter()
        .map(|(name, value)| (*name, (*value).to_owned()));
    layers.add(Source::Flag, more.collect());
    layers.check(Purpose::Serve).expect("a configuration")
}

fn run<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(future)
}

fn scope_set(text: &str) -> ScopeSet {
    let words = text
        .split(' ')
        .map(|word| Scope::parse(word).expect("a scope"));
    words.collect()
}

async fn open(config: Config, clock: &Clock) -> Arc<Authority> {
    let authority = Authority::open_at(config, clock.clone()).await;
    Arc::new(authority.expect("an authority"))
}

async fn add_johndoe(authority: &Authority) {
    let account = NewAccount {
        username: "johndoe".to_owned(),
        password: Some(Password::new(PASSWORD)),
        scopes: scope_set("me offline_access"),
        ..NewAccount::default()
    };
    let operator = Actor::operator();
    users::add(authority, &operator, account)
        .await
        .expect("a user");
}

async fn log_in(authority: &Arc<Authority>) -> TokenResponse {
    let grant = PasswordGrant {
        username: Some("johndoe".to_owned()),
        password: Some(Password::new(PASSWORD)),
        scope: Some("me offline_access".to_owned()),
        resources: Vec::new(),
        client: ClientCredentials::default(),
        address: IpAddr::from([127, 0, 0, 1]),
    };
    password(authority, grant).await.expect("a login")
}

/// Ends what johndoe has.
async fn revoke_all(authority: &Authority) {
    let which = Revoke::Subject("username:johndoe");
    tokens::revoke(authority, &Actor::operator(), which)
        .await
        .expect("a revocation");
}

async fn use_refresh_token(authority: &Authority, login: &TokenResponse) -> TokenResponse {
    try_refresh_token(authority, login)
        .await
        .expect("a refresh")
}

async fn try_refresh_token(
    authority: &Authority,
    login: &TokenResponse,
) -> Result<TokenResponse, Error> {
    let token = login.refresh_token.as_ref().expect("a refresh token");
    let grant = RefreshGrant {
        refresh_token: Some(token.expose().to_owned()),
        scope: None,
        resources: Vec::new(),
        client: ClientCredentials::default(),
        address: IpAddr::from([127, 0, 0, 1]),
    };
    refresh(authority, grant).await
}

#[test]
fn a_spent_refresh_token_serves_again_within_the_grace_and_later_ends_its_family() {
    let home = Home::new();
    run(async {
        let clock = Clock::manual();
        let authority = open(config(&home, &[]), &clock).await;
        add_johndoe(&authority).await;
        let login = log_in(&authority).await;
        let first = use_refresh_token(&authority, &login).await;
        clock.advance(10);
        let second = use_refresh_token(&authority, &login).await;
        for tokens in [&first, &second] {
            assert!(authority.accept(&tokens.access_token).await.is_ok());
        }
        clock.advance(1);
        assert!(try_refresh_token(&authority, &login).await.is_err());
        for tokens in [&first, &second] {
            assert!(authority.accept(&tokens.access_token).await.is_err());
            assert!(try_refresh_token(&authority, tokens).await.is_err());
        }
    });
}

fn rows(home: &Home) -> [i64; 5] {
    [
        "SELECT count(*) FROM tokens",
        "SELECT count(*) FROM refresh_tokens",
        "SELECT count(*) FROM grants",
        "SELECT count(*) FROM revocations",
        "SELECT count(*) FROM changes",
    ]
    .map(|query| home.database().number(query))
}

#[test]
fn what_has_expired_is_removed_and_nothing_else() {
    let home = Home::new();
    run(async {
        let clock = Clock::manual();
        let authority = open(config(&home, &[]), &clock).await;
        add_johndoe(&authority).await;
        let login = log_in(&authority).await;
        revoke_all(&authority).await;
        let alive = log_in(&authority).await;
        assert_eq!(rows(&home)[..4], [2, 2, 2, 1]);

        // Expired access tokens are kept for a week, and refresh tokens live on.
        clock.advance(6 * DAY);
        tidy(&authority, "one").await.expect("a tidy house");
        assert_eq!(rows(&home), [2, 2, 2, 0, 0]);
        clock.advance(2 * DAY);
        tidy(&authority, "one").await.expect("a tidy house");
        assert_eq!(rows(&home), [0, 2, 2, 0, 0]);
        let next = use_refresh_token(&authority, &alive).await;
        assert!(authority.accept(&next.access_token).await.is_ok());
        assert!(authority.accept(&login.access_token).await.is_err());

        // A month and a week after the last one, all of it is gone.
        clock.advance(38 * DAY);
        tidy(&authority, "one").await.expect("a tidy house");
        assert_eq!(rows(&home), [0; 5]);
    });
}

#[test]
fn expired_tokens_are_kept_for_as_long_as_the_setting_says() {
    let home = Home::new();
    run(async {
        let clock = Clock::manual();
        let config = config(&home, &[("keep-expired-tokens", "1h")]);
        let authority = open(config, &clock).await;
        add_johndoe(&authority).await;
        log_in(&authority).await;
        clock.advance(89 * 60);
        tidy(&authority, "one").await.expect("a tidy house");
        assert_eq!(rows(&home)[0], 1);
        clock.advance(2 * 60);
        tidy(&authority, "one").await.expect("a tidy house");
        assert_eq!(rows(&home)[0], 0);
    });
}

#[test]
fn a_client_that_registered_itself_and_is_never_used_is_forgotten_after_a_day() {
    let home = Home::new();
    run(async {
        let clock = Clock::manual();
        let authority = open(config(&home, &[("registration", "open")]), &clock).await;
        let metadata = || oauth::ClientMetadata {
            redirect_uris: vec!["https://agent.example/back".to_owned()],
            ..oauth::ClientMetadata::default()
        };
        let here = std::net::Ipv4Addr::LOCALHOST.into();
        for _ in 0..2 {
            oauth::register(&authority, None, here, metadata())
                .await
                .expect("a registered client");
        }
        let clients = authority.store.clients().await.expect("clients");
        let used = &clients[0].id;
        let write = async |transaction: &mut Transaction| {
            Ok::<_, Infrastructure>(transaction.keep_client(used).await?)
        };
        authority
            .write(&Actor::system(), write)
            .await
            .expect("a use");
        clock.advance(DAY - 60);
        tidy(&authority, "one").await.expect("a tidy house");
        assert_eq!(authority.store.clients().await.expect("clients").len(), 2);
        clock.advance(2 * 60);
        tidy(&authority, "one").await.expect("a tidy house");
        let left = authority.store.clients().await.expect("clients");
        assert_eq!(left.len(), 1);
        assert_eq!(left[0].id, *used);
        assert!(authority.live.registry.client(&clients[1].id).is_none());
    });
}

#[test]
fn one_server_at_a_time_tidies() {
    let home = Home::new();
    run(async {
        let clock = Clock::manual();
        let authority = open(config(&home, &[]), &clock).await;
        add_johndoe(&authority).await;
        log_in(&authority).await;
        tidy(&authority, "one").await.expect("a tidy house");
        clock.advance(60);
        let before = rows(&home);
        assert_eq!(tidy(&authority, "two").await.expect("no house"), 0);
        assert_eq!(rows(&home), before);
        // One is gone, and its lease with it in the end.
        clock.advance(20 * DAY);
        assert!(tidy(&authority, "two").await.expect("a tidy house") > 0);
    });
}

#[test]
fn a_server_that_was_away_for_longer_than_the_change_log_reaches_back_misses_nothing() {
    let home = Home::new();
    run(async {
        let clock = Clock::manual();
        let here = open(config(&home, &[]), &clock).await;
        add_johndoe(&here).await;
        let away = open(config(&home, &[]), &clock).await;
        let login = log_in(&here).await;
        assert!(away.accept(&login.access_token).await.is_ok());

        revoke_all(&here).await;
        let operator = Actor::operator();
        scopes::add(&here, &operator, "items", "Read items.")
            .await
            .expect("a scope");
        // The token lives on; the announcement of its end does not.
        let expired = Expired::ALL.into_iter().find(|kind| kind.name == "changes");
        let now = clock.now();
        here.store
            .remove_expired(&expired.expect("the kind"), now + 1)
            .await
            .expect("an empty change log");
        assert_eq!(rows(&home)[4], 0);

        away.live.catch_up().await.expect("the news");
        assert!(away.accept(&login.access_token).await.is_err());
        let items = Scope::parse("items").expect("a scope");
        assert!(away.live.catalogue().contains(&items));
        // From here on it follows the change log again.
        scopes::add(&here, &operator, "drive", "Drive.")
            .await
            .expect("a scope");
        away.live.catch_up().await.expect("the news");
        assert!(away.live.catalogue().contains("drive"));
    });
}

#[test]
fn a_clock_that_jumps_forward_and_back_revives_nothing() {
    let home = Home::new();
    run(async {
        let clock = Clock::manual();
        let authority = open(config(&home, &[]), &clock).await;
        add_johndoe(&authority).await;
        let login = log_in(&authority).await;
        revoke_all(&authority).await;
        let live = Arc::clone(&authority.live);
        let follower = tokio::spawn(async move { Box::pin(live.follow()).await });
        clock.advance(30 * DAY);
        while authority.live.clock_is_settled() {
            tokio::task::yield_now().await;
        }
        assert_eq!(tidy(&authority, "one").await.expect("nothing to do"), 0);
        // Whoever starts meanwhile knows no better.
        let another = open(config(&home, &[]), &clock).await;
        clock.advance(-30 * DAY);
        for authority in [&authority, &another] {
            let refused = authority.accept(&login.access_token).await;
            assert!(matches!(refused, Err(NotAccepted::Revoked)), "{refused:?}");
        }
        follower.abort();
    });
}

#[test]
fn the_audit_log_is_kept_for_as_long_as_the_setting_says_and_what_is_left_can_be_verified() {
    let home = Home::new();
    run(async {
        let clock = Clock::manual();
        let authority = open(config(&home, &[("keep-audit-log", "30d")]), &clock).await;
        let add = async |name: &str| {
            let operator = Actor::operator();
            let added = scopes::add(&authority, &operator, name, "");
            added.await.expect("a scope");
        };
        add("old").await;
        add("older").await;
        let before = audit::verify(&authority, None).await.expect("a log");
        assert_eq!((before.base.number, before.head.number), (0, 2));
        clock.advance(20 * DAY);
        add("new").await;
        clock.advance(11 * DAY);
        tidy(&authority, "one").await.expect("a tidy house");
        let after = audit::verify(&authority, None).await.expect("a log");
        assert_eq!(after.base, before.head);
        assert_eq!((after.entries, after.head.number), (1, 3));
        let kept = audit::verify(&authority, Some(&before.head)).await;
        kept.expect("the entry that the log begins behind");
    });
}
