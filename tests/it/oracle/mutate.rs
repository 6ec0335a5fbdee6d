//! Mutates valid documents and variables at one place, so that they become invalid or valid in another way.

use serde_json::Value;

use super::contract::{Contract, Kind};
use super::random::Random;

/// Replacements for parts of documents and variables.
pub struct Pool {
    words: Vec<String>,
}

/// Pieces of the language: valid ones for wrong places, and invalid ones.
const PIECES: [&str; 84] = [
    "{",
    "}",
    "(",
    ")",
    "[",
    "]",
    "!",
    "$",
    "&",
    "...",
    ":",
    "=",
    "@",
    "|",
    ",",
    ".",
    "..",
    "{ id }",
    "{ __typename }",
    "0",
    "1",
    "-1",
    "-0",
    "01",
    "1.0",
    "1.50",
    "1e3",
    "1E+2",
    "1.",
    ".5",
    "-",
    "1a",
    "1_",
    "0x1",
    "2147483647",
    "2147483648",
    "-2147483649",
    "99999999999999999999",
    "null",
    "true",
    "false",
    "OPEN",
    "\"\"",
    "\"a\"",
    "\"Note:1\"",
    "\"\\u0041\"",
    "\"\\u{41}\"",
    "\"\\u{110000}\"",
    "\"\\uD83D\"",
    "\"\\uD83D\\uDE00\"",
    "\"\\x\"",
    "\"\"\"a\"\"\"",
    "\"\"\"\\\"\"\"\"\"\"",
    "\"",
    "\"\"\"",
    "'a'",
    "# a\n",
    "#",
    "\r",
    "\r\n",
    "\u{feff}",
    "é",
    "\u{0}",
    "?",
    "query",
    "mutation",
    "subscription",
    "fragment",
    "on",
    "type X { a: Int }",
    "@skip(if: true)",
    "@include(if: $v0)",
    "@include",
    "@deprecated",
    "@nope(a: 1)",
    "@specifiedBy(url: \"a\")",
    "...F0",
    "...Nope",
    "... on Note { id }",
    "... on Node { id }",
    "$v0",
    "$nope",
    "($v0: Int)",
    "id: subject",
];

const JSON: [&str; 26] = [
    "null",
    "true",
    "false",
    "0",
    "1",
    "-1",
    "2.0",
    "2e0",
    "2.5",
    "-0",
    "-0.0",
    "1e3",
    "2147483647",
    "2147483648",
    "-2147483649.0",
    "9007199254740993",
    "\"\"",
    "\"a\"",
    "\"OPEN\"",
    "\"1\"",
    "\"2026-02-30\"",
    "\"+2026-1-1\"",
    "[]",
    "[[1]]",
    "{}",
    "{\"eq\": \"OPEN\", \"nope\": 1}",
];

impl Pool {
    pub fn of(contract: &Contract) -> Self {
        let mut words: Vec<String> = contract.types.keys().cloned().collect();
        for kind in contract.types.values() {
            match kind {
                Kind::Fields(fields) => {
                    for field in fields {
                        words.push(field.name.clone());
                        words.extend(field.arguments.iter().map(|argument| argument.name.clone()));
                    }
                }
                Kind::Input(fields) => words.extend(fields.iter().map(|field| field.name.clone())),
                Kind::Enum(values) => words.extend(values.iter().cloned()),
                Kind::Scalar => {}
            }
        }
        words
            .extend(["Int", "String", "Boolean", "Float", "ID", "__Type", "__typename", "__schema"].map(str::to_owned));
        words.sort();
        words.dedup();
        Self { words }
    }

    fn piece(&self, random: &mut Random) -> String {
        if random.percent(40) { random.one(&self.words).clone() } else { (*random.one(&PIECES)).to_owned() }
    }
}

/// Splits a document into pieces. Words, numbers and strings mostly stay whole.
fn pieces(text: &str) -> Vec<String> {
    let mut pieces: Vec<String> = Vec::new();
    let mut chars = text.chars().peekable();
    while let Some(char) = chars.next() {
        let mut piece = char.to_string();
        let belongs = |char: &char| char.is_ascii_alphanumeric() || *char == '_';
        if char == '"' {
            let mut escaped = false;
            for char in chars.by_ref() {
                piece.push(char);
                if char == '"' && !escaped {
                    break;
                }
                escaped = char == '\\' && !escaped;
            }
        } else if belongs(&char) {
            while let Some(char) = chars.next_if(belongs) {
                piece.push(char);
            }
        }
        pieces.push(piece);
    }
    pieces
}

pub fn text(text: &str, pool: &Pool, random: &mut Random) -> String {
    let mut pieces = pieces(text);
    if pieces.is_empty() {
        return pool.piece(random);
    }
    let at = random.below(pieces.len());
    match random.below(13) {
        0..2 => drop(pieces.remove(at)),
        2 => pieces.insert(at, pieces[at].clone()),
        3 => {
            let other = random.below(pieces.len());
            pieces.swap(at, other);
        }
        4..6 => pieces.insert(at, format!(" {} ", pool.piece(random))),
        6..9 => pieces[at] = pool.piece(random),
        9 => {
            let other = pieces[random.below(pieces.len())].clone();
            pieces[at] = other;
        }
        10 => {
            // Add or remove an exclamation mark, as in types.
            let marks: Vec<usize> = (0..pieces.len()).filter(|at| pieces[*at] == "!").collect();
            if marks.is_empty() { pieces.insert(at, "!".to_owned()) } else { drop(pieces.remove(*random.one(&marks))) }
        }
        11 => wrap(&mut pieces, random),
        _ => {
            // Repeat a part.
            let end = (at + random.below(12)).min(pieces.len());
            let part = pieces[at..end].to_vec();
            let to = random.below(pieces.len());
            pieces.splice(to..to, part);
        }
    }
    pieces.concat()
}

/// Puts a variable or another value into a list or an object.
fn wrap(pieces: &mut [String], random: &mut Random) {
    let is_word = |piece: &str| piece.starts_with(|char: char| char.is_ascii_alphanumeric() || char == '_');
    let mut before = "";
    let mut values = Vec::new();
    for (at, piece) in pieces.iter().enumerate() {
        if [":", "[", "="].contains(&before) && (piece == "$" || piece.starts_with('"') || is_word(piece)) {
            values.push(at);
        }
        if !piece.trim().is_empty() {
            before = piece;
        }
    }
    let variables: Vec<usize> = values.iter().copied().filter(|at| pieces[*at] == "$").collect();
    let among = if variables.is_empty() || random.percent(40) { values } else { variables };
    if among.is_empty() {
        return;
    }
    let first = *random.one(&among);
    let last = if pieces[first] == "$" { (first + 1).min(pieces.len() - 1) } else { first };
    let (open, close) = *random.one(&[("[", "]"), ("{a: ", "}")]);
    pieces[first].insert_str(0, open);
    pieces[last].push_str(close);
}

/// Changes one place of a JSON object.
pub fn json(text: &str, pool: &Pool, random: &mut Random) -> String {
    let mut value: Value = serde_json::from_str(text).unwrap();
    let other: &&str = random.one(&JSON);
    let other: Value = serde_json::from_str(other).unwrap();
    let word = random.one(&pool.words).clone();
    change(&mut value, other, word, random);
    if value.is_object() { value.to_string() } else { "{}".to_owned() }
}

fn change(value: &mut Value, other: Value, word: String, random: &mut Random) {
    let enter = random.percent(80);
    match value {
        Value::Object(fields) if enter && !fields.is_empty() => {
            let names: Vec<String> = fields.keys().cloned().collect();
            let name = random.one(&names);
            match random.below(10) {
                0 => drop(fields.remove(name)),
                1 => drop(fields.insert(word, other)),
                2 => {
                    let wrapped = fields[name].clone();
                    fields[name] = Value::Array(vec![wrapped]);
                }
                _ => change(&mut fields[name], other, word, random),
            }
        }
        Value::Array(items) if enter && !items.is_empty() => {
            let at = random.below(items.len());
            match random.below(6) {
                0 => drop(items.remove(at)),
                1 => items.push(other),
                _ => change(&mut items[at], other, word, random),
            }
        }
        value => *value = other,
    }
}

#[test]
fn values_are_wrapped() {
    let mut random = Random::new(1);
    let mut wrapped = |text: &str| {
        let mut pieces = pieces(text);
        wrap(&mut pieces, &mut random);
        pieces.concat()
    };
    let many: std::collections::BTreeSet<String> = (0..100).map(|_| wrapped("{ a(b: $c, d: [1]) }")).collect();
    let expected =
        ["{ a(b: $c, d: [[1]]) }", "{ a(b: $c, d: [{a: 1}]) }", "{ a(b: [$c], d: [1]) }", "{ a(b: {a: $c}, d: [1]) }"];
    assert_eq!(many.iter().map(String::as_str).collect::<Vec<_>>(), expected);
    assert_eq!(wrapped("{ a }"), "{ a }");
}
