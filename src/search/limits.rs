/// How far a search goes one way, before it goes another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How many notes of a list are looked at one by one before the index is asked; ten times as many, where that promises
    /// to be enough. What is found is the same.
    pub looked_at: u64,
    /// Of how many matches it is found out how well they match, for the order by relevance: of the newest ones.
    pub scored: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { looked_at: 2_000, scored: 10_000 }
    }
}
