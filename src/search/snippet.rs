//! Snippets: a piece of a text that shows where it matches.

use std::mem::take;
use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation;

use super::matcher::Matcher;
use super::query::Phrase;
use super::token::{MAX_SEARCHED, MAX_TOKENS, Place};
use crate::scheduling::offload::SLICE;

/// Maximum length of a snippet, in grapheme clusters.
const LENGTH: usize = 160;
/// Maximum number of these before the first match.
const BEFORE: usize = 40;
/// Maximum number of code points per grapheme cluster; no real writing uses more.
const MAX_POINTS: usize = 16;

/// Number of bytes of a text that are always read for its snippet. In long texts in scripts whose words take more than 26
/// bytes, the search may have found a match after them; if that is not read, the snippet is the beginning of the text.
const MAX_READ: usize = 4 * SLICE;

const MARK: char = '\u{e000}';
const END: char = '\u{e001}';
const CUT: char = '…';

/// Renders the piece of the text around the first match: matched words are marked, and each run of blanks and control
/// characters becomes one blank. If the text itself contains one of the marks, a replacement character takes its place.
fn show(text: &str, found: &Found) -> String {
    let Found { piece, marks } = found;
    let mut out = String::new();
    if piece.start > 0 {
        out.push(CUT);
    }
    let mut at = piece.start;
    for mark in marks.iter().take_while(|mark| mark.start < piece.end) {
        let end = mark.end.min(piece.end);
        push(&mut out, &text[at..mark.start]);
        out.push(MARK);
        push(&mut out, &text[mark.start..end]);
        out.push(END);
        at = end;
    }
    push(&mut out, &text[at..piece.end]);
    if piece.end < text.len() {
        out.push(CUT);
    }
    out
}

/// The part of a text to show.
struct Found {
    piece: Range<usize>,
    /// The matching ranges, in order and disjoint; some may be after the piece.
    marks: Vec<Range<usize>>,
}

/// A token that was read, and how much of it matches.
struct Read {
    range: Range<usize>,
    /// The offset at which its first character ends.
    first: usize,
    marked: Option<usize>,
}

/// Reads a text for its snippet: once, up to the end of the piece, and never beyond the indexed part of the text. It
/// pauses after each slice, so that other tasks can run.
pub struct Reading {
    /// The tokenizer state at which it continues.
    place: Place,
    /// The offset at which it pauses next.
    until: usize,
    /// The number of matched words of each phrase.
    matched: Vec<usize>,
    read: Vec<Read>,
    /// The index of the first matching token.
    first: Option<usize>,
    shown: Option<Range<usize>>,
    /// How many tokens to read.
    last: usize,
    /// The number of comparisons so far.
    #[cfg(test)]
    steps: usize,
}

impl Default for Reading {
    fn default() -> Self {
        Self {
            place: Place::default(),
            until: SLICE,
            matched: Vec::new(),
            read: Vec::new(),
            first: None,
            shown: None,
            last: MAX_TOKENS,
            #[cfg(test)]
            steps: 0,
        }
    }
}

impl Reading {
    /// Reads the next slice of the text, which must be the same in each call; returns the snippet when enough is read.
    /// `more` is asked for each slice after those that are always read.
    pub fn next(&mut self, text: &str, required: &[Phrase], more: impl FnOnce() -> bool) -> Option<String> {
        self.advance(text, required, more).then(|| show(text, &self.found(text)))
    }

    /// Reads the next slice, and returns whether enough is read.
    fn advance(&mut self, text: &str, required: &[Phrase], more: impl FnOnce() -> bool) -> bool {
        let Self { read, first, shown, last, .. } = self;
        let mut matcher = Matcher::resumed(required, &self.matched);
        let longest = matcher.longest();
        let mut tokens = take(&mut self.place).tokens(text, self.until);
        let mut is_enough = false;
        while !is_enough && let Some(token) = tokens.next() {
            let start = token.range.start;
            read.push(Read { range: token.range, first: token.first, marked: None });
            matcher.read(&token.word, |found| {
                let from = read.len() - found.length;
                *first = Some(first.map_or(from, |first| first.min(from)));
                let end = read.len() - 1;
                for (at, token) in read.iter_mut().enumerate().skip(from) {
                    let marked = if found.ends_alone && at == end { token.first } else { token.range.end };
                    token.marked = token.marked.max(Some(marked));
                }
            });
            // By now, any other phrase that began before the first match would have ended.
            if shown.is_none()
                && let Some(first) = first.filter(|first| read.len() >= first + longest)
            {
                *shown = Some(piece(text, read[first].range.start));
            }
            // A phrase that begins in the piece may end after it.
            if shown.as_ref().is_some_and(|piece| piece.end <= start) {
                *last = (*last).min(read.len() + longest - 1);
            }
            is_enough = read.len() >= *last;
        }
        #[cfg(test)]
        {
            self.steps += matcher.steps;
        }
        self.matched = matcher.matched();
        let until = self.until;
        let may_go_on = |_: &Place| !is_enough && (until < MAX_READ || (until < MAX_SEARCHED && more()));
        let Some(place) = tokens.paused().filter(may_go_on) else { return true };
        self.place = place;
        self.until += SLICE;
        false
    }

    fn found(&mut self, text: &str) -> Found {
        let Self { read, first, shown, .. } = self;
        let piece = shown.take().unwrap_or_else(|| piece(text, first.map_or(0, |first| read[first].range.start)));
        let mut marks: Vec<Range<usize>> =
            read.iter().filter_map(|token| Some(token.range.start..token.marked?)).collect();
        marks.dedup_by(|next, last| {
            let joins = next.start <= last.end;
            if joins {
                last.end = last.end.max(next.end);
            }
            joins
        });
        Found { piece, marks }
    }
}

/// The range of the snippet in the text: it consists of whole grapheme clusters and, if there are blanks, of whole
/// words. For any text, only the code points around the match are examined.
fn piece(text: &str, hit: usize) -> Range<usize> {
    // One cluster more than is shown, because the first one may be incomplete.
    let from = text[..hit].char_indices().rev().take((BEFORE + 1) * MAX_POINTS).last().map_or(hit, |(at, _)| at);
    let before = text[from..hit].grapheme_indices(true).rev().take(BEFORE);
    let before = before.take_while(|(_, character)| character.chars().count() <= MAX_POINTS).last();
    let mut start = before.map_or(hit, |(start, _)| from + start);
    if start > 0 {
        start = text[start..hit].find(char::is_whitespace).map_or(start, |blank| start + blank);
    }
    let to = text[start..].char_indices().nth((LENGTH + 1) * MAX_POINTS).map_or(text.len(), |(at, _)| start + at);
    let after = text[start..to].grapheme_indices(true).take(LENGTH);
    let after = after.take_while(|(_, character)| character.chars().count() <= MAX_POINTS).last();
    let mut end = after.map_or(start, |(last, character)| start + last + character.len());
    if end < text.len() {
        let blank = text[hit.min(end)..end].rfind(char::is_whitespace);
        end = blank.filter(|blank| *blank > (end - hit.min(end)) / 2).map_or(end, |blank| hit.min(end) + blank);
    }
    start..end
}

fn push(out: &mut String, text: &str) {
    for char in text.chars() {
        match char {
            MARK | END => out.push(char::REPLACEMENT_CHARACTER),
            char if char.is_whitespace() || char.is_control() => {
                if !out.ends_with(' ') {
                    out.push(' ');
                }
            }
            char => out.push(char),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search::Search;

    /// The snippet, and its cost: slices, tokens and comparisons.
    fn read(text: &str, search: &str) -> (String, usize, (usize, usize)) {
        read_with(text, search, 0)
    }

    /// The same, with this many more slices than those that are always read.
    fn read_with(text: &str, search: &str, mut more: usize) -> (String, usize, (usize, usize)) {
        let search = Search::new(search).unwrap().unwrap();
        let mut reading = Reading::default();
        for slices in 1.. {
            let may_go_on = || {
                let may = more > 0;
                more = more.saturating_sub(1);
                may
            };
            if let Some(snippet) = reading.next(text, &search.required, may_go_on) {
                return (snippet, slices, (reading.read.len(), reading.steps));
            }
        }
        unreachable!()
    }

    /// The snippet, with brackets for its marks.
    fn shown(text: &str, search: &str) -> String {
        read(text, search).0.replace(MARK, "[").replace(END, "]")
    }

    #[test]
    fn matches_are_marked_as_whole_words() {
        for (text, search, expected) in [
            ("The Invoice is late.", "late invoice", "The [Invoice] is [late]."),
            ("The invoice is late.", "inv", "The [invoice] is late."),
            ("The invoice is late.", "inv late", "The invoice is [late]."),
            ("Große Straße", "strasse", "Große [Straße]"),
            ("caf\u{65}\u{301}s CAFÉS", "cafes", "[caf\u{65}\u{301}s] [CAFÉS]"),
            ("ﬁx Ｆｉｘ", "fix", "[ﬁx] [Ｆｉｘ]"),
            ("他的手机号码", "手机号", "他的[手机号]码"),
            ("他的手机号码", "机", "他的手[机]号码"),
            ("手机 手机", "手机", "[手机] [手机]"),
            ("two words, two  words, words two", "\"two words\"", "[two] [words], [two] [words], words two"),
            ("o'clock", "o'clock", "[o]'[clock]"),
            ("\u{e000}fake\u{e001} true", "true", "\u{fffd}fake\u{fffd} [true]"),
            ("<b>bold</b>\n\n\tand\u{0}", "bold", "<b>[bold]</b> and "),
        ] {
            assert_eq!(shown(text, search), expected, "{search} in {text}");
        }
    }

    #[test]
    fn a_long_text_is_cut_around_the_first_match() {
        let text = format!("{}needle {}", "before ".repeat(100), "after ".repeat(100));
        let shown = shown(&text, "needle");
        assert!(shown.starts_with("… before before"), "{shown}");
        assert!(shown.ends_with("after…"), "{shown}");
        assert!(shown.contains(" [needle] after"), "{shown}");
        assert!((140..=166).contains(&shown.chars().count()), "{}", shown.chars().count());
    }

    fn steps(text: &str, search: &str) -> (usize, usize) {
        read(text, search).2
    }

    #[test]
    fn a_text_is_read_only_up_to_the_end_of_the_snippet() {
        let phrase = format!("\"{}a\"", "a ".repeat(99));
        let (tokens, comparisons) = steps(&"a ".repeat(125_000), &phrase);
        assert!(tokens <= 300 && comparisons <= 600, "{tokens} {comparisons}");
        // A near match that recurs is found at the end: each token is compared at most twice.
        let text = format!("{} b", "a ".repeat(9_000));
        let (tokens, comparisons) = steps(&text, &format!("\"{}b\"", "a ".repeat(99)));
        assert!(tokens <= 9_001 && comparisons <= 18_002, "{tokens} {comparisons}");
        let (tokens, _) = steps(&format!("needle {}", "hay ".repeat(60_000)), "needle");
        assert!(tokens <= LENGTH, "{tokens}");
        assert!(steps(&"hay ".repeat(60_000), "needle").0 <= MAX_TOKENS);
    }

    #[test]
    fn a_long_text_is_read_in_slices_and_not_to_its_end() {
        for odd in ["\u{fdfa}", "x", "\u{1f82}\u{301}", "漢\u{301}"] {
            // The phrase is at the end of the first slice, and in the last slice that is read.
            for bytes in [SLICE - 15, SLICE * 3] {
                let start = format!("{} ", odd.repeat(bytes / odd.len()));
                let text = format!("{start}Grey zebrafish {}", "y".repeat(SLICE * 8));
                let (found, slices, _) = read(&text, "\"grey zebrafish\"");
                let is_read = start.len() < MAX_READ && !odd.starts_with('漢');
                assert!(
                    !is_read || found.contains(" \u{e000}Grey\u{e001} \u{e000}zebrafish\u{e001} "),
                    "{odd:?} {found}"
                );
                assert!((1..=4).contains(&slices), "{odd:?} {slices}");
            }
            let (found, slices, _) = read(&format!("{} needle", odd.repeat(SLICE * 8 / odd.len())), "needle");
            assert!(!found.contains(MARK) && found.starts_with(odd), "{odd:?}");
            assert!(slices <= 4, "{slices}");
        }
        // With more slices, a match is found wherever the search finds one.
        let text = format!("{} needle", "x".repeat(SLICE * 8));
        for (more, slices, is_found) in [(4, 8, false), (5, 9, true), (100, 9, true)] {
            let (found, read, _) = read_with(&text, "needle", more);
            assert_eq!((found.contains(MARK), read), (is_found, slices), "{more} more: {found}");
        }
        assert_eq!(read_with(&"x".repeat(SLICE * 100), "needle", 100).1, MAX_SEARCHED.div_ceil(SLICE));
        assert_eq!(read(&format!("needle {}", "hay ".repeat(SLICE)), "needle").1, 1);
    }

    #[test]
    fn a_phrase_that_begins_before_the_first_found_word_comes_first() {
        assert_eq!(shown("x a b c", "c \"a b c\""), "x [a] [b] [c]");
        assert_eq!(shown("c x a b c", "c \"a b c\""), "[c] x [a] [b] [c]");
        let text = format!("{} a b c {}", "before ".repeat(50), "after ".repeat(50));
        assert!(shown(&text, "b \"a b c\"").contains("before [a] [b] [c] after"));
        // It begins in the piece, and ends after it.
        let text = format!("needle {} start {} stop", "hay ".repeat(30), "hay ".repeat(40));
        let found = shown(&text, &format!("needle \"start {} stop\"", "hay ".repeat(40)));
        assert!(found.starts_with("[needle] hay") && found.contains("[start] [hay]"), "{found}");
    }

    #[test]
    fn long_runs_of_non_word_characters_are_skipped() {
        for odd in ["\u{1f1e6}", "\u{301}", "\u{200d}", "👨\u{200d}", "\u{915}\u{94d}", "\u{1100}"] {
            for text in [format!("{} x", odd.repeat(30_000)), format!("x {}", odd.repeat(30_000))] {
                let found = shown(&text, "x");
                assert!(found.contains("[x]"), "{found}");
                assert!(found.chars().count() <= (LENGTH + 2) * MAX_POINTS, "{}", found.chars().count());
            }
        }
    }

    #[test]
    fn a_snippet_is_cut_at_characters() {
        let family = "👨‍👩‍👧‍👦e\u{301}";
        let text = format!("{}x{}", family.repeat(300), family.repeat(300));
        let found = shown(&text, "ex");
        assert!(
            found
                .trim_matches(CUT)
                .replace(['[', ']'], "")
                .replace(family, "")
                .chars()
                .all(|char| "x👨‍👩‍👧‍👦e\u{301}".contains(char)),
            "{found}"
        );
        assert!(shown(&format!("{} x", "a\u{301}".repeat(80_000)), "x").contains("[x]"));
        assert!(shown(&format!("a{} x", "\u{301}".repeat(100_000)), "x").len() < 100);
        assert!(shown(&format!("x a{}", "\u{301}".repeat(100_000)), "x").len() < 100);
    }
}
