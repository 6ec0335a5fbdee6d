//! The number of statements of an import grows with batches, not with records.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::{Exchange, whole};

#[tokio::test]
async fn statements_depend_on_the_number_of_batches() {
    let count = async |notes: i64| {
        let mut exchange = Exchange::new().await;
        let statements = Arc::new(AtomicUsize::new(0));
        exchange.db.observe({
            let statements = statements.clone();
            move |_| {
                statements.fetch_add(1, Ordering::Relaxed);
            }
        });
        let lines: Vec<String> = (1..=notes).map(whole).collect();
        let counts = [exchange.import(lines.join("\n")).await, exchange.import(lines.join("\n")).await];
        assert_eq!((counts[0].created, counts[1].skipped), (notes.cast_unsigned(), notes.cast_unsigned()));
        let imported = statements.swap(0, Ordering::Relaxed);
        exchange.export().await;
        (imported, statements.load(Ordering::Relaxed))
    };
    let ten = count(10).await;
    assert_eq!(count(90).await, ten);
    let (four_batches, _) = count(800).await;
    assert!(four_batches < ten.0 * 4, "{four_batches} statements for four batches, {} for one", ten.0);
    println!("one batch in, and once more: {} statements; a page out: {}", ten.0, ten.1);
}
