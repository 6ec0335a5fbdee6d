//! Casefolding, for caseless comparison of texts.

use icu_casemap::CaseMapper;
use icu_normalizer::{ComposingNormalizerBorrowed, DecomposingNormalizerBorrowed};

/// Casefolds a text. The results are equal for texts that differ only in case, or in how their characters are composed:
/// the canonical caseless match of the Unicode Standard (section 3.13, definition D145), with full,
/// language-independent case folding, in the composed normal form. `"STRASSE"`, `"Straße"` and `"strasse"` fold to the
/// same text; so do `"É"` and `"e"` with a combining accent. Nothing else changes: spaces, widths and accents stay.
pub fn casefold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    // The standard requires decomposing first: the iota subscript of a Greek letter folds to a letter of its own.
    let decomposed = DecomposingNormalizerBorrowed::new_nfd();
    let folded = CaseMapper::new().fold_string(&decomposed.normalize(text)).into_owned();
    ComposingNormalizerBorrowed::new_nfc().normalize(&folded).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_and_composition_make_no_difference() {
        for (one, other) in [
            ("Straße", "STRASSE"),
            ("CAFÉ", "cafe\u{301}"),
            ("ΣΊΣΥΦΟΣ", "σίσυφος"),
            ("ПРИВЕТ", "привет"),
            ("ﬁn", "FIN"),
            ("Ａ", "ａ"),
            ("\u{1f80}", "\u{1f00}\u{345}"),
            ("\u{1f80}", "\u{3b1}\u{345}\u{313}"),
            ("İ", "i\u{307}"),
            ("Ꮿ", "ꮿ"),
            ("𐐀", "𐐨"),
        ] {
            assert_eq!(casefold(one), casefold(other), "{one} {other}");
        }
    }

    #[test]
    fn other_differences_are_kept() {
        for (one, other) in [("e", "é"), ("I", "ı"), ("a ", "a"), ("Ａ", "A"), ("ss", "s"), ("", " ")] {
            assert_ne!(casefold(one), casefold(other), "{one} {other}");
        }
    }

    #[test]
    fn folding_is_idempotent_and_equal_for_both_cases() {
        for character in '\0'..=char::MAX {
            let folded = casefold(character.encode_utf8(&mut [0; 4]));
            assert_eq!(casefold(&folded), folded, "U+{:04X} folds twice", u32::from(character));
            assert!(folded.chars().count() <= 3, "U+{:04X} folds to {folded}", u32::from(character));
        }
    }
}
