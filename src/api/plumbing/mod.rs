//! What the operations share: bodies, forms, errors, pages of lists, and the layer
//! around all of them.

pub(in crate::api) mod access;
pub(in crate::api) mod answers;
pub(in crate::api) mod body;
pub(in crate::api) mod client_auth;
pub(in crate::api) mod cors;
pub(in crate::api) mod done;
pub(in crate::api) mod errors;
pub(in crate::api) mod form;
pub(in crate::api) mod issued;
pub(in crate::api) mod methods;
pub(in crate::api) mod nullable;
pub(in crate::api) mod number;
pub(in crate::api) mod page;
pub(in crate::api) mod paths;
pub(in crate::api) mod problem;
pub(in crate::api) mod refusal;
pub(in crate::api) mod required;
pub(in crate::api) mod tag;
