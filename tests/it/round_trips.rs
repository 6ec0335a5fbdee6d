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
    let expected = [
        ("create", 5, 2),
        ("create with links and a key", 12, 2),
        ("patch", 6, 2),
        ("patch with links", 8, 2),
        ("patch that changes nothing", 4, 2),
        ("post", 7, 2),
        ("post with a key", 11, 2),
        ("assign", 9, 2),
        ("unassign", 8, 2),
        ("delete", 12, 2),
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
