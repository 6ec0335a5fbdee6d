//! Texts and numbers of a schema.

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

/// A row with numbers that their schema types cannot represent.
#[derive(Default)]
struct Numbers;

object! {
    /// Numbers.
    Numbers {
        /// A scalar.
        even = field(|_: &Numbers| ScalarValue(Even(4)));
        /// A whole number.
        right = field(|_: &Numbers| 2_147_483_647_u64);
        /// One beyond.
        long = field(|_: &Numbers| Some(2_147_483_648_u64));
        /// A list with one beyond.
        longs = field(|_: &Numbers| Some(vec![1_usize, usize::MAX]));
        /// One beyond that must be there.
        must = field(|_: &Numbers| i64::MIN);
        /// A number with a fraction.
        fraction = field(|_: &Numbers| 0.5_f64);
        /// None.
        none = field(|_: &Numbers| Some(f64::NAN));
        /// Beyond all numbers.
        infinite = relation_with_args::<Numbers, (), TownById, (), LoadedScalar<Option<f32>>>(|_, (), _| Ok((None, ())), |(), _| Ok(LoadedScalar(Some(f32::INFINITY))));
        /// One that fails.
        fails = try_field(|_: &Numbers| Err::<Option<i32>, _>(Error::new("why")));
        /// The same.
        again = inline(|_: &Numbers| Some(Numbers));
    }
}

/// A value that its type cannot represent is an error of the field (GraphQL, section 3.5.1).
#[tokio::test]
async fn numbers_out_of_range_are_field_errors() {
    let schema = Schema::new::<Numbers, NoMutation, NoSubscription>(&[]);
    let document = "{ even right long longs fraction none infinite fails again { right must } }";
    let (data, errors) = shown(schema.run(document, Variables::default(), &Data::default()).await);
    let expected = json!({
        "even": 4, "right": 2_147_483_647, "long": null, "longs": null, "fraction": 0.5, "none": null, "infinite": null, "fails": null,
        "again": null,
    });
    assert_eq!(data, expected);
    let errors: Vec<String> = errors.into_iter().map(|(path, message)| format!("{path} {message}")).collect();
    assert_eq!(
        errors,
        [
            "[again,must] Int cannot represent non 32-bit signed integer value: -9223372036854775808",
            "[fails] why",
            "[infinite] Float cannot represent non numeric value: inf",
            "[long] Int cannot represent non 32-bit signed integer value: 2147483648",
            "[longs] Int cannot represent non 32-bit signed integer value: 18446744073709551615",
            "[none] Float cannot represent non numeric value: NaN",
        ]
    );
}

/// An error has the positions of all fields that were merged.
#[tokio::test]
async fn an_error_has_the_locations_of_its_field() {
    let schema = Schema::new::<Numbers, NoMutation, NoSubscription>(&[]);
    let response = schema
        .run("{ fails\n...F fails }\nfragment F on Numbers { fails }", Variables::default(), &Data::default())
        .await;
    let places: Vec<_> = response.errors[0].locations.iter().map(|place| (place.line, place.column)).collect();
    assert_eq!(places, [(1, 3), (3, 25), (2, 6)]);
}

/// The response has `data` if anything was executed (GraphQL, section 7.1).
#[tokio::test]
async fn a_response_is_json_with_errors_and_data() {
    let schema = Schema::new::<Numbers, NoMutation, NoSubscription>(&[]);
    let run = async |text: &str| schema.run(text, Variables::default(), &Data::default()).await.to_json();
    assert_eq!(run("{ right }").await, r#"{"data":{"right":2147483647}}"#);
    let failed =
        r#"{"errors":[{"message":"why","locations":[{"line":1,"column":3}],"path":["fails"]}],"data":{"fails":null}}"#;
    assert_eq!(run("{ fails }").await, failed);
    let nothing = run("{ must }").await;
    assert!(nothing.ends_with(r#""path":["must"]}],"data":null}"#), "{nothing}");
    let refused = r#"{"errors":[{"message":"Cannot query field \"nope\" on type \"Numbers\".","locations":[{"line":1,"column":3}]}]}"#;
    assert_eq!(run("{ nope }").await, refused);
    let Err(refused) = schema.read("{ a b }", document::ParserLimits::default(), &document::DocumentLimits::default())
    else {
        panic!("there is neither")
    };
    let lines = "Cannot query field \"a\" on type \"Numbers\".\nCannot query field \"b\" on type \"Numbers\".";
    assert_eq!(refused.to_string(), lines);
    assert_eq!(Error::new("why").to_string(), "why");
}

#[derive(Default)]
struct Texts;

object! {
    /// A `\` and """ in
    /// two lines, and \""" as well.
    Texts {
        /// Ends with a \
        one = field(|_: &Texts| Said::One).deprecated("Say \"two\" \\ or\nnothing.");
    }
}

#[tokio::test]
async fn a_schema_can_have_a_description() {
    let document = "{ __schema { description } }";
    let description = "Says \\ and \"so\".\nIn two lines.";
    let described = Schema::with_description::<Texts, NoMutation, NoSubscription>(description, &[]);
    let response = described.run(document, Variables::default(), &Data::default()).await;
    assert_eq!(shown(response), (json!({ "__schema": { "description": description } }), Vec::new()));
    let bare = Schema::new::<Texts, NoMutation, NoSubscription>(&[])
        .run(document, Variables::default(), &Data::default())
        .await;
    assert_eq!(shown(bare), (json!({ "__schema": { "description": null } }), Vec::new()));

    let types = sdl::<Texts, NoMutation, NoSubscription>();
    let (before, definition) = types.split_at(types.find("schema {").unwrap());
    let expected = format!("{before}\"\"\"\n{description}\n\"\"\"\n{definition}");
    assert_eq!(sdl_with_description::<Texts, NoMutation, NoSubscription>(description), expected);
}

#[tokio::test]
async fn descriptions_are_printed_as_declared() {
    let schema = Schema::new::<Texts, NoMutation, NoSubscription>(&[]);
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
