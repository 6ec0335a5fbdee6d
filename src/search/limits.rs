/// When a search switches from checking notes to the index, and how many notes any list or count examines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SearchLimits {
    /// How many notes of a list are checked one by one before the index is used; ten times as many, if that promises to
    /// be enough. The results are the same either way.
    pub looked_at: u64,
    /// How many matches are scored for the order by relevance: the newest ones.
    pub scored: u64,
    /// The work of one statement, in units of about a microsecond: the number of notes that it examines, times the work
    /// per note.
    pub work: u64,
    /// The minimum number of notes that a statement examines, whatever the work per note.
    pub fewest: u64,
}

impl SearchLimits {
    /// The number of notes that a statement examines, if its conditions have this weight per note in addition to column
    /// comparisons.
    pub fn most(&self, weight: u64) -> u64 {
        (self.work / (1 + weight)).max(self.fewest)
    }
}

impl Default for SearchLimits {
    fn default() -> Self {
        Self { looked_at: 2_000, scored: 10_000, work: 250_000, fewest: 500 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_work_of_a_statement_is_bounded_whatever_is_done_with_each_note() {
        let limits = SearchLimits::default();
        assert_eq!(limits.most(0), limits.work);
        for weight in [1, 3, 10, 50, 100, 499] {
            let work = limits.most(weight) * (1 + weight);
            assert!(work <= limits.work && work * 10 >= limits.work * 9, "{weight}: {work}");
        }
        // The heaviest search: fifty phrases, each of which may have to read the parts of a note.
        assert_eq!(limits.most(1_000), limits.fewest);
    }
}
