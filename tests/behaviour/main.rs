//! What the server does, seen from outside: the real binary on a real
//! database file, spoken to over HTTP and by its own commands.

mod support;

mod bad_input;
mod commands;
mod configuration;
mod document;
mod durability;
mod errors;
mod every_operation;
mod forged_claims;
mod granted_scopes;
mod guards;
mod logs;
mod own_account;
mod password_grant;
mod scopes;
mod throttling;
mod token_forms;
mod token_requests;
mod users;
