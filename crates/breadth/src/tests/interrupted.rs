//! Interrupted mutations, and what their errors say about changes.

use std::sync::atomic::{AtomicU64, Ordering};

use super::*;

/// Counts a change each time it is asked.
#[derive(Default)]
struct Counts {
    asked: AtomicU64,
    unknown: bool,
    /// Interrupts at this call, which is between two root fields.
    interrupts_at: Option<u64>,
    progress: MutationProgress,
}

impl ExecutionMeter for Counts {
    fn changes(&self) -> Option<ChangeCount> {
        let asked = self.asked.fetch_add(1, Ordering::Relaxed);
        if self.interrupts_at == Some(asked) {
            let interruption = self.progress.interrupt(&Error::new("runs"), &Error::new("behind"));
            assert!(matches!(interruption, Interruption::Soon), "{interruption:?}");
        }
        Some(if self.unknown {
            ChangeCount { made: 0, unknown: asked }
        } else {
            ChangeCount { made: asked, unknown: 0 }
        })
    }

    fn progress(&self) -> Option<&MutationProgress> {
        Some(&self.progress)
    }
}

/// Path, message and `changed` of each error.
fn told(response: &Response) -> Vec<(String, String, Option<Value>)> {
    let errors = response.errors.iter().map(|error| {
        let changed = error.extensions.get(CHANGED).cloned();
        (serde_json::to_string(&error.path).unwrap().replace('"', ""), error.message.clone(), changed)
    });
    errors.collect()
}

/// The response when interrupted as the change with this number begins, and the changes that began in the end.
async fn interrupted(document: &str, number: i32) -> (Option<Response>, Vec<String>) {
    let meeting = Arc::new(Barrier::new(2));
    let book = Book { meeting: Some(Arc::clone(&meeting)), ..Book::default() };
    let (data, counts) = (Data::default().with(book.clone()), Counts::default());
    let begun = format!("begin [{number}]");
    let mut response = None;
    let running = execute_with(document, json!({}), &data, Some(&counts));
    let watching = async {
        // Lets each earlier change go on.
        for _ in 1..number {
            meeting.wait().await;
        }
        while !book.lines().contains(&begun) {
            tokio::task::yield_now().await;
        }
        response = match counts.progress.interrupt(&Error::new("runs"), &Error::new("behind")) {
            Interruption::Answered(response) => Some(response),
            Interruption::Soon | Interruption::Nothing => None,
        };
        meeting.wait().await;
    };
    let (left, ()) =
        timeout(Duration::from_secs(30), async { tokio::join!(running, watching) }).await.expect("it ends");
    assert!(left.errors.is_empty(), "the answer is given");
    (response, book.lines())
}

#[tokio::test]
async fn completed_results_are_returned_and_no_further_field_starts() {
    let document = "mutation { a: change(number: 1) { number } b: change(number: 2) { number } __typename c: change(number: 3) { number } }";
    let (response, lines) = interrupted(document, 2).await;
    let response = response.unwrap();
    let behind = |path: &str, message: &str, changed| (path.to_owned(), message.to_owned(), Some(changed));
    assert_eq!(told(&response), [behind("[b]", "runs", Value::Null), behind("[c]", "behind", json!(false))]);
    assert!(!response.is_empty);
    let expected = json!({ "a": { "number": 1 }, "b": null, "__typename": "Mutation", "c": null });
    assert_eq!(shown(response).0, expected);
    assert_eq!(lines, ["begin [1]", "end [1]", "begin [2]", "end [2]"]);
}

/// A change that is made keeps its response, even if the timeout hits while the response is written.
#[tokio::test]
async fn a_result_that_is_being_written_is_returned_and_no_further_field_starts() {
    let document =
        "mutation { a: change(number: 1) { number } b: change(number: 2) { number } c: change(number: 3) { number } }";
    let book = Book::default();
    let data = Data::default().with(book.clone());
    let counts = Counts { interrupts_at: Some(1), ..Counts::default() };
    let response = execute_with(document, json!({}), &data, Some(&counts)).await;
    let behind = |path: &str| (path.to_owned(), "behind".to_owned(), Some(json!(false)));
    assert_eq!(told(&response), [behind("[b]"), behind("[c]")]);
    assert_eq!(shown(response).0, json!({ "a": { "number": 1 }, "b": null, "c": null }));
    assert_eq!(book.lines(), ["begin [1]", "end [1]"]);
}

#[tokio::test]
async fn an_interrupted_non_null_field_nulls_the_whole_data() {
    let document = "mutation { a: change(number: 1) { number } b: must(number: 2) { number } }";
    let (response, _) = interrupted(document, 2).await;
    let response = response.unwrap();
    assert!(matches!(response.data, ResponseData::Null) && response.is_empty && response.errors.len() == 1);
}

#[tokio::test]
async fn without_completed_results_there_is_no_response() {
    let document = "mutation { a: change(number: 1) { number } b: change(number: 2) { number } }";
    let (response, lines) = interrupted(document, 1).await;
    assert!(response.is_none());
    assert_eq!(lines, ["begin [1]", "end [1]"]);
}

#[tokio::test]
async fn the_error_of_a_mutation_says_whether_it_was_executed() {
    let document = "mutation { a: change(number: -1) { number } b: change(number: 2) { friend { number } } }";
    let data = Data::default().with(Book::default());
    for (unknown, changed) in [(false, json!(true)), (true, Value::Null)] {
        let counts = Counts { unknown, ..Counts::default() };
        let response = execute_with(document, json!({}), &data, Some(&counts)).await;
        assert_eq!(told(&response), [("[a]".to_owned(), "number".to_owned(), Some(changed))]);
    }
    let response = execute(document, json!({}), &data).await;
    assert_eq!(told(&response), [("[a]".to_owned(), "number".to_owned(), None)], "nobody counts");
}
