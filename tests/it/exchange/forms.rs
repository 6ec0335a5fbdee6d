//! The format of the billing API.

use notegraph::ids::{NoteId, NoteTypeId, UserId};
use notegraph::store::db;
use notegraph::store::entity::{note, note_type, user};
use sea_orm::{EntityTrait, QueryOrder};

use super::{Exchange, brief};

const BILLING: &str = concat!(
    r#"{"identity":5,"subject":"Hello","text":"World","noteTypeId":19,"noteTypeName":"Call","created":"2021-04-26T15:25:27.587Z","#,
    r#""createdByUserId":25,"createdByUserName":"Ann","updated":"2021-05-26T15:25:27.587Z","updatedByUserId":19,"#,
    r#""updatedByUserName":"Bo","showOnOverview":true,"isImportant":true}"#,
);

#[tokio::test]
async fn billing_notes_are_exported_as_notes() {
    let exchange = Exchange::new().await;
    let summary = exchange.import(BILLING).await;
    assert_eq!((summary.created, summary.warnings, summary.users), (1, 0, 2), "{summary}");
    let row = note::Entity::find().one(exchange.db.read()).await.unwrap().unwrap();
    assert_eq!(
        (
            row.id,
            row.details.as_deref(),
            row.priority,
            row.show_on_overview,
            row.type_id,
            row.user_id,
            row.updated_by_id
        ),
        (NoteId(5), Some("World"), true, true, Some(NoteTypeId(19)), Some(UserId(25)), Some(UserId(19)))
    );
    assert_eq!(row.source, None);
    let users = user::Entity::find().order_by_asc(user::Column::Id).all(exchange.db.read()).await.unwrap();
    let users: Vec<_> = users.iter().map(|user| (user.username.as_str(), user.full_name.as_str())).collect();
    assert_eq!(users, [("user-19", "Bo"), ("user-25", "Ann")]);
    let line = exchange.export().await;
    assert!(line.starts_with(r#"{"id":5,"reference_type":null,"#), "{line}");
    assert!(line.contains(r#""show_on_overview":true,"updated_on":"2021-05-26T15:25:27.587Z","#), "{line}");
    assert!(line.ends_with(",\"type_id\":19}\n"), "{line}");

    let second = Exchange::new().await;
    second.import(&line).await;
    assert_eq!(second.export().await, line);
    assert_eq!(exchange.import(BILLING).await.skipped, 1);
    // New ids come after the imported ones.
    let transaction = exchange.db.begin().await.unwrap();
    assert_eq!(db::allocate_dense::<NoteId>(&transaction, row.company_id, 1).await.unwrap(), [NoteId(6)]);
    assert_eq!(db::allocate_dense::<UserId>(&transaction, row.company_id, 1).await.unwrap(), [UserId(26)]);
    assert_eq!(db::allocate_dense::<NoteTypeId>(&transaction, row.company_id, 1).await.unwrap(), [NoteTypeId(20)]);
    transaction.rollback().await.unwrap();
}

#[tokio::test]
async fn a_type_keeps_its_name_and_id() {
    let exchange = Exchange::new().await;
    let content = [
        BILLING.to_owned(),
        BILLING.replace(r#""identity":5"#, r#""identity":6"#).replace("Call", "Visit"),
        brief(7, r#","type":"Call""#),
        brief(8, r#","type":"Mail""#),
        r#"{"identity":9,"noteTypeId":3,"noteTypeName":"Mail","created":"2021-04-26T15:25:27Z"}"#.to_owned(),
    ]
    .join("\n");
    let summary = exchange.import(&content).await;
    assert_eq!((summary.created, summary.rejected), (4, 1), "{summary}");
    let types = note_type::Entity::find().all(exchange.db.read()).await.unwrap();
    assert_eq!(types.len(), 2);
    let exported = exchange.export().await;
    assert!(exported.contains("\"id\":7,\"type\":\"Call\",\"created_on\":\"2020-01-02T03:04:05Z\"}"), "{exported}");
    assert!(exported.lines().last().unwrap().contains(r#""type_id":3"#), "{exported}");
}

/// The report of a deletion is not a note.
#[tokio::test]
async fn reports_of_deletions_are_rejected() {
    let exchange = Exchange::new().await;
    let summary = exchange
        .import(concat!(
            r#"{"trackingId":"x","type":"delete","results":{"totalCount":2,"items":["#,
            r#"{"identity":1,"action":"deleted","dtoTypeKey":"note"},{"lhsId":2,"rhsId":2,"action":"detached","dtoTypeKey":"c"}]}}"#
        ))
        .await;
    assert_eq!((summary.created, summary.rejected), (0, 2), "{summary}");
}
