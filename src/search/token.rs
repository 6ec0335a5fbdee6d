//! The tokenizer of texts and searches.

use std::collections::VecDeque;
use std::ops::Range;

use hashbrown::HashMap;
use icu_casemap::CaseMapper;
use icu_normalizer::properties::CanonicalCombiningClassMapBorrowed;
use icu_normalizer::{ComposingNormalizer, DecomposingNormalizer};
use unicode_segmentation::UnicodeSegmentation;

/// Maximum length of a token in bytes; longer words are cut. A SHA-256 in hexadecimal just fits.
const MAX_BYTES: usize = 64;
/// Maximum number of tokens of a text that are indexed, found and shown. `PostgreSQL` accepts positions up to 16,383
/// and a megabyte in all, which this many tokens of maximum length come close to.
pub const MAX_TOKENS: usize = 10_000;
/// Maximum number of bytes of a text that are searched: all of the 250,000 characters that a text may have. Only
/// imported texts are longer.
pub const MAX_SEARCHED: usize = 1_000_000;
/// Maximum number of code points of a grapheme cluster that are folded: a token has no room for more, and no real
/// writing uses more.
const MAX_POINTS: usize = 64;
/// Maximum number of clusters per text whose foldings are cached: a megabyte at most, and more than real texts use.
const MAX_KNOWN: usize = 8_192;

/// The part of a text that is searched.
pub fn searched(text: &str) -> &str {
    &text[..text.floor_char_boundary(MAX_SEARCHED)]
}

/// A searchable part of a text, and its position.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// Letters, digits and marks, without case, accents and width.
    pub word: String,
    pub shape: Shape,
    /// Its byte range in the text.
    pub range: Range<usize>,
    /// The byte offset in the text at which its first character ends.
    pub first: usize,
}

/// The kind of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// A run of letters and digits.
    Word,
    /// Two consecutive characters, in a script that writes no blanks between words.
    Pair,
    /// The last character of a run in such a script.
    Last,
    /// The only character of a run in such a script.
    Alone,
}

/// The tokens of a text, in order.
///
/// A word is a run of letters and digits, whatever separates the runs: `o'clock`, `example.com` and `snake_case` are
/// two words each, so that each half is found. In scripts without blanks between words, and in Korean, each pair of
/// neighbouring characters is a token, and so is the last character of a run, so that any part of the run is found.
pub fn tokens(text: &str) -> Tokens<'_> {
    Place::default().tokens(text, usize::MAX)
}

/// The state of a paused tokenizer, from which it can continue.
#[derive(Default)]
pub struct Place {
    at: usize,
    letters: VecDeque<Letter>,
    run: Run,
}

impl Place {
    /// Continues with the tokens of the text, until about `until` bytes of it are read.
    pub fn tokens(self, text: &str, until: usize) -> Tokens<'_> {
        let Self { at, letters, run } = self;
        Tokens { clusters: Clusters { text, at }, until, letters, run, known: HashMap::new() }
    }
}

/// An iterator over grapheme clusters and their offsets.
struct Clusters<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Iterator for Clusters<'t> {
    type Item = (usize, &'t str);

    fn next(&mut self) -> Option<(usize, &'t str)> {
        let rest = self.text.get(self.at..).filter(|rest| !rest.is_empty())?;
        let cluster = match rest.as_bytes() {
            // An ASCII character never joins the character before it. (The line end `\r\n` makes no difference here.)
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
    /// The offset at which reading pauses, unless the text ends before.
    until: usize,
    /// The letters of the last cluster that have not been processed yet.
    letters: VecDeque<Letter>,
    run: Run,
    /// Cached foldings of earlier clusters. Folding is most of the work, and a text repeats its characters.
    known: HashMap<&'t str, Box<[char]>>,
}

/// A folded character, and its range in the text.
struct Letter {
    char: char,
    range: Range<usize>,
}

/// The state of the current token.
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

/// The effect of a cluster on the current run.
enum Cluster {
    Letters,
    Break,
    Ignored,
}

impl<'t> Tokens<'t> {
    /// The state at which reading paused; `None` if the text has ended.
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
            // These control how a word may be broken or joined, and do not end it.
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

    /// Whether a cluster belongs to a word that has no room for any of it; if so, it counts as read, and the word
    /// extends to `end`.
    ///
    /// This does not fold the whole cluster: a cluster folds to what its characters fold to one by one, except for
    /// compositions, which are neither of another script nor shorter than their parts.
    fn is_beyond(&mut self, cluster: &'t str, end: usize) -> bool {
        let Run::Word { word, range, .. } = &mut self.run else { return false };
        let left = MAX_BYTES.saturating_sub(word.len());
        // Any character fits.
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
            // A mark that was not composed with its character.
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

/// The characters of a cluster without case (Unicode's full case folding), accents and width, composed; only letters,
/// digits and marks remain.
fn fold(cluster: &str) -> Vec<char> {
    let compatible = DecomposingNormalizer::new_nfkd();
    // Fold case first: the iota subscript of Greek, which looks like an accent, folds to a letter of its own.
    let folded = CaseMapper::new().fold_string(&compatible.normalize(cluster)).into_owned();
    let bare =
        compatible.normalize(&folded).chars().filter(|char| !is_accent(*char)).map(without_stroke).collect::<String>();
    let composed = ComposingNormalizer::new_nfc().normalize(&bare).into_owned();
    composed.chars().filter(|char| char.is_alphanumeric() || is_combining_mark(*char)).collect()
}

/// Whether the character is a mark that combines with the character before it.
fn is_combining_mark(char: char) -> bool {
    CanonicalCombiningClassMapBorrowed::new().get_u8(char) != 0
}

/// Maps letters that Unicode does not decompose, although people type them without the stroke (or dot).
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

/// Whether the character is a mark that people leave out: accents of Latin, Greek and Cyrillic, the vowel points of
/// Hebrew and Arabic, and variation selectors. Marks of Indic scripts and the voicing marks of Japanese make other
/// letters, and stay.
fn is_accent(char: char) -> bool {
    matches!(char,
        '\u{300}'..='\u{36f}' | '\u{483}'..='\u{489}' | '\u{591}'..='\u{5bd}' | '\u{5bf}' | '\u{5c1}'..='\u{5c2}'
        | '\u{5c4}'..='\u{5c5}' | '\u{5c7}' | '\u{610}'..='\u{61a}' | '\u{640}' | '\u{64b}'..='\u{65f}' | '\u{670}'
        | '\u{6d6}'..='\u{6dc}' | '\u{6df}'..='\u{6e4}' | '\u{6e7}'..='\u{6e8}' | '\u{6ea}'..='\u{6ed}'
        | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}' | '\u{20d0}'..='\u{20ff}' | '\u{fe00}'..='\u{fe0f}'
        | '\u{fe20}'..='\u{fe2f}' | '\u{e0100}'..='\u{e01ef}')
}

/// Whether the character belongs to Chinese, Japanese or Korean, or to one of the scripts of South-East Asia that write
/// sentences without blanks.
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
