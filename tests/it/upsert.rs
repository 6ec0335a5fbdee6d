//! `customersUpsert` and `usersUpsert`.

mod load;

use notegraph::store::entity::customer;
use notegraph::store::entity::token::Scope;
use sea_orm::EntityTrait;
use serde_json::{Value, json};

use testkit::Contents;

use crate::fixture::Fixture;

const CUSTOMERS: &str = "mutation($input: [CustomerInput!]!) { change: customersUpsert(input: $input) {
    people: customers { id companyName companyTitle firstName middleName lastName fullName locale isMember wasMember hasApplied flag email
      mobile { countryCode number full } phone { countryCode number full } profilePhoto vip homeHouseId birthdate anniversaryDate createdOn }
    userErrors { code path params } } }";

const USERS: &str = "mutation($input: [UserInput!]!) { change: usersUpsert(input: $input) {
    people: users { id status firstName lastName fullName email username profilePhoto employeeId mobile { countryCode number full }
      businessLocationId enable2Fa updatedOn createdBy role }
    userErrors { code path params } } }";

async fn start() -> Fixture {
    Fixture::with(&["admin"], &[Scope::Admin]).await
}

impl Fixture {
    /// The people that an input creates or updates.
    async fn upserted(&self, document: &str, input: Value) -> Value {
        let answer = self.change(document, input).await;
        assert_eq!(answer["userErrors"], json!([]));
        answer["people"].clone()
    }

    /// The codes and paths of the user errors of an input, which must change nothing.
    async fn upsert_errors(&self, document: &str, input: Value) -> Vec<String> {
        let answer = self.unchanged(self.change(document, input)).await;
        assert_eq!(answer["people"], json!([]), "{answer:#}");
        let told = |error: &Value| {
            let path: Vec<&str> = error["path"].as_array().unwrap().iter().map(|step| step.as_str().unwrap()).collect();
            format!("{} {}", error["code"].as_str().unwrap(), path.join("."))
        };
        answer["userErrors"].as_array().unwrap().iter().map(told).collect()
    }

    async fn count_found(&self, list: &str, search: &str) -> Value {
        let document = format!("query($search: String) {{ {list}(search: $search) {{ totalCount }} }}");
        self.client.query_with(&document, json!({ "search": search })).await[list]["totalCount"].clone()
    }
}

/// All fields of each kind, with values that a new person does not have by default.
fn whole(document: &str) -> Value {
    let phone = |number: &str| json!({ "countryCode": "49", "number": number, "full": format!("+49{number}") });
    if document == CUSTOMERS {
        json!({ "companyName": "Firm", "companyTitle": "Head", "firstName": "Ann", "middleName": "M", "lastName": "Lee",
          "fullName": "Dr Ann Lee", "locale": "en-GB", "isMember": true, "wasMember": true, "hasApplied": true, "flag": "gold",
          "email": "ann@example.com", "mobile": phone("171"), "phone": phone("30"), "profilePhoto": "https://example.com/a.png",
          "vip": true, "homeHouseId": "h-1", "birthdate": "1990-02-28", "anniversaryDate": "2020-01-01",
          "createdOn": "2020-05-01T10:00:00.000001Z" })
    } else {
        json!({ "status": "INACTIVE", "firstName": "Ann", "lastName": "Lee", "fullName": "Dr Ann Lee", "email": "ann@example.com",
          "username": "ann", "profilePhoto": "https://example.com/a.png", "employeeId": "e-1",
          "mobile": { "countryCode": null, "number": null, "full": "+49171" },
          "businessLocationId": "b-1", "enable2Fa": false, "updatedOn": "2020-05-01T10:00:00Z", "createdBy": "hr", "role": "agent" })
    }
}

const BOTH: [(&str, &str, &str); 2] = [(CUSTOMERS, "CustomerInput", "Customer"), (USERS, "UserInput", "User")];

fn with(mut input: Value, more: &Value) -> Value {
    for (field, value) in more.as_object().unwrap() {
        input[field] = value.clone();
    }
    input
}

/// For every field of the schema: absent keeps it, null clears it or is refused, a value sets it.
#[tokio::test]
async fn every_field_is_set_kept_and_cleared() {
    let fixture = start().await;
    for (document, input_type, kind) in BOTH {
        let whole = whole(document);
        let schema = format!(r#"{{ __type(name: "{input_type}") {{ inputFields {{ name }} }} }}"#);
        let fields = fixture.client.query(&schema).await["__type"]["inputFields"].clone();
        let fields: Vec<&str> =
            fields.as_array().unwrap().iter().map(|field| field["name"].as_str().unwrap()).collect();
        assert_eq!(fields.len(), whole.as_object().unwrap().len() + 2, "all but id and externalKey");
        let people = fixture.upserted(document, json!([with(whole.clone(), &json!({ "externalKey": "k" }))])).await;
        let id = people[0]["id"].clone();
        assert_eq!(people[0], with(whole.clone(), &json!({ "id": id })));

        let before = Contents::read(&fixture.app).await;
        assert_eq!(fixture.upserted(document, json!([{ "externalKey": "k" }])).await, people, "absent keeps");
        assert_eq!(Contents::read(&fixture.app).await, before);

        for field in fields.into_iter().filter(|field| !["id", "externalKey"].contains(field)) {
            let input = json!([{ "externalKey": "k", field: null }]);
            let required =
                ["status", "fullName", "username", "isMember", "wasMember", "hasApplied", "vip", "createdOn"];
            if required.contains(&field) {
                assert_eq!(fixture.upsert_errors(document, input).await, [format!("NULL_NOT_ALLOWED input.0.{field}")]);
            } else {
                let people = fixture.upserted(document, input).await;
                assert_eq!(people[0], with(whole.clone(), &json!({ "id": id, field: null })));
                let back = json!([{ "externalKey": "k", field: whole[field] }]);
                assert_eq!(fixture.upserted(document, back).await[0], with(whole.clone(), &json!({ "id": id })));
            }
        }
        let read = fixture.client.query(&format!("{{ node(id: {id}) {{ ... on {kind} {{ fullName }} }} }}")).await;
        assert_eq!(read["node"]["fullName"], "Dr Ann Lee");
    }
}

#[tokio::test]
async fn results_are_in_input_order_and_people_are_created_once() {
    let fixture = start().await;
    for (document, _, kind) in BOTH {
        let input = |keys: &[&str]| -> Value {
            let person =
                |key: &&str| json!({ "externalKey": key, "firstName": format!("Name {key}"), "lastName": null });
            let people = keys.iter().map(person);
            people
                .map(|one| {
                    if document == USERS { with(one.clone(), &json!({ "username": one["externalKey"] })) } else { one }
                })
                .collect()
        };
        let names = |people: &Value| {
            people
                .as_array()
                .unwrap()
                .iter()
                .map(|one| one["fullName"].as_str().unwrap().to_owned())
                .collect::<Vec<_>>()
        };
        let first = fixture.upserted(document, input(&["b", "a"])).await;
        assert_eq!(names(&first), ["Name b", "Name a"]);
        let second = fixture.upserted(document, input(&["c", "a", "d", "b"])).await;
        assert_eq!(names(&second), ["Name c", "Name a", "Name d", "Name b"]);
        assert_eq!((&second[1]["id"], &second[3]["id"]), (&first[1]["id"], &first[0]["id"]));
        let table = kind.to_lowercase();
        assert_eq!(Contents::read(&fixture.app).await.count(&table), if document == USERS { 5 } else { 4 });
        assert_eq!(fixture.upserted(document, json!([])).await, json!([]));
    }
}

#[tokio::test]
async fn the_full_name_follows_its_parts_unless_it_was_given() {
    let fixture = start().await;
    let name =
        async |document: &str, input: Value| fixture.upserted(document, json!([input])).await[0]["fullName"].clone();
    let key = |more: Value| with(json!({ "externalKey": "k" }), &more);
    assert_eq!(name(CUSTOMERS, key(json!({ "companyName": "Firm" }))).await, "Firm");
    assert_eq!(name(CUSTOMERS, key(json!({ "firstName": "Ann", "lastName": "Lee" }))).await, "Ann Lee");
    assert_eq!(name(CUSTOMERS, key(json!({ "middleName": "M" }))).await, "Ann M Lee");
    assert_eq!(name(CUSTOMERS, key(json!({ "fullName": "Annie" }))).await, "Annie");
    assert_eq!(name(CUSTOMERS, key(json!({ "lastName": "Kim" }))).await, "Annie");
    assert_eq!(name(USERS, key(json!({ "username": "ann" }))).await, "ann");
    assert_eq!(name(USERS, key(json!({ "firstName": "Ann" }))).await, "Ann");
}

#[tokio::test]
async fn existing_people_are_adopted_by_id() {
    let fixture = start().await;
    for (document, _, kind) in BOTH {
        let id = if document == CUSTOMERS {
            fixture.company.customer("Old").await.id.0
        } else {
            fixture.company.user("old").await.id.0
        };
        let other = if document == CUSTOMERS {
            fixture.company.customer("Other").await.id.0
        } else {
            fixture.company.user("other").await.id.0
        };
        let people = fixture.upserted(document, json!([{ "id": id, "externalKey": "k", "lastName": "New" }])).await;
        assert_eq!((&people[0]["id"], &people[0]["lastName"]), (&json!(format!("{kind}:{id}")), &json!("New")));
        assert_eq!(fixture.upserted(document, json!([{ "externalKey": "k" }])).await[0]["id"], people[0]["id"]);
        assert_eq!(
            fixture.upserted(document, json!([{ "id": format!("{kind}:{id}"), "externalKey": "k" }])).await,
            people
        );
        for (input, expected) in [
            (json!([{ "id": id, "externalKey": "another" }]), vec!["TAKEN input.0.id"]),
            (json!([{ "id": other, "externalKey": "k" }]), vec!["TAKEN input.0.externalKey"]),
            (
                json!([{ "id": "999", "externalKey": "x", "firstName": "x", "lastName": "y" }]),
                vec!["NOT_FOUND input.0.id"],
            ),
            (json!([{ "externalKey": "k" }, { "externalKey": "k" }]), vec!["INVALID input.1.externalKey"]),
            (
                json!([{ "id": other, "externalKey": "x" }, { "id": other, "externalKey": "y" }]),
                vec!["INVALID input.1.id"],
            ),
        ] {
            let mut told = fixture.upsert_errors(document, input.clone()).await;
            told.retain(|problem| !problem.ends_with("username"));
            assert_eq!(told, expected, "{input}");
        }
    }
}

#[tokio::test]
async fn one_invalid_person_prevents_all_writes() {
    let fixture = start().await;
    let long = "ü".repeat(256);
    let good = json!({ "externalKey": "good", "firstName": "Good", "username": "good" });
    let customer = json!({ "externalKey": "good", "firstName": "Good" });
    for (input, expected) in [
        (json!({ "externalKey": "", "firstName": "x" }), "REQUIRED input.1.externalKey"),
        (json!({ "externalKey": long, "firstName": "x" }), "TOO_LONG input.1.externalKey"),
        (json!({ "externalKey": "a\0", "firstName": "x" }), "INVALID input.1.externalKey"),
        (json!({ "externalKey": "x" }), "REQUIRED input.1.fullName"),
        (json!({ "externalKey": "x", "fullName": " " }), "REQUIRED input.1.fullName"),
        (json!({ "externalKey": "x", "fullName": "ü".repeat(1_001) }), "TOO_LONG input.1.fullName"),
        (json!({ "externalKey": "x", "firstName": "x", "email": long }), "TOO_LONG input.1.email"),
        (json!({ "externalKey": "x", "firstName": "x", "mobile": { "full": "1\0" } }), "INVALID input.1.mobile"),
        (json!({ "externalKey": "x", "firstName": "x", "homeHouseId": long }), "TOO_LONG input.1.homeHouseId"),
    ] {
        assert_eq!(fixture.upsert_errors(CUSTOMERS, json!([customer, input])).await, [expected]);
    }
    for (input, expected) in [
        (json!({ "externalKey": "x", "firstName": "x" }), "REQUIRED input.1.username"),
        (json!({ "externalKey": "x", "username": "a\0", "fullName": "x" }), "INVALID input.1.username"),
        (json!({ "externalKey": "x", "username": long, "fullName": "x" }), "TOO_LONG input.1.username"),
        (json!({ "externalKey": "x", "username": "x", "employeeId": long }), "TOO_LONG input.1.employeeId"),
    ] {
        assert_eq!(fixture.upsert_errors(USERS, json!([good, input])).await, [expected]);
    }
    let many = |document: &str| -> Value {
        (0..101)
            .map(|n| with(whole(document), &json!({ "externalKey": n.to_string(), "username": n.to_string() })))
            .collect()
    };
    let mut customers = many(CUSTOMERS);
    for one in customers.as_array_mut().unwrap() {
        one.as_object_mut().unwrap().remove("username");
    }
    assert_eq!(fixture.upsert_errors(CUSTOMERS, customers.clone()).await, ["TOO_MANY input"]);
    assert_eq!(fixture.upsert_errors(USERS, many(USERS)).await, ["TOO_MANY input"]);
    customers.as_array_mut().unwrap().pop();
    assert_eq!(fixture.upserted(CUSTOMERS, customers).await.as_array().unwrap().len(), 100);
    // Invalid scalars are refused before anything runs.
    for (field, value) in [
        ("birthdate", json!("2026-02-30")),
        ("birthdate", json!("2026-2-3")),
        ("profilePhoto", json!("javascript:x")),
        ("vip", json!("yes")),
    ] {
        let response =
            fixture.client.query_with(CUSTOMERS, json!({ "input": [{ "externalKey": "x", field: value }] })).await;
        assert_eq!(response.errors().len(), 1, "{field}");
    }
}

#[tokio::test]
async fn the_number_of_a_user_is_one_text() {
    let fixture = start().await;
    let one = |mobile: Value| json!([{ "externalKey": "k", "username": "k", "mobile": mobile }]);
    let phone =
        |number: Option<&str>, full: Option<&str>| json!({ "countryCode": null, "number": number, "full": full });
    for (sent, kept) in [
        (json!({ "countryCode": "49", "number": "171", "full": "+49 171" }), phone(None, Some("+49 171"))),
        (json!({ "countryCode": "49", "number": "0171" }), phone(None, Some("+49 (0)171"))),
        (json!({ "number": "0171" }), phone(Some("0171"), None)),
        (json!({ "full": "0049 171" }), phone(None, Some("0049 171"))),
        (json!({ "full": null }), Value::Null),
        (Value::Null, Value::Null),
    ] {
        assert_eq!(fixture.upserted(USERS, one(sent.clone())).await[0]["mobile"], kept, "{sent}");
    }
    assert_eq!(
        fixture.upsert_errors(USERS, one(json!({ "full": "1".repeat(256) }))).await,
        ["TOO_LONG input.0.mobile"]
    );
}

/// Until clients have switched, the old names of fields mean the same as the new ones.
#[tokio::test]
async fn deprecated_fields_of_a_user_still_work() {
    let fixture = start().await;
    let old = json!([{ "externalKey": "k", "username": "k", "mobileNumber": "+49171", "modifiedOn": "2020-05-01T10:00:00Z" }]);
    let ann = fixture.upserted(USERS, old).await[0].clone();
    assert_eq!((&ann["mobile"]["full"], &ann["updatedOn"]), (&json!("+49171"), &json!("2020-05-01T10:00:00Z")));
    let document = "query($id: ID!) { user(id: $id) { mobileNumber modifiedOn } }";
    let shown = fixture.client.query_with(document, json!({ "id": ann["id"] })).await["user"].clone();
    assert_eq!(shown, json!({ "mobileNumber": "+49171", "modifiedOn": "2020-05-01T10:00:00Z" }));
    let both = json!([{ "externalKey": "k", "mobile": { "full": "1" }, "mobileNumber": "1", "updatedOn": null, "modifiedOn": null }]);
    assert_eq!(fixture.upsert_errors(USERS, both).await, ["INVALID input.0.mobileNumber"]);
    // Some clients send null for what they do not set.
    for input in [
        json!([{ "externalKey": "k", "mobile": null, "mobileNumber": "0171" }]),
        json!([{ "externalKey": "k", "mobile": { "number": "0171" }, "mobileNumber": null }]),
    ] {
        assert_eq!(fixture.upserted(USERS, input.clone()).await[0]["mobile"]["number"], "0171", "{input}");
    }
    let cleared = json!([{ "externalKey": "k", "mobileNumber": null, "modifiedOn": null }]);
    let ann = fixture.upserted(USERS, cleared).await[0].clone();
    assert_eq!((&ann["mobile"], &ann["updatedOn"]), (&Value::Null, &Value::Null));
}

#[tokio::test]
async fn a_username_belongs_to_one_user() {
    let fixture = start().await;
    fixture.app.company("Other").await.user("free").await;
    let one = |key: &str, username: &str| json!({ "externalKey": key, "username": username });
    let people = fixture.upserted(USERS, json!([one("a", "ann"), one("b", "bob"), one("c", "free")])).await;
    for input in [
        json!([one("x", "new"), one("y", "admin")]),
        json!([one("x", "new"), one("a", "bob")]),
        json!([one("x", "ann"), one("y", "ann")]),
    ] {
        let told = fixture.upsert_errors(USERS, input).await;
        assert!(told.contains(&"TAKEN input.1.username".to_owned()), "{told:?}");
    }
    // Two users may exchange their names.
    let swapped = fixture.upserted(USERS, json!([one("a", "bob"), one("b", "ann")])).await;
    assert_eq!((&swapped[0]["id"], &swapped[0]["username"]), (&people[0]["id"], &json!("bob")));
    // A user who was imported with a name that another user has may keep it.
    let twin = fixture.company.user("ann").await.id;
    assert_eq!(
        fixture.upserted(USERS, json!([{ "id": twin, "externalKey": "t", "role": "x" }])).await[0]["username"],
        "ann"
    );
}

#[tokio::test]
async fn upserted_people_are_found_by_their_new_values() {
    let fixture = start().await;
    let phone = |full: &str| json!({ "full": full });
    fixture
        .upserted(CUSTOMERS, json!([{ "externalKey": "k", "firstName": "Ann", "mobile": phone("+49 171 5") }]))
        .await;
    fixture.upserted(USERS, json!([{ "externalKey": "k", "username": "uma" }])).await;
    assert_eq!(
        (fixture.count_found("customers", "ann 1715").await, fixture.count_found("users", "uma").await),
        (json!(1), json!(1))
    );
    fixture.upserted(CUSTOMERS, json!([{ "externalKey": "k", "firstName": "Bea", "mobile": null }])).await;
    fixture.upserted(USERS, json!([{ "externalKey": "k", "username": "eva" }])).await;
    for (list, gone, there) in [("customers", "ann", "bea"), ("customers", "1715", "bea"), ("users", "uma", "eva")] {
        assert_eq!(
            (fixture.count_found(list, gone).await, fixture.count_found(list, there).await),
            (json!(0), json!(1)),
            "{list} {gone}"
        );
    }
}

/// The tokens of a user whom the owning system has deactivated are refused at once.
#[tokio::test]
async fn an_inactive_user_is_refused() {
    let fixture = start().await;
    let ann = fixture.company.user("ann").await;
    let client = ann.token(&[Scope::Read]).await;
    assert_eq!(client.query("{ viewer { scopes } }").await.status, 200);
    fixture.upserted(USERS, json!([{ "id": ann.id, "externalKey": "k", "status": "INACTIVE" }])).await;
    assert_eq!(client.query("{ viewer { scopes } }").await.codes(), ["UNAUTHENTICATED"]);
}

/// Values that an import kept beside the columns are dropped when their field changes, and stay otherwise.
#[tokio::test]
async fn an_upsert_discards_the_imported_original_of_a_field() {
    let fixture = start().await;
    let kept = r#"{"birthdate":"unknown","flag":"","extra":1}"#;
    let id = fixture.company.customer_with("Old", |row| row.source = Some(kept.to_owned())).await.id;
    fixture.upserted(CUSTOMERS, json!([{ "id": id, "externalKey": "k" }])).await;
    let source = async || {
        customer::Entity::find_by_id((fixture.company.id, id))
            .one(fixture.app.db().read())
            .await
            .unwrap()
            .unwrap()
            .source
    };
    assert_eq!(source().await.as_deref(), Some(kept), "nothing of it has changed");
    fixture.upserted(CUSTOMERS, json!([{ "externalKey": "k", "birthdate": "1990-01-01" }])).await;
    assert_eq!(source().await.as_deref(), Some(r#"{"flag":"","extra":1}"#));
}
