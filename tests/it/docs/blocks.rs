//! Splits a Markdown document into the items that the tests need.

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    /// A fenced block.
    Block(Block),
    /// A comment on a line of its own: `<!-- name: value -->`.
    Marker { name: String, value: String },
    /// Any other line that is not blank.
    Prose(String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    pub language: String,
    pub text: String,
    /// The line of the fence, from 1.
    pub line: usize,
}

pub fn items(document: &str) -> Vec<Item> {
    let mut items = Vec::new();
    let mut lines = document.lines().zip(1..);
    while let Some((line, number)) = lines.next() {
        let trimmed = line.trim();
        if let Some(language) = trimmed.strip_prefix("```") {
            let text: Vec<&str> =
                lines.by_ref().map(|(line, _)| line).take_while(|line| line.trim() != "```").collect();
            items.push(Item::Block(Block { language: language.to_owned(), text: text.join("\n"), line: number }));
        } else if let Some(marker) = trimmed.strip_prefix("<!--").and_then(|rest| rest.strip_suffix("-->")) {
            let (name, value) = marker.split_once(':').unwrap_or((marker, ""));
            items.push(Item::Marker { name: name.trim().to_owned(), value: value.trim().to_owned() });
        } else if !trimmed.is_empty() {
            items.push(Item::Prose(line.to_owned()));
        }
    }
    items
}

#[test]
fn a_document_is_split_into_blocks() {
    let document = "# Title\n\n```graphql\n{ a }\n```\n<!-- errors: X Y -->\n<!-- response -->\n```json\n{}\n```\n";
    let block = |language: &str, text: &str, line| {
        Item::Block(Block { language: language.to_owned(), text: text.to_owned(), line })
    };
    let marker = |name: &str, value: &str| Item::Marker { name: name.to_owned(), value: value.to_owned() };
    let expected = [
        Item::Prose("# Title".to_owned()),
        block("graphql", "{ a }", 3),
        marker("errors", "X Y"),
        marker("response", ""),
        block("json", "{}", 8),
    ];
    assert_eq!(items(document), expected);
}
