//! Many concurrent writers.

use futures_util::future::join_all;
use notegraph::store::entity::token::Scope;
use serde_json::json;
use testkit::App;
use testkit::process::Process;

use crate::run::Run;
use crate::whole::{assert_whole, number};
use crate::wire::Wire;

const WRITERS: u64 = 8;
const EACH: u64 = 50;
const PATCH: &str = "mutation($id: ID!, $subject: String!, $details: String!) {
    notePatch(input: { id: $id, patch: { subject: $subject, details: $details } }) { userErrors { code } } }";
const POST: &str = "mutation($id: ID!, $text: String!) {
    noteMessagePost(input: { noteId: $id, message: $text }) { message { id } userErrors { code } } }";

/// Two servers on one database: on `SQLite` the writers of one process queue for a single connection, while those of
/// two processes conflict at the file.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writers_of_one_note_wait_for_each_other_and_none_is_lost() {
    let run = Run::begin("writers of one note").await;
    let app = App::start().await;
    let client = app.company("Acme").await.user("ann").await.token(&[Scope::Write]).await;
    let made = client.query("mutation { noteCreate(input: { subject: \"one\" }) { note { id } } }").await;
    let note = &made["noteCreate"]["note"]["id"];
    let servers = [Process::serve(app.database_url(), &[]).await, Process::serve(app.database_url(), &[]).await];
    for round in 0..run.times(1, 20) {
        let writers = (0..WRITERS).zip(servers.iter().cycle()).map(async |(writer, server)| {
            let mut wire = Wire::connect(server.address, client.token()).await.unwrap();
            for n in 0..EACH {
                let text = format!("{round}-{writer}-{n}");
                let answer = if n.is_multiple_of(2) {
                    let details = format!("About {text}");
                    wire.ask(PATCH, json!({ "id": note, "subject": text, "details": details })).await.unwrap()
                } else {
                    wire.ask(POST, json!({ "id": note, "text": text })).await.unwrap()
                };
                let data = answer.data().unwrap_or_else(|| panic!("{answer:?}"));
                let payload = data.get("notePatch").or_else(|| data.get("noteMessagePost")).unwrap();
                assert_eq!(payload["userErrors"], json!([]));
            }
        });
        join_all(writers).await;
        let half = i64::try_from((round + 1) * WRITERS * EACH / 2).unwrap();
        assert_eq!(number(app.db(), "SELECT CAST(version AS bigint) FROM note").await, 1 + half);
        assert_eq!(number(app.db(), "SELECT CAST(message_count AS bigint) FROM note").await, half);
        assert_eq!(number(app.db(), "SELECT count(DISTINCT position) FROM message").await, half);
        run.say(format_args!("{} changes of one note", 2 * half));
    }
    for server in servers {
        server.terminate().await;
        let (_, log) = server.ended().await;
        assert!(!log.contains("locked") && !log.contains("ERROR"), "{log}");
    }
    assert_whole(app.db()).await;
}
