//! An OpenAPI document of somebody else's: read and checked, or refused with a reason.
#![no_main]

use std::collections::BTreeSet;

use libfuzzer_sys::fuzz_target;
use scopegate::api_document::ApiDocument;

fuzz_target!(|text: &str| {
    match ApiDocument::parse(text, None) {
        Ok(document) => {
            let scopes: BTreeSet<&str> = document.scopes().into_keys().collect();
            let _ = document.check("https://login.example", &scopes).len();
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
});
