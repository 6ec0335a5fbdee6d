//! Request bodies that could crash the process while they are parsed.

use std::fmt::Write;

use tokio::time::sleep;

use crate::attack::{Attack, FROM};
use crate::run::seconds;
use crate::stage::Stage;
use crate::verdict::Bounds;
use crate::wire::post;

/// The key by which `serde_json` marks a text that it parses again.
const RAW: &str = "$serde_json::private::RawValue";

/// JSON within a string within JSON, `levels` times, with `depth` brackets each.
fn texts_in_texts(levels: usize, depth: usize) -> String {
    let mut inner = "1".to_owned();
    for _ in 0..levels {
        let text = "[".repeat(depth) + &inner + &"]".repeat(depth);
        let text = text.replace('\\', "\\u005c").replace('"', "\\u0022");
        inner = format!("{{\"{RAW}\":\"{text}\"}}");
    }
    inner
}

/// Many objects within a string.
fn hidden_objects(count: usize) -> String {
    let objects = vec!["{\"\":0}"; count].join(",");
    format!("{{\"{RAW}\":\"[{}]\"}}", objects.replace('"', "\\u0022"))
}

/// Bodies with a value in each place that accepts any JSON.
fn bodies(value: &str) -> Vec<String> {
    let with = |more: &str| format!("{{\"query\":\"query($f: NoteFilter) {{ viewer {{ scopes }} }}\",{more}}}");
    vec![
        with(&format!("\"extensions\":{{\"a\":{value}}}")),
        with(&format!("\"extensions\":{value}")),
        with(&format!("\"variables\":{{\"f\":{value}}}")),
        with(&format!("\"variables\":{{\"a\":{value}}}")),
        with(&format!("\"variables\":{value}")),
        with(&format!("\"other\":{value}")),
        value.to_owned(),
    ]
}

async fn send_all(name: &'static str, values: &[String]) {
    let stage = Stage::set(name).await;
    let token = &stage.template.cast.reader;
    let requests: Vec<_> = values.iter().flat_map(|value| bodies(value)).map(|body| post(token, &body)).collect();
    let siege = stage.begin().await;
    let mut attack = Attack::on(stage.server.address);
    attack.each(FROM, &requests, 4);
    sleep(seconds(3, 30)).await;
    stage.judge(siege, attack, &Bounds::ONE).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn texts_that_are_parsed_anew() {
    // The depth that fits into a body of 2 MiB, since each level escapes the inner ones again.
    send_all("aborts::texts_that_are_parsed_anew", &[texts_in_texts(60, 120), texts_in_texts(250, 30)]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn objects_hidden_in_a_text() {
    send_all("aborts::objects_hidden_in_a_text", &[hidden_objects(100_000)]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nested_brackets() {
    let mut objects = String::new();
    for _ in 0..100_000 {
        let _ = write!(objects, "{{\"a\":");
    }
    let objects = objects + "1" + &"}".repeat(100_000);
    let lists = "[".repeat(400_000) + &"]".repeat(400_000);
    send_all("aborts::nested_brackets", &[objects, lists]).await;
}
