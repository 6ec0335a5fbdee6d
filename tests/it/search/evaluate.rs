//! A reference implementation of search that reads the texts one by one, without an index.

/// A run of letters and digits; `continuous` if the script has no spaces between words.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Run {
    text: String,
    continuous: bool,
}

/// A part of a note.
pub struct Text {
    pub written: String,
    /// The score of each hit in this part.
    weight: usize,
    runs: Vec<Run>,
}

impl Text {
    /// The parts of a note in the order in which they are searched.
    pub fn of(subject: Option<&str>, details: Option<&str>, messages: impl Iterator<Item = String>) -> Vec<Self> {
        let [subject, details] =
            [(10, subject), (3, details)].map(|(weight, text)| (weight, text.unwrap_or_default().to_owned()));
        let texts = [subject, details].into_iter().chain(messages.map(|text| (1, text)));
        texts.map(|(weight, written)| Self { runs: runs(&written), weight, written }).collect()
    }
}

/// A word or phrase of a search.
#[derive(Clone, Debug)]
struct Wanted {
    runs: Vec<Run>,
    excluded: bool,
    /// The last word is a prefix.
    open: bool,
}

/// A search, parsed by separate rules: the words of these tests are simple enough.
#[derive(Clone, Debug)]
pub struct Plain {
    wanted: Vec<Wanted>,
    is_blank: bool,
}

/// Folds case, accents and width of the words in these tests.
fn folded(text: &str) -> String {
    let mut out = String::new();
    for char in text.chars() {
        match char {
            'é' | 'É' | 'è' => out.push('e'),
            'ü' | 'Ü' => out.push('u'),
            'ß' | 'ẞ' => out.push_str("ss"),
            'ς' => out.push('σ'),
            'ﬁ' => out.push_str("fi"),
            'İ' => out.push('i'),
            '\u{301}' | '\u{308}' => {}
            'Ａ'..='Ｚ' => out.extend(char::from_u32(u32::from(char) - 0xfee0).unwrap().to_lowercase()),
            char => out.extend(char.to_lowercase()),
        }
    }
    out
}

fn runs(text: &str) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    let mut within = false;
    for char in folded(text).chars() {
        if !char.is_alphanumeric() {
            within = false;
            continue;
        }
        let continuous = ('\u{3040}'..='\u{9fff}').contains(&char) || ('\u{ac00}'..='\u{d7a3}').contains(&char);
        match runs.last_mut().filter(|run| within && run.continuous == continuous) {
            Some(run) => run.text.push(char),
            None => runs.push(Run { text: char.to_string(), continuous }),
        }
        within = true;
    }
    runs
}

impl Wanted {
    fn is_in(&self, Text { runs: text, .. }: &Text) -> bool {
        let last = self.runs.len() - 1;
        (0..text.len()).any(|start| {
            let Some(found) = text.get(start..=start + last) else { return false };
            found.iter().zip(&self.runs).enumerate().all(|(at, (found, wanted))| {
                let (text, wanted_text) = (found.text.as_str(), wanted.text.as_str());
                found.continuous == wanted.continuous
                    && match (wanted.continuous, at == 0, at == last) {
                        (true, true, true) => text.contains(wanted_text),
                        (true, true, false) => text.ends_with(wanted_text),
                        (true, false, true) => text.starts_with(wanted_text),
                        (false, _, true) if self.open => text.starts_with(wanted_text),
                        _ => text == wanted_text,
                    }
            })
        })
    }
}

impl Plain {
    /// Builds a search from its pieces: the text, whether it is excluded, and whether it is quoted.
    pub fn new(pieces: &[(String, bool, bool)]) -> Self {
        let open = |at: usize, excluded: bool, quoted: bool| at + 1 == pieces.len() && !excluded && !quoted;
        let wanted = pieces.iter().enumerate().map(|(at, (text, excluded, quoted))| Wanted {
            runs: runs(text),
            excluded: *excluded,
            open: open(at, *excluded, *quoted),
        });
        Self { wanted: wanted.filter(|wanted| !wanted.runs.is_empty()).collect(), is_blank: pieces.is_empty() }
    }

    /// Whether the search finds a note with these texts.
    pub fn finds(&self, texts: &[Text]) -> bool {
        if self.wanted.is_empty() {
            return self.is_blank;
        }
        self.wanted.iter().all(|wanted| texts.iter().any(|text| wanted.is_in(text)) != wanted.excluded)
    }

    /// Number of different wanted words and phrases in a text.
    pub fn hits(&self, text: &Text) -> usize {
        let mut seen: Vec<(&Vec<Run>, bool)> = Vec::new();
        for wanted in self.wanted.iter().filter(|wanted| !wanted.excluded && wanted.is_in(text)) {
            let key = (&wanted.runs, wanted.open && !wanted.runs.last().unwrap().continuous);
            if !seen.contains(&key) {
                seen.push(key);
            }
        }
        seen.len()
    }

    /// The relevance of a note with these texts.
    pub fn score(&self, texts: &[Text]) -> usize {
        texts.iter().map(|text| text.weight * self.hits(text)).sum()
    }

    /// Whether the search is empty, and so finds every note.
    pub fn is_blank(&self) -> bool {
        self.is_blank
    }

    pub fn wants_something(&self) -> bool {
        self.wanted.iter().any(|wanted| !wanted.excluded)
    }
}
