//! What the server does, seen from outside: the real binary on a real
//! database file, spoken to over HTTP and by its own commands.

mod authorization_code;
mod support;

mod bad_input;
mod cached_tokens;
mod client_assertions;
mod client_grants;
mod clients;
mod commands;
mod common_passwords;
mod configuration;
mod device_flow;
mod document;
mod durability;
mod errors;
mod every_operation;
mod foreign_verifiers;
mod forged_claims;
mod granted_scopes;
mod guards;
mod key_confusion;
mod key_encryption;
mod keys;
mod logs;
mod minted_tokens;
mod openid_connect;
mod own_account;
mod pages;
mod password_grant;
mod personal_tokens;
mod readme;
mod refresh_and_revocation;
mod rotation_under_load;
mod scopes;
mod shared_users;
mod subject_kinds;
mod throttling;
mod token_exchange;
mod token_forms;
mod token_inspect;
mod token_requests;
mod users;
mod well_known;
