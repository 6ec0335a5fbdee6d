//! Generates sentences from word lists.

use super::random::Random;
use super::words::{DAYS, PLACES, PRODUCTS, TIMES};

/// Replaces each `{...}` by a word, and capitalizes the first letter.
pub fn written(template: &str, random: &mut Random) -> String {
    let mut text = String::with_capacity(template.len() + 32);
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((word, after)) = after.split_once('}') else { break };
        text.push_str(before);
        match word {
            "product" => text.push_str(random.pick(PRODUCTS)),
            "place" => text.push_str(random.pick(PLACES)),
            "day" => text.push_str(random.pick(DAYS)),
            "time" => text.push_str(random.pick(TIMES)),
            _ => text.push_str(&random.between(2, 30).to_string()),
        }
        rest = after;
    }
    text.push_str(rest);
    if text.starts_with(|first: char| first.is_ascii_lowercase())
        && let Some(first) = text.get_mut(..1)
    {
        first.make_ascii_uppercase();
    }
    text
}

/// Joins one to `most` different sentences.
pub fn paragraph(templates: &[&str], most: usize, random: &mut Random) -> String {
    let start = random.below(templates.len());
    let count = 1 + random.below(most.min(templates.len()));
    let sentences: Vec<String> =
        (start..start + count).map(|index| written(templates[index % templates.len()], random)).collect();
    sentences.join(" ")
}
