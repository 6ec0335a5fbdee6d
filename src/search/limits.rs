/// How far a search goes one way, before it goes another, and how far any list or count goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How many notes of a list are looked at one by one before the index is asked; ten times as many, where that promises
    /// to be enough. What is found is the same.
    pub looked_at: u64,
    /// Of how many matches it is found out how well they match, for the order by relevance: of the newest ones.
    pub scored: u64,
    /// The work of one statement on notes, in units of about a microsecond: how many it looks at, times what is done with
    /// each.
    pub work: u64,
    /// A statement looks at this many notes, whatever is done with each.
    pub fewest: u64,
}

impl Limits {
    /// How many notes a statement looks at that does this much work on each, beside comparing its columns.
    pub fn most(&self, weight: u64) -> u64 {
        (self.work / (1 + weight)).max(self.fewest)
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self { looked_at: 2_000, scored: 10_000, work: 250_000, fewest: 500 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_work_of_a_statement_is_bounded_whatever_is_done_with_each_note() {
        let limits = Limits::default();
        assert_eq!(limits.most(0), limits.work);
        for weight in [1, 3, 10, 50, 100, 499] {
            let work = limits.most(weight) * (1 + weight);
            assert!(work <= limits.work && work * 10 >= limits.work * 9, "{weight}: {work}");
        }
        // The heaviest search: fifty phrases, each of which may have to read the parts of a note.
        assert_eq!(limits.most(1_000), limits.fewest);
    }
}
