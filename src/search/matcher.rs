//! Finds phrases in a stream of tokens, in one pass.
//!
//! Each phrase is matched with the Knuth-Morris-Pratt algorithm, with tokens in place of characters: a text of `n`
//! tokens takes at most `2 n` comparisons of numbers per phrase, however often the phrase nearly matches.

use std::collections::HashMap;

use super::query::Phrase;

/// The number of every word that no phrase contains.
const UNKNOWN: usize = usize::MAX;

/// The state of all phrases of a search between two tokens.
pub struct Matcher<'s> {
    /// The numbers of the words in phrases.
    words: HashMap<&'s str, usize>,
    phrases: Vec<Progress<'s>>,
    longest: usize,
    /// Comparisons so far.
    #[cfg(test)]
    pub steps: usize,
}

/// How far the tokens read so far match one phrase.
struct Progress<'s> {
    /// All words but the last.
    head: Vec<usize>,
    /// For each prefix of the head, the length of its longest border: a shorter prefix that is also its suffix.
    borders: Vec<usize>,
    last: Last<'s>,
    ends_alone: bool,
    /// The number of words of the head that the last tokens match.
    matched: usize,
}

/// The last word of a phrase.
enum Last<'s> {
    Word(usize),
    Prefix(&'s str),
}

/// A phrase that ends with the token just read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Match {
    /// The number of its tokens.
    pub length: usize,
    /// Whether the search contained only the first character of the last token.
    pub ends_alone: bool,
}

impl<'s> Matcher<'s> {
    pub fn new(phrases: &'s [Phrase]) -> Self {
        let mut words = HashMap::new();
        let phrases: Vec<Progress> = phrases.iter().filter_map(|phrase| Progress::new(phrase, &mut words)).collect();
        let longest = phrases.iter().map(|phrase| phrase.head.len() + 1).max().unwrap_or_default();
        Self {
            words,
            phrases,
            longest,
            #[cfg(test)]
            steps: 0,
        }
    }

    /// A matcher that continues with the state of another's [`Self::matched`]; it starts from the beginning if that is
    /// empty.
    pub fn resumed(phrases: &'s [Phrase], matched: &[usize]) -> Self {
        let mut resumed = Self::new(phrases);
        for (phrase, matched) in resumed.phrases.iter_mut().zip(matched) {
            phrase.matched = *matched;
        }
        resumed
    }

    /// The number of matched words of each phrase.
    pub fn matched(&self) -> Vec<usize> {
        self.phrases.iter().map(|phrase| phrase.matched).collect()
    }

    /// The number of tokens of the longest phrase.
    pub fn longest(&self) -> usize {
        self.longest
    }

    /// Reads the next token, and reports each phrase that ends with it.
    pub fn read(&mut self, word: &str, mut found: impl FnMut(Match)) {
        let number = self.words.get(word).copied().unwrap_or(UNKNOWN);
        for phrase in &mut self.phrases {
            let steps = phrase.read(word, number, &mut found);
            #[cfg(test)]
            {
                self.steps += steps;
            }
            #[cfg(not(test))]
            let _ = steps;
        }
    }
}

impl<'s> Progress<'s> {
    fn new(phrase: &'s Phrase, words: &mut HashMap<&'s str, usize>) -> Option<Self> {
        let mut number = |word: &'s str| {
            let next = words.len();
            *words.entry(word).or_insert(next)
        };
        let (last, head) = phrase.words.split_last()?;
        let head: Vec<usize> = head.iter().map(|word| number(word)).collect();
        let last = if phrase.prefix { Last::Prefix(last) } else { Last::Word(number(last)) };
        let borders = borders(&head);
        Some(Self { head, borders, last, ends_alone: phrase.ends_alone, matched: 0 })
    }

    /// Reads the next token, and returns the number of comparisons.
    fn read(&mut self, word: &str, number: usize, found: &mut impl FnMut(Match)) -> usize {
        let mut steps = 1;
        if self.matched == self.head.len() {
            let ends = match self.last {
                Last::Word(last) => last == number,
                Last::Prefix(last) => word.starts_with(last),
            };
            if ends {
                found(Match { length: self.head.len() + 1, ends_alone: self.ends_alone });
            }
            self.matched = self.border();
        }
        while self.matched > 0 && self.head[self.matched] != number {
            self.matched = self.border();
            steps += 1;
        }
        if self.head.get(self.matched) == Some(&number) {
            self.matched += 1;
        }
        steps
    }

    /// The length of the longest border of the matched part; 0 if nothing is matched.
    fn border(&self) -> usize {
        self.matched.checked_sub(1).map_or(0, |last| self.borders[last])
    }
}

/// The lengths of the longest borders of all prefixes.
fn borders(head: &[usize]) -> Vec<usize> {
    let mut borders: Vec<usize> = vec![0; head.len()];
    let mut matched = 0;
    for at in 1..head.len() {
        while matched > 0 && head[matched] != head[at] {
            matched = borders[matched - 1];
        }
        if head[matched] == head[at] {
            matched += 1;
        }
        borders[at] = matched;
    }
    borders
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search::{Search, tokens};

    /// Places of phrases: the indexes of their first and last tokens.
    fn found(text: &str, search: &str) -> (Vec<(usize, usize)>, usize) {
        let search = Search::new(search).unwrap().unwrap();
        let mut matcher = Matcher::new(&search.required);
        let mut places = Vec::new();
        for (at, token) in tokens(text).enumerate() {
            matcher.read(&token.word, |found| places.push((at + 1 - found.length, at)));
        }
        (places, matcher.steps)
    }

    /// The same, found by checking each index separately.
    fn expected(text: &str, search: &str) -> Vec<(usize, usize)> {
        let search = Search::new(search).unwrap().unwrap();
        let words: Vec<String> = tokens(text).map(|token| token.word).collect();
        let mut places = Vec::new();
        for end in 0..words.len() {
            for phrase in &search.required {
                let Some(start) = (end + 1).checked_sub(phrase.words.len()) else { continue };
                let (last, head) = phrase.words.split_last().unwrap();
                let ends = if phrase.prefix { words[end].starts_with(last.as_str()) } else { words[end] == *last };
                if ends && words[start..end] == *head {
                    places.push((start, end));
                }
            }
        }
        places
    }

    #[test]
    fn it_finds_the_same_as_a_naive_search() {
        // All texts of eight words that are a or b, and the same texts with a longer last word.
        for bits in 0..256_u32 {
            let words: Vec<&str> = (0..8).map(|bit| if bits >> bit & 1 == 1 { "a" } else { "b" }).collect();
            for text in [words.join(" "), words.join(" ") + "c"] {
                for search in
                    ["\"a b a\"", "\"a a\" b", "\"a b\" \"b a\" a", "\"a b a b a\"", "\"b b a\" \"a b b\"", "a-b-a b-b"]
                {
                    assert_eq!(found(&text, search).0, expected(&text, search), "{search} in {text}");
                }
            }
        }
    }

    #[test]
    fn its_steps_depend_on_tokens_and_not_on_phrase_lengths() {
        let text = "a ".repeat(10_000);
        for search in [format!("\"{}a\"", "a ".repeat(99)), format!("\"{}b\"", "a ".repeat(99))] {
            assert!(found(&text, &search).1 <= 20_000, "{}", found(&text, &search).1);
        }
        let many = (0..33).map(|n| format!("\"a b{n} a\"")).collect::<Vec<_>>().join(" ");
        assert!(found(&"a b1 ".repeat(5_000), &many).1 <= 33 * 20_000);
    }
}
