//! Checks whether the history of a note that many clients have seen is linearizable.
//!
//! Versions order all writes to a note, so no search for an order is needed. A history is linearizable if the versions
//! follow each other without gaps, each version was seen as it was written, and nobody saw a version older than one
//! that had been seen before the request began.

use std::collections::HashMap;
use std::time::Instant;

/// The knowledge of one client about a note, from one request.
#[derive(Clone, Debug)]
pub struct Seen {
    pub asked: Instant,
    pub answered: Instant,
    pub version: i64,
    pub subject: String,
    /// Whether the request has written this version.
    pub written: bool,
}

impl Seen {
    /// Sort key of the observation: a version is written before it is read.
    fn place(&self) -> (i64, bool) {
        (self.version, !self.written)
    }
}

/// Returns the fault in the history of a note that began with `first`, a version and its subject.
pub fn check(first: (i64, &str), history: &[Seen]) -> Result<(), String> {
    let mut subjects: HashMap<i64, &str> = HashMap::from([first]);
    for seen in history.iter().filter(|seen| seen.written) {
        if let Some(other) = subjects.insert(seen.version, &seen.subject) {
            return Err(format!("version {} was written twice: {other} and {}", seen.version, seen.subject));
        }
    }
    let last = first.0 + i64::try_from(subjects.len()).unwrap_or(i64::MAX);
    if let Some(gap) = (first.0..last).find(|version| !subjects.contains_key(version)) {
        return Err(format!("nobody wrote version {gap}"));
    }
    if let Some(wrong) = history.iter().find(|seen| subjects.get(&seen.version) != Some(&seen.subject.as_str())) {
        return Err(format!("not what was written as this version: {wrong:?}"));
    }

    let mut by_question: Vec<&Seen> = history.iter().collect();
    by_question.sort_by_key(|seen| seen.asked);
    let mut by_answer = by_question.clone();
    by_answer.sort_by_key(|seen| seen.answered);
    let mut answered = by_answer.into_iter().peekable();
    let mut newest: Option<&Seen> = None;
    for seen in by_question {
        while let Some(before) = answered.next_if(|before| before.answered < seen.asked) {
            newest =
                Some(newest.map_or(before, |newest| if before.place() > newest.place() { before } else { newest }));
        }
        if let Some(newest) = newest.filter(|newest| newest.place() > seen.place()) {
            return Err(format!("older than what was known when it was asked for: {seen:?} after {newest:?}"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// A request from one second to another.
    fn seen(from: u64, to: u64, version: i64, subject: &str, written: bool) -> Seen {
        static START: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
        let start = *START.get_or_init(Instant::now);
        let at = |second| start + Duration::from_secs(second);
        Seen { asked: at(from), answered: at(to), version, subject: subject.to_owned(), written }
    }

    fn reason(history: &[Seen]) -> String {
        check((1, "a"), history).err().unwrap_or_default()
    }

    #[test]
    fn overlapping_requests_may_have_either_order() {
        let history = [
            seen(0, 1, 1, "a", false),
            seen(2, 9, 2, "b", true),
            seen(3, 4, 2, "b", false),
            seen(3, 4, 1, "a", false),
            seen(10, 11, 3, "c", true),
            seen(12, 13, 3, "c", false),
        ];
        assert_eq!(check((1, "a"), &history), Ok(()));
    }

    #[test]
    fn impossible_histories_are_detected() {
        let b = || seen(2, 3, 2, "b", true);
        assert!(reason(&[b(), seen(4, 5, 2, "c", true)]).contains("written twice"));
        assert!(reason(&[b(), seen(4, 5, 4, "d", true)]).contains("nobody wrote version 3"));
        assert!(reason(&[b(), seen(4, 5, 2, "x", false)]).contains("not what was written"));
        assert!(reason(&[seen(4, 5, 2, "b", false)]).contains("not what was written"));
        assert!(reason(&[b(), seen(4, 5, 1, "a", false)]).contains("older"), "read after it was written over");
        assert!(reason(&[b(), seen(4, 5, 3, "c", true), seen(0, 1, 3, "c", false)]).contains("older"), "too early");
        assert!(
            reason(&[seen(0, 9, 2, "b", true), seen(3, 4, 2, "b", false), seen(5, 6, 1, "a", false)]).contains("older")
        );
    }
}
