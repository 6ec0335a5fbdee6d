//! The real exports, if they are available; this repository contains nothing of them.

use std::fmt::Write as _;
use std::io::Read;
use std::path::PathBuf;

use flate2::read::GzDecoder;
use notegraph::store::db::Db;
use notegraph::store::entity::{assignment, customer, message, note, user};
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter};

use super::Exchange;

struct Export {
    file: &'static str,
    notes: u64,
    messages: u64,
    assignments: u64,
}

const EXPORTS: [Export; 2] = [
    Export { file: "support-inbox.jsonl.gz", notes: 499, messages: 1_657, assignments: 495 },
    Export { file: "product-support.jsonl.gz", notes: 11_378, messages: 39_832, assignments: 10_185 },
];

/// The export equals the imported file byte for byte, and a second import changes nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn real_exports_are_imported_completely() {
    for export in EXPORTS {
        let Some(path) = find(export.file) else { continue };
        let file = path.display().to_string();
        let mut original = String::new();
        GzDecoder::new(std::fs::File::open(&path).unwrap()).read_to_string(&mut original).unwrap();

        let exchange = Exchange::new().await;
        let summary = exchange.run(&exchange.args(&[&file])).await;
        assert_eq!((summary.read, summary.created, summary.rejected), (export.notes, export.notes, 0), "{summary}");
        assert_eq!((summary.messages, summary.assignments), (export.messages, export.assignments), "{summary}");
        assert_eq!((summary.warnings, summary.differences), (0, 0), "{summary}");
        assert_eq!(count::<note::Entity>(&exchange.db).await, export.notes);
        assert_eq!(count::<message::Entity>(&exchange.db).await, export.messages);
        assert_eq!(count::<assignment::Entity>(&exchange.db).await, export.assignments);
        assert_nothing_kept(&exchange.db).await;

        let exported = exchange.export().await;
        assert!(exported == original, "{}: {}", export.file, first_difference(&original, &exported));

        let again = exchange.run(&exchange.args(&[&file])).await;
        assert_eq!((again.skipped, again.created, again.updated, again.rejected), (export.notes, 0, 0, 0), "{again}");
        assert!(exchange.export().await == original, "importing once more changed something");
    }
}

fn find(file: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("NOTEGRAPH_REAL_DATA").map(PathBuf::from);
    let folder = folder.unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/data"));
    let path = folder.join(file);
    if path.exists() {
        return Some(path);
    }
    // Bypass the capture of test output, which shows only failures.
    let mut text = format!("left out: {file} is not in {}", folder.display());
    let _ = writeln!(text, " (NOTEGRAPH_REAL_DATA names the folder)");
    let _ = std::io::Write::write_all(&mut std::io::stderr(), text.as_bytes());
    None
}

async fn count<E: EntityTrait>(db: &Db) -> u64
where
    E::Model: Send + Sync,
{
    E::find().count(db.read()).await.unwrap()
}

/// Asserts that the columns hold everything, so that no original is stored.
async fn assert_nothing_kept(db: &Db) {
    let kept = [
        note::Entity::find().filter(note::Column::Source.is_not_null()).count(db.read()).await.unwrap(),
        customer::Entity::find().filter(customer::Column::Source.is_not_null()).count(db.read()).await.unwrap(),
        user::Entity::find().filter(user::Column::Source.is_not_null()).count(db.read()).await.unwrap(),
        message::Entity::find().filter(message::Column::Source.is_not_null()).count(db.read()).await.unwrap(),
        assignment::Entity::find().filter(assignment::Column::Source.is_not_null()).count(db.read()).await.unwrap(),
    ];
    assert_eq!(kept, [0; 5]);
}

fn first_difference(one: &str, other: &str) -> String {
    let differing = one.lines().zip(other.lines()).find(|(one, other)| one != other);
    differing.map_or_else(|| "the lengths differ".to_owned(), |(one, other)| format!("\n{one}\n{other}"))
}
