//! Records that are larger than anybody means to write: each is rejected in bounded memory, and the others are
//! imported.

use std::io::Write;
use std::process::Stdio;

use flate2::Compression;
use flate2::write::GzEncoder;
use notegraph::cli::import::ImportArgs;
use notegraph::cli::settings::RecordArgs;
use notegraph::exchange::intake::Summary;
use testkit::process::program;

use super::{Exchange, brief};

impl Exchange {
    async fn bounded(&self, record: RecordArgs, content: impl AsRef<[u8]>) -> Summary {
        let file = self.file("import", content);
        self.run(&ImportArgs { record, ..self.args(&[&file]) }).await
    }
}

const SMALL: RecordArgs = RecordArgs { record_limit: 2_000, record_values: 100 };

fn long(id: i64) -> String {
    brief(id, &format!(r#","details":"{}""#, "x".repeat(3_000)))
}

#[tokio::test]
async fn a_line_that_is_too_long_costs_one_record() {
    let exchange = Exchange::new().await;
    let lines = [brief(1, ""), long(2), brief(3, ""), format!("{{\"items\":[{}]}}", long(4)), brief(5, "")];
    let summary = exchange.bounded(SMALL, lines.join("\n")).await;
    assert_eq!((summary.created, summary.rejected), (3, 2), "{summary}");
    let first = exchange.bounded(SMALL, format!("{}\n{}", long(6), brief(7, ""))).await;
    assert_eq!((first.created, first.rejected), (1, 1), "{first}");
    assert!(exchange.rejects().is_empty(), "a record that was not kept cannot be given back");
    // Leading white space does not count.
    let blank = exchange.bounded(SMALL, format!("{0}\n{0}{1}\n", " ".repeat(5_000), brief(8, ""))).await;
    assert_eq!((blank.created, blank.rejected), (1, 0), "{blank}");
}

/// A document may have many records, even on one line, but none that is too long.
#[tokio::test]
async fn a_document_is_read_up_to_the_record_that_is_too_long() {
    let exchange = Exchange::new().await;
    let many: Vec<String> = (1..=100).map(|id| brief(id, "")).collect();
    for content in [format!("[{}]", many.join(",")), format!("{{\"items\":[{}]}}", many.join(","))] {
        let summary = exchange.bounded(SMALL, content).await;
        assert_eq!((summary.read, summary.rejected), (100, 0), "{summary}");
    }
    for content in [
        format!("[{},{},{}]", brief(201, ""), long(202), brief(203, "")),
        format!("{{\"items\":[\n{},\n{},\n{}]}}", brief(204, ""), long(205), brief(206, "")),
        format!("[{},\n{}{}]", brief(207, ""), " ".repeat(3_000), brief(208, "")),
    ] {
        let summary = exchange.bounded(SMALL, content).await;
        assert_eq!((summary.created, summary.rejected), (1, 1), "{summary}");
    }
}

#[tokio::test]
async fn values_and_nesting_are_bounded() {
    let exchange = Exchange::new().await;
    let numbers = |count: usize| vec!["1"; count].join(",");
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let taken = [brief(1, &format!(r#","x":[{}]"#, numbers(90))), brief(2, &format!(r#","x":{}"#, nested(60)))];
    let rejected = [
        brief(3, &format!(r#","x":[{}]"#, numbers(101))),
        brief(4, &format!(r#","x":{{{}}}"#, (0..101).map(|key| format!(r#""{key}":1"#)).collect::<Vec<_>>().join(","))),
        brief(5, &format!(r#","messages":[{}]"#, vec!["{}"; 101].join(","))),
        brief(6, &format!(r#","x":{}"#, nested(70))),
        brief(7, &format!(r#","x":{}1{}"#, r#"{"a":"#.repeat(70), "}".repeat(70))),
    ];
    let summary = exchange.bounded(SMALL, [&taken[..], &rejected].concat().join("\n")).await;
    assert_eq!((summary.created, summary.rejected), (2, 5), "{summary}");
    let given_back = String::from_utf8(exchange.rejects()).unwrap();
    assert_eq!(given_back.lines().collect::<Vec<_>>(), rejected);
    // The same records in documents of several lines; the import stops at the faulty record.
    for record in &rejected {
        let summary = exchange.bounded(SMALL, record.replacen(',', ",\n", 1)).await;
        assert_eq!((summary.created, summary.rejected), (0, 1), "{record}: {summary}");
    }
}

/// The import does not parse a text under the marker of raw values as JSON: thousands of brackets in it nest nothing.
#[tokio::test]
async fn the_raw_value_marker_hides_nothing() {
    let exchange = Exchange::new().await;
    let marker = |text: &str| format!(r#"{{"$serde_json::private::RawValue":{}}}"#, serde_json::json!(text));
    let mut inner = "1".to_owned();
    for _ in 0..10 {
        inner = marker(&inner);
    }
    let deep = marker(&"[".repeat(500_000));
    let lines: Vec<String> = (1..)
        .zip([&deep, &inner])
        .map(|(id, value)| brief(id, &format!(r#","x":{value},"customer":{value},"y":"\ud83d\ude00""#)))
        .collect();
    let plain = brief(9, &format!(r#","x":{deep},"y":"\ud83d\ude00""#));
    let summary = exchange.import(format!("{}\n{plain}\n", lines.join("\n"))).await;
    assert_eq!((summary.created, summary.rejected), (1, 2), "{summary}");
    // The second import compares the record value by value.
    let again = exchange.import(plain.replace(r#"{"$serde"#, r#"{ "$serde"#)).await;
    assert_eq!(again.skipped, 1, "{again}");
    assert_eq!(exchange.export().await, plain + "\n");
}

fn packed(write: impl FnOnce(&mut GzEncoder<Vec<u8>>)) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    write(&mut encoder);
    encoder.finish().unwrap()
}

fn times(encoder: &mut impl Write, text: &str, megabytes: usize) {
    let piece = text.repeat((1 << 20) / text.len());
    for _ in 0..megabytes {
        encoder.write_all(piece.as_bytes()).unwrap();
    }
}

/// The exit status of an import in its own process, and its peak memory in MiB.
#[cfg(target_os = "linux")]
async fn memory(name: &str, content: &[u8]) -> (Option<i32>, u64) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("import");
    std::fs::write(&file, content).unwrap();
    let mut child = tokio::process::Command::new(program())
        .args(["import", file.to_str().unwrap(), "--company", "Acme"])
        .env_clear()
        .env("DATABASE_URL", format!("sqlite://{}", folder.path().join("notegraph.db").display()))
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut peak = 0;
    let status = loop {
        let status = std::fs::read_to_string(format!("/proc/{}/status", child.id().unwrap())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        peak = line.map_or(peak, |line| line.trim().trim_end_matches(" kB").parse().unwrap());
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    };
    println!("{name}: {} MiB", peak >> 10);
    (status.code(), peak >> 10)
}

/// Each file holds several times as much as the import may use, in a different way.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn the_memory_of_an_import_does_not_grow_with_its_records() {
    const MOST: u64 = 200;
    let tiny = |text: &str, count: usize| vec![text; count].join(",");
    let files: Vec<(&str, i32, Vec<u8>)> = vec![
        ("blanks", 0, packed(|out| times(out, " ", 250))),
        ("newlines", 0, packed(|out| times(out, "\n", 250))),
        (
            "one line",
            1,
            packed(|out| {
                out.write_all(br#"{"id":1,"details":""#).unwrap();
                times(out, "a", 250);
                out.write_all(format!("\"}}\n{}", brief(2, "")).as_bytes()).unwrap();
            }),
        ),
        (
            "one record of a list",
            1,
            packed(|out| {
                out.write_all(br#"[{"id":1,"details":""#).unwrap();
                times(out, "a", 250);
            }),
        ),
        ("brackets", 1, packed(|out| times(out, "[", 250))),
        (
            "keys",
            1,
            packed(|out| {
                out.write_all(b"{\n").unwrap();
                for key in 0..5_000_000 {
                    write!(out, "\"{key}\":1,").unwrap();
                }
            }),
        ),
        ("messages", 1, brief(1, &format!(r#","messages":[{}]"#, tiny("{}", 4_000_000))).into_bytes()),
        ("assignees", 1, brief(1, &format!(r#","assignees":[{}]"#, tiny("1", 4_000_000))).into_bytes()),
        ("tags", 1, brief(1, &format!(r#","tags":[{}]"#, tiny("\"\"", 4_000_000))).into_bytes()),
    ];
    for (name, expected, content) in files {
        let (status, peak) = memory(name, &content).await;
        assert_eq!(status, Some(expected), "{name}");
        assert!(peak < MOST, "{name}: {peak} MiB");
    }
}

/// The largest records that an import accepts by default: a long text, and many messages.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn the_largest_records_are_imported_in_bounded_memory() {
    const MOST: u64 = 300;
    let text = brief(1, &format!(r#","details":"{}""#, "a b ".repeat(4_000_000)));
    let messages = brief(2, &format!(r#","messages":[{}]"#, vec![r#"{"message":"x"}"#; 20_000].join(",")));
    for (name, content) in [("text", text), ("messages", messages)] {
        let (status, peak) = memory(name, content.as_bytes()).await;
        assert_eq!(status, Some(0), "{name}");
        assert!(peak < MOST, "{name}: {peak} MiB");
    }
}
