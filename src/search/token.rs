//! Texts as tokens: what is compared when somebody searches.

use std::collections::VecDeque;
use std::ops::Range;

use hashbrown::HashMap;
use icu_casemap::CaseMapper;
use icu_normalizer::properties::CanonicalCombiningClassMapBorrowed;
use icu_normalizer::{ComposingNormalizer, DecomposingNormalizer};
use unicode_segmentation::UnicodeSegmentation;

/// The most bytes of a token; a longer word is cut. A SHA-256 in hexadecimal just fits.
const MAX_BYTES: usize = 64;
/// The most tokens of a text that are indexed, found and shown. `PostgreSQL` takes positions up to 16,383 and a megabyte
/// in all, which this many tokens of the greatest length come near to.
pub const MAX_TOKENS: usize = 10_000;
/// The most bytes of a text that are searched: all of the 250,000 characters that a text may have. Only imported texts are
/// longer.
const MAX_SEARCHED: usize = 1_000_000;
/// The most code points of a character that are folded; a token has no room for more, and what are more are no writing of
/// people.
const MAX_POINTS: usize = 64;
/// The most clusters of a text whose foldings are remembered: a megabyte at most, and more than people write with.
const MAX_KNOWN: usize = 8_192;

/// The part of a text that is searched.
pub fn searched(text: &str) -> &str {
    &text[..text.floor_char_boundary(MAX_SEARCHED)]
}

/// A part of a text that can be looked for, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// Letters, digits and marks, without case, accents and width.
    pub word: String,
    pub shape: Shape,
    /// The bytes of the text that it is made of.
    pub range: Range<usize>,
    /// Where the first character of it ends in the text.
    pub first: usize,
}

/// What a token is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// A run of letters and digits.
    Word,
    /// Two characters that follow each other, in a script that writes no blanks between words.
    Pair,
    /// The last character of such a run.
    Last,
    /// The only character of such a run.
    Alone,
}

/// The tokens of a text, in its order.
///
/// A word is a run of letters and digits, whatever stands between runs: `o'clock`, `example.com` and `snake_case` are
/// two words each, so that each half is found. In scripts without blanks between words, and in Korean, every two
/// neighbours are a token, and so is the last character of a run, so that any part of the run is found.
pub fn tokens(text: &str) -> Tokens<'_> {
    Place::default().tokens(text, usize::MAX)
}

/// How far the tokens of a text are read: what it takes to go on later.
#[derive(Default)]
pub struct Place {
    at: usize,
    letters: VecDeque<Letter>,
    run: Run,
}

impl Place {
    /// The tokens from here on, until so many bytes of the text are read.
    pub fn tokens(self, text: &str, until: usize) -> Tokens<'_> {
        let Self { at, letters, run } = self;
        Tokens { clusters: Clusters { text, at }, until, letters, run, known: HashMap::new() }
    }
}

/// What people see as characters, and where they begin.
struct Clusters<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Iterator for Clusters<'t> {
    type Item = (usize, &'t str);

    fn next(&mut self) -> Option<(usize, &'t str)> {
        let rest = self.text.get(self.at..).filter(|rest| !rest.is_empty())?;
        let cluster = match rest.as_bytes() {
            // Nothing joins ASCII to what is before it. (A line's end of two characters makes no difference here.)
            [first] if first.is_ascii() => rest,
            [first, second, ..] if first.is_ascii() && second.is_ascii() => &rest[..1],
            _ => rest.graphemes(true).next()?,
        };
        let start = self.at;
        self.at += cluster.len();
        Some((start, cluster))
    }
}

pub struct Tokens<'t> {
    clusters: Clusters<'t>,
    /// Where reading pauses, if the text does not end before.
    until: usize,
    /// Of the last cluster, those that are not taken yet.
    letters: VecDeque<Letter>,
    run: Run,
    /// Foldings of what was read before. Folding is most of the work, and a text repeats its characters.
    known: HashMap<&'t str, Box<[char]>>,
}

/// A folded character, and where it comes from.
struct Letter {
    char: char,
    range: Range<usize>,
}

/// What has been read of the token to come.
#[derive(Default)]
enum Run {
    #[default]
    None,
    Word {
        word: String,
        range: Range<usize>,
        first: usize,
    },
    Pairs {
        last: String,
        range: Range<usize>,
        alone: bool,
    },
}

impl Iterator for Tokens<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        loop {
            while let Some(letter) = self.letters.pop_front() {
                if let Some(token) = self.take(letter) {
                    return Some(token);
                }
            }
            if self.clusters.at >= self.until {
                return None;
            }
            let Some((start, cluster)) = self.clusters.next() else { return self.run.end() };
            match self.read(start, cluster) {
                Cluster::Letters | Cluster::Ignored => {}
                Cluster::Break => {
                    if let Some(token) = self.run.end() {
                        return Some(token);
                    }
                }
            }
        }
    }
}

/// What a cluster of characters is to the run that it stands in.
enum Cluster {
    Letters,
    Break,
    Ignored,
}

impl<'t> Tokens<'t> {
    /// Where reading has paused; nothing, where the text has ended.
    pub fn paused(self) -> Option<Place> {
        let Self { clusters, until, letters, run, known: _ } = self;
        (clusters.at >= until).then_some(Place { at: clusters.at, letters, run })
    }

    fn read(&mut self, start: usize, cluster: &'t str) -> Cluster {
        let range = start..start + cluster.len();
        let Some(char) = cluster.chars().next() else { return Cluster::Ignored };
        if cluster.len() == 1 && char.is_ascii_alphanumeric() {
            self.letters.push_back(Letter { char: char.to_ascii_lowercase(), range });
            return Cluster::Letters;
        }
        if matches!(char, '\u{ad}' | '\u{200c}' | '\u{200d}' | '\u{2060}' | '\u{feff}') {
            // Says how a word may be broken or joined, and is no end of it.
            return Cluster::Ignored;
        }
        if !char.is_alphanumeric() {
            return Cluster::Break;
        }
        let cluster = cluster.char_indices().nth(MAX_POINTS).map_or(cluster, |(end, _)| &cluster[..end]);
        if self.is_beyond(cluster, range.end) {
            return Cluster::Letters;
        }
        let letter = |char: &char| Letter { char: *char, range: range.clone() };
        if let Some(folded) = self.known.get(cluster) {
            self.letters.extend(folded.iter().map(letter));
            return Cluster::Letters;
        }
        let folded = fold(cluster);
        self.letters.extend(folded.iter().map(letter));
        if self.known.len() < MAX_KNOWN {
            self.known.insert(cluster, folded.into());
        }
        Cluster::Letters
    }

    /// Whether a cluster belongs to a word that has no room for any of it; then it is read, and the word goes on to
    /// `end`.
    ///
    /// The whole cluster is not folded for that: what it folds to is what its characters fold to one by one, but for
    /// compositions, which are neither of another script nor shorter than what they are made of.
    fn is_beyond(&mut self, cluster: &'t str, end: usize) -> bool {
        let Run::Word { word, range, .. } = &mut self.run else { return false };
        let left = MAX_BYTES.saturating_sub(word.len());
        // No character is longer.
        if left >= char::MAX_LEN_UTF8 {
            return false;
        }
        let mut has_letters = false;
        for (at, char) in cluster.char_indices() {
            let char = &cluster[at..at + char.len_utf8()];
            let fits = |char: &char| char.len_utf8() <= left || is_written_without_blanks(*char);
            let fit = |folded: &[char]| (!folded.is_empty(), folded.iter().any(fits));
            let (some, fit) = if let Some(folded) = self.known.get(char) {
                fit(folded)
            } else {
                let folded = fold(char);
                let known = fit(&folded);
                if self.known.len() < MAX_KNOWN {
                    self.known.insert(char, folded.into());
                }
                known
            };
            if fit {
                return false;
            }
            has_letters |= some;
        }
        if has_letters {
            range.end = end;
        }
        true
    }

    fn take(&mut self, letter: Letter) -> Option<Token> {
        let Letter { char, range: at } = letter;
        match (&mut self.run, is_written_without_blanks(char)) {
            (Run::Word { word, range, .. }, false) => {
                range.end = at.end;
                if word.len() + char.len_utf8() <= MAX_BYTES {
                    word.push(char);
                }
                None
            }
            // A mark that did not melt into its character.
            (Run::Pairs { last, range, .. }, _) if is_combining_mark(char) => {
                range.end = at.end;
                if last.len() + char.len_utf8() <= MAX_BYTES / 2 {
                    last.push(char);
                }
                None
            }
            (Run::Pairs { last, range, alone }, true) => {
                let token = Token {
                    word: format!("{last}{char}"),
                    shape: Shape::Pair,
                    range: range.start..at.end,
                    first: range.end,
                };
                (*last, *range, *alone) = (char.to_string(), at, false);
                Some(token)
            }
            (run, without_blanks) => {
                let token = run.end();
                *run = if without_blanks {
                    Run::Pairs { last: char.to_string(), range: at, alone: true }
                } else {
                    Run::Word { word: char.to_string(), first: at.end, range: at }
                };
                token
            }
        }
    }
}

impl Run {
    fn end(&mut self) -> Option<Token> {
        match std::mem::replace(self, Self::None) {
            Self::None => None,
            Self::Word { word, range, first } => Some(Token { word, shape: Shape::Word, range, first }),
            Self::Pairs { last, range, alone } => {
                let shape = if alone { Shape::Alone } else { Shape::Last };
                Some(Token { word: last, shape, first: range.end, range })
            }
        }
    }
}

/// The characters of a cluster without case (Unicode's full folding), accents and width, composed; nothing but letters,
/// digits and marks.
fn fold(cluster: &str) -> Vec<char> {
    let compatible = DecomposingNormalizer::new_nfkd();
    // Case first: the iota below a Greek letter, which looks like an accent, folds to a letter of its own.
    let folded = CaseMapper::new().fold_string(&compatible.normalize(cluster)).into_owned();
    let bare =
        compatible.normalize(&folded).chars().filter(|char| !is_accent(*char)).map(without_stroke).collect::<String>();
    let composed = ComposingNormalizer::new_nfc().normalize(&bare).into_owned();
    composed.chars().filter(|char| char.is_alphanumeric() || is_combining_mark(*char)).collect()
}

/// A mark that is drawn onto the character before it.
fn is_combining_mark(char: char) -> bool {
    CanonicalCombiningClassMapBorrowed::new().get_u8(char) != 0
}

/// A letter that Unicode does not take apart, though people type it without its stroke (or dot).
fn without_stroke(char: char) -> char {
    match char {
        'ø' => 'o',
        'ł' => 'l',
        'đ' => 'd',
        'ħ' => 'h',
        'ŧ' => 't',
        'ı' => 'i',
        char => char,
    }
}

/// A mark that people leave out: accents of Latin, Greek and Cyrillic, the vowel points of Hebrew and Arabic, and the
/// choice of a variant. Marks of Indic scripts and the voicing marks of Japanese make other letters, and stay.
fn is_accent(char: char) -> bool {
    matches!(char,
        '\u{300}'..='\u{36f}' | '\u{483}'..='\u{489}' | '\u{591}'..='\u{5bd}' | '\u{5bf}' | '\u{5c1}'..='\u{5c2}'
        | '\u{5c4}'..='\u{5c5}' | '\u{5c7}' | '\u{610}'..='\u{61a}' | '\u{640}' | '\u{64b}'..='\u{65f}' | '\u{670}'
        | '\u{6d6}'..='\u{6dc}' | '\u{6df}'..='\u{6e4}' | '\u{6e7}'..='\u{6e8}' | '\u{6ea}'..='\u{6ed}'
        | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}' | '\u{20d0}'..='\u{20ff}' | '\u{fe00}'..='\u{fe0f}'
        | '\u{fe20}'..='\u{fe2f}' | '\u{e0100}'..='\u{e01ef}')
}

/// Chinese, Japanese and Korean, and the scripts of South-East Asia that write sentences as one run.
fn is_written_without_blanks(char: char) -> bool {
    matches!(char,
        // Thai, Lao; Myanmar; Hangul letters; Khmer; Tai Le to New Tai Lue; Tai Tham.
        '\u{e00}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1100}'..='\u{11ff}' | '\u{1780}'..='\u{17ff}'
        | '\u{1950}'..='\u{19df}' | '\u{1a20}'..='\u{1aaf}'
        // From the CJK radicals over kana and the Han characters of the first plane.
        | '\u{2e80}'..='\u{2fdf}' | '\u{3005}'..='\u{3007}' | '\u{3021}'..='\u{3029}' | '\u{3031}'..='\u{4dbf}'
        | '\u{4e00}'..='\u{9fff}'
        // Hangul and its extensions; Myanmar's extensions; compatibility characters; half width.
        | '\u{a960}'..='\u{a97f}' | '\u{a9e0}'..='\u{a9ff}' | '\u{aa60}'..='\u{aa7f}' | '\u{ac00}'..='\u{d7ff}'
        | '\u{f900}'..='\u{faff}' | '\u{ff66}'..='\u{ffdc}'
        // Kana and Han beyond the first plane.
        | '\u{16fe0}'..='\u{18dff}' | '\u{1aff0}'..='\u{1b2ff}' | '\u{20000}'..='\u{3ffff}')
}

#[cfg(test)]
mod tests;
