//! The same notes in all packagings that an import reads.

use notegraph::cli::import::ImportArgs;

use super::{Exchange, brief, gzip, whole};

#[tokio::test]
async fn compression_makes_no_difference() {
    let notes = [whole(1), brief(2, r#","subject":"b""#), brief(3, "")];
    let lines = notes.join("\n");
    let pretty = |text: &str| {
        let value: serde_json::Value = serde_json::from_str(text).unwrap();
        serde_json::to_string_pretty(&value).unwrap()
    };
    let array = format!("[{}]", notes.join(","));
    let packed: Vec<(&str, Vec<u8>)> = vec![
        ("lines", lines.clone().into()),
        ("lines with gaps", format!("\n\r\n{}\n\n", notes.join("\r\n\r\n")).into()),
        ("with a mark", format!("\u{feff}{lines}").into()),
        ("gzip", gzip(&lines)),
        ("gzip in parts", [gzip(&notes[0]), gzip("\n"), gzip(notes[1..].join("\n"))].concat()),
        ("gzip with a mark inside", gzip(format!("\u{feff}{lines}"))),
        ("array", array.clone().into()),
        ("pretty array", gzip(pretty(&array))),
        ("pretty documents", notes.each_ref().map(|note| pretty(note)).join("\n").into()),
        ("documents on one line", notes.concat().into()),
        ("arrays line by line", format!("[{}]\n[{},{}]\n", notes[0], notes[1], notes[2]).into()),
        ("items", format!(r#"{{"trackingId":"x","totalCount":3,"items":{array}}}"#).into()),
        ("pages", format!(r#"{{"pagination":{{}},"pagedResults":{{"totalCount":3,"items":{array}}}}}"#).into()),
        ("pretty pages", pretty(&format!(r#"{{"trackingId":"x","pagedResults":{{"items":{array}}}}}"#)).into()),
        ("results", format!(r#"{{"trackingId":"x","type":"create","results":{{"items":{array}}}}}"#).into()),
        (
            "instances",
            notes.each_ref().map(|note| format!(r#"{{"trackingId":"x","instance":{note}}}"#)).join("\n").into(),
        ),
        ("a record before an answer", format!("{}\n{{\"items\":[{},{}]}}", notes[0], notes[1], notes[2]).into()),
    ];
    let plain = Exchange::new().await;
    plain.import(&lines).await;
    let exported = plain.export().await;
    for (name, content) in packed {
        let exchange = Exchange::new().await;
        let summary = exchange.import(content).await;
        assert_eq!((summary.created, summary.rejected), (3, 0), "{name}: {summary}");
        assert_eq!(exchange.export().await, exported, "{name}");
    }
}

#[tokio::test]
async fn empty_files_are_accepted() {
    for content in ["", "\n\n", "[]", r#"{"trackingId":"x","items":[]}"#, r#"{"items":null}"#] {
        let exchange = Exchange::new().await;
        let summary = exchange.import(content).await;
        assert_eq!((summary.read, summary.rejected), (0, 0), "{content}");
    }
}

/// The first record is cut off, and the others are imported.
#[tokio::test]
async fn a_truncated_first_line_costs_one_record() {
    for cut in [r#"{"id":1,"subject":"a"#, r#"{"id":1,"#] {
        let exchange = Exchange::new().await;
        let summary = exchange.import(format!("{cut}\n{}\n{}\n", brief(2, ""), brief(3, ""))).await;
        assert_eq!((summary.created, summary.rejected), (2, 1), "{cut}: {summary}");
    }
}

/// The records before a broken place are imported; the next file is read as well.
#[tokio::test]
async fn a_broken_document_ends_its_file_alone() {
    let exchange = Exchange::new().await;
    let broken =
        exchange.file("broken", format!("[{},\n{},\n nonsense, {}]", brief(1, ""), brief(2, ""), brief(3, "")));
    let zipped = gzip(format!("{}\n{}\n", brief(4, ""), whole(5)));
    let truncated = exchange.file("truncated", &zipped[..zipped.len() - 12]);
    let fine = exchange.file("fine", brief(6, ""));
    let summary = exchange.run(&exchange.args(&[&broken, &truncated, &fine])).await;
    assert!(summary.rejected == 2 && summary.created >= 3, "{summary}");
    let exported = exchange.export().await;
    for id in [1, 2, 6] {
        assert!(exported.contains(&format!(r#"{{"id":{id},"#)), "note {id} is missing");
    }
    assert!(!exported.contains(r#"{"id":3,"#));
}

/// In a document of several lines, too, one record with invalid text costs no other record.
#[tokio::test]
async fn broken_text_in_a_document_costs_one_record() {
    let exchange = Exchange::new().await;
    let mut content = format!("[{},\n{{\"id\":2,\"subject\":\"", brief(1, "")).into_bytes();
    content.extend_from_slice(b"\xff\"},\n{\"id\":3,\"subject\":\"\\ud800\"},\n");
    content.extend_from_slice(format!("{}]", brief(4, "")).as_bytes());
    let summary = exchange.import(&content).await;
    assert_eq!((summary.created, summary.rejected), (2, 2), "{summary}");
}

#[tokio::test]
async fn a_dry_run_reports_and_writes_nothing() {
    let exchange = Exchange::new().await;
    exchange.import(brief(1, r#","subject":"a""#)).await;
    let before = exchange.export().await;
    let content = [brief(1, r#","subject":"b""#), whole(2), whole(2), brief(3, ""), "nonsense".to_owned()].join("\n");
    let file = exchange.file("dry", content);
    let summary = exchange.run(&ImportArgs { dry_run: true, ..exchange.args(&[&file]) }).await;
    assert_eq!((summary.created, summary.skipped, summary.rejected), (2, 1, 2), "{summary}");
    assert_eq!(exchange.export().await, before);
    let summary = exchange.run(&exchange.args(&[&file])).await;
    assert_eq!((summary.created, summary.skipped, summary.rejected), (2, 1, 2), "{summary}");
}
