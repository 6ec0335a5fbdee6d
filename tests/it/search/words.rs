//! Random texts, and random searches in them.

use std::fmt::Write;

use testkit::Random;

use super::evaluate::Plain;

const WORDS: [&str; 30] = [
    "invoice",
    "Invoice",
    "late",
    "LATE",
    "too",
    "inv",
    "Straße",
    "STRASSE",
    "café",
    "CAFE\u{301}",
    "über",
    "o'clock",
    "a-b",
    "snake_case",
    "7",
    "42",
    "ＡＢＣ",
    "abc",
    "手机号",
    "手机",
    "手",
    "機手机",
    "ありがとう",
    "りが",
    "한국어",
    "국어",
    "σίσυφος",
    "iPhone手机2",
    "привет",
    "x",
];
const BETWEEN: [&str; 8] = [" ", " ", " ", ", ", "\n", " - ", "'s ", " \u{e000}"];

pub fn text(random: &mut Random) -> String {
    let mut text = String::new();
    for _ in 0..random.below(7) {
        text += *random.pick(&WORDS);
        text += *random.pick(&BETWEEN);
    }
    text
}

/// A search as people write it, and what it means.
pub fn search(random: &mut Random) -> (String, Plain) {
    let mut pieces = Vec::new();
    let mut written = String::new();
    for _ in 0..random.below(4) {
        let excluded = random.chance(20);
        let quoted = random.chance(25);
        let mut text = (*random.pick(&WORDS)).to_owned();
        if quoted {
            for _ in 0..random.below(3) {
                text = format!("{text} {}", random.pick(&WORDS));
            }
        }
        if random.chance(15) {
            text = text.chars().take(2).collect();
        }
        if random.chance(4) {
            "?!".clone_into(&mut text);
        }
        written += if written.is_empty() { "" } else { " " };
        written += if excluded { "-" } else { "" };
        if quoted {
            write!(written, "\"{text}\"").unwrap();
        } else {
            written += &text;
        }
        pieces.push((text, excluded, quoted));
    }
    (written, Plain::new(&pieces))
}
