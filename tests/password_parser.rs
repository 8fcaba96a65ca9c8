//! The parser meets a million strings: real hashes with their bytes changed,
//! moved, doubled and cut, and strings of no kind at all. It computes nothing,
//! so that whatever it lets through is bounded, and it never panics.
//!
//! The seeds are `tests/corpus/password_parser.txt`, one a line; a string that
//! once broke the parser is added there.

use std::{fs, path::Path, thread};

use proptest::{
    collection::vec,
    prelude::*,
    test_runner::{Config, TestRunner},
};
use scopegate::password::{Identified, Limits, identify};

const CASES: u32 = 1_000_000;

/// What a parser is likely to trip over.
const SPLICES: [&str; 16] = [
    "$",
    ":",
    ",",
    "=",
    "0",
    "9",
    "-",
    " ",
    "\0",
    "\n",
    "é",
    "日",
    "$$",
    "4294967296",
    "18446744073709551616",
    "99999999999999999999999999",
];

#[derive(Debug, Clone)]
enum Mutation {
    Cut(usize),
    Remove(usize),
    Replace(usize, char),
    Splice(usize, usize),
    Repeat(usize, usize),
    SwapFields(usize, usize),
    GraftTailOf(usize, usize),
}

fn mutation() -> impl Strategy<Value = Mutation> {
    let at = 0..300_usize;
    prop_oneof![
        at.clone().prop_map(Mutation::Cut),
        at.clone().prop_map(Mutation::Remove),
        (at.clone(), any::<char>()).prop_map(|(at, new)| Mutation::Replace(at, new)),
        (at.clone(), 0..SPLICES.len()).prop_map(|(at, splice)| Mutation::Splice(at, splice)),
        (at.clone(), 0..40_usize).prop_map(|(at, length)| Mutation::Repeat(at, length)),
        (0..8_usize, 0..8_usize).prop_map(|(one, other)| Mutation::SwapFields(one, other)),
        (at.clone(), at).prop_map(|(seed, at)| Mutation::GraftTailOf(seed, at)),
    ]
}

fn seeds() -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/password_parser.txt");
    let text = fs::read_to_string(path).unwrap();
    text.lines().map(str::to_owned).collect()
}

fn boundary(text: &str, at: usize) -> usize {
    text.floor_char_boundary(at % (text.len() + 1))
}

fn mutate(mut text: String, mutation: &Mutation, seeds: &[String]) -> String {
    match *mutation {
        Mutation::Cut(at) => text.truncate(boundary(&text, at)),
        Mutation::Remove(at) => {
            let at = boundary(&text, at);
            if at < text.len() {
                text.remove(at);
            }
        }
        Mutation::Replace(at, new) => {
            let at = boundary(&text, at);
            if at < text.len() {
                text.remove(at);
            }
            text.insert(at, new);
        }
        Mutation::Splice(at, splice) => text.insert_str(boundary(&text, at), SPLICES[splice]),
        Mutation::Repeat(at, length) => {
            let start = boundary(&text, at);
            let end = text.ceil_char_boundary((start + length).min(text.len()));
            let piece = text[start..end].to_owned();
            text.insert_str(end, &piece);
        }
        Mutation::SwapFields(one, other) => {
            let mut fields: Vec<&str> = text.split('$').collect();
            let count = fields.len();
            fields.swap(one % count, other % count);
            text = fields.join("$");
        }
        Mutation::GraftTailOf(seed, at) => {
            let donor = &seeds[seed % seeds.len()];
            text.truncate(boundary(&text, at));
            text.push_str(&donor[boundary(donor, at)..]);
        }
    }
    text
}

fn number(identified: &Identified, name: &str) -> u64 {
    let parameter = identified.parameters.iter().find(|one| one.name == name);
    parameter.map_or(0, |one| one.value.parse().unwrap_or(0))
}

fn is_bounded(identified: &Identified) -> bool {
    let limits = Limits::default();
    let of = |name| number(identified, name);
    of("cost") <= u64::from(limits.bcrypt_cost)
        && of("memory-kib") <= u64::from(limits.memory_kib)
        && of("memory-kib") * of("iterations") <= u64::from(limits.argon2_work_kib)
        && of("iterations") <= u64::from(limits.pbkdf2_iterations)
        && of("rounds") <= u64::from(limits.sha_crypt_rounds)
        && of("n") * of("r") * of("p") <= u64::from(limits.scrypt_work)
        && of("n") * of("r") / 8 <= u64::from(limits.memory_kib)
}

#[test]
fn a_million_strings_are_read_or_refused_and_none_exceeds_a_limit() {
    // Half of them each: this takes a while.
    thread::scope(|threads| {
        for _ in 0..2 {
            threads.spawn(|| meet(CASES / 2));
        }
    });
}

fn meet(cases: u32) {
    let seeds = seeds();
    let mutated = (0..seeds.len(), vec(mutation(), 0..5)).prop_map(|(seed, mutations)| {
        mutations
            .iter()
            .fold(seeds[seed].clone(), |text, mutation| {
                mutate(text, mutation, &seeds)
            })
    });
    let noise =
        vec(any::<u8>(), 0..200).prop_map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    let strings = prop_oneof![9 => mutated, 1 => noise];
    let mut runner = TestRunner::new(Config {
        cases,
        failure_persistence: None,
        ..Config::default()
    });
    let outcome = runner.run(&strings, |text| {
        if let Ok(identified) = identify(&text) {
            prop_assert!(is_bounded(&identified), "{identified}");
        }
        Ok(())
    });
    outcome.unwrap();
}

#[test]
fn the_seeds_are_mostly_hashes_that_are_read() {
    let read: Vec<_> = seeds().iter().map(|seed| identify(seed)).collect();
    let accepted = read.iter().filter(|read| read.is_ok()).count();
    assert!(
        accepted * 3 > read.len() * 2,
        "{accepted} of {}",
        read.len()
    );
}
