use crate::ids::CompanyId;

/// Words to find, one after the other.
#[derive(Clone, Copy, Debug)]
pub struct WordSequence<'s> {
    /// At least one word.
    pub words: &'s [String],
    /// Whether the last word matches as a prefix.
    pub prefix: bool,
}

/// The words that a note must have, in any order, and those that it must not have.
#[derive(Clone, Debug)]
pub struct WordQuery<'s> {
    pub company_id: CompanyId,
    pub required: Vec<WordSequence<'s>>,
    /// Sequences of one word each.
    pub excluded: Vec<WordSequence<'s>>,
}
