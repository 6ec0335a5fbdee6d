//! Parses the text of a search.

use super::token::{Shape, tokens};
use crate::error::{Error, Result};
use crate::ids::CompanyId;
use crate::store::db::full_text::{WordQuery, WordSequence};

/// Maximum number of tokens in a search: words, or characters of Chinese.
const MAX_TOKENS: usize = 100;
/// Maximum length of a search, in bytes: a hundred words of any language, quotes included.
const MAX_BYTES: usize = 10_000;

/// A parsed search. Any text is a valid search, unless it is too long.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Search {
    /// Each must occur in some part of the note.
    pub required: Vec<Phrase>,
    /// Words and phrases that may not occur in any part of the note. If there are neither required nor excluded
    /// phrases, nothing is found.
    pub excluded: Vec<Phrase>,
}

/// A word, or a sequence of words.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Phrase {
    /// Tokens, at least one.
    pub words: Vec<String>,
    /// Whether the last token matches as a prefix.
    pub prefix: bool,
    /// Whether the last token is a single character of a script without blanks; then it matches as a prefix, because
    /// the next character of a text is part of the token.
    pub ends_alone: bool,
}

impl Search {
    /// Parses a search; `None` if the text is blank, which sets no condition.
    ///
    /// # Errors
    /// INVALID if there are too many words, or bytes.
    pub fn new(text: &str) -> Result<Option<Self>> {
        if text.trim().is_empty() {
            return Ok(None);
        }
        if text.len() > MAX_BYTES {
            return Err(Error::Invalid(format!("`search` is longer than {MAX_BYTES} bytes.")));
        }
        let mut search = Self { required: Vec::new(), excluded: Vec::new() };
        let mut left = MAX_TOKENS;
        for piece in pieces(text) {
            let Some(phrase) = Phrase::new(piece.text, piece.is_open, &mut left)? else { continue };
            let phrases = if piece.is_excluded { &mut search.excluded } else { &mut search.required };
            if !phrases.contains(&phrase) {
                phrases.push(phrase);
            }
        }
        Ok(Some(search))
    }

    /// Whether no note can match, because the text contains no word.
    pub fn matches_nothing(&self) -> bool {
        self.required.is_empty() && self.excluded.is_empty()
    }

    /// The words that a note must have, and those that it must not have. What phrases of several words exclude depends
    /// on the order of the words, so they are not in it.
    pub fn words(&self, company_id: CompanyId) -> WordQuery<'_> {
        let excluded = self.excluded.iter().filter(|phrase| phrase.is_word());
        WordQuery {
            company_id,
            required: self.required.iter().map(Phrase::sequence).collect(),
            excluded: excluded.map(Phrase::sequence).collect(),
        }
    }
}

impl Phrase {
    /// Whether the phrase is one word: then the words of a note decide, without its parts.
    pub fn is_word(&self) -> bool {
        self.words.len() == 1
    }

    pub fn sequence(&self) -> WordSequence<'_> {
        WordSequence { words: &self.words, prefix: self.prefix }
    }

    fn new(text: &str, is_open: bool, left: &mut usize) -> Result<Option<Self>> {
        let mut found: Vec<_> = tokens(text).take(*left + 1).collect();
        *left = left.checked_sub(found.len()).ok_or_else(|| {
            Error::Invalid(format!(
                "`search` has more than {MAX_TOKENS} words, or characters of a script without spaces between words."
            ))
        })?;
        // In a text, the run may continue where that of the search ends.
        if found.last().is_some_and(|token| token.shape == Shape::Last) {
            found.pop();
        }
        let Some(last) = found.last() else { return Ok(None) };
        let ends_alone = last.shape == Shape::Alone;
        let prefix = ends_alone || is_open && last.shape == Shape::Word;
        Ok(Some(Self { words: found.into_iter().map(|token| token.word).collect(), prefix, ends_alone }))
    }
}

/// A piece of the search text between blanks, or between quotes.
#[derive(Debug, PartialEq, Eq)]
struct Piece<'t> {
    text: &'t str,
    is_excluded: bool,
    /// Whether it is the last word of the text, neither quoted nor excluded: the user may still be typing it.
    is_open: bool,
}

fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let (is_excluded, after) = rest.strip_prefix('-').map_or((false, rest), |after| (true, after));
        let (text, is_quoted, after) = if let Some(quoted) = after.strip_prefix(is_quote) {
            let (text, after) = quoted.split_once(is_quote).unwrap_or((quoted, ""));
            (text, true, after)
        } else {
            let end = after.find(|char: char| char.is_whitespace() || is_quote(char)).unwrap_or(after.len());
            (&after[..end], false, &after[end..])
        };
        rest = after.trim_start();
        pieces.push(Piece { text, is_excluded, is_open: !is_excluded && !is_quoted && rest.is_empty() });
    }
    pieces
}

/// Straight quotes, and the typographic quotes that telephones put in their place.
fn is_quote(char: char) -> bool {
    matches!(char, '"' | '\u{201c}' | '\u{201d}' | '\u{201e}' | '\u{ff02}')
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The parsed search, with phrases as `a_b`, with `*` after a prefix, and excluded ones after `-`.
    fn read(text: &str) -> Option<String> {
        let search = Search::new(text).unwrap()?;
        let shown = |sign: &str, phrase: &Phrase| {
            format!("{sign}{}{}", phrase.words.join("_"), if phrase.prefix { "*" } else { "" })
        };
        let required = search.required.iter().map(|phrase| shown("", phrase));
        Some(required.chain(search.excluded.iter().map(|phrase| shown("-", phrase))).collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn words_phrases_exclusions_and_a_prefix_are_parsed() {
        for (text, expected) in [
            ("Invoice", "invoice*"),
            ("invoice ", "invoice*"),
            ("Invoice late", "invoice late*"),
            ("\"Invoice late\"", "invoice_late"),
            ("late \"invoice", "late invoice"),
            ("-late invoice", "invoice* -late"),
            ("invoice -late", "invoice -late"),
            ("invoice -\"too late\"", "invoice -too_late"),
            ("\u{201e}Invoice late\u{201c} today", "invoice_late today*"),
            ("re-open", "re_open*"),
            ("example.com", "example_com*"),
            ("a\"b c\"d", "a b_c d*"),
            ("late late -late -late", "late -late"),
            ("--late", "-late"),
            ("手机", "手机"),
            ("手", "手*"),
            ("\"手\"", "手*"),
            ("-手", "-手*"),
            ("手机号", "手机_机号"),
            ("\"手机 5 台\"", "手机_机_5_台*"),
            ("iphone手机 x", "iphone_手机 x*"),
            ("\u{3000}a\u{3000}b\u{3000}", "a b*"),
        ] {
            assert_eq!(read(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn a_search_without_words_matches_all_or_nothing() {
        for text in ["", " ", "\n\u{3000}"] {
            assert_eq!(read(text), None, "{text:?}");
        }
        for text in [
            "-",
            "\"",
            "\"\"",
            "-\"",
            "!?",
            "- \"",
            "\u{1f331}",
            "'; --",
            "\0",
            "*",
            "AND\u{0}".trim_end_matches("AND\u{0}"),
        ] {
            let Some(search) = Search::new(text).unwrap() else { continue };
            assert!(search.matches_nothing(), "{text:?}");
        }
    }

    #[test]
    fn too_many_words_are_refused_but_a_long_one_is_accepted() {
        assert!(Search::new(&"a ".repeat(100)).is_ok());
        assert!(Search::new(&"a ".repeat(101)).is_err());
        assert!(Search::new(&"手".repeat(101)).is_err());
        assert!(Search::new(&"a".repeat(MAX_BYTES)).is_ok());
        assert!(Search::new(&"-!".repeat(MAX_BYTES / 2)).is_ok());
        assert!(Search::new(&"-!".repeat(MAX_BYTES)).is_err());
    }
}
