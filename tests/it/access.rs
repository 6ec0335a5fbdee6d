//! Access: a request needs a token and the scope, and never reaches another company's records.

mod cases;

use notegraph::ids::{CompanyId, CustomerId, MessageId, NoteId, NoteTypeId, UserId};
use notegraph::store::entity::note::Tags;
use notegraph::store::entity::note_type;
use notegraph::store::entity::token::Scope;
use serde_json::{Value, json};
use testkit::{App, Client, Company, Contents, Response, User};

use self::cases::{CASES, Case, PLACES};

/// Linked records, one of each kind.
struct Records {
    company: Company,
    user: User,
    /// The key of all records except the company.
    key: i64,
}

impl Records {
    /// Creates the records. All their texts contain `word`.
    async fn new(app: &App, word: &str, key: i64) -> Self {
        let company = app.company(&format!("{word} company")).await;
        let user = company.user_with(&format!("{word} user"), |user| user.id = UserId(key)).await;
        company.customer_with(&format!("{word} customer"), |customer| customer.id = CustomerId(key)).await;
        let name = format!("{word} type");
        app.insert(note_type::Model { company_id: company.id, id: NoteTypeId(key), name, from_import: false }).await;
        let (id, name) = (NoteTypeId(10 * key), format!("{word} unused type"));
        app.insert(note_type::Model { company_id: company.id, id, name, from_import: false }).await;
        company
            .note(|note| {
                (note.id, note.customer_id) = (NoteId(key), Some(CustomerId(key)));
                (note.user_id, note.type_id) = (Some(UserId(key)), Some(NoteTypeId(key)));
                note.updated_by_id = Some(UserId(key));
                note.subject = Some(format!("{word} subject"));
                note.tags = Tags(vec![format!("{word} tag")]);
            })
            .await;
        company
            .message(NoteId(key), |message| {
                (message.id, message.posted_by_id) = (MessageId(key), Some(UserId(key)));
                message.message = format!("{word} message");
            })
            .await;
        company.assign(NoteId(key), UserId(key)).await;
        Self { company, user, key }
    }

    /// Creates a second note, the `<other>` of documents.
    async fn other_note(&self) {
        self.company.note(|note| (note.id, note.subject) = (NoteId(10 * self.key), Some("THEIRS".to_owned()))).await;
    }

    fn put_into(&self, document: &str) -> String {
        put(document, self.company.id, self.key).replace("<mine>", &format!("Note:{}", self.key))
    }
}

fn put(document: &str, company: CompanyId, key: i64) -> String {
    document
        .replace("<company>", &format!("Company:{company}"))
        .replace("<customer>", &format!("Customer:{key}"))
        .replace("<user>", &format!("User:{key}"))
        .replace("<type>", &format!("NoteType:{key}"))
        .replace("<unused>", &format!("NoteType:{}", 10 * key))
        .replace("<note>", &format!("Note:{key}"))
        .replace("<other>", &format!("Note:{}", 10 * key))
        .replace("<message>", &format!("NoteMessage:{key}"))
        .replace("<assignment>", &format!("NoteAssignee:{key}:{key}"))
}

fn is_change(case: &Case) -> bool {
    case.document.starts_with("mutation")
}

/// The names of the root fields, by introspection.
async fn root_fields(client: &Client) -> Vec<String> {
    let schema = client.query("{ __schema { queryType { fields { name } } mutationType { fields { name } } } }").await;
    let of = |kind: &str| schema["__schema"][kind]["fields"].as_array().unwrap().clone();
    let fields = [of("queryType"), of("mutationType")].concat();
    assert!(fields.len() > 10, "{fields:?}");
    fields.iter().map(|field| field["name"].as_str().unwrap().to_owned()).collect()
}

/// The response without the parts that differ in each request.
fn lasting(response: &Response) -> Value {
    let mut body = response.body.clone();
    for error in body["errors"].as_array_mut().into_iter().flatten() {
        error["extensions"].as_object_mut().unwrap().remove("requestId").unwrap();
    }
    json!([response.status, body])
}

#[tokio::test]
async fn every_root_field_has_a_case() {
    let app = App::start().await;
    let ann = app.company("Acme").await.user("ann").await;
    let mut fields = root_fields(&ann.token(&[Scope::Read]).await).await;
    let mut tested: Vec<&str> = CASES.iter().map(|case| case.field).collect();
    fields.sort();
    tested.sort_unstable();
    tested.dedup();
    assert_eq!(fields, tested, "give each root field a case in access/cases.rs");
    for case in CASES {
        assert!(case.document.contains(case.field), "{}", case.document);
    }
}

/// With the right scope each case succeeds, so the other tests refuse it only for the reason that they test.
#[tokio::test]
async fn with_the_scope_each_case_works() {
    let app = App::start().await;
    let mine = Records::new(&app, "MINE", 700_001).await;
    let empty = mine.company.note(|_| {}).await.id;
    mine.other_note().await;
    for case in CASES {
        let client = mine.user.token(&[case.scope]).await;
        let before = Contents::read(&app).await;
        let document = mine.put_into(&case.document.replace("<mine>", &format!("Note:{empty}")));
        let response = client.query(&document).await;
        let answer = &response[case.field];
        assert!(!answer.is_null() && answer["userErrors"].as_array().is_none_or(Vec::is_empty), "{answer:#}");
        assert_eq!(before != Contents::read(&app).await, is_change(case), "{document}: {answer:#}");
    }
}

#[tokio::test]
async fn without_a_token_every_root_field_is_refused() {
    let app = App::start().await;
    let mine = Records::new(&app, "MINE", 700_001).await;
    let before = Contents::read(&app).await;
    let strangers = [Client::new(&app, None), Client::new(&app, Some(format!("ng_{}_x", mine.company.id)))];
    for case in CASES {
        for stranger in &strangers {
            let response = stranger.query(&mine.put_into(case.document)).await;
            assert_eq!((response.status, response.codes()), (401, vec!["UNAUTHENTICATED"]), "{}", case.document);
            assert!(response.body.get("data").is_none(), "{:#}", response.body);
        }
    }
    assert_eq!(Contents::read(&app).await, before);
}

#[tokio::test]
async fn without_the_scope_every_root_field_is_refused() {
    let app = App::start().await;
    let mine = Records::new(&app, "MINE", 700_001).await;
    let nothing = mine.user.token(&[]).await;
    let reader = mine.user.token(&[Scope::Read, Scope::Confidential]).await;
    let writer = mine.user.token(&[Scope::Read, Scope::Write, Scope::Confidential]).await;
    let confidential = mine.user.token(&[Scope::Confidential]).await;
    let before = Contents::read(&app).await;
    for case in CASES {
        let other = match case.scope {
            Scope::Admin => &writer,
            Scope::Write => &reader,
            Scope::Read | Scope::Confidential => &confidential,
        };
        for client in [&nothing, other] {
            let response = client.query(&mine.put_into(case.document)).await;
            assert_eq!((response.status, response.codes()), (200, vec!["FORBIDDEN"]), "{}", case.document);
            let data = &response.body["data"];
            let nothing = data.as_object().is_some_and(|fields| fields.values().all(Value::is_null));
            assert!(data.is_null() || nothing, "{}: {data}", case.document);
        }
    }
    assert_eq!(Contents::read(&app).await, before);
}

#[tokio::test]
async fn foreign_records_answer_like_missing_ones() {
    let app = App::start().await;
    let mine = Records::new(&app, "MINE", 700_001).await;
    let theirs = Records::new(&app, "THEIRS", 700_002).await;
    theirs.other_note().await;
    let client = mine.user.token(&[Scope::Admin]).await;
    let (never, no_company) = (700_003, CompanyId(9));
    let before = Contents::read(&app).await;
    // A change that names no record cannot name another company's.
    for case in CASES.iter().filter(|case| !is_change(case) || case.document.contains('<')) {
        let mut answers = Vec::new();
        for (company, key) in [(theirs.company.id, theirs.key), (no_company, never)] {
            let document = put(case.document, company, key).replace("<mine>", &format!("Note:{}", mine.key));
            let answer = lasting(&client.query(&document).await).to_string();
            assert!(!answer.contains("THEIRS"), "{document}: {answer}");
            answers.push(answer.replace(&key.to_string(), "KEY").replace(&format!("Company:{company}"), "COMPANY"));
        }
        assert_eq!(answers[0], answers[1], "{}", case.document);
    }
    assert_eq!(Contents::read(&app).await, before, "a record of another company was changed, or linked to");
}

/// Imports keep ids, so two companies may have records with the same ids.
#[tokio::test]
async fn the_same_id_is_another_record_in_another_company() {
    let app = App::start().await;
    let mine = Records::new(&app, "MINE", 700_001).await;
    let theirs = Records::new(&app, "THEIRS", 700_001).await;
    let client = mine.user.token(&[Scope::Admin]).await;
    let before = Contents::read(&app).await.of_company(theirs.company.id);
    for case in CASES {
        let document = mine.put_into(case.document);
        let response = client.query(&document).await;
        assert!(response.errors().is_empty() && !response.body.to_string().contains("THEIRS"), "{response:?}");
    }
    assert_eq!(Contents::read(&app).await.of_company(theirs.company.id), before);
}

#[tokio::test]
async fn no_relation_leaves_a_company() {
    let app = App::start().await;
    let mine = Records::new(&app, "MINE", 700_001).await;
    Records::new(&app, "THEIRS", 700_001).await;
    let client = mine.user.token(&[Scope::Read]).await;
    let response = client
        .query(
            "{ notes(first: 3) { totalCount nodes { ...note customer { fullName notes(first: 3) { totalCount nodes { ...note } } } } }
               customers(first: 3) { totalCount nodes { fullName notes(first: 3) { nodes { ...note } } } }
               users { totalCount nodes { ...user } }
               noteTypes { name } viewer { user { ...user } company { name } } }
             fragment note on Note { subject tags company { name } type { name } user { ...user } updatedBy { ...user }
               assignees { user { ...user } assignedBy { ...user } } lastMessage { message }
               messages { totalCount nodes { message note { subject } postedBy { ...user } } } }
             fragment user on User { fullName createdNotes { totalCount nodes { subject } }
               assignedNotes { totalCount nodes { subject messages(first: 3) { nodes { message } } } } }",
        )
        .await;
    let text = response.data().to_string();
    assert!(!text.contains("THEIRS"), "{text}");
    assert!(!text.contains(r#""totalCount":2"#), "{text}");
    for kind in ["company", "user", "customer", "type", "subject", "tag", "message"] {
        assert!(text.contains(&format!("MINE {kind}")), "no {kind} in {text}");
    }
}

/// Relations of the records with the same keys in another company do not count.
#[tokio::test]
async fn assignments_of_equal_ids_count_only_in_their_company() {
    let app = App::start().await;
    let (mine, theirs) = (Records::new(&app, "MINE", 700_001).await, Records::new(&app, "THEIRS", 700_001).await);
    let client = mine.user.token(&[Scope::Read]).await;
    let questions = r"{
        note(id: 700001) { assignees { userId } messages { totalCount nodes { id } } lastMessage { id } }
        any: notes(filter: { assignees: { any: [700002] } }) { totalCount nodes { id } }
        all: notes(filter: { assignees: { all: [700002] } }) { totalCount nodes { id } }
        none: notes(filter: { assignees: { none: [700002] } }) { totalCount nodes { id } }
        empty: notes(filter: { assignees: { isEmpty: true } }) { totalCount nodes { id } }
        some: notes(filter: { assignees: { isEmpty: false } }) { totalCount nodes { id } }
        my: notes(filter: { assignees: { includesViewer: true } }) { totalCount nodes { id } }
        user(id: 700002) { createdNotes { totalCount nodes { id } } assignedNotes { totalCount nodes { id } } }
        customer(id: 700002) { notes { totalCount nodes { id } } }
        noteDeletePreview(ids: [700001, 700002]) { totalCount items { recordId } } }";
    for company in [&mine.company, &theirs.company] {
        company.user_with("second", |user| user.id = UserId(700_002)).await;
        company.customer_with("second", |customer| customer.id = CustomerId(700_002)).await;
    }
    mine.company.note(|note| note.id = NoteId(700_002)).await;
    let before = client.query(questions).await.data().clone();

    theirs.company.assign(NoteId(700_001), UserId(700_002)).await;
    theirs.company.message(NoteId(700_001), |_| {}).await;
    let second = (NoteId(700_002), Some(UserId(700_002)), Some(CustomerId(700_002)));
    theirs.company.note(|note| (note.id, note.user_id, note.customer_id) = second).await;
    theirs.company.message(NoteId(700_002), |_| {}).await;
    for user in [700_001, 700_002] {
        theirs.company.assign(NoteId(700_002), UserId(user)).await;
    }
    assert_eq!(*client.query(questions).await.data(), before);
}

#[tokio::test]
async fn an_id_has_one_spelling() {
    let app = App::start().await;
    let mine = Records::new(&app, "MINE", 1).await;
    let client = mine.user.token(&[Scope::Admin]).await;
    let before = Contents::read(&app).await;
    for (kind, place, path) in PLACES {
        let other = if *kind == "Customer" { "Note:1" } else { "Customer:1" };
        let lower = format!("{}:1", kind.to_lowercase());
        let empty = format!("{kind}:");
        // A bare key is valid where the type is known; in `node` it is not.
        let wrong = if *kind == "any" { "1" } else { other };
        for bad in
            [wrong, &lower, &empty, "01", "+1", "-1", "0", "", " 1", "1 ", "9223372036854775808", "1.0", "\\u0000"]
        {
            let document = mine.put_into(place).replace("<bad>", bad);
            let response = client.query(&document).await;
            if path.is_empty() {
                assert_eq!(response.codes(), ["INVALID"], "{document}: {:#}", response.body);
            } else {
                let errors = json!([{ "code": "INVALID", "path": path }]);
                let change = &response["change"];
                assert_eq!((&change["note"], &change["userErrors"]), (&Value::Null, &errors), "{document}");
            }
        }
    }
    assert_eq!(Contents::read(&app).await, before);
}

#[tokio::test]
async fn the_bare_key_and_a_number_name_the_same_record() {
    let app = App::start().await;
    let mine = Records::new(&app, "MINE", 700_001).await;
    let client = mine.user.token(&[Scope::Read]).await;
    for id in [r#""Note:700001""#, r#""700001""#, "700001"] {
        let response = client.query(&format!("{{ note(id: {id}) {{ id databaseId }} }}")).await;
        assert_eq!(response["note"], json!({ "id": "Note:700001", "databaseId": "700001" }));
    }
}
