//! The words by which a person is found.

use std::collections::{BTreeSet, HashMap};

use super::phone;
use crate::error::Result;
use crate::graphql::context::DataSource;
use crate::scheduling::offload::{offload, slices};
use crate::search::{Shape, are_long, tokens};
use crate::store::entity::{customer, user};

/// The words of texts that were tokenized before.
#[derive(Default)]
pub struct KnownWords(HashMap<String, BTreeSet<String>>);

impl KnownWords {
    /// Tokenizes the texts of a mutation before its transaction begins, so that other transactions do not wait for that.
    ///
    /// # Errors
    /// When the operation exceeds a limit.
    pub async fn before(reader: &DataSource, texts: impl IntoIterator<Item = String>) -> Result<Self> {
        let texts: BTreeSet<String> = texts.into_iter().collect();
        let known = |texts: Vec<String>| -> Vec<_> {
            let known = |text: String| {
                let words = stored(&text);
                (text, words)
            };
            texts.into_iter().map(known).collect()
        };
        if !are_long(texts.iter().map(String::as_str)) {
            return Ok(Self(known(texts.into_iter().collect()).into_iter().collect()));
        }
        let mut all = Self::default();
        for slice in slices(texts, String::len) {
            let done = offload(move || known(slice)).await?;
            all.0.extend(done.value);
            reader.meter.cpu(done.took);
            reader.meter.check()?;
        }
        Ok(all)
    }

    fn add(&self, words: &mut BTreeSet<String>, text: Option<&String>) {
        let Some(text) = text else { return };
        match self.0.get(text) {
            Some(known) => words.extend(known.iter().cloned()),
            None => words.extend(stored(text)),
        }
    }
}

/// The words of a text in their stored form; each number in the text is also one word.
fn stored(text: &str) -> BTreeSet<String> {
    tokens(text).map(|token| token.word).chain(pieces(text).into_iter().map(|piece| piece.word)).collect()
}

pub fn of_customer(row: &customer::Model, known: &KnownWords) -> BTreeSet<String> {
    let mut words = BTreeSet::new();
    let names = [&row.company_name, &row.first_name, &row.middle_name, &row.last_name, &row.email];
    for text in names.into_iter().map(Option::as_ref).chain([Some(&row.full_name)]) {
        known.add(&mut words, text);
    }
    words.extend(phone::forms(
        row.mobile_country_code.as_deref(),
        row.mobile_number.as_deref(),
        row.mobile_full.as_deref(),
    ));
    words.extend(phone::forms(
        row.phone_country_code.as_deref(),
        row.phone_number.as_deref(),
        row.phone_full.as_deref(),
    ));
    bounded(words)
}

pub fn of_user(row: &user::Model, known: &KnownWords) -> BTreeSet<String> {
    let mut words = BTreeSet::new();
    let names = [&row.first_name, &row.last_name, &row.email];
    for text in names.into_iter().map(Option::as_ref).chain([Some(&row.full_name), Some(&row.username)]) {
        known.add(&mut words, text);
    }
    words.extend(row.mobile_number.as_deref().map(phone::forms_of_any).unwrap_or_default());
    bounded(words)
}

/// Maximum length of a word, in bytes: the same as that of a token.
const MAX_BYTES: usize = 64;
/// Maximum number of words of a person: an imported name may be very long.
const MAX_WORDS: usize = 200;

fn bounded(words: BTreeSet<String>) -> BTreeSet<String> {
    words.into_iter().map(|word| cut(&word).to_owned()).take(MAX_WORDS).collect()
}

pub fn cut(word: &str) -> &str {
    word.get(..word.floor_char_boundary(MAX_BYTES)).unwrap_or(word)
}

/// A word of a text, or a number written in groups of digits.
pub struct Piece {
    pub word: String,
    pub shape: Shape,
}

/// The words of a text. Groups of digits are one word if only characters that occur in telephone numbers separate them.
pub fn pieces(text: &str) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::new();
    // The end of the number, if the previous token was one.
    let mut number: Option<usize> = None;
    for token in tokens(text) {
        let is_number = token.word.bytes().all(|byte| byte.is_ascii_digit());
        let between = number.and_then(|end| text.get(end..token.range.start));
        let goes_on = is_number && between.is_some_and(|between| between.chars().all(is_between_digits));
        let is_left_out = goes_on
            && token.word == "0"
            && between.is_some_and(|between| between.ends_with('('))
            && text.get(token.range.end..).is_some_and(|rest| rest.starts_with(')'));
        number = is_number.then_some(token.range.end);
        match pieces.last_mut() {
            Some(_) if is_left_out => {}
            Some(last) if goes_on => last.word.push_str(&token.word),
            _ => pieces.push(Piece { word: token.word, shape: token.shape }),
        }
    }
    pieces
}

fn is_between_digits(char: char) -> bool {
    char.is_whitespace() || matches!(char, '+' | '-' | '‐' | '‑' | '–' | '/' | '.' | '(' | ')')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        pieces(text).into_iter().map(|piece| piece.word).collect()
    }

    #[test]
    fn groups_of_digits_are_one_number() {
        assert_eq!(words("+49 (0) 171 / 234-56.78"), ["491712345678"]);
        assert_eq!(words("(0171) 23 45"), ["01712345"]);
        assert_eq!(words("Ann 0171 23 Lee 5"), ["ann", "017123", "lee", "5"]);
        assert_eq!(words("12, 34"), ["12", "34"]);
        assert_eq!(words("A4 12"), ["a4", "12"]);
    }

    #[test]
    fn what_is_known_is_not_tokenized_again() {
        let known = KnownWords(HashMap::from([("Ann Lee".to_owned(), BTreeSet::from(["known".to_owned()]))]));
        let customer = |full_name: &str| customer::Model { full_name: full_name.to_owned(), ..Default::default() };
        let words = |full_name: &str| of_customer(&customer(full_name), &known).into_iter().collect::<Vec<_>>();
        assert_eq!(words("Ann Lee"), ["known"]);
        assert_eq!(words("Ann 12 34"), ["12", "1234", "34", "ann"]);
    }

    #[test]
    fn no_word_is_longer_than_a_token() {
        let found = stored(&"12345678 ".repeat(100));
        assert!(bounded(found).iter().all(|word| word.len() <= MAX_BYTES));
        assert!(bounded((0..1000).map(|n| n.to_string()).collect()).len() <= MAX_WORDS);
    }
}
