//! `scopegate user import`: users who come from elsewhere and keep their passwords.

mod databases;
mod exports;
mod files;
mod support;
mod updates;
