//! Ids of new records: each company has its own counters, no id is given twice, and gaps reveal nothing exact.

use std::collections::BTreeSet;

use migration::{Migrator, MigratorTrait};
use notegraph::ids::{MessageId, NoteId};
use notegraph::store::db::{self, Db, IdSpacing};
use notegraph::store::entity::token::Scope;
use sea_orm::{ConnectionTrait, Statement};
use serde_json::{Value, json};

use testkit::{App, Client, Company};

/// The largest integer that JavaScript represents exactly.
const LARGEST: i64 = (1 << 53) - 1;

/// Opens a separate connection, as another process would, with the id steps of the program.
async fn other_process(app: &App) -> Db {
    let mut db = testkit::open(app.database_url()).await;
    db.set_id_spacing(IdSpacing::Random);
    db
}

/// The counters of a company.
async fn counters(app: &App, company: &Company) -> Vec<(String, i64)> {
    let sql = "SELECT name, value FROM company_counter WHERE company_id = $1 ORDER BY name";
    let db = app.db().read();
    let statement = Statement::from_sql_and_values(app.db().backend(), sql, [company.id.into()]);
    let rows = db.query_all_raw(statement).await.unwrap();
    rows.iter().map(|row| (row.try_get("", "name").unwrap(), row.try_get("", "value").unwrap())).collect()
}

async fn create(client: &Client) -> i64 {
    let made = client.query("mutation { noteCreate(input: {}) { note { databaseId } } }").await;
    made["noteCreate"]["note"]["databaseId"].as_str().unwrap().parse().unwrap()
}

#[tokio::test]
async fn processes_share_no_id_and_each_ascends() {
    let app = App::start().await;
    let acme = app.company("Acme").await;
    let processes = [other_process(&app).await, other_process(&app).await];
    let mut given = BTreeSet::new();
    let mut last = [NoteId(0); 2];
    // Each process takes more than one block of ids.
    for round in 0..1_000 {
        let process = usize::from(round % 3 == 0);
        let db = &processes[process];
        let id = db.next_id::<NoteId>(acme.id).await.unwrap();
        assert!(id > last[process], "{id} after {last:?}");
        assert!(given.insert(id), "{id} was given before");
        last[process] = id;
        if round % 100 == 0 {
            // An import at the same time.
            let transaction = db.begin().await.unwrap();
            let allocated = db.ids().allocate(&transaction, acme.id, 50).await.unwrap();
            transaction.commit().await.unwrap();
            assert!(allocated.is_sorted());
            assert!(allocated.iter().all(|id| given.insert(*id)), "{allocated:?}");
        }
    }
    let largest = given.last().unwrap();
    assert!(*largest < NoteId(LARGEST / 1_000_000), "{largest}");
}

#[tokio::test]
async fn concurrently_created_ids_are_different() {
    let app = App::start().await;
    let acme = app.company("Acme").await;
    let db = other_process(&app).await;
    let take = |_| {
        let db = db.clone();
        let company = acme.id;
        tokio::spawn(async move { db.next_id::<MessageId>(company).await.unwrap() })
    };
    let tasks: Vec<_> = (0..50).map(take).collect();
    let mut given = BTreeSet::new();
    for task in tasks {
        assert!(given.insert(task.await.unwrap()));
    }
}

/// Most ids come from a block in memory, without a statement.
#[tokio::test]
async fn a_block_lasts_for_many_ids() {
    let app = App::start().await;
    let acme = app.company("Acme").await;
    let mut db = other_process(&app).await;
    let asked = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    db.observe({
        let asked = asked.clone();
        move |_| {
            asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        }
    });
    for _ in 0..1_000 {
        db.next_id::<NoteId>(acme.id).await.unwrap();
    }
    let asked = asked.load(std::sync::atomic::Ordering::Relaxed);
    assert!((2..50).contains(&asked), "asked {asked} times for 1,000 ids");
}

#[tokio::test]
async fn a_company_moves_no_counter_of_another() {
    let app = App::start().await;
    let (acme, rival) = (app.company("Acme").await, app.company("Rival").await);
    let ann = acme.user("ann").await.token(&[Scope::Admin]).await;
    let rick = rival.user("rick").await.token(&[Scope::Admin]).await;
    let first = create(&ann).await;
    let before = counters(&app, &acme).await;
    for n in 0..7 {
        let note = create(&rick).await;
        let changes = format!(
            r#"mutation {{
                noteMessagePost(input: {{ noteId: "{note}", message: "x" }}) {{ message {{ id }} }}
                customersUpsert(input: [{{ externalKey: "{n}", fullName: "x" }}]) {{ customers {{ id }} }}
                usersUpsert(input: [{{ externalKey: "{n}", username: "u{n}", fullName: "x" }}]) {{ users {{ id }} }}
                noteTypeCreate(name: "{n}") {{ noteType {{ id }} }}
            }}"#
        );
        rick.query(&changes).await.data();
    }
    rival.user("rob").await.token(&[Scope::Read]).await;
    assert_eq!(counters(&app, &acme).await, before);
    assert_eq!(create(&ann).await, first + 1, "with steps of one, nothing lies between");
}

/// Ids of companies are not consecutive.
#[tokio::test]
async fn ids_of_companies_are_random() {
    let app = App::start().await;
    let db = other_process(&app).await;
    let mut ids = Vec::new();
    for _ in 0..20 {
        ids.push(db.ids().new_company(db.read()).await.unwrap());
    }
    assert!(ids.iter().all(|id| (1..=1 << 31).contains(&id.0)), "{ids:?}");
    assert!(!ids.is_sorted());
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), 20);
}

/// An imported id with the largest value of the column does not use up all ids.
#[tokio::test]
async fn imported_ids_move_the_counter_unless_they_are_huge() {
    let app = App::start().await;
    let acme = app.company("Acme").await;
    let transaction = app.db().begin().await.unwrap();
    db::reserve(&transaction, acme.id, NoteId(5_000)).await.unwrap();
    db::reserve(&transaction, acme.id, NoteId(70)).await.unwrap();
    db::reserve(&transaction, acme.id, NoteId(i64::MAX)).await.unwrap();
    assert_eq!(db::allocate_dense::<NoteId>(&transaction, acme.id, 2).await.unwrap(), [5_001, 5_002].map(NoteId));
    db::reserve(&transaction, acme.id, NoteId(1 << 52)).await.unwrap();
    assert_eq!(db::allocate_dense::<NoteId>(&transaction, acme.id, 1).await.unwrap(), [NoteId((1 << 52) + 1)]);
    let none = db::allocate_dense::<NoteId>(&transaction, acme.id, 1 << 52).await.unwrap_err();
    assert!(none.to_string().contains("no note ids left"), "{none}");
}

/// Migrates tables with one counter for all companies: each company continues after its own ids, including deleted
/// ones.
#[tokio::test]
async fn global_counters_migrate_to_company_counters_and_back() {
    let app = App::start().await;
    let (acme, rival) = (app.company("Acme").await, app.company("Rival").await);
    let ann = acme.user("ann").await.token(&[Scope::Admin]).await;
    let kept = create(&ann).await;
    let gone = create(&ann).await;
    ann.query(&format!(r#"mutation {{ noteDelete(input: {{ id: "{gone}" }}) {{ deletedNoteId }} }}"#)).await.data();
    let foreign = rival.note(|_| {}).await.id;
    let migrations = Migrator::migrations();
    let place = migrations.iter().position(|migration| migration.name().ends_with("number_by_company")).unwrap();
    let steps = u32::try_from(migrations.len() - place).unwrap();
    Migrator::down(app.db().schema_connection(), Some(steps)).await.unwrap();
    assert_eq!(next_of_all(&app, "note_id").await, foreign.0 + 1, "larger than all that were given");
    Migrator::up(app.db().schema_connection(), None).await.unwrap();
    assert_eq!(create(&ann).await, gone + 1);
    assert!(gone > kept);
    let counted: Value = counters(&app, &rival).await.into_iter().collect();
    assert_eq!(counted, json!({ "note": foreign }));
}

async fn next_of_all(app: &App, counter: &str) -> i64 {
    let sql = match app.db().backend() {
        sea_orm::DatabaseBackend::Postgres => format!("SELECT nextval('{counter}')"),
        _ => format!("UPDATE id_counter SET value = value + 1 WHERE name = '{counter}' RETURNING value"),
    };
    let transaction = app.db().begin().await.unwrap();
    let row = transaction.query_one_raw(Statement::from_string(app.db().backend(), sql)).await.unwrap().unwrap();
    transaction.commit().await.unwrap();
    row.try_get_by_index(0).unwrap()
}
