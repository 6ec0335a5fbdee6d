//! The contract: what is committed is what the server says, and all of it is described.

use notegraph::schema;
use serde_json::Value;

use crate::support::App;
use notegraph::entity::token::Scope;

#[test]
fn the_committed_schema_is_what_the_server_prints() {
    let committed = include_str!("../../schema.graphql");
    assert!(
        committed == schema::sdl(),
        "schema.graphql is not what the server prints. Look at the difference, then mend it:\n\n    \
         cargo run -- schema > schema.graphql\n\nand tell clients of it in CHANGELOG.md."
    );
}

const EVERYTHING: &str = "{ __schema { types { name kind description
    fields(includeDeprecated: true) { name description args { name description } }
    inputFields { name description }
    enumValues(includeDeprecated: true) { name description } } } }";

#[tokio::test]
async fn everything_in_it_is_described() {
    let app = App::start().await;
    let client = app.company("Acme").await.user("ann").await.token(&[Scope::Read]).await;
    let response = client.query(EVERYTHING).await;
    let mut bare = Vec::new();
    let mut seen = 0;
    for kind in each(&response["__schema"]["types"]) {
        let name = text(&kind["name"]);
        // What every GraphQL server has is described by the specification.
        if name.starts_with("__") || ["Boolean", "Float", "ID", "Int", "String"].contains(&name) {
            continue;
        }
        let mut look = |place: String, described: &Value| {
            seen += 1;
            if described["description"].as_str().unwrap_or_default().trim().is_empty() {
                bare.push(place);
            }
        };
        look(name.to_owned(), kind);
        for field in each(&kind["fields"]) {
            look(format!("{name}.{}", text(&field["name"])), field);
            for argument in each(&field["args"]) {
                look(format!("{name}.{}({}:)", text(&field["name"]), text(&argument["name"])), argument);
            }
        }
        for member in each(&kind["inputFields"]).chain(each(&kind["enumValues"])) {
            look(format!("{name}.{}", text(&member["name"])), member);
        }
    }
    assert!(seen > 300, "only {seen} things were looked at");
    assert!(bare.is_empty(), "without a description: {bare:#?}");
}

fn each(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
