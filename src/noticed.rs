//! What changes nothing and is for the audit log all the same: logins and refusals. They wait
//! in memory for a second; the same ones become one entry with their number, and of a flood of
//! different ones the rest is a count.

use std::{
    collections::{HashMap, hash_map},
    sync::{Mutex, MutexGuard, PoisonError},
};

use crate::{
    actor::Actor,
    audit_event::{Action, Event, Outcome},
    store::AuditEntry,
};

/// How many different entries wait to be written. What comes on top is counted.
const MOST: usize = 50;

/// What was noticed and is not written yet.
#[derive(Default)]
pub struct Noticed(Mutex<Waiting>);

#[derive(Default)]
struct Waiting {
    entries: HashMap<Sameness, AuditEntry>,
    beyond: i64,
}

/// What entries have in common that are written as one.
#[derive(PartialEq, Eq, Hash)]
struct Sameness {
    event: Event,
    outcome: Outcome,
    who: String,
    token_id: Option<String>,
    address: Option<String>,
}

impl Noticed {
    /// Takes note of what changed nothing: a login, a refusal.
    pub fn notice(&self, actor: &Actor, event: Event, outcome: Outcome, now: i64) {
        let entry = AuditEntry::new(actor, event.clone(), outcome, now);
        let sameness = Sameness {
            event,
            outcome,
            who: entry.who.clone(),
            token_id: entry.token_id.clone(),
            address: entry.address.clone(),
        };
        let mut waiting = self.waiting();
        let is_full = waiting.entries.len() >= MOST;
        match waiting.entries.entry(sameness) {
            hash_map::Entry::Occupied(mut same) => same.get_mut().times += 1,
            hash_map::Entry::Vacant(_) if is_full => waiting.beyond += 1,
            hash_map::Entry::Vacant(free) => {
                free.insert(entry);
            }
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was noticed since the last time, in its order.
    pub fn take(&self, now: i64) -> Vec<AuditEntry> {
        let Waiting { entries, beyond } = std::mem::take(&mut *self.waiting());
        let mut entries: Vec<AuditEntry> = entries.into_values().collect();
        entries.sort_by(|one, other| one.id.cmp(&other.id));
        if beyond > 0 {
            let event = Event::new(Action::RequestRefused, "request", "*")
                .saying("logins and refusals beyond those that are recorded one by one");
            let mut entry = AuditEntry::new(&Actor::system(), event, Outcome::Refused, now);
            entry.times = beyond;
            entries.push(entry);
        }
        entries
    }
}
