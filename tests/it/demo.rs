//! The demo's data: the same in every run, and as consistent as data that the server writes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use notegraph::demo::{self, BASE, State};
use notegraph::ids::{CompanyId, CustomerId, MessageId, NoteId, UserId};
use notegraph::store::entity::event::EventType;
use notegraph::store::entity::note::NoteStatus;
use notegraph::store::entity::user::UserStatus;
use notegraph::store::entity::{assignment, company, customer, event, message, note, note_type, user};
use sea_orm::EntityTrait;

use testkit::App;

/// All rows, sorted by their keys.
#[derive(PartialEq)]
struct Rows {
    companies: Vec<company::Model>,
    customers: Vec<customer::Model>,
    users: Vec<user::Model>,
    note_types: Vec<note_type::Model>,
    notes: Vec<note::Model>,
    assignments: Vec<assignment::Model>,
    messages: Vec<message::Model>,
    events: Vec<event::Model>,
}

async fn rows(app: &App) -> Rows {
    let db = app.db().read();
    Rows {
        companies: company::Entity::find().order_by_id_asc().all(db).await.unwrap(),
        customers: customer::Entity::find().order_by_id_asc().all(db).await.unwrap(),
        users: user::Entity::find().order_by_id_asc().all(db).await.unwrap(),
        note_types: note_type::Entity::find().order_by_id_asc().all(db).await.unwrap(),
        notes: note::Entity::find().order_by_id_asc().all(db).await.unwrap(),
        assignments: assignment::Entity::find().order_by_id_asc().all(db).await.unwrap(),
        messages: message::Entity::find().order_by_id_asc().all(db).await.unwrap(),
        events: event::Entity::find().order_by_id_asc().all(db).await.unwrap(),
    }
}

async fn fill(app: &App, notes: u64) {
    demo::fill(app.db(), notes, &|_| {}).await.unwrap();
}

#[tokio::test]
async fn the_demo_is_deterministic() {
    let (one, two) = (App::start().await, App::start().await);
    fill(&one, 500).await;
    fill(&two, 500).await;
    let (mut one, mut two) = (rows(&one).await, rows(&two).await);
    // PostgreSQL numbers the transactions of all its databases.
    for rows in [&mut one, &mut two] {
        rows.events.iter_mut().for_each(|event| event.transaction_id = 0);
    }
    assert!(one == two);
    assert_eq!((one.companies.len(), one.customers.len(), one.users.len(), one.notes.len()), (1, 50, 9, 500));
    assert_eq!((one.companies[0].id, one.companies[0].name.as_str()), (CompanyId(1), "Demo"));
    assert!(one.notes.iter().map(|note| note.id).eq((1..=500).map(NoteId)));
    assert!(one.customers.iter().map(|customer| customer.id).eq((1..=50).map(CustomerId)));
    assert!(one.users.iter().map(|user| user.id).eq((1..=9).map(UserId)));
}

#[tokio::test]
async fn demo_rows_are_consistent() {
    let app = App::start().await;
    // More notes than one transaction writes.
    fill(&app, 2_100).await;
    let rows = rows(&app).await;

    let mut threads: BTreeMap<NoteId, Vec<&message::Model>> = BTreeMap::new();
    for message in &rows.messages {
        threads.entry(message.note_id).or_default().push(message);
    }
    let mut assigned: BTreeMap<NoteId, Vec<&assignment::Model>> = BTreeMap::new();
    for row in &rows.assignments {
        assigned.entry(row.note_id).or_default().push(row);
    }
    let mut history: BTreeMap<NoteId, Vec<&event::Model>> = BTreeMap::new();
    for event in &rows.events {
        history.entry(event.note_id).or_default().push(event);
    }

    for note in &rows.notes {
        let thread = threads.remove(&note.id).unwrap_or_default();
        let mut positions: Vec<i32> = thread.iter().map(|message| message.position).collect();
        positions.sort_unstable();
        assert!(positions.iter().copied().eq(1..=note.message_count), "{note:?}");
        let mut last = note.created_on;
        for message in thread.iter().copied() {
            assert!(message.created_on > note.created_on, "{message:?}");
            last = last.max(message.created_on);
        }
        assert_eq!(note.status == NoteStatus::Closed, note.closed_on.is_some(), "{note:?}");
        assert_eq!(note.updated_on, note.closed_on.map_or(last, |closed| closed.max(last)), "{note:?}");
        assert!(note.updated_on <= BASE, "{note:?}");

        let mut positions: Vec<i32> =
            assigned.remove(&note.id).unwrap_or_default().iter().map(|row| row.position).collect();
        positions.sort_unstable();
        assert!(positions.iter().copied().zip(1..).all(|(position, expected)| position == expected), "{note:?}");

        // The events, in this order: created, messages posted, closed.
        let told: Vec<(EventType, Option<MessageId>)> =
            history.remove(&note.id).unwrap_or_default().iter().map(|event| (event.kind, event.message_id)).collect();
        let mut happened = vec![(EventType::Created, None)];
        happened.extend(thread.iter().map(|message| (EventType::MessagePosted, Some(message.id))));
        happened.extend(note.closed_on.map(|_| (EventType::Closed, None)));
        assert_eq!(told, happened, "{note:?}");
        assert_eq!(note.version, if note.closed_on.is_some() { 2 } else { 1 }, "{note:?}");
    }
    assert!(threads.is_empty() && assigned.is_empty() && history.is_empty());

    // Notes were created in the order of their ids.
    assert!(rows.notes.is_sorted_by_key(|note| note.created_on));
}

/// Every feature has something to show.
#[tokio::test]
async fn the_demo_covers_every_feature() {
    let app = App::start().await;
    fill(&app, 500).await;
    let rows = rows(&app).await;
    let share = |of: fn(&note::Model) -> bool| rows.notes.iter().filter(|note| of(note)).count();
    for (what, count, at_least, at_most) in [
        ("closed", share(|note| note.status == NoteStatus::Closed), 100, 250),
        ("priority", share(|note| note.priority), 20, 120),
        ("confidential", share(|note| note.confidential), 5, 60),
        ("on the overview", share(|note| note.show_on_overview), 5, 60),
        ("reminder", share(|note| note.reminder.is_some()), 60, 200),
        ("tagged", share(|note| !note.tags.0.is_empty()), 250, 450),
        ("reference", share(|note| note.reference_type.is_some()), 80, 300),
        ("no messages", share(|note| note.message_count == 0), 50, 200),
        ("long thread", share(|note| note.message_count >= 40), 1, 20),
        ("attachments", rows.messages.iter().filter(|row| row.attachment_filename.is_some()).count(), 30, 300),
        ("messages", rows.messages.len(), 1_200, 1_900),
        ("assignments", rows.assignments.len(), 850, 1_150),
        ("note types", rows.note_types.len(), 8, 8),
    ] {
        assert!((at_least..=at_most).contains(&count), "{what}: {count}");
    }
    let types: BTreeSet<_> = rows.notes.iter().filter_map(|note| note.type_id).collect();
    assert_eq!(types.len(), rows.note_types.len());
    assert!(rows.customers.iter().any(|customer| !customer.full_name.is_ascii()));

    // The notes that users see first, and those that examples name, are complete.
    for note in rows.notes.iter().take(5).chain(rows.notes.iter().rev().take(5)) {
        assert!(note.subject.is_some() && note.details.is_some() && note.customer_id.is_some(), "{note:?}");
        assert!(note.user_id.is_some() && note.type_id.is_some() && !note.tags.0.is_empty(), "{note:?}");
        assert!(note.message_count >= 2, "{note:?}");
        assert!(rows.assignments.iter().any(|row| row.note_id == note.id), "{note:?}");
    }
}

#[tokio::test]
async fn more_notes_are_added_to_existing_ones() {
    let app = App::start().await;
    let acme = app.company("Acme").await;
    let theirs = acme.note(|_| {}).await;
    fill(&app, 30).await;
    fill(&app, 30).await;
    let rows = rows(&app).await;
    assert_eq!((rows.companies.len(), rows.notes.len(), rows.note_types.len()), (2, 61, 8));
    assert_eq!((rows.customers.len(), rows.users.len()), (40, 16));
    assert_eq!(rows.users.iter().filter(|user| user.username == "admin").count(), 1);
    let subjects: BTreeSet<_> = rows.notes.iter().map(|note| (&note.subject, &note.details)).collect();
    assert!(subjects.len() > 55, "the second filling is another one: {}", subjects.len());
    assert!(rows.notes.contains(&theirs));
}

#[tokio::test]
async fn a_database_with_data_is_not_filled() {
    let app = App::start().await;
    // Two servers that start at the same time do this.
    let (one, two) = tokio::join!(demo::fill_where_empty(app.db(), 20), demo::fill_where_empty(app.db(), 20));
    let filled = [one, two].into_iter().filter(|result| matches!(result, Ok(true))).count();
    assert_eq!(filled, 1);
    assert_eq!(rows(&app).await.notes.len(), 20);
    assert!(!demo::fill_where_empty(app.db(), 20).await.unwrap());
    assert_eq!(rows(&app).await.notes.len(), 20);
}

#[tokio::test]
async fn progress_is_reported() {
    let app = App::start().await;
    let seen = Mutex::new(Vec::new());
    demo::fill(app.db(), 4_100, &|done| seen.lock().unwrap().push(done)).await.unwrap();
    assert_eq!(*seen.lock().unwrap(), [2_000, 4_000, 4_100]);
}

#[tokio::test]
async fn a_database_is_empty_the_demo_or_something_else() {
    let app = App::start().await;
    assert_eq!(demo::state(app.db()).await.unwrap(), State::Empty);
    assert!(demo::administrator(app.db()).await.is_err());

    fill(&app, 20).await;
    assert_eq!(demo::state(app.db()).await.unwrap(), State::Demo);
    let administrator = demo::administrator(app.db()).await.unwrap();
    assert_eq!((administrator.company_id, administrator.id), (CompanyId(1), UserId(1)));
    assert_eq!((administrator.username.as_str(), administrator.status), ("admin", UserStatus::Active));
    assert_eq!(administrator.role.as_deref(), Some("administrator"));

    app.company("Acme").await;
    assert_eq!(demo::state(app.db()).await.unwrap(), State::Other);
}

/// A company that merely has the same name is not the demo.
#[tokio::test]
async fn another_company_with_the_same_name_is_not_the_demo() {
    let app = App::start().await;
    let demo = app.company("Demo").await;
    demo.user("admin").await;
    assert_eq!(demo::state(app.db()).await.unwrap(), State::Other);
}
