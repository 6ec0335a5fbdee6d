//! Tests of loads, of the propagation of nulls and errors, and of merged selections.

use super::*;

#[tokio::test]
async fn relations_with_equal_loaders_in_one_wave_are_one_load() {
    let (data, asked) =
        run("{ people { friend { number } rival { number } mirror { other: friend { number } } } }").await;
    assert_eq!(asked, ["PersonById [2, 3, 4]"]);
    let each = |friend: i32| json!({ "friend": { "number": friend }, "rival": { "number": friend + 1 }, "mirror": { "other": { "number": friend } } });
    assert_eq!(data, json!({ "people": [each(2), each(3)] }));
}

#[tokio::test]
async fn a_relation_joins_a_later_equal_load_if_the_plan_gets_no_longer() {
    let (_, asked) = run("{ person { friend { number } friends { friend { number } } } }").await;
    assert_eq!(asked, ["FriendsOf [1]", "PersonById [2, 3, 4]"]);
}

#[tokio::test]
async fn a_relation_that_others_depend_on_does_not_wait() {
    let (_, mut asked) = run("{ person { friend { friends { number } } friends { friend { number } } } }").await;
    // Both in the same wave, in any order.
    asked[..2].sort();
    assert_eq!(asked[..2], ["FriendsOf [1]", "PersonById [2]"]);
    asked[2..].sort();
    assert_eq!(asked[2..], ["FriendsOf [2]", "PersonById [3, 4]"]);
}

#[tokio::test]
async fn loaded_keys_are_not_loaded_again() {
    let (data, asked) = run("{ person { friend { rival { number } } other: rival { friend { number } } } }").await;
    assert_eq!(asked, ["PersonById [2, 3]", "PersonById [4]"]);
    assert_eq!(data["person"]["other"]["friend"]["number"], 4);
    let (_, asked) = run("{ person { friend { friend { number } } rival { number } } }").await;
    assert_eq!(asked.concat().matches('3').count(), 1, "{asked:?}");
}

#[tokio::test]
async fn rows_of_several_types_load_in_one_wave() {
    let document = "{ all { __typename number ... on Person { friend { number } } ... on Town { mayor { number } } } }";
    let (data, asked) = run(document).await;
    assert_eq!(asked, ["PersonById [2, 3, 6]"]);
    let person = |number: i32| json!({ "__typename": "Person", "number": number, "friend": { "number": number + 1 } });
    let town = json!({ "__typename": "Town", "number": 3, "mayor": { "number": 3 } });
    assert_eq!(data, json!({ "all": [person(1), null, town, person(5)] }));
}

#[tokio::test]
async fn a_fragment_applies_to_its_type_and_to_implementations_of_its_interface() {
    let document =
        "{ one { ... on Named { number } ... on Person { friend { number } } ... on Town { mayor { __typename } } } }";
    let (data, _) = run(document).await;
    assert_eq!(data, json!({ "one": { "number": 7, "mayor": { "__typename": "Person" } } }));
}

/// Fragments on the union, on one of its types, within an interface, and on a type that never applies.
#[tokio::test]
async fn a_fragment_applies_to_the_types_of_its_union() {
    let person = json!({ "__typename": "Person", "number": 1 });
    let fragment = "fragment F on Any { __typename ... on Named { number } }";
    for document in [
        format!("{{ any {{ ...F }} }} {fragment}"),
        "{ any { ... on Any { __typename ... on Person { number } } } }".to_owned(),
        "{ any { ... on Named { ... on Any { __typename ... on Person { number } } } ... on Town { x: number } } }"
            .to_owned(),
    ] {
        assert_eq!(run(&document).await.0, json!({ "any": person }), "{document}");
    }
    let (data, _) = run(&format!("{{ person {{ ...F }} one {{ ...F }} }} {fragment}")).await;
    assert_eq!(data, json!({ "person": person, "one": { "__typename": "Town", "number": 7 } }));
}

#[tokio::test]
async fn lists_and_abstract_types_can_be_non_null() {
    let sdl = sdl::<Query, Mutation, NoSubscription>();
    for field in ["sure: Any!", "sures: [Any!]!", "gaps: [Person]!", "all: [Named]!"] {
        assert!(sdl.contains(field), "{field} {sdl}");
    }
    let (data, _) =
        run("{ sure { ... on Named { number } } sures { ... on Named { number } __typename } gaps { number } }").await;
    let expected = json!({
        "sure": { "number": 3 },
        "sures": [{ "number": 3, "__typename": "Town" }, { "number": 2, "__typename": "Person" }],
        "gaps": [{ "number": 1 }, null, { "number": 20 }],
    });
    assert_eq!(data, expected);
    // There is no person 200.
    let answer = failing("{ gaps { parent { number } } }", &[]).await;
    assert_eq!(answer.data, json!({ "gaps": [{ "parent": { "number": 10 } }, null, null] }));
    assert_eq!(paths(&answer), ["[gaps,2,parent]"]);
}

#[tokio::test]
async fn selections_of_a_field_are_merged_and_executed_once() {
    let document = "
        { person { ...A } ... { person { friend { rival { number } } } ...B } ...B }
        fragment A on Person { friend { number } ... on Named { number } }
        fragment B on Query { person { friend { number mirror { number } } friend { mirror { __typename } } } }";
    let (data, asked) = run(document).await;
    let friend = json!({ "number": 2, "rival": { "number": 4 }, "mirror": { "number": 2, "__typename": "Person" } });
    assert_eq!(data, json!({ "person": { "friend": friend, "number": 1 } }));
    assert_eq!(asked, ["PersonById [2]", "PersonById [4]"]);
}

#[tokio::test]
async fn a_null_propagates_to_the_nearest_nullable_field() {
    let document = "{ people { number friend { friends { number town { number } } } } }";
    let answer = failing(document, &[("TownById", "3")]).await;
    // Friends of 2 are 3 and 4; friends of 3 are 4 and 5.
    let friends =
        json!({ "friends": [{ "number": 4, "town": { "number": 4 } }, { "number": 5, "town": { "number": 5 } }] });
    assert_eq!(answer.data, json!({ "people": [{ "number": 1, "friend": null }, { "number": 2, "friend": friends }] }));
    assert_eq!(paths(&answer), ["[people,0,friend,friends,0,town]"]);
}

#[tokio::test]
async fn a_null_propagates_to_data_if_no_field_is_nullable() {
    let answer = failing("{ people { town { number } } }", &[("TownById", "2")]).await;
    assert_eq!(answer.data, Value::Null);
    assert_eq!(paths(&answer), ["[people,1,town]"]);
    let answer =
        failing("{ all { ... on Person { town { number } } number } person { number } }", &[("TownById", "5")]).await;
    assert_eq!(answer.data["all"][3], Value::Null);
    assert_eq!(answer.data["all"][0], json!({ "town": { "number": 1 }, "number": 1 }));
    assert_eq!(answer.data["person"], json!({ "number": 1 }));
    assert_eq!(paths(&answer), ["[all,3,town]"]);
}

#[tokio::test]
async fn a_failed_load_is_reported_at_every_field_that_needs_it() {
    let document = "{ people { a: friend { number } b: rival { number } } }";
    let answer = failing(document, &[("PersonById", "3")]).await;
    assert_eq!(paths(&answer), ["[people,0,b]", "[people,1,a]"]);
    assert_eq!(answer.data["people"][0], json!({ "a": { "number": 2 }, "b": null }));
}

#[tokio::test]
async fn a_failure_is_reported_once_for_a_field_selected_twice() {
    let document = "
        { person { friend { number } } person { number } ...A ...A }
        fragment A on Query { person { town { number } } }";
    let answer = failing(document, &[("PersonById", "2")]).await;
    assert_eq!(paths(&answer), ["[person,friend]"]);
    assert_eq!(answer.data["person"], json!({ "friend": null, "number": 1, "town": { "number": 1 } }));
    let answer = failing(document, &[("TownById", "1")]).await;
    assert_eq!(paths(&answer), ["[person,town]"]);
    assert_eq!(answer.data, json!({ "person": null }));
}

#[tokio::test]
async fn a_missing_required_row_is_an_error() {
    // The parent of 1 is 10; the parent of 10 would be 100, who does not exist.
    let answer = failing("{ person { parent { friend { number } parent { number } } } }", &[]).await;
    assert_eq!(answer.data, json!({ "person": null }));
    assert_eq!(paths(&answer), ["[person,parent,parent]"]);
}

#[tokio::test]
async fn arguments_have_defaults_and_errors_have_locations() {
    let document = "query($left: Int, $five: Int! = 5) { people {
        multiple twice: multiple(times: 2) five: multiple(times: $five) ten: multiple(times: $left) } }";
    let (data, asked) = run(document).await;
    assert_eq!(data["people"][1], json!({ "multiple": 20, "twice": 4, "five": 10, "ten": 20 }));
    assert!(asked.is_empty(), "who has no key asks nothing: {asked:?}");
    let answer = failing("{ person { number rival { wrong: multiple(times: -1) } } }", &[]).await;
    assert_eq!(answer.data, json!({ "person": { "number": 1, "rival": null } }));
    assert_eq!(answer.errors, [("[person,rival,wrong]".to_owned(), "times".to_owned())]);
}

#[tokio::test]
async fn empty_lists_cause_no_load() {
    let (data, asked) = run("{ people @skip(if: true) { friend { number } } __typename }").await;
    assert_eq!((data, asked), (json!({ "__typename": "Query" }), Vec::new()));
    let (data, asked) = run("{ person { friend { friend @include(if: false) { number } } } }").await;
    assert_eq!((data, asked), (json!({ "person": { "friend": {} } }), vec!["PersonById [2]".to_owned()]));
}
