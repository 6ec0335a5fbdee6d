//! Derived data: backfilled for the records of an older database, and made again when its rules change.

use migration::{Migrator, MigratorTrait};
use notegraph::backfill::{self, Backfill};
use notegraph::cli::migrate;
use notegraph::ids::CompanyId;
use notegraph::store::db::Db;
use notegraph::store::entity::token::Scope;
use notegraph::store::entity::{company, derived as progress, note};
use notegraph::text::casefold::casefold;
use sea_orm::{ActiveModelTrait, ConnectionTrait, EntityTrait, IntoActiveModel, PaginatorTrait, QueryOrder, Statement};

use testkit::{App, Database, Engine};

const SUBJECTS: [Option<&str>; 5] = [Some("Straße 'é'"), None, Some(""), Some("ПРИВЕТ \"%_\\"), Some("\u{1f80}")];

/// The subjects of the notes and their casefolded copies, sorted by key.
async fn folded(db: &Db) -> Vec<(Option<String>, Option<String>)> {
    let notes = note::Entity::find().order_by_asc(note::Column::CompanyId).order_by_asc(note::Column::Id);
    let notes = notes.all(db.read()).await.unwrap();
    notes.into_iter().map(|note| (note.subject, note.subject_folded)).collect()
}

async fn assert_folded(db: &Db, count: usize) {
    let notes = folded(db).await;
    assert_eq!(notes.len(), count);
    for (subject, folded) in notes {
        assert_eq!(folded, subject.as_deref().map(casefold));
    }
}

/// Notes in a table from before there was a casefolded subject.
#[tokio::test]
async fn existing_notes_are_backfilled_in_batches() {
    const NOTES: usize = 4_500;
    let database = Database::empty(&Engine::of_this_run()).await;
    let db = database.open().await;
    Migrator::up(db.schema_connection(), Some(9)).await.unwrap();
    let transaction = db.begin().await.unwrap();
    for id in [1, 2].map(CompanyId) {
        let row = company::Model { id, name: format!("Company {id}"), created_on: chrono::DateTime::UNIX_EPOCH };
        row.into_active_model().reset_all().insert(&transaction).await.unwrap();
    }
    for number in 0..NOTES {
        let sql = "INSERT INTO note (company_id, id, version, subject, status, priority, confidential, \
                   show_on_overview, tags, message_count, created_on, updated_on) \
                   VALUES ($1, $2, 1, $3, 'open', $4, $4, $4, $5, 0, $6, $6)";
        let id = i64::try_from(number).unwrap();
        let values = [
            (1 + id % 2).into(),
            id.into(),
            SUBJECTS[number % SUBJECTS.len()].into(),
            false.into(),
            serde_json::json!([]).into(),
            chrono::DateTime::UNIX_EPOCH.into(),
        ];
        let insert = Statement::from_sql_and_values(db.backend(), sql, values);
        transaction.execute_raw(insert).await.unwrap();
    }
    transaction.commit().await.unwrap();

    let brought = migrate::up(&db).await.unwrap();
    assert_eq!((brought.changes.len(), brought.derived), (Migrator::migrations().len() - 9, names()));
    assert_folded(&db, NOTES).await;
    assert!(backfill::pending(&db).await.unwrap().is_empty());
    assert!(migrate::up(&db).await.unwrap().derived.is_empty(), "once is enough");
}

fn names() -> Vec<&'static str> {
    Backfill::ALL.map(Backfill::name).to_vec()
}

async fn wrong(app: &App) {
    let transaction = app.db().begin().await.unwrap();
    transaction.execute_unprepared("UPDATE note SET subject_folded = 'wrong' WHERE subject IS NOT NULL").await.unwrap();
    transaction.commit().await.unwrap();
}

async fn seeded() -> App {
    let app = App::start().await;
    let acme = app.company("Acme").await;
    for subject in SUBJECTS {
        acme.note(|note| note.subject = subject.map(str::to_owned)).await;
    }
    app
}

async fn set_progress(app: &App, change: impl FnOnce(&mut progress::Model)) {
    let transaction = app.db().begin().await.unwrap();
    let found = progress::Entity::find_by_id(Backfill::FoldedSubject.name()).one(&transaction).await.unwrap();
    let mut row = found.unwrap();
    change(&mut row);
    row.into_active_model().reset_all().update(&transaction).await.unwrap();
    transaction.commit().await.unwrap();
}

#[tokio::test]
async fn changed_rules_trigger_a_new_backfill() {
    let app = seeded().await;
    assert!(backfill::pending(app.db()).await.unwrap().is_empty(), "a new database has nothing to catch up with");
    wrong(&app).await;
    assert!(backfill::catch_up(app.db()).await.unwrap().is_empty());
    set_progress(&app, |row| row.version -= 1).await;
    assert_eq!(backfill::pending(app.db()).await.unwrap(), [Backfill::FoldedSubject.name()]);
    assert!(migrate::require_current(app.db()).await.unwrap_err().to_string().contains("note.subject_folded"));
    assert_eq!(backfill::catch_up(app.db()).await.unwrap(), [Backfill::FoldedSubject.name()]);
    assert_folded(app.db(), SUBJECTS.len()).await;
    assert_eq!(progress::Entity::find().count(app.db().read()).await.unwrap(), Backfill::ALL.len() as u64);
    migrate::require_current(app.db()).await.unwrap();
}

/// An interrupted backfill continues where it stopped, and two concurrent ones share the work.
#[tokio::test]
async fn an_interrupted_backfill_resumes() {
    let app = seeded().await;
    wrong(&app).await;
    let third = note::Entity::find().order_by_asc(note::Column::Id).all(app.db().read()).await.unwrap().remove(2);
    let key = (third.company_id, third.id.0);
    set_progress(&app, |row| {
        row.done = false;
        (row.after_company_id, row.after_id) = Some(key).unzip();
    })
    .await;
    let (one, other) = tokio::join!(backfill::catch_up(app.db()), backfill::catch_up(app.db()));
    // The one that finds everything done reports nothing.
    let told = [one.unwrap(), other.unwrap()];
    assert!(told.iter().any(|told| !told.is_empty()), "somebody did it");
    let expected = SUBJECTS.map(|subject| {
        let at = SUBJECTS.iter().position(|other| *other == subject).unwrap();
        subject.map(|subject| if at <= 2 { "wrong".to_owned() } else { casefold(subject) })
    });
    let copies: Vec<_> = folded(app.db()).await.into_iter().map(|(_, folded)| folded).collect();
    assert_eq!(copies, expected);
}

/// If a migration drops derived data, it is made again with its table.
#[tokio::test]
async fn data_of_a_dropped_table_is_backfilled_again() {
    let app = App::start().await;
    let client = app.company("Acme").await.user("ann").await.token(&[Scope::Write]).await;
    let create = "mutation { noteCreate(input: { subject: \"needle\" }) { note { id } } }";
    let id = client.query(create).await.data()["noteCreate"]["note"]["id"].clone();
    let after_search =
        Migrator::migrations().iter().rev().position(|step| step.name() == "m20261122_000041_search_notes");
    Migrator::down(app.db().schema_connection(), Some(u32::try_from(after_search.unwrap()).unwrap() + 1))
        .await
        .unwrap();
    assert_eq!(backfill::pending(app.db()).await.unwrap(), ["search_part"]);
    migrate::up(app.db()).await.unwrap();
    let found = client.query("{ notes(search: \"needle\") { nodes { id } } }").await;
    assert_eq!(found.data()["notes"]["nodes"], serde_json::json!([{ "id": id }]));
}
