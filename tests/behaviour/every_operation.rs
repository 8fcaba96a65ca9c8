//! One declaration is what the document shows and what is enforced: every
//! operation of the document is tried, so a new one is covered at once.

use serde_json::json;

use crate::support::*;

/// A token of somebody who holds every scope, and the document.
fn everything() -> (Forger, Document) {
    let names = Document::of(&Server::start()).scopes();
    let scopes: Vec<&str> = names.iter().map(String::as_str).collect();
    let forger = Forger::with_scopes(&scopes);
    let document = Document::of(&forger.server);
    (forger, document)
}

/// Every operation that wants a token, with the scopes that it wants.
fn guarded(document: &Document) -> Vec<(Operation, Vec<String>)> {
    let operations = document.operations().into_iter();
    let guarded: Vec<_> = operations
        .filter_map(|operation| {
            let scopes = document.required_scopes(&operation)?;
            Some((operation, scopes))
        })
        .collect();
    assert!(
        guarded.len() >= 10,
        "the document lists too few guarded operations"
    );
    guarded
}

fn call(server: &Server, operation: &Operation) -> Call {
    let call = server.call(&operation.method, &operation.absent_path());
    match operation.takes_a_body() {
        true => call.json(&json!({})),
        false => call,
    }
}

#[test]
fn without_a_token_every_guarded_operation_asks_for_one() {
    let server = Server::start();
    for (operation, _) in guarded(&Document::of(&server)) {
        println!("{operation}");
        assert_asked_for_a_token(&call(&server, &operation).send());
        assert_invalid_token(&call(&server, &operation).bearer("garbage").send());
    }
}

#[test]
fn every_guarded_operation_wants_a_scope() {
    for (operation, scopes) in guarded(&Document::of(&Server::start())) {
        assert!(!scopes.is_empty(), "{operation} is open to every token");
    }
}

#[test]
fn with_every_scope_but_the_one_it_wants_each_operation_says_which() {
    let (forger, document) = everything();
    let all = document.scopes();
    for (operation, wanted) in guarded(&document) {
        let others: Vec<&str> = all
            .iter()
            .filter(|one| !wanted.contains(one))
            .map(String::as_str)
            .collect();
        println!("{operation}");
        let answer = call(&forger.server, &operation)
            .bearer(forger.scoped(&others))
            .send();
        assert_insufficient_scope(&answer, &wanted.join(" "));
    }
}

#[test]
fn with_the_scope_it_wants_each_operation_lets_in() {
    let (forger, document) = everything();
    for (operation, wanted) in guarded(&document) {
        let wanted: Vec<&str> = wanted.iter().map(String::as_str).collect();
        let answer = call(&forger.server, &operation)
            .bearer(forger.scoped(&wanted))
            .send();
        println!("{operation}: {}", answer.status);
        assert!(![401, 403].contains(&answer.status), "{answer:?}");
        assert!(answer.status < 500, "{answer:?}");
        assert!(
            operation.documents(answer.status),
            "an undocumented {answer:?}"
        );
    }
}

#[test]
fn the_token_is_looked_at_before_the_body() {
    let server = Server::start();
    for (operation, _) in guarded(&Document::of(&server)) {
        let call = server.call(&operation.method, &operation.absent_path());
        let answer = call.body("text/nonsense", "\u{0}{{{").send();
        println!("{operation}");
        assert_asked_for_a_token(&answer);
    }
}

#[test]
fn an_operation_is_open_only_where_the_document_says_so() {
    for operation in Document::of(&Server::start()).operations() {
        let security = &operation.content["security"];
        assert!(
            security.is_array(),
            "{operation} says nothing of who may call it"
        );
    }
}

#[test]
fn the_scopes_of_the_document_are_the_catalogue_and_all_are_granted() {
    let (forger, document) = everything();
    let names = document.scopes();
    let all: Vec<&str> = names.iter().map(String::as_str).collect();
    let token = forger.server.login("johndoe", PASSWORD, &all);
    assert_eq!(token.scope(), all.join(" "));
}

#[test]
fn every_guarded_operation_answers_the_same_with_a_trailing_slash() {
    let server = Server::start();
    for (operation, _) in guarded(&Document::of(&server)) {
        let path = format!("{}/", operation.absent_path());
        println!("{} {path}", operation.method);
        assert_asked_for_a_token(&server.call(&operation.method, &path).send());
    }
}
