//! Descriptions come back as they were declared.

use super::*;

/// Says `a\b` and "so".
#[derive(Clone, Copy, PartialEq, Eq, async_graphql::Enum)]
enum Said {
    /// A "\d" \ of """ marks.
    One,
    /// Two lines:
    /// a \ and "quotes".
    #[graphql(deprecation = "No \"longer\" \\ used")]
    Two,
}

leaf_enum!(Said);

#[derive(Default)]
struct Texts;

object! {
    /// A `\` and """ in
    /// two lines, and \""" as well.
    Texts {
        /// Ends with a \
        one = leaf(|_: &Texts| Said::One).deprecated("Say \"two\" \\ or\nnothing.");
    }
}

#[tokio::test]
async fn descriptions_come_back_as_they_were_declared() {
    let schema = Schema::new::<Texts, NoMutation>(&[]);
    let document = "{ texts: __type(name: \"Texts\") { description fields(includeDeprecated: true) { description deprecationReason } }
        said: __type(name: \"Said\") { description enumValues(includeDeprecated: true) { description deprecationReason } } }";
    let response = schema.run(document, Variables::default(), &Data::default()).await;
    let expected = json!({
        "texts": {
            "description": "A `\\` and \"\"\" in\ntwo lines, and \\\"\"\" as well.",
            "fields": [{ "description": "Ends with a \\", "deprecationReason": "Say \"two\" \\ or\nnothing." }],
        },
        "said": {
            "description": "Says `a\\b` and \"so\".",
            "enumValues": [
                { "description": "A \"\\d\" \\ of \"\"\" marks.", "deprecationReason": null },
                { "description": "Two lines:\na \\ and \"quotes\".", "deprecationReason": "No \"longer\" \\ used" },
            ],
        },
    });
    assert_eq!(shown(response), (expected, Vec::new()));
}
