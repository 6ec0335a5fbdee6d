//! Root fields, and what runs concurrently.

use super::*;

#[tokio::test]
async fn root_fields_are_planned_together() {
    let document =
        "{ a: byNumber(number: 3) { number } b: byNumber(number: 4) { number } person { friend { number } } }";
    let (data, asked) = run(document).await;
    assert_eq!(data, json!({ "a": { "number": 3 }, "b": { "number": 4 }, "person": { "friend": { "number": 2 } } }));
    assert_eq!(asked, ["PersonById [2, 3, 4]"]);
}

/// If they ran one after the other, they would wait for each other forever.
#[tokio::test]
async fn root_fields_of_a_query_run_concurrently() {
    let book = Book { meeting: Some(Arc::new(Barrier::new(3))), ..Book::default() };
    let data = Data::default().with(book.clone());
    let document = "{ a: found(number: 1) { number } b: found(number: 2) { number } byNumber(number: 3) { number } }";
    let answer = execute(document, json!({}), &data);
    let answer = timeout(Duration::from_secs(30), answer).await.expect("no field waits for another");
    assert_eq!(
        shown(answer),
        (json!({ "a": { "number": 1 }, "b": { "number": 2 }, "byNumber": { "number": 3 } }), Vec::new())
    );
}

#[tokio::test]
async fn prefetched_rows_are_not_loaded() {
    let (data, asked) = run("{ person { neighbour { town { number } neighbour { town { number } } } } }").await;
    assert_eq!(asked, ["Neighbour [2]", "Neighbour [3]"]);
    assert_eq!(data["person"]["neighbour"]["neighbour"]["town"]["number"], 3);
    let failing = failing("{ person { neighbour { town { number } } } }", &[("TownById", "2")]).await;
    assert_eq!(paths(&failing), ["[person,neighbour,town]"]);
    assert_eq!(failing.data, json!({ "person": { "neighbour": null } }));
    let (_, asked) = run("{ person { neighbour { number } town { number } } }").await;
    assert_eq!(asked.len(), 2, "what is asked for in the same round is not waited for: {asked:?}");
}

#[tokio::test]
async fn a_root_field_that_fails_is_null_alone() {
    for (document, expected, failed, is_empty) in [
        ("{ a: list(number: 1) { number } b: people { number } }", json!({ "a": [{ "number": 1 }] }), vec![], false),
        ("{ a: list(number: -1) { number } b: people { number } }", json!({ "a": null }), vec!["[a]"], false),
        (
            "{ a: list(number: -1) { number } c: byNumber(number: 100) { number } }",
            json!({ "a": null, "c": null }),
            vec!["[a]"],
            false,
        ),
        (
            "{ a: list(number: -1) { number } c: found(number: -1) { number } }",
            json!({ "a": null, "c": null }),
            vec!["[a]", "[c]"],
            true,
        ),
        (
            "{ __typename a: list(number: -1) { number } }",
            json!({ "__typename": "Query", "a": null }),
            vec!["[a]"],
            true,
        ),
        ("{ __typename }", json!({ "__typename": "Query" }), vec![], false),
    ] {
        let data = Data::default().with(Book::default());
        let response = execute(document, json!({}), &data).await;
        assert_eq!(response.is_empty, is_empty, "{document}");
        let (mut data, errors) = shown(response);
        let paths: Vec<&str> = errors.iter().map(|(path, _)| path.as_str()).collect();
        assert_eq!(paths, failed, "{document}");
        if let Some(people) = data.as_object_mut().unwrap().remove("b") {
            assert_eq!(people, json!([{ "number": 1 }, { "number": 2 }]));
        }
        assert_eq!(data, expected, "{document}");
    }
}

#[test]
fn a_deprecated_field_names_its_replacement() {
    let sdl = sdl::<Query, Mutation, NoSubscription>();
    let list = "list(number: Int!): [Person!] @deprecated(reason: \"Use `people`.\")";
    assert!(sdl.contains(list) && !sdl.contains("directive @deprecated"), "{sdl}");
}

async fn changed(document: &str, sent: Value) -> Answer {
    let book = Book::default();
    let data = Data::default().with(book.clone());
    let (data, errors) = shown(execute(document, sent, &data).await);
    Answer { data, errors, asked: book.lines() }
}

#[tokio::test]
async fn mutations_run_serially_each_with_its_selection() {
    let document = "mutation { a: change(number: 1) { friend { number } } b: change(number: 2) { number } a: change(number: 1) { number } }";
    let answer = changed(document, json!({})).await;
    assert_eq!(answer.data, json!({ "a": { "friend": { "number": 2 }, "number": 1 }, "b": { "number": 2 } }));
    assert_eq!(answer.asked, ["begin [1]", "end [1]", "PersonById [2]", "begin [2]", "end [2]"]);
}

#[tokio::test]
async fn a_failed_mutation_ends_the_operation_only_if_it_is_non_null() {
    let answer =
        changed("mutation { a: change(number: -1) { number } b: change(number: 2) { number } }", json!({})).await;
    assert_eq!(answer.data, json!({ "a": null, "b": { "number": 2 } }));
    assert_eq!(paths(&answer), ["[a]"]);
    let answer =
        changed("mutation { a: must(number: -1) { number } b: change(number: 2) { number } }", json!({})).await;
    assert_eq!(answer.data, Value::Null);
    assert_eq!((paths(&answer), answer.asked.len()), (vec!["[a]"], 2));
}

/// The changes of the first field could not be undone.
#[tokio::test]
async fn a_mutation_with_invalid_arguments_is_not_executed() {
    for (document, sent) in [
        ("mutation { a: change(number: 1) { number } b: even(even: 3) { number } }", json!({})),
        ("mutation($e: Even!) { a: change(number: 1) { number } b: even(even: $e) { number } }", json!({ "e": 3 })),
    ] {
        let answer = changed(document, sent).await;
        assert_eq!(answer.data, Value::Null);
        assert_eq!((paths(&answer), answer.asked.len()), (vec!["[b]"], 0));
    }
    let document = "mutation($e: Even!) { a: even(even: $e) { number } b: even(even: 4) { number } }";
    let answer = changed(document, json!({ "e": 2 })).await;
    assert_eq!(answer.data, json!({ "a": { "number": 2 }, "b": { "number": 4 } }));
    assert_eq!(answer.asked, ["begin [2]", "end [2]", "begin [4]", "end [4]"]);
}

/// The Rust type of a scalar decides which values are valid, before anything runs.
#[test]
fn scalars_accept_the_values_of_their_types() {
    let types = document::Schema::of(&sdl::<Query, Mutation, NoSubscription>(), &[("Even", scalar::<Even>())]).unwrap();
    let parser = document::ParserLimits { tokens: 1_000, brackets: 64 };
    let read = |text: &str| document::read(&types, text, parser, &document::DocumentLimits::default());
    assert!(read("mutation { even(even: 4) { number } }").is_ok());
    let Err(document::DocumentError::Invalid(errors)) = read("mutation { even(even: 3) { number } }") else {
        panic!("3 is not even")
    };
    let message = "Expected value of type \"Even\", found: 3; Failed to parse \"Even\": it has to be even.";
    assert!(errors[0].message.starts_with(message), "{}", errors[0].message);
    let checked = read("mutation($e: Even!) { even(even: $e) { number } }").unwrap();
    for (sent, is_taken) in [(json!(4), true), (json!(3), false), (json!("4"), false)] {
        let sent = Variables::from_json(json!({ "e": sent }));
        assert_eq!(checked.operation(None).unwrap().variables(&types, sent).is_ok(), is_taken);
    }
}

/// The first field that is included gives the position, and each combination of conditions has a plan of its own.
#[tokio::test]
async fn variables_decide_what_is_selected() {
    let document = "query($a: Boolean!, $b: Boolean!, $n: Int!) {
        byNumber(number: $n) { number @skip(if: $a) rival @include(if: $b) { number } number ...F @include(if: $a) } }
        fragment F on Person { friend { number } }";
    for (a, b, expected) in [
        (false, false, "{\"number\":3}"),
        (true, false, "{\"number\":3,\"friend\":{\"number\":4}}"),
        (false, true, "{\"number\":3,\"rival\":{\"number\":5}}"),
        (true, true, "{\"rival\":{\"number\":5},\"number\":3,\"friend\":{\"number\":4}}"),
    ] {
        let data = Data::default().with(Book::default());
        let response = execute(document, json!({ "a": a, "b": b, "n": 3 }), &data).await;
        let ResponseData::Written(pieces) = response.data else { panic!("{:?}", response.errors) };
        assert_eq!(String::from_utf8(pieces.concat()).unwrap(), format!("{{\"byNumber\":{expected}}}"));
    }
}

/// If they ran one after the other, they would wait for each other forever.
#[tokio::test]
async fn loads_of_one_wave_run_concurrently() {
    let book = Book { meeting: Some(Arc::new(Barrier::new(3))), ..Book::default() };
    let data = Data::default().with(book.clone());
    let document = "{ person { town { number } friend { number } friends { number } } }";
    let answer = execute(document, json!({}), &data);
    let answer = timeout(Duration::from_secs(30), answer).await.expect("no question waits for another");
    assert_eq!(shown(answer).1, []);
    let mut asked = book.lines();
    asked.sort();
    assert_eq!(asked, ["FriendsOf [1]", "PersonById [2]", "TownById [1]"]);
}
