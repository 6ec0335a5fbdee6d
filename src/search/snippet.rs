//! A piece of a text that shows where it matches.

use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation;

use super::query::Phrase;
use super::token::{Token, tokens};

/// Characters of a snippet, as people count them.
const LENGTH: usize = 160;
/// Of these, so many before the first match, where the text has them.
const BEFORE: usize = 40;
/// Of each text, so many tokens are looked at: as many as are indexed.
const MAX_TOKENS: usize = 10_000;
/// The most code points that a character may have; what are more are no writing of people.
const MAX_POINTS: usize = 16;

const MARK: char = '\u{e000}';
const END: char = '\u{e001}';
const CUT: char = '…';

/// A piece of the text around the first match, matched words marked, blanks and controls as one blank each. Where the
/// text itself has one of the marks, a replacement character stands for it.
pub fn snippet(text: &str, wanted: &[Phrase]) -> String {
    let marks = matches(text, wanted);
    let piece = piece(text, marks.first().map_or(0, |first| first.start));
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

/// The places of the text that match, in order, apart from each other.
fn matches(text: &str, wanted: &[Phrase]) -> Vec<Range<usize>> {
    let tokens: Vec<Token> = tokens(text).take(MAX_TOKENS).collect();
    let mut places: Vec<Range<usize>> = Vec::new();
    for start in 0..tokens.len() {
        for phrase in wanted {
            if let Some(found) = phrase.at(&tokens[start..]) {
                places.extend(found.iter().map(|token| token.range.clone()));
                // Of the last token only its first character was looked for.
                if let (true, Some(last), Some(token)) = (phrase.ends_alone, places.last_mut(), found.last()) {
                    last.end = token.first;
                }
            }
        }
    }
    places.sort_by_key(|place| (place.start, place.end));
    places.dedup_by(|next, last| {
        let joins = next.start <= last.end;
        if joins {
            last.end = last.end.max(next.end);
        }
        joins
    });
    places
}

impl Phrase {
    /// The first tokens, where they are this phrase.
    fn at<'t>(&self, tokens: &'t [Token]) -> Option<&'t [Token]> {
        let (last, words) = self.words.split_last()?;
        let found = tokens.get(..self.words.len())?;
        let (last_token, tokens) = found.split_last()?;
        let ends = if self.prefix { last_token.word.starts_with(last.as_str()) } else { last_token.word == *last };
        (ends && tokens.iter().zip(words).all(|(token, word)| token.word == *word)).then_some(found)
    }
}

/// Where the snippet stands in the text: between whole characters, and where there are blanks, whole words.
fn piece(text: &str, hit: usize) -> Range<usize> {
    let before = text[..hit].grapheme_indices(true).rev().take(BEFORE);
    let before = before.take_while(|(_, character)| character.chars().count() <= MAX_POINTS).last();
    let mut start = before.map_or(hit, |(start, _)| start);
    if start > 0 {
        start = text[start..hit].find(char::is_whitespace).map_or(start, |blank| start + blank);
    }
    let after = text[start..].grapheme_indices(true).take(LENGTH);
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

    /// The snippet, with its marks as brackets.
    fn shown(text: &str, search: &str) -> String {
        let search = Search::new(search).unwrap().unwrap();
        snippet(text, &search.wanted).replace(MARK, "[").replace(END, "]")
    }

    #[test]
    fn what_matches_is_marked_whole() {
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

    #[test]
    fn it_is_cut_between_characters() {
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
        assert!(shown(&format!("{} x", "a\u{301}".repeat(100_000)), "x").contains("[x]"));
        assert!(shown(&format!("a{} x", "\u{301}".repeat(100_000)), "x").len() < 100);
        assert!(shown(&format!("x a{}", "\u{301}".repeat(100_000)), "x").len() < 100);
    }
}
