use std::fmt;

use crate::exchange::record::RecordLocation;

/// The results of an import.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    pub read: u64,
    pub created: u64,
    pub updated: u64,
    /// Records that equal the existing note.
    pub skipped: u64,
    pub rejected: u64,
    pub warnings: u64,
    pub messages: u64,
    pub assignments: u64,
    pub customers: u64,
    pub users: u64,
    pub note_types: u64,
    /// Mentions of people that differ from the first one.
    pub differences: u64,
    /// The first people whose mentions differ, such as `user 7`.
    pub differing: Vec<String>,
}

/// Maximum number of people named in `differing`.
const NAMED: usize = 5;

impl Summary {
    pub fn absorb(&mut self, other: Self) {
        self.read += other.read;
        self.created += other.created;
        self.updated += other.updated;
        self.skipped += other.skipped;
        self.rejected += other.rejected;
        self.warnings += other.warnings;
        self.messages += other.messages;
        self.assignments += other.assignments;
        self.customers += other.customers;
        self.users += other.users;
        self.note_types += other.note_types;
        self.differences += other.differences;
        for person in other.differing {
            self.name(person);
        }
    }

    /// Counts a mention that differs from the first one.
    pub fn differs(&mut self, person: String) {
        self.differences += 1;
        self.name(person);
    }

    fn name(&mut self, person: String) {
        if self.differing.len() < NAMED && !self.differing.contains(&person) {
            self.differing.push(person);
        }
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { read, created, updated, skipped, rejected, warnings, .. } = self;
        writeln!(
            f,
            "{read} records: {created} created, {updated} updated, {skipped} skipped as equal, {rejected} rejected; {warnings} warnings"
        )?;
        let Self { messages, assignments, customers, users, note_types, .. } = self;
        write!(
            f,
            "created {messages} messages, {assignments} assignments, {customers} customers, {users} users, \
             {note_types} note types"
        )?;
        if self.differences > 0 {
            let more = if self.differing.len() == NAMED { " and perhaps others" } else { "" };
            let people = self.differing.join(", ");
            write!(
                f,
                "\n{} descriptions of people differ from the first one, which was kept: {people}{more}",
                self.differences
            )?;
        }
        Ok(())
    }
}

/// Receives the results of single records while the import runs.
pub trait Report: Send {
    /// A record was rejected; `raw` is its original text, or empty if that is not known.
    fn rejected(&mut self, location: &RecordLocation, reason: &str, raw: &[u8]);
    fn warning(&mut self, location: &RecordLocation, text: &str);
    /// Another `records` records are processed.
    fn progress(&mut self, records: u64);
}
