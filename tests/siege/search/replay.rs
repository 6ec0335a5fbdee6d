//! Replays requests that the search has found.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::sleep;

use super::candidate::How;
use crate::attack::{Attack, FROM};
use crate::run::{seconds, setting};
use crate::stage::Stage;
use crate::stored;
use crate::verdict::Bounds;
use crate::wire::post;

/// A file that the search has written.
#[derive(Deserialize)]
struct Found {
    how: How,
    query: String,
    variables: Value,
}

/// Returns the file that the variable names, or those in `found`.
fn files() -> Vec<PathBuf> {
    if let Some(path) = setting("NOTEGRAPH_SIEGE_REPLAY") {
        return vec![path.into()];
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/siege/found");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_found() {
    let files = files();
    assert!(!files.is_empty(), "there is nothing to send again");
    for file in files {
        let found: Found = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
        let stage = Stage::set("search::replay::what_was_found").await;
        stage.run.say(file.file_name().unwrap().display());
        let cast = &stage.template.cast;
        stored::details(&stage.server, cast, found.how.alphabet, found.how.length).await;
        let body = json!({ "query": found.query, "variables": found.variables }).to_string();
        let request = post(&cast.attackers[1], &body);
        let siege = stage.begin().await;
        let mut attack = Attack::on(stage.server.address);
        if found.how.reads {
            attack.repeat(FROM, &request, found.how.at_once);
        } else {
            attack.unread(&[FROM], &request, found.how.at_once);
        }
        sleep(seconds(4, 30)).await;
        stage.judge(siege, attack, &Bounds::ONE).await;
    }
}
