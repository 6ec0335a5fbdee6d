//! `search` of `customers` and `users`.

use migration::{Migrator, MigratorTrait};
use notegraph::backfill;
use notegraph::cli::migrate;
use notegraph::ids::CustomerId;
use notegraph::store::entity::token::Scope;
use notegraph::store::entity::user::UserStatus;
use sea_orm::{ConnectionTrait, DatabaseBackend};
use serde_json::{Value, json};
use testkit::{App, Client, Contents, Database, Engine};

use crate::fixture::Fixture;
use crate::loading::demo_client;

async fn start() -> Fixture {
    Fixture::with(&["viewer"], &[Scope::Read]).await
}

impl Fixture {
    async fn found_customers(&self, search: &str) -> Vec<String> {
        found(&self.client, "customers", search).await
    }

    async fn found_users(&self, search: &str) -> Vec<String> {
        found(&self.client, "users", search).await
    }
}

/// The names of the people that a search finds, in list order. Asserts that the count agrees.
async fn found(client: &Client, list: &str, search: &str) -> Vec<String> {
    let document =
        format!("query($search: String) {{ {list}(search: $search) {{ totalCount nodes {{ fullName }} }} }}");
    let answer = client.query_with(&document, json!({ "search": search })).await[list].clone();
    let nodes = answer["nodes"].as_array().unwrap();
    assert_eq!(answer["totalCount"], nodes.len(), "{search:?}");
    nodes.iter().map(|node| node["fullName"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn people_are_found_by_prefixes_of_their_words() {
    let fixture = start().await;
    fixture
        .company
        .customer_with("Zoë Müller-Łodz", |row| {
            row.email = Some("zm.work@Example.com".to_owned());
            row.company_name = Some("Bäckerei O'Neil".to_owned());
            row.middle_name = Some("Ægir".to_owned());
        })
        .await;
    fixture.company.customer("Zoe Miller").await;
    fixture.company.customer("田中太郎").await;
    let (zoe, other) = ("Zoë Müller-Łodz", "Zoe Miller");
    for (search, expected) in [
        ("zo", vec![zoe, other]),
        ("ZOË", vec![zoe, other]),
        ("zoe\u{308} m", vec![zoe, other]),
        ("mull", vec![zoe]),
        ("muller zoe", vec![zoe]),
        ("müller-lodz", vec![zoe]),
        ("ÆGIR", vec![zoe]),
        ("neil", vec![zoe]),
        ("backerei", vec![zoe]),
        ("zm.work@example.com", vec![zoe]),
        ("work@exam", vec![zoe]),
        ("zoe zoe zo", vec![zoe, other]),
        ("oe", vec![]),
        ("zoe miller muller", vec![]),
        ("太郎", vec!["田中太郎"]),
        ("田", vec!["田中太郎"]),
        ("田中太", vec!["田中太郎"]),
        ("郎太", vec![]),
        ("%", vec![]),
        ("_oe", vec![]),
        ("!", vec![]),
        ("'; --", vec![]),
        ("\u{0}", vec![]),
        ("", vec![zoe, other, "田中太郎"]),
        (" \n", vec![zoe, other, "田中太郎"]),
    ] {
        assert_eq!(fixture.found_customers(search).await, expected, "{search:?}");
    }
}

#[tokio::test]
async fn telephone_numbers_are_found_in_every_form() {
    let fixture = start().await;
    fixture
        .company
        .customer_with("Ann 7", |row| {
            row.mobile_country_code = Some("49".to_owned());
            row.mobile_number = Some("0171 234-5678".to_owned());
            row.mobile_full = Some("+491712345678".to_owned());
            row.phone_full = Some("+1 (202) 555-0123".to_owned());
        })
        .await;
    fixture.company.user_with("bob", |row| row.mobile_number = Some("+44 20 7946 0000".to_owned())).await;
    for search in [
        "0171",
        "171",
        "0171 23",
        "+49 171 2345678",
        "0049 171",
        "+49 (0)171 234",
        "49-171",
        "202 555",
        "1202",
        "2025550123",
        "ann 0171",
        "ann 7",
    ] {
        assert_eq!(fixture.found_customers(search).await, ["Ann 7"], "{search}");
    }
    for search in ["234", "5678", "0171 99", "0171 234 567 89", "8"] {
        assert_eq!(fixture.found_customers(search).await, Vec::<String>::new(), "{search}");
    }
    for search in ["207946", "+44 20", "0044", "20 79"] {
        assert_eq!(fixture.found_users(search).await, ["bob"], "{search}");
    }
}

#[tokio::test]
async fn users_are_found_by_username_and_email_within_a_status() {
    let fixture = start().await;
    fixture
        .company
        .user_with("ann.lee", |row| (row.full_name, row.email) = ("Ann".to_owned(), Some("x1@y.z".to_owned())))
        .await;
    fixture
        .company
        .user_with("ann-99", |row| (row.full_name, row.status) = ("Ann gone".to_owned(), UserStatus::Inactive))
        .await;
    assert_eq!(fixture.found_users("lee").await, ["Ann"]);
    assert_eq!(fixture.found_users("ann").await, ["Ann", "Ann gone"]);
    assert_eq!(fixture.found_users("ann-99").await, ["Ann gone"]);
    assert_eq!(fixture.found_users("X1").await, ["Ann"]);
    let active =
        fixture.client.query(r#"{ users(search: "ann", status: ACTIVE) { totalCount nodes { fullName } } }"#).await;
    assert_eq!(active["users"], json!({ "totalCount": 1, "nodes": [{ "fullName": "Ann" }] }));
}

#[tokio::test]
async fn nobody_of_another_company_is_found() {
    let fixture = start().await;
    let other = fixture.app.company("Other").await;
    // Both companies have a customer with the same id, but only one has the word.
    let secret = other.customer_with("Secret", |row| row.id = CustomerId(77)).await;
    fixture.company.customer_with("Open", |row| row.id = secret.id).await;
    other.user("secret").await;
    assert_eq!(fixture.found_customers("secret").await, Vec::<String>::new());
    assert_eq!(fixture.found_users("secret").await, Vec::<String>::new());
    assert_eq!(fixture.found_customers("open").await, ["Open"]);
}

#[tokio::test]
async fn a_search_keeps_the_order_the_cursors_and_the_pages_of_the_list() {
    let fixture = start().await;
    for n in 0..30 {
        fixture.company.customer(&format!("{} {n}", if n % 3 == 0 { "Ann" } else { "Bob" })).await;
    }
    let list = async |args: &str| {
        let document = format!(
            "{{ customers({args}) {{ totalCount pageCount edges {{ cursor node {{ fullName }} }} pageInfo {{ hasNextPage hasPreviousPage endCursor }} }} }}"
        );
        fixture.client.query(&document).await["customers"].clone()
    };
    let all = list(r#"search: "ann""#).await;
    assert_eq!(all["totalCount"], 10);
    let first = list(r#"search: "ann", first: 4"#).await;
    assert_eq!((&first["pageInfo"]["hasNextPage"], &first["edges"][3]), (&json!(true), &all["edges"][3]));
    let second = list(&format!(r#"search: "ann", first: 4, after: {}"#, first["pageInfo"]["endCursor"])).await;
    assert_eq!(second["edges"][0], all["edges"][4]);
    let back = list(&format!(r#"search: "ann", last: 2, before: {}"#, first["pageInfo"]["endCursor"])).await;
    assert_eq!(back["edges"][1], all["edges"][2]);
    let numbered = list(r#"search: "ann", first: 4, page: 3"#).await;
    assert_eq!((&numbered["pageCount"], &numbered["edges"][1]), (&json!(3), &all["edges"][9]));
    // A cursor is a position in the list, whatever the search.
    let bob = list(&format!(r#"search: "bob", first: 1, after: {}"#, first["edges"][0]["cursor"])).await;
    assert_eq!(bob["edges"][0]["node"]["fullName"], "Bob 1");
}

#[tokio::test]
async fn too_many_words_are_refused() {
    let fixture = start().await;
    let words = |count: usize| vec!["a,"; count].join(" ");
    for list in ["customers", "users"] {
        let document = format!("query($search: String) {{ {list}(search: $search) {{ totalCount }} }}");
        let ask = async |search: String| fixture.client.query_with(&document, json!({ "search": search })).await;
        assert!(ask(words(20)).await.errors().is_empty());
        assert_eq!(ask(words(21)).await.codes(), ["INVALID"]);
        assert_eq!(ask("x".repeat(10_000)).await[list]["totalCount"], 0);
        assert_eq!(ask("x".repeat(10_001)).await.codes(), ["INVALID"]);
    }
}

/// People that were stored before there were search words.
#[tokio::test]
async fn existing_people_are_found_after_migrating() {
    let app = App::start().await;
    notegraph::demo::fill(app.db(), 100, &|_| {}).await.unwrap();
    let kept = Contents::read(&app).await;
    let client = demo_client(&app, &[Scope::Read]).await;
    let transaction = app.db().begin().await.unwrap();
    for sql in [
        "DELETE FROM customer_word",
        "UPDATE user_word SET word = 'wrong' || word",
        "UPDATE derived SET version = 0 WHERE name IN ('customer_word', 'user_word')",
    ] {
        transaction.execute_unprepared(sql).await.unwrap();
    }
    transaction.commit().await.unwrap();
    assert_eq!(found(&client, "users", "ada").await, Vec::<String>::new());
    assert_eq!(backfill::pending(app.db()).await.unwrap(), ["customer_word", "user_word"]);
    assert_eq!(migrate::up(app.db()).await.unwrap().derived, ["customer_word", "user_word"]);
    let filled = Contents::read(&app).await;
    for table in ["customer_word", "user_word"] {
        assert!(filled.count(table) > 40);
        assert_eq!(filled.0[table], kept.0[table], "{table}");
    }
    assert_eq!(found(&client, "users", "ada lindq").await, ["Ada Lindqvist"]);
}

#[tokio::test]
async fn imported_people_are_found() {
    let fixture = start().await;
    let record = |id: i64, customer: Value| {
        json!({ "id": id, "created_on": "2026-01-01T00:00:00Z", "customer_id": 5, "customer": customer,
                "user_id": 6, "user": { "id": 6, "username": "grace", "first_name": "Grace" } })
    };
    let import = async |record: Value| {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), record.to_string()).unwrap();
        let program = std::process::Command::new(env!("CARGO_BIN_EXE_notegraph"))
            .args(["import", "--company", "Acme", "--database-url", fixture.app.database_url()])
            .arg(file.path())
            .output()
            .unwrap();
        assert!(program.status.success(), "{}", String::from_utf8_lossy(&program.stderr));
    };
    // At first the customer is known by its id alone.
    import(record(1, Value::Null)).await;
    assert_eq!(fixture.found_users("grace").await, ["Grace"]);
    import(record(2, json!({ "id": 5, "first_name": "Ida", "last_name": "Nowak", "mobile": "+48 501 000 111" }))).await;
    assert_eq!(fixture.found_customers("nowak ida").await, ["Ida Nowak"]);
    assert_eq!(fixture.found_customers("501000").await, ["Ida Nowak"]);
    assert_eq!(
        fixture.found_customers("customer").await,
        Vec::<String>::new(),
        "what stood there before is no word of hers"
    );
}

/// A search reads one range of the word index for the longest word, and then looks up the other words of each person
/// found. With several words and a page that is not full, one more statement checks whether more people match than one
/// statement examines.
#[tokio::test]
async fn a_search_reads_a_range_of_the_index() {
    let app = App::start().await;
    notegraph::demo::fill(app.db(), 20_000, &|_| {}).await.unwrap();
    if app.db().backend() == DatabaseBackend::Postgres {
        app.db().schema_connection().execute_unprepared("ANALYZE").await.unwrap();
    }
    let client = demo_client(&app, &[Scope::Read]).await;
    let name =
        client.query("{ customers(first: 1) { nodes { firstName lastName } } }").await["customers"]["nodes"][0].clone();
    let words = format!("{} {}", name["firstName"].as_str().unwrap(), name["lastName"].as_str().unwrap());
    for search in [words.as_str(), "ada", "555", "zzz"] {
        for list in ["customers", "users"] {
            let document = format!("query($s: String) {{ {list}(search: $s) {{ nodes {{ id }} totalCount }} }}");
            let recording = app.record();
            client.query_with(&document, json!({ "s": search })).await.data();
            let ran = recording.of_operation();
            let words = search.split(' ').count();
            assert_eq!(ran.len(), if words > 1 { 3 } else { 2 });
            app.assert_no_table_scans(&ran).await;
            if app.db().backend() == DatabaseBackend::Postgres {
                continue;
            }
            for statement in ran {
                let mut explained = statement.clone();
                explained.sql.insert_str(0, "EXPLAIN QUERY PLAN ");
                let steps = app.db().read().query_all_raw(explained).await.unwrap();
                let steps: Vec<String> = steps.iter().map(|row| row.try_get("", "detail").unwrap()).collect();
                let of = |range: &str| steps.iter().filter(|step| step.contains(range)).count();
                let others = if statement.sql.contains("OFFSET") { 0 } else { words - 1 };
                assert_eq!(of("(company_id=? AND word>? AND word<?)"), 1, "{steps:#?}");
                assert_eq!(of("_id=? AND word>? AND word<?)") - 1, others, "{steps:#?}");
            }
        }
    }
}

#[tokio::test]
async fn an_empty_database_needs_no_backfill() {
    let database = Database::empty(&Engine::of_this_run()).await;
    let db = database.open().await;
    Migrator::up(db.schema_connection(), None).await.unwrap();
    assert!(!backfill::pending(&db).await.unwrap().is_empty());
    backfill::catch_up(&db).await.unwrap();
    assert!(backfill::pending(&db).await.unwrap().is_empty());
}
