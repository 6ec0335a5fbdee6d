/// Ends the company's number at the beginning of an indexed word; no word contains it.
pub const SEPARATOR: char = '_';
/// Takes the place of a word that is not indexed at its position; no search can contain it.
pub const GAP: &str = "_";
/// Maximum number of distinct words of an indexed note; if a note has more, its parts are searched instead.
/// `PostgreSQL` accepts a megabyte per value, which is just more than twice this many words of maximum length.
pub const MAX_WORDS: usize = 6_000;
