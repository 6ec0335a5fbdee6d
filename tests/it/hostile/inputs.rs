//! Mutations accept the fields that their inputs declare and nothing else: no company, author, version or time can be
//! slipped in.

use std::collections::BTreeSet;

use notegraph::store::entity::token::Scope;
use serde_json::json;
use testkit::{App, Catalog, Contents};

use super::one_of_each;
use super::places::inputs;
use crate::oracle::{Contract, Kind};

/// All names of record properties: the fields of the schema, and the columns in the spelling of the schema.
async fn names(app: &App, contract: &Contract) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for kind in contract.types.values() {
        match kind {
            Kind::Fields(fields) => names.extend(fields.iter().map(|field| field.name.clone())),
            Kind::Input(fields) => names.extend(fields.iter().map(|field| field.name.clone())),
            Kind::Enum(_) | Kind::Scalar => {}
        }
    }
    for column in Catalog::read(app.db()).await.tables.into_values().flat_map(|table| table.columns.into_keys()) {
        let mut words = column.split('_');
        let first = words.next().unwrap().to_owned();
        names.insert(words.fold(first, |name, word| name + &word[..1].to_uppercase() + &word[1..]));
        names.insert(column);
    }
    names
}

#[tokio::test]
async fn undeclared_input_fields_are_refused_before_any_change() {
    let app = App::start().await;
    let acme = app.company("Acme").await;
    let client = one_of_each(&acme).await.token(&[Scope::Admin]).await;
    let contract = Contract::read();
    let names = names(&app, &contract).await;
    for name in
        ["companyId", "company_id", "userId", "version", "createdOn", "updatedOn", "id", "messageCount", "source"]
    {
        assert!(names.contains(name), "{name} is none of {names:?}");
    }
    let inputs = inputs(&contract);
    let before = Contents::read(&app).await;
    let mut refused = 0;
    for place in &inputs {
        for name in names.iter().filter(|name| !place.declares(name)) {
            let value = [place.least_with(name, json!(1))];
            let (document, variables) = place.asking(&value, place.selection());
            let recording = app.record();
            for response in [client.query_with(&document, variables).await, client.query(&place.writing(&value)).await]
            {
                let what = format!("{} with {name}: {}", place.name, response.body);
                assert_eq!(response.codes(), ["GRAPHQL_VALIDATION_FAILED"], "{what}");
                assert!(response.body["data"].is_null() && response.body.to_string().contains(name), "{what}");
                refused += 1;
            }
            assert_eq!(recording.count(), 0, "{}: {:#?}", place.name, recording.sql());
        }
    }
    println!("{refused} refused in {} inputs", inputs.len());
    assert!(before == Contents::read(&app).await, "nothing has changed");
    assert!(refused > 2_000, "{refused}");
    // Without the extra field the inputs are accepted.
    for place in &inputs {
        let (document, variables) = place.asking(&[place.least_of_it()], place.selection());
        assert_eq!(client.query_with(&document, variables).await.codes(), Vec::<&str>::new(), "{}", place.name);
        assert_eq!(
            client.query(&place.writing(&[place.least_of_it()])).await.codes(),
            Vec::<&str>::new(),
            "{document}"
        );
    }
}
