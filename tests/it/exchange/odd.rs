//! Untidy records: each is imported as far as possible and exported as it was, or rejected alone.

use sea_orm::{ConnectionTrait, EntityTrait};

use super::{Exchange, brief, round_trip, user, whole};

#[tokio::test]
async fn a_complete_note_round_trips() {
    let content = format!("{}\n{}\n", whole(1), whole(2));
    let (summary, exported) = round_trip(&content).await;
    assert_eq!(exported, content);
    assert_eq!((summary.created, summary.warnings), (2, 0), "{summary}");
    assert_eq!((summary.customers, summary.users, summary.assignments, summary.messages), (2, 2, 2, 4), "{summary}");
}

/// Values that columns cannot hold are kept for the export, byte for byte, even if they are empty.
#[tokio::test]
async fn originals_are_exported_unchanged() {
    let messages = [
        r#","messages":[]"#,
        r#","messages":[{"message":"no author, no time"}]"#,
        r#","messages":[{"message":null,"attachment":"","posted_by":null,"created_on":"yesterday"}]"#,
        r#","messages":[{"message":"a","posted_by":7,"created_on":null,"likes":[1.50]},{"message":"b"}]"#,
        r#","messages":[{"message":"a","attachment":"https://example.com/f/x.pdf","id":900,"attachment_filename":"y.pdf","attachment_size":12}]"#,
    ];
    let fields = [
        r#","reference_type":"","reference_id":"A-1","status":"","tags":[]"#,
        r#","reference_id":"042","status":null,"assignees":[],"details":null"#,
        r#","reminder":"next week","updated_on":"never","version":"two""#,
        r#","reminder":"10000-01-01T00:00:00Z","closed_on":"2020-01-02T03:04:05+01:00""#,
        r#","type":"","subject":"","priority":null,"-":{"a":[]},"--":null"#,
        r#","company_id":"HQ","customer_id":5,"user_id":6"#,
        r#","customer_id":5,"customer":null,"user":{}"#,
        r#","customer":{"id":8,"full_name":null,"email":7,"birthdate":"31.12.1980","mobile":"+49 1","vip":"yes","tier":"gold"}"#,
        r#","user":{"id":9,"enable2_fa":"perhaps","modified_on":"?","profile_photo":"photo.png","status":""}"#,
        r#","assignees":[3,4,3]"#,
        r#","assignees":[{"id":3},{"id":4,"created_on":"2021-01-01T00:00:00Z"},{"id":3,"created_on":"x"}]"#,
        r#","created_on_by":"import","nested":{"a":[1,2.0,1e3,-0]},"show_on_overview":true,"version":7,"updated_on":"2022-01-01T00:00:00Z""#,
        r#","closed_on":"2020-06-01T00:00:00Z","updated_by":{"id":3},"show_on_overview":false"#,
    ];
    let lines: Vec<String> = (1..).zip(messages.iter().chain(&fields)).map(|(id, more)| brief(id, more)).collect();
    // An export puts keys without a column last, so these records have them there.
    let content = lines.join("\n") + "\n";
    let (summary, exported) = round_trip(&content).await;
    assert_eq!(summary.rejected, 0, "{summary}");
    for (line, other) in content.lines().zip(exported.lines()) {
        let sorted = |line: &str| {
            let object: serde_json::Map<String, serde_json::Value> = serde_json::from_str(line).unwrap();
            let mut fields: Vec<_> = object.into_iter().collect();
            fields.sort_by(|one, other| one.0.cmp(&other.0));
            fields
        };
        assert_eq!(sorted(line), sorted(other));
    }
    assert_eq!(content.lines().count(), exported.lines().count());
}

#[tokio::test]
async fn all_characters_round_trip() {
    let texts = [
        r"nul \u0000 here",
        "\u{5e9}\u{5dc}\u{5d5}\u{5dd} \u{202e}right to left",
        "line\u{2028}separator \u{200b} zero width",
        r"crlf\r\n tab\t",
        r"<script>alert(1)</script> ' OR 1=1 -- \\ \/",
        "\u{1f600} \u{fffd}",
    ];
    let lines: Vec<String> = (1..)
        .zip(texts)
        .map(|(id, text)| {
            brief(
                id,
                &format!(
                    r#","details":"{text}","tags":["{text}"],"type":"{text}","messages":[{{"message":"{text}"}}]"#
                ),
            )
        })
        .collect();
    let content = lines.join("\n") + "\n";
    let (summary, exported) = round_trip(&content).await;
    assert_eq!((summary.created, summary.rejected), (6, 0), "{summary}");
    // A warning names NUL in each of the four places, which is stored as U+FFFD; three other texts are not names of
    // types.
    assert_eq!(summary.warnings, 7, "{summary}");
    let values = |text: &str| -> Vec<String> {
        text.lines()
            .map(|line| {
                let value: serde_json::Value = serde_json::from_str(line).unwrap();
                format!("{} {} {}", value["details"], value["tags"], value["messages"])
            })
            .collect()
    };
    assert_eq!(values(&exported), values(&content));
}

#[tokio::test]
async fn long_texts_and_threads_are_imported() {
    let long = "ä".repeat(3_000_000);
    let mut thread = Vec::new();
    for number in 0..250 {
        thread.push(format!(r#"{{"message":"{number}","posted_by":{}}}"#, user(number % 3 + 1)));
    }
    let content = format!(
        "{}\n{}\n",
        brief(1, &format!(r#","details":"{long}","messages":[{{"message":"{long}"}}]"#)),
        brief(2, &format!(r#","messages":[{}]"#, thread.join(",")))
    );
    let (summary, exported) = round_trip(&content).await;
    assert_eq!((summary.created, summary.messages), (2, 251), "{summary}");
    let lengths = |text: &str| text.lines().map(str::len).collect::<Vec<_>>();
    assert_eq!(lengths(&exported), lengths(&content));
}

/// Rejected records are kept unchanged, and affect no other record.
#[tokio::test]
async fn bad_records_are_rejected_alone() {
    let bad: [&[u8]; 24] = [
        br#"{"created_on":"2020-01-01T00:00:00Z"}"#,
        br#"{"id":"7"}"#,
        br#"{"id":0}"#,
        br#"{"id":-1}"#,
        br#"{"id":1.5}"#,
        br#"{"id":9223372036854775808}"#,
        br#"{"id":null}"#,
        br#"{"id":7,"status":"OPEN"}"#,
        br#"{"id":7,"reference_type":"membershipcard"}"#,
        br#"{"id":7,"subject":7}"#,
        br#"{"id":7,"priority":"yes"}"#,
        br#"{"id":7,"tags":"a,b"}"#,
        br#"{"id":7,"tags":[1]}"#,
        br#"{"id":7,"messages":{}}"#,
        br#"{"id":7,"messages":["hello"]}"#,
        br#"{"id":7,"assignees":[{"full_name":"nobody"}]}"#,
        br#"{"id":7,"customer_id":1,"customer":{"id":2}}"#,
        br#"{"id":7,"user":{"id":1,"status":"retired"}}"#,
        br#"{"id":7,"details":"half a pair \ud83d"}"#,
        br#"{"id":7,"unknown":["half a pair \ude00"]}"#,
        b"{\"id\":7,\"details\":\"no UTF-8 \xff\"}",
        br#"{"id":7,"details":"cut o"#,
        br"[1, 2",
        b"42",
    ];
    let mut content = Vec::new();
    for (index, line) in bad.iter().enumerate() {
        content.extend_from_slice(brief(100 + i64::try_from(index).unwrap(), "").as_bytes());
        content.push(b'\n');
        content.extend_from_slice(line);
        content.push(b'\n');
    }
    let exchange = Exchange::new().await;
    let summary = exchange.import(&content).await;
    let count = bad.len() as u64;
    assert_eq!((summary.created, summary.rejected), (count, count), "{summary}");
    assert_eq!(exchange.export().await.lines().count(), bad.len());
    let rejects = exchange.rejects();
    let rejected: Vec<&[u8]> = rejects.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).collect();
    let texts =
        |lines: &[&[u8]]| lines.iter().map(|line| String::from_utf8_lossy(line).into_owned()).collect::<Vec<_>>();
    assert_eq!(texts(&rejected), texts(&bad));
}

/// A record that the database itself refuses does not keep the others of its batch out.
#[tokio::test]
async fn a_refused_record_is_rejected_alone() {
    let exchange = Exchange::new().await;
    let sql = "CREATE UNIQUE INDEX one_of_a_kind ON note (company_id, details)";
    exchange.db.schema_connection().execute_unprepared(sql).await.unwrap();
    let lines: Vec<String> = (1..=20).map(|id| brief(id, &format!(r#","details":"{}""#, id.min(19)))).collect();
    let summary = exchange.import(lines.join("\n")).await;
    assert_eq!((summary.created, summary.rejected), (19, 1), "{summary}");
    assert_eq!(exchange.rejects(), format!("{}\n", lines[19]).into_bytes());
}

/// Names with control characters are left out with a warning, and exported as they were.
#[tokio::test]
async fn names_that_control_a_terminal_are_left_out() {
    let name = r"a\u001b[2K\u009b\u202e\nb";
    let person =
        format!(r#"{{"id":3,"username":"{name}","first_name":"{name}","last_name":"Lee","full_name":"{name}"}}"#);
    let line = brief(
        1,
        &format!(
            r#","type":"{name}","customer":{},"user":{person},"messages":[{{"message":"{name}","attachment":"{name}"}}]"#,
            r#"{"id":4,"first_name":"NAME","phone":"NAME","email":"NAME"}"#.replace("NAME", name)
        ),
    );
    let (summary, exported) = round_trip(&line).await;
    assert_eq!((summary.created, summary.rejected, summary.warnings), (1, 0, 8), "{summary}");
    let value = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
    let (before, after) = (value(&line), value(&exported));
    for key in ["type", "user", "customer", "messages"] {
        assert_eq!(after[key], before[key], "{key}");
    }
    let exchange = Exchange::new().await;
    exchange.import(&line).await;
    let user = notegraph::store::entity::user::Entity::find().one(exchange.db.read()).await.unwrap().unwrap();
    assert_eq!((user.username.as_str(), user.full_name.as_str(), user.first_name), ("user-3", "Lee", None));
    assert_eq!(notegraph::store::entity::note_type::Entity::find().all(exchange.db.read()).await.unwrap(), []);
}
