//! Migrations: they can be applied and rolled back, give both databases the same tables, and keep companies apart.

use migration::{Migrator, MigratorTrait};
use notegraph::ids::{MessageId, NoteId, TokenId};
use notegraph::store::db::ConstraintViolation;
use notegraph::store::entity::{assignment, message, note, token};
use sea_orm::{ActiveModelTrait, EntityTrait, IntoActiveModel};
use sea_orm::{DbErr, PaginatorTrait};

use testkit::{App, Catalog, Database, Engine};

#[tokio::test]
async fn up_down_and_up_again() {
    let database = Database::empty(&Engine::of_this_run()).await;
    let db = database.open().await;
    let nothing = Catalog::read(&db).await;
    assert_eq!(nothing, Catalog::default());

    Migrator::up(db.schema_connection(), None).await.unwrap();
    let tables = Catalog::read(&db).await;
    assert!(tables.tables.contains_key("note"), "{tables:#?}");

    Migrator::down(db.schema_connection(), None).await.unwrap();
    assert_eq!(Catalog::read(&db).await, nothing);

    Migrator::up(db.schema_connection(), None).await.unwrap();
    assert_eq!(Catalog::read(&db).await, tables);
    // Migrating once more changes nothing.
    Migrator::up(db.schema_connection(), None).await.unwrap();
    assert_eq!(Catalog::read(&db).await, tables);
}

/// Rolls back and reapplies one migration at a time: none depends on a later one.
#[tokio::test]
async fn each_migration_can_be_rolled_back() {
    let database = Database::migrated(&Engine::of_this_run()).await;
    let db = database.open().await;
    let mut stack = vec![Catalog::read(&db).await];
    for _ in Migrator::migrations() {
        Migrator::down(db.schema_connection(), Some(1)).await.unwrap();
        stack.push(Catalog::read(&db).await);
    }
    assert_eq!(stack.pop(), Some(Catalog::default()));
    while let Some(before) = stack.pop() {
        Migrator::up(db.schema_connection(), Some(1)).await.unwrap();
        assert_eq!(Catalog::read(&db).await, before);
    }
}

#[tokio::test]
async fn both_databases_have_the_same_tables() {
    let Some(postgres) = Engine::postgres() else { return };
    let (sqlite, postgres) = (Database::migrated(&Engine::Sqlite).await, Database::migrated(&postgres).await);
    let (mut sqlite, mut postgres) =
        (Catalog::read(&sqlite.open().await).await, Catalog::read(&postgres.open().await).await);
    // The order of notes by the time of their update: an index of theirs, or a table beside them.
    let order = |catalog: &mut Catalog, table: &str, name: &str| {
        let mut found =
            catalog.tables.get_mut(table).unwrap().indexes.extract_if(.., |index| index.name.as_deref() == Some(name));
        found.next().unwrap().columns
    };
    assert_eq!(order(&mut sqlite, "note", "note_updated_on_id"), ["company_id", "updated_on", "id"]);
    let beside = order(&mut postgres, "note_update", "note_update_updated_on_note_id");
    assert_eq!(beside, ["company_id", "updated_on", "note_id"]);
    assert!(postgres.tables.remove("note_update").is_some());
    assert_eq!(sqlite, postgres);
}

#[tokio::test]
async fn the_company_leads_every_key_and_index() {
    let app = App::start().await;
    let catalog = Catalog::read(app.db()).await;
    let of_all = ["company", "derived", "event_log"];
    let owned: Vec<_> = catalog.tables.iter().filter(|(name, _)| !of_all.contains(&name.as_str())).collect();
    let beside = usize::from(catalog.tables.contains_key("note_update"));
    assert_eq!(owned.len(), 18 + beside, "{:?}", catalog.tables.keys());
    for (name, table) in owned {
        assert_eq!(table.columns.get("company_id"), Some(&false), "{name} belongs to a company");
        assert_eq!(table.primary_key[0], "company_id", "primary key of {name}");
        for index in &table.indexes {
            assert_eq!(index.columns[0], "company_id", "index of {name}: {index:?}");
        }
        for key in &table.foreign_keys {
            assert_eq!(key.columns[0], "company_id", "foreign key of {name}: {key:?}");
            let target = if key.target == "company" { "id" } else { "company_id" };
            assert_eq!(key.target_columns[0], target, "foreign key of {name}: {key:?}");
        }
    }
}

/// Points each link of a row at a record of another company, with an id that the row's own company does not have.
#[tokio::test]
async fn a_reference_between_companies_is_refused() {
    let app = App::start().await;
    let (ours, theirs) = (app.company("Ours").await, app.company("Theirs").await);
    let ann = ours.user("ann").await;
    let note = ours.note(|_| {}).await;
    let message = ours.message(note.id, |_| {}).await;
    let assignment = ours.assign(note.id, ann.id).await;
    ann.token(&[]).await;
    let token = token::Entity::find().one(app.db().read()).await.unwrap().unwrap();

    let (bob, customer) = (theirs.user("bob").await, theirs.customer("Cara").await);
    let (kind, foreign) = (theirs.note_type("Call").await, theirs.note(|_| {}).await);
    assert!(foreign.id != note.id && bob.id != ann.id, "ids are unique across companies");

    let note = note::Model { id: NoteId(1000), ..note };
    refused(&app, note::Model { user_id: Some(bob.id), ..note.clone() }).await;
    refused(&app, note::Model { updated_by_id: Some(bob.id), ..note.clone() }).await;
    refused(&app, note::Model { customer_id: Some(customer.id), ..note.clone() }).await;
    refused(&app, note::Model { type_id: Some(kind.id), ..note.clone() }).await;
    refused(&app, message::Model { id: MessageId(1000), position: 2, note_id: foreign.id, ..message.clone() }).await;
    refused(&app, message::Model { id: MessageId(1000), position: 2, posted_by_id: Some(bob.id), ..message }).await;
    refused(&app, assignment::Model { note_id: foreign.id, ..assignment.clone() }).await;
    refused(&app, assignment::Model { user_id: bob.id, ..assignment.clone() }).await;
    refused(&app, token::Model { id: TokenId(1000), hash: vec![0; 32], user_id: bob.id, ..token }).await;

    // The same row without the foreign link is accepted, so the link was the reason.
    app.insert(note).await;
    assert_eq!(note::Entity::find().count(app.db().read()).await.unwrap(), 3);
}

/// Deleting a referenced record is refused, so no reference dangles.
#[tokio::test]
async fn referenced_rows_cannot_be_deleted() {
    let app = App::start().await;
    let acme = app.company("Acme").await;
    let note = acme.note(|_| {}).await;
    acme.message(note.id, |_| {}).await;
    let transaction = app.db().begin().await.unwrap();
    let deleted = note::Entity::delete_by_id((acme.id, note.id)).exec(&transaction).await;
    assert_foreign_key(deleted.map(|_| ()));
}

async fn refused<M>(app: &App, row: M)
where
    M: sea_orm::ModelTrait + IntoActiveModel<<M::Entity as EntityTrait>::ActiveModel> + std::fmt::Debug,
    M::Entity: EntityTrait<Model = M>,
    <M::Entity as EntityTrait>::ActiveModel: sea_orm::ActiveModelBehavior + Send,
{
    let transaction = app.db().begin().await.unwrap();
    let inserted = row.into_active_model().reset_all().insert(&transaction).await;
    transaction.rollback().await.unwrap();
    assert_foreign_key(inserted.map(|row| panic!("taken: {row:?}")));
}

#[track_caller]
fn assert_foreign_key(result: Result<(), DbErr>) {
    let error = result.expect_err("a foreign key refuses it");
    assert_eq!(ConstraintViolation::of(&error), Some(ConstraintViolation::ForeignKey), "{error}");
}
