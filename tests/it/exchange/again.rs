//! Importing the same ids again: equal records are skipped, a longer thread is extended, and nothing is overwritten
//! unless asked for.

use notegraph::ids::{MessageId, NoteId};
use notegraph::store::entity::event::{self, EventType};
use notegraph::store::entity::{assignment, customer, message, note, user};
use sea_orm::{ActiveModelTrait, EntityTrait, IntoActiveModel, PaginatorTrait, QueryOrder, Set};
use testkit::assert_search_index_is_current;

use super::{Exchange, brief, whole};

async fn rows(exchange: &Exchange) -> [u64; 6] {
    let db = exchange.db.read();
    [
        note::Entity::find().count(db).await.unwrap(),
        message::Entity::find().count(db).await.unwrap(),
        assignment::Entity::find().count(db).await.unwrap(),
        customer::Entity::find().count(db).await.unwrap(),
        user::Entity::find().count(db).await.unwrap(),
        event::Entity::find().count(db).await.unwrap(),
    ]
}

#[tokio::test]
async fn importing_again_changes_nothing() {
    let exchange = Exchange::new().await;
    let content = [
        whole(1),
        brief(2, r#","reminder":"soon","tags":[],"assignees":[5,5],"messages":[{"message":"a"},{"message":"b\u0000"}]"#),
        r#"{"id":3,"messages":[{"message":"undated"}]}"#.to_owned(),
        r#"{"identity":4,"subject":"s","noteTypeId":9,"noteTypeName":"Call","createdByUserId":5,"createdByUserName":"Bo"}"#.to_owned(),
    ]
    .join("\n");
    exchange.import(&content).await;
    let (exported, counts) = (exchange.export().await, rows(&exchange).await);
    for again in [content.clone(), exported.clone(), format!("{content}\n{content}")] {
        let summary = exchange.import(&again).await;
        assert_eq!(summary.skipped, summary.read, "{summary}");
        assert_eq!(exchange.export().await, exported);
        assert_eq!(rows(&exchange).await, counts);
    }
}

#[tokio::test]
async fn a_differing_note_is_rejected_unless_update_is_set() {
    let exchange = Exchange::new().await;
    exchange.import(whole(1)).await;
    let exported = exchange.export().await;
    let changes = [
        (r#""status":"closed""#, r#""status":"open""#),
        ("said:", "wrote:"),
        (r#""priority":true"#, r#""priority":false"#),
        (r#"["a b","c&d","a b"]"#, "null"),
        (r#""message":"first""#, r#""message":"edited""#),
        (r#""type":"Call""#, r#""type":"Visit""#),
        (r#""created_on":"2020-01-03T00:00:00Z"}]"#, r#""created_on":"2020-01-03T00:00:01Z"}]"#),
        (r#""reminder":"2020-02-01T00:00:00.500Z""#, r#""reminder":"soon""#),
    ];
    let mut latest = whole(1);
    for (from, to) in changes {
        let edited = latest.replace(from, to);
        assert_ne!(edited, latest, "{from}");
        let before = exchange.export().await;
        let summary = exchange.import(&edited).await;
        assert_eq!((summary.rejected, summary.updated), (1, 0), "{to}: {summary}");
        assert_eq!(exchange.rejects(), format!("{edited}\n").into_bytes());
        assert_eq!(exchange.export().await, before, "{to}");
        let summary = exchange.update(&edited).await;
        assert_eq!((summary.rejected, summary.updated), (0, 1), "{to}: {summary}");
        assert_eq!(exchange.import(&edited).await.skipped, 1, "{to}");
        latest = edited;
    }
    assert_ne!(exchange.export().await, exported);
    // The export has the record of the file, then the changes since.
    let line = exchange.export().await;
    assert!(line.starts_with(latest.trim_end_matches('}')), "{line}\n{latest}");
    let row = note::Entity::find().one(exchange.db.read()).await.unwrap().unwrap();
    assert_eq!(row.version, 9);
    let events = event::Entity::find().order_by_asc(event::Column::Id).all(exchange.db.read()).await.unwrap();
    assert_eq!(events.len(), 9);
    let change = &events[1].changes.0[0];
    assert_eq!(
        (events[1].kind, change.field.as_str(), change.old.as_str(), change.new.as_str()),
        (EventType::Updated, "status", Some("CLOSED"), Some("OPEN"))
    );
    assert!(assert_search_index_is_current(&exchange.db).await > 2);
}

/// The import compares and writes only fields that the record has.
#[tokio::test]
async fn fields_that_the_file_leaves_out_stay() {
    let exchange = Exchange::new().await;
    exchange.import(whole(1)).await;
    assert_eq!(exchange.import(r#"{"id":1}"#).await.skipped, 1);
    let summary = exchange.update(r#"{"id":1,"subject":"other"}"#).await;
    assert_eq!(summary.updated, 1);
    let line = exchange.export().await;
    assert!(line.contains(r#""subject":"other""#) && line.contains("said:") && line.contains("first"), "{line}");
}

#[tokio::test]
async fn a_longer_thread_is_appended() {
    let exchange = Exchange::new().await;
    let thread = |length: usize| {
        let messages: Vec<_> = (0..length).map(|day| format!(r#"{{"message":"{day}","attachment":null,"posted_by":null,"created_on":"2020-01-1{day}T00:00:00Z"}}"#)).collect();
        brief(1, &format!(r#","messages":[{}]"#, messages.join(",")))
    };
    exchange.import(thread(1)).await;
    let summary = exchange.import(thread(4)).await;
    assert_eq!((summary.updated, summary.messages), (1, 3), "{summary}");
    assert_eq!(exchange.export().await, thread(4) + "\n");
    let row = note::Entity::find().one(exchange.db.read()).await.unwrap().unwrap();
    assert_eq!((row.version, row.message_count), (1, 4));
    // The stored thread is the longer one now.
    assert_eq!(exchange.import(thread(2)).await.skipped, 1);
    let events = event::Entity::find().order_by_asc(event::Column::Id).all(exchange.db.read()).await.unwrap();
    let kinds: Vec<_> = events.iter().map(|event| (event.kind, event.message_id.is_some())).collect();
    assert_eq!(kinds[0], (EventType::Created, false));
    assert_eq!(kinds[1..], [(EventType::MessagePosted, true); 3]);
}

/// The export shows later changes, whatever the imported record said.
#[tokio::test]
async fn the_original_does_not_hide_a_later_change() {
    let exchange = Exchange::new().await;
    exchange
        .import(brief(
            1,
            r#","tags":[],"messages":[],"assignees":[5],"version":1,"updated_on":"2020-01-02T03:04:05+00:00""#,
        ))
        .await;
    let row = note::Entity::find().one(exchange.db.read()).await.unwrap().unwrap();
    let transaction = exchange.db.begin().await.unwrap();
    let posted = message::Model {
        company_id: row.company_id,
        id: MessageId(1000),
        note_id: NoteId(1),
        position: 1,
        message: "posted here".to_owned(),
        attachment_url: None,
        attachment_filename: None,
        attachment_content_type: None,
        attachment_size: None,
        posted_by_id: None,
        created_on: "2024-01-01T00:00:00Z".parse().unwrap(),
        from_import: false,
        source: None,
    };
    posted.into_active_model().reset_all().insert(&transaction).await.unwrap();
    assignment::Entity::delete_many().exec(&transaction).await.unwrap();
    let mut changed = row.into_active_model();
    changed.version = Set(3);
    changed.message_count = Set(1);
    changed.updated_on = Set("2024-01-02T00:00:00Z".parse().unwrap());
    changed.update(&transaction).await.unwrap();
    transaction.commit().await.unwrap();
    let line = exchange.export().await;
    let note: serde_json::Value = serde_json::from_str(&line).unwrap();
    assert_eq!(note["messages"][0]["message"], "posted here");
    assert_eq!(note["messages"][0]["id"], 1000);
    assert_eq!(note["assignees"], serde_json::Value::Null);
    assert_eq!((&note["version"], &note["updated_on"]), (&3.into(), &"2024-01-02T00:00:00Z".into()));
    // An import does not overwrite messages that were posted here.
    let other = brief(1, r#","messages":[{"message":"another"}]"#);
    assert_eq!(exchange.update(other).await.rejected, 1);
    let second = Exchange::new().await;
    second.import(&line).await;
    assert_eq!(second.export().await, line);
}

/// Two concurrent imports of the same file store each note once, and reject none.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_concurrent_imports_do_not_collide() {
    let exchange = Exchange::new().await;
    let content: Vec<String> = (1..=300).map(whole).collect();
    let file = exchange.file("both", content.join("\n"));
    let args = exchange.args(&[&file]);
    let other = notegraph::cli::import::ImportArgs { rejects: None, ..args.clone() };
    let (one, other) = tokio::join!(exchange.run(&args), exchange.run(&other));
    assert_eq!((one.created + other.created, one.rejected + other.rejected), (300, 0), "{one}\n{other}");
    assert_eq!(rows(&exchange).await, [300, 600, 300, 300, 300, 300]);
    assert_eq!(exchange.export().await, content.join("\n") + "\n");
}
