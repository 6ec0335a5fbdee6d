//! What operations send to `PostgreSQL`: how many statements, with `BEGIN` and `COMMIT`, and in how many round trips.

mod relay;

use notegraph::ids::{CustomerId, NoteId, NoteTypeId, UserId};
use notegraph::store::entity::token::Scope;
use serde_json::{Value, json};
use testkit::{App, Client, Database, Engine};

use relay::{Relay, Traffic};

/// How many times a mutation is sent before every connection has prepared its statements.
const ATTEMPTS: usize = 40;

struct ObservedServer {
    app: App,
    relay: Relay,
    client: Client,
    note_type: NoteTypeId,
    customer: CustomerId,
    users: [UserId; 2],
    note: NoteId,
}

impl ObservedServer {
    /// `None` if the run has no `PostgreSQL`.
    async fn new() -> Option<Self> {
        let relay = Relay::default();
        let mut database = Database::migrated(&Engine::postgres()?).await;
        database.reach_at(relay.before(database.url()).await);
        let app = App::start_over(database).await;
        let company = app.company("Acme").await;
        let (ann, bob) = (company.user("ann").await, company.user("bob").await);
        let client = ann.token(&[Scope::Read, Scope::Write]).await;
        Some(Self {
            note_type: company.note_type("call").await.id,
            customer: company.customer("Zoe").await.id,
            users: [ann.id, bob.id],
            note: company.note(|_| {}).await.id,
            app,
            relay,
            client,
        })
    }

    /// Sends a mutation with ever new inputs until all of its statements are prepared, and returns its traffic.
    async fn traffic(&self, mutation: &str, input: impl AsyncFn(usize) -> Value) -> Traffic {
        let kind = format!("{}{}Input", mutation[..1].to_uppercase(), &mutation[1..]);
        let document =
            format!("mutation($input: {kind}!) {{ change: {mutation}(input: $input) {{ userErrors {{ code }} }} }}");
        for attempt in 0..ATTEMPTS {
            let input = input(attempt).await;
            self.relay.reset();
            let answer = self.client.query_with(&document, json!({ "input": input })).await;
            assert_eq!(answer["change"]["userErrors"], json!([]), "{mutation}");
            let traffic = self.relay.of_transaction();
            // New ids are leased in blocks.
            let has_leased = traffic.statements.iter().any(|sql| sql.contains("company_counter"));
            if traffic.prepared == 0 && !has_leased {
                return traffic;
            }
        }
        panic!("{mutation} prepares statements after {ATTEMPTS} times");
    }

    /// Sends a query until all of its statements are prepared, and returns the traffic of each connection: first that of
    /// the token's lookup.
    async fn traffic_of_query(&self, document: &str) -> Vec<Traffic> {
        for _ in 0..ATTEMPTS {
            self.relay.reset();
            self.client.query(document).await;
            let mut all = self.relay.of_all();
            all.sort_by_key(|traffic| !traffic.statements.iter().any(|sql| sql.contains("\"token\"")));
            if all.iter().all(|traffic| traffic.prepared == 0) {
                return all;
            }
        }
        panic!("{document} prepares statements after {ATTEMPTS} times");
    }

    /// A new note.
    async fn new_note(&self) -> String {
        let document = "mutation { change: noteCreate(input: { details: \"old\" }) { note { id } } }";
        self.client.query(document).await["change"]["note"]["id"].as_str().unwrap().to_owned()
    }
}

/// Each mutation with the numbers of its statements and round trips.
#[tokio::test]
async fn mutations_take_few_round_trips() {
    let Some(server) = ObservedServer::new().await else { return };
    let [ann, bob] = server.users.map(|user| user.to_string());
    let (note, customer, note_type) =
        (server.note.to_string(), server.customer.to_string(), server.note_type.to_string());
    let text = |n: usize| format!("text {n}");
    let new_note = async |_| server.new_note().await;
    let mut counted = Vec::new();
    let mut count = |what: &'static str, traffic: Traffic| {
        println!("{what}: {:#?}", traffic.statements);
        counted.push((what, traffic.statements.len(), traffic.round_trips));
    };
    count("create", server.traffic("noteCreate", async |n| json!({ "subject": text(n) })).await);
    let linked = async |n: usize| {
        json!({
            "subject": text(n), "details": text(n), "customerId": customer, "typeId": note_type,
            "assigneeIds": [ann, bob], "idempotencyKey": text(n),
        })
    };
    count("create with links and a key", server.traffic("noteCreate", linked).await);
    let patch = async |n: usize| json!({ "id": note, "patch": { "details": text(n) } });
    count("patch", server.traffic("notePatch", patch).await);
    let linked = async |n: usize| {
        let patch = json!({ "subject": text(n), "customerId": customer, "typeId": note_type });
        json!({ "id": note, "patch": patch })
    };
    count("patch with links", server.traffic("notePatch", linked).await);
    let unchanged = async |_| json!({ "id": note, "patch": { "customerId": customer } });
    count("patch that changes nothing", server.traffic("notePatch", unchanged).await);
    let post = async |n: usize| json!({ "noteId": note, "message": text(n) });
    count("post", server.traffic("noteMessagePost", post).await);
    let keyed = async |n: usize| json!({ "noteId": note, "message": text(n), "idempotencyKey": text(n) });
    count("post with a key", server.traffic("noteMessagePost", keyed).await);
    let assign = async |n: usize| json!({ "id": new_note(n).await, "userIds": [ann, bob] });
    count("assign", server.traffic("noteAssign", assign).await);
    let unassign = async |n: usize| {
        let id = new_note(n).await;
        let input = json!({ "id": id, "userIds": [bob] });
        let document = "mutation($input: NoteAssignInput!) { noteAssign(input: $input) { userErrors { code } } }";
        server.client.query_with(document, json!({ "input": input })).await;
        input
    };
    count("unassign", server.traffic("noteUnassign", unassign).await);
    count("delete", server.traffic("noteDelete", async |n| json!({ "id": new_note(n).await })).await);
    let many = async |n: usize| json!({ "ids": [note, new_note(n).await], "patch": { "details": text(n), "typeId": note_type } });
    count("patch of many", server.traffic("notesPatch", many).await);
    let many = async |n: usize| json!({ "ids": [new_note(n).await, new_note(n).await], "userIds": [ann, bob] });
    count("assign to many", server.traffic("notesAssign", many).await);
    let many = async |n: usize| {
        let id = new_note(n).await;
        let input = json!({ "ids": [id, note], "userIds": [bob] });
        let document = "mutation($input: NotesAssignInput!) { notesAssign(input: $input) { userErrors { code } } }";
        server.client.query_with(document, json!({ "input": input })).await;
        input
    };
    count("unassign from many", server.traffic("notesUnassign", many).await);
    let many = async |n: usize| json!({ "ids": [new_note(n).await, new_note(n).await] });
    count("delete many", server.traffic("notesDelete", many).await);
    let expected = [
        ("create", 3, 2),
        ("create with links and a key", 7, 2),
        ("patch", 4, 2),
        ("patch with links", 6, 2),
        ("patch that changes nothing", 4, 2),
        ("post", 4, 2),
        ("post with a key", 6, 2),
        ("assign", 7, 2),
        ("unassign", 6, 2),
        ("delete", 7, 2),
        ("patch of many", 5, 2),
        ("assign to many", 7, 2),
        ("unassign from many", 6, 2),
        ("delete many", 7, 2),
    ];
    assert_eq!(counted, expected, "(mutation, statements, round trips)");
    drop(server.app);
}

/// Each query with the numbers of its statements and round trips, after the lookup of the token. The statements of one
/// wave are sent one behind the other on one connection, so that a query takes as many round trips as it has waves; on
/// several connections, each would count. The next wave may find another connection free.
#[tokio::test]
async fn queries_take_a_round_trip_for_each_wave() {
    let Some(server) = ObservedServer::new().await else { return };
    let person = "{ id fullName }";
    let note = server.note;
    let post = async |note: &str| {
        let document =
            "mutation($input: NoteMessagePostInput!) { noteMessagePost(input: $input) { userErrors { code } } }";
        let input = json!({ "noteId": note, "message": "one" });
        let posted = server.client.query_with(document, json!({ "input": input })).await;
        assert_eq!(posted["noteMessagePost"]["userErrors"], json!([]));
    };
    post(&note.to_string()).await;
    let assignees = server.users.map(|user| user.to_string());
    let input = json!({ "customerId": server.customer.to_string(), "assigneeIds": assignees });
    for _ in 0..3 {
        let document = "mutation($input: NoteCreateInput!) { noteCreate(input: $input) { note { id } } }";
        let created = server.client.query_with(document, json!({ "input": input })).await;
        post(created["noteCreate"]["note"]["id"].as_str().unwrap()).await;
    }
    let whole = format!(
        "{{ note(id: {note}) {{ id subject type {{ name }} company {{ name }} customer {person} user {person} \
         updatedBy {person} assignees {{ user {person} assignedBy {person} }} \
         messages(first: 10) {{ nodes {{ message postedBy {person} }} }} }} }}"
    );
    let list = format!(
        "{{ notes(first: 50, filter: {{ status: {{ eq: OPEN }} }}) {{ nodes {{ id subject customer {person} user {person} \
         assignees {{ user {person} }} messages(first: 10) {{ nodes {{ message postedBy {person} }} }} }} }} }}"
    );
    let scalars = "{ notes(first: 20) { nodes { id subject details status } } }".to_owned();
    let mut counted = Vec::new();
    for (what, document) in [("a note with everything", whole), ("a list with relations", list), ("scalars", scalars)] {
        let all = server.traffic_of_query(&document).await;
        println!("{what}: {:#?}", all.iter().map(|traffic| &traffic.statements).collect::<Vec<_>>());
        let Some((lookup, reads)) = all.split_first() else { panic!("{what} sends nothing") };
        assert_eq!((lookup.statements.len(), lookup.round_trips), (1, 1), "{what}");
        let statements: usize = reads.iter().map(|traffic| traffic.statements.len()).sum();
        counted.push((what, statements, reads.iter().map(|traffic| traffic.round_trips).sum::<usize>()));
    }
    let expected = [("a note with everything", 3, 2), ("a list with relations", 5, 3), ("scalars", 1, 1)];
    assert_eq!(counted, expected, "(query, statements, round trips)");
    drop(server.app);
}

/// The writes have been answered, and the answer to `COMMIT` is lost: the change was made, but the server cannot know.
#[tokio::test]
async fn a_lost_answer_to_the_commit_leaves_the_change_in_doubt() {
    let Some(server) = ObservedServer::new().await else { return };
    let client = &server.client;
    let note = server.note.to_string();
    for (mutation, made, input) in [
        ("noteCreate", "note", json!({ "subject": "new", "idempotencyKey": "one" })),
        ("noteMessagePost", "message", json!({ "noteId": note, "message": "new", "idempotencyKey": "one" })),
    ] {
        let kind = format!("{}{}Input", mutation[..1].to_uppercase(), &mutation[1..]);
        let document = format!(
            "mutation($input: {kind}!) {{ change: {mutation}(input: $input) {{ {made} {{ id }} userErrors {{ code }} }} }}"
        );
        // Leases ids, which commits as well.
        let mut first = input.clone();
        first["idempotencyKey"] = json!("first");
        client.query_with(&document, json!({ "input": first })).await.data();
        server.relay.cut_next_commit();
        let lost = client.query_with(&document, json!({ "input": input })).await;
        assert!(!server.relay.is_waiting_to_cut(), "{mutation}");
        assert_eq!(lost.codes(), ["UNAVAILABLE"], "{mutation}");
        assert_eq!(lost.errors()[0]["extensions"]["changed"], Value::Null, "{mutation}");
        let again = client.query_with(&document, json!({ "input": input })).await["change"].clone();
        assert_eq!(again["userErrors"], json!([]), "{mutation}");
        assert!(again[made]["id"].is_string(), "{mutation}");
        assert_eq!(client.query_with(&document, json!({ "input": input })).await["change"], again, "{mutation}");
    }
    let notes = client.query("{ notes(search: \"new\") { totalCount } }").await;
    assert_eq!(notes["notes"]["totalCount"], 3, "two were created, and one has messages");
    let document = format!("{{ note(id: \"{note}\") {{ messages {{ totalCount }} }} }}");
    assert_eq!(client.query(&document).await["note"]["messages"]["totalCount"], 2);
    // Without a key, the change is in doubt as well, and it was made.
    let document = format!(
        "mutation {{ notePatch(input: {{ id: \"{note}\", patch: {{ subject: \"in doubt\" }} }}) {{ note {{ id }} }} }}"
    );
    server.relay.cut_next_commit();
    let lost = client.query(&document).await;
    assert_eq!((lost.codes(), &lost.errors()[0]["extensions"]["changed"]), (vec!["UNAVAILABLE"], &Value::Null));
    let document = format!("{{ note(id: \"{note}\") {{ subject }} }}");
    assert_eq!(client.query(&document).await["note"]["subject"], "in doubt");
}
