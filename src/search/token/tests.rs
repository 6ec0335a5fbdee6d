use std::time::Duration;

use cpu_time::ThreadTime;

use super::*;

fn words(text: &str) -> Vec<String> {
    tokens(text).map(|token| token.word).collect()
}

#[test]
fn a_word_is_a_run_of_letters_and_digits() {
    assert_eq!(words("Don't call example.com, snake_case!"), ["don", "t", "call", "example", "com", "snake", "case"]);
    assert_eq!(words("3.14 (A4) №7"), ["3", "14", "a4", "7"]);
    assert_eq!(words(" .,;:!?\u{1f331}\n"), Vec::<String>::new());
    assert_eq!(words("Kun\u{ad}den\u{200d}service"), ["kundenservice"]);
}

#[test]
fn case_accents_and_width_make_no_difference() {
    for (one, other) in [
        ("STRASSE", "straße"),
        ("ﬁne", "FINE"),
        ("Łódź", "lodz"),
        ("İSTANBUL", "istanbul"),
        ("ISTANBUL", "ıstanbul"),
        ("Ångström", "angstrom"),
        ("e\u{301}cole", "École"),
        ("ΣΊΣΥΦΟΣ", "σισυφος"),
        ("ЁЛКА", "елка"),
        ("ＡＢＣ１２３", "abc123"),
        ("ﾃﾞﾝﾜ", "デンワ"),
        ("\u{1112}\u{1161}\u{11ab}", "한"),
        ("ᾠδή", "ΩΙΔΗ"),
        ("x²", "X2"),
        ("שָׁלוֹם", "שלום"),
    ] {
        assert_eq!(words(one), words(other), "{one} {other}");
    }
    assert_ne!(words("が"), words("か"), "another letter");
    assert_ne!(words("कि"), words("क"), "another syllable");
}

#[test]
fn text_without_spaces_is_found_by_any_part() {
    assert_eq!(words("手机号"), ["手机", "机号", "号"]);
    assert_eq!(words("号"), ["号"]);
    assert_eq!(words("iPhone手机2台"), ["iphone", "手机", "机", "2", "台"]);
    assert_eq!(words("한국어, 日本"), ["한국", "국어", "어", "日本", "本"]);
    assert_eq!(words("ราคา"), ["รา", "าค", "คา", "า"]);
}

#[test]
fn a_token_has_its_position() {
    let text = "Fuß-ﬁx 手机号";
    let found: Vec<_> = tokens(text)
        .map(|token| (token.word, &text[token.range.clone()], &text[token.range.start..token.first]))
        .collect();
    let expected =
        [("fuss", "Fuß", "F"), ("fix", "ﬁx", "ﬁ"), ("手机", "手机", "手"), ("机号", "机号", "机"), ("号", "号", "号")];
    assert_eq!(found, expected.map(|(word, range, first)| (word.to_owned(), range, first)));
}

#[test]
fn only_long_words_are_truncated() {
    let hash = "0123456789abcdef".repeat(4);
    assert_eq!(words(&hash).concat(), hash);
    assert_eq!(words(&format!("{hash}7")), [hash]);
    assert_eq!(words(&"ж".repeat(100)), ["ж".repeat(32)]);
    assert!(words(&format!("क{}", "\u{93c}".repeat(1000)))[0].len() <= MAX_BYTES);
    assert!(words(&format!("กข{}ค", "\u{e48}".repeat(1000))).iter().all(|word| word.len() <= MAX_BYTES));
}

/// Tokens by their definition: each cluster is folded separately, without the state of earlier ones.
fn folded_each(text: &str) -> Vec<Token> {
    let mut tokens = tokens(text);
    let mut found = Vec::new();
    while let Some((start, cluster)) = tokens.clusters.next() {
        let range = start..start + cluster.len();
        let Some(char) = cluster.chars().next() else { continue };
        if matches!(char, '\u{ad}' | '\u{200c}' | '\u{200d}' | '\u{2060}' | '\u{feff}') {
            continue;
        }
        if cluster.len() == 1 && char.is_ascii_alphanumeric() {
            found.extend(Tokens::take(&mut tokens, Letter { char: char.to_ascii_lowercase(), range }));
            continue;
        }
        if !char.is_alphanumeric() {
            found.extend(tokens.run.end());
            continue;
        }
        let cut = cluster.char_indices().nth(MAX_POINTS).map_or(cluster, |(end, _)| &cluster[..end]);
        for char in fold(cut) {
            found.extend(Tokens::take(&mut tokens, Letter { char, range: range.clone() }));
        }
    }
    found.extend(tokens.run.end());
    found
}

#[test]
fn tokens_do_not_depend_on_slices() {
    let text = format!("Fuß-ﬁx 手机号 ราคา {}x\u{fdfa}{} x\u{301}", "\u{fdfa}".repeat(20), "\u{301}".repeat(90));
    let whole: Vec<Token> = tokens(&text).collect();
    for step in 1..=text.len() + 1 {
        let (mut found, mut until, mut place) = (Vec::new(), 0, Some(Place::default()));
        while let Some(from) = place {
            until += step;
            let mut tokens = from.tokens(&text, until);
            found.extend(tokens.by_ref());
            place = tokens.paused();
        }
        assert_eq!(found, whole, "{step}");
    }
}

/// Deterministic pseudo-random numbers.
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % end
    }
}

#[test]
fn caching_makes_no_difference() {
    let alphabets: [&str; 9] = [
        "\u{fdfa}\u{fdfb}\u{1f82}\u{3309}\u{32ff}ﬃ㎒½Ⅷ",
        "\u{1100}\u{1161}\u{11a8}\u{ac00}\u{3131}\u{ffa1}a",
        "e\u{301}\u{345}\u{93c}\u{928}\u{3099}\u{5b0}\u{670}\u{301}",
        "\u{200d}\u{2060}\u{ad}\u{200c}a\u{e38}ก\u{e48}\u{feff}",
        "aбc\u{16d67}\u{16d63}\u{10400}\u{1e900}\u{11099}\u{110ba}\u{7eb}",
        "か\u{3099}がｶﾞ\u{ff9e}aж ",
        "\u{1025}\u{102e}\u{1026}ab\u{b47}\u{b3e}\u{1b05}\u{1b35}",
        "\u{fdfa}\u{301}\u{93c}a \u{3099}İıß'\u{1f1e6}",
        "ABcd ,\r\n漢字\u{f900}\u{2f800}號",
    ];
    let mut chance = Chance(1);
    for round in 0..6_000 {
        let alphabet: Vec<char> = if round % 10 == 9 {
            (0..6).filter_map(|_| char::from_u32(u32::try_from(chance.below(0x2_0000)).unwrap())).collect()
        } else {
            alphabets[round % 10 % alphabets.len()].chars().collect()
        };
        let mut text = "a".repeat(if chance.below(2) == 0 { 0 } else { 55 + chance.below(10) });
        for _ in 0..chance.below(30) {
            let Some(char) = alphabet.get(chance.below(alphabet.len().max(1))) else { continue };
            let times = if chance.below(6) == 0 { 1 + chance.below(80) } else { 1 };
            text.extend(std::iter::repeat_n(*char, times));
        }
        assert_eq!(tokens(&text).collect::<Vec<_>>(), folded_each(&text), "{text:?}");
    }
}

#[test]
fn characters_after_a_full_word_are_classified_as_defined() {
    let is_read = |char: &char| char.is_alphanumeric() && !is_han_or_hangul(*char);
    for char in ('\0'..=char::MAX).filter(is_read) {
        for length in 61..=64 {
            let text = format!("{}{char}\u{93c}{char} x", &"a".repeat(length));
            assert_eq!(tokens(&text).collect::<Vec<_>>(), folded_each(&text), "{text:?}");
        }
    }
}

#[test]
fn a_composed_character_equals_its_parts() {
    let is_kept = |char: char| char.is_alphanumeric() || is_combining_mark(char);
    let decomposing = DecomposingNormalizer::new_nfd();
    let composing = ComposingNormalizer::new_nfc();
    let mut count = 0;
    for char in '\0'..=char::MAX {
        let whole = char.to_string();
        let parts = decomposing.normalize(&whole).into_owned();
        if parts == whole || composing.normalize(&parts) != whole || parts.chars().any(is_accent) {
            continue;
        }
        count += 1;
        if !parts.chars().any(is_written_without_blanks) {
            assert!(!is_written_without_blanks(char), "{char:?}");
        }
        if parts.chars().any(is_kept) {
            assert!(is_kept(char), "{char:?}");
            let shortest = parts.chars().filter(|char| is_kept(*char)).map(char::len_utf8).min();
            assert!(Some(char.len_utf8()) >= shortest, "{char:?}");
        }
    }
    assert!(count > 11_172, "more than Hangul: {count}");
}

#[test]
fn characters_beyond_the_word_limit_take_little_time() {
    for odd in ["\u{fdfa}", "\u{fdfa}\u{301}", "\u{fdfb}", "\u{1f82}", "\u{fdfa}\u{fdfb}", "aж\u{1f82}"] {
        let text = odd.repeat(150_000 / odd.len());
        let time = |work: &dyn Fn() -> usize| {
            let start = ThreadTime::now();
            assert_eq!(work(), 1);
            start.elapsed()
        };
        let now = time(&|| tokens(&text).count());
        let each = time(&|| folded_each(&text).len());
        println!("{odd:?}: {now:?}, {each:?} where each is folded");
        assert!(now < Duration::from_millis(500), "{odd:?}: {now:?}");
    }
}

/// There are a hundred thousand of these characters, all treated alike.
fn is_han_or_hangul(char: char) -> bool {
    matches!(char, '\u{3400}'..='\u{9ffc}' | '\u{ac02}'..='\u{d7a0}' | '\u{20000}'..)
}

#[test]
fn every_character_yields_stable_tokens_in_either_case() {
    for char in ('\0'..=char::MAX).filter(|char| !is_han_or_hangul(*char)) {
        let text = char.to_string();
        for word in words(&text) {
            assert!(word.chars().all(|char| char.is_alphanumeric() || is_combining_mark(char)), "{text:?} {word:?}");
            let begins = !word.starts_with(is_combining_mark);
            assert!(!begins || words(&word).first() == Some(&word), "{text:?} {word:?}");
        }
        if !is_combining_mark(char) {
            let lower = words(&text.to_lowercase());
            assert_eq!(lower, words(&text.to_uppercase()), "{text:?}");
            assert_eq!(lower, words(&text), "{text:?}");
        }
    }
}
