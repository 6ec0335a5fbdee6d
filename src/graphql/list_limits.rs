/// How many records the statements of a list or a count examine, and when a search switches to the index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListLimits {
    /// How many records of a list are checked one by one before the index is used; ten times as many, if that promises
    /// to be enough. The results are the same either way.
    pub looked_at: u64,
    /// How many matches are scored for the order by relevance: the newest ones.
    pub scored: u64,
    /// The work of one statement, in units of about a microsecond: the number of records that it examines, times the
    /// work per record.
    pub work: u64,
    /// The minimum number of records that a statement examines, whatever the work per record.
    pub fewest: u64,
}

impl ListLimits {
    /// The number of records that a statement examines, if its conditions have this weight per record in addition to
    /// column comparisons.
    pub fn most(&self, weight: u64) -> u64 {
        (self.work / (1 + weight)).max(self.fewest)
    }
}

impl Default for ListLimits {
    fn default() -> Self {
        Self { looked_at: 2_000, scored: 10_000, work: 250_000, fewest: 500 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_work_of_a_statement_is_bounded_at_any_cost_per_note() {
        let limits = ListLimits::default();
        assert_eq!(limits.most(0), limits.work);
        for weight in [1, 3, 10, 50, 100, 499] {
            let work = limits.most(weight) * (1 + weight);
            assert!(work <= limits.work && work * 10 >= limits.work * 9, "{weight}: {work}");
        }
        // The heaviest search: fifty phrases, each of which may have to read the parts of a note.
        assert_eq!(limits.most(1_000), limits.fewest);
    }
}
