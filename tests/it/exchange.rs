//! Import and export: they lose nothing of a record, whatever it looks like.

mod again;
mod broken;
mod counted;
mod files;
mod forms;
mod inputs;
mod large;
mod odd;
mod people;
mod real;

use std::io::Write;
use std::path::PathBuf;

use chrono::{TimeZone, Utc};
use flate2::Compression;
use flate2::write::GzEncoder;
use notegraph::cli::export::{self, ExportArgs};
use notegraph::cli::import::{self, ImportArgs};
use notegraph::cli::settings::{QuotaArgs, RecordArgs};
use notegraph::clock::Clock;
use notegraph::exchange::intake::Summary;
use notegraph::store::db::Db;
use tempfile::TempDir;

use testkit::{Database, Engine};

/// A database to import into, and a directory for the files.
pub struct Exchange {
    db: Db,
    directory: TempDir,
    _database: Database,
}

impl Exchange {
    pub async fn new() -> Self {
        Self::on(&Engine::of_this_run()).await
    }

    async fn on(engine: &Engine) -> Self {
        let database = Database::migrated(engine).await;
        Self { db: database.open().await, directory: tempfile::tempdir().unwrap(), _database: database }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Writes a file with this content. Returns its path for the command line.
    fn file(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.path(name);
        std::fs::write(&path, content).unwrap();
        path.display().to_string()
    }

    fn args(&self, files: &[&str]) -> ImportArgs {
        ImportArgs {
            files: files.iter().map(|&file| file.to_owned()).collect(),
            company: "Acme".to_owned(),
            rejects: Some(self.path("rejects")),
            update: false,
            dry_run: false,
            quota: QuotaArgs::default(),
            record: RecordArgs::default(),
        }
    }

    async fn run(&self, args: &ImportArgs) -> Summary {
        self.attempt(args).await.unwrap()
    }

    /// Runs an import; the error says why it ended early.
    async fn attempt(&self, args: &ImportArgs) -> Result<Summary, String> {
        // Remove the file of the previous run: an import does not overwrite one.
        if let Some(rejects) = &args.rejects {
            let _ = std::fs::remove_file(rejects);
        }
        let clock = Clock::stepping(Utc.with_ymd_and_hms(2026, 1, 1, 0, 0, 0).unwrap());
        import::run(args, &self.db, &clock).await.map_err(|failure| failure.to_string())
    }

    /// Imports this content as a file.
    pub async fn import(&self, content: impl AsRef<[u8]>) -> Summary {
        let file = self.file("import", content);
        self.run(&self.args(&[&file])).await
    }

    /// Like [`Self::import`], but the file replaces what is stored.
    async fn update(&self, content: impl AsRef<[u8]>) -> Summary {
        let file = self.file("import", content);
        self.run(&ImportArgs { update: true, ..self.args(&[&file]) }).await
    }

    /// The rejected records, one per line; empty if there is no such file.
    fn rejects(&self) -> Vec<u8> {
        match std::fs::read(self.path("rejects")) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
            read => read.unwrap(),
        }
    }

    pub async fn export(&self) -> String {
        let mut out = Vec::new();
        let args = ExportArgs { company: "Acme".to_owned() };
        export::run(&args, &self.db, &mut out).await.map_err(|failure| failure.to_string()).unwrap();
        String::from_utf8(out).unwrap()
    }
}

/// Imports and exports, then imports the export and exports again. Asserts that both exports are equal. Returns the
/// first summary and the export.
async fn round_trip(content: &str) -> (Summary, String) {
    let first = Exchange::new().await;
    let summary = first.import(content).await;
    let exported = first.export().await;
    let second = Exchange::new().await;
    let again = second.import(&exported).await;
    assert_eq!(again.rejected, 0, "an export was not taken back whole");
    assert_eq!(second.export().await, exported, "the second export differs");
    (summary, exported)
}

fn gzip(content: impl AsRef<[u8]>) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(content.as_ref()).unwrap();
    encoder.finish().unwrap()
}

/// A note with all fields, in compact JSON; `id` also determines its people.
fn whole(id: i64) -> String {
    let user = user(id);
    format!(
        concat!(
            r#"{{"id":{id},"reference_type":"membershipCard","reference_id":77,"type":"Call","details":"said: \"no\"\r\n","#,
            r#""created_on":"2020-01-02T03:04:05Z","status":"closed","reminder":"2020-02-01T00:00:00.500Z","user_id":{id},"#,
            r#""company_id":1,"customer_id":{id},"confidential":true,"priority":true,"tags":["a b","c&d","a b"],"#,
            r#""subject":"Überall \u2028","customer":{{"id":{id},"company_name":"Acme","company_title":null,"first_name":"Ann","#,
            r#""middle_name":null,"last_name":null,"full_name":"Ann","locale":"de","is_member":true,"was_member":false,"#,
            r#""has_applied":false,"flag":"red","email":"a@example.com","mobile":{{"country_code":"49","number":"1","full":"+491"}},"#,
            r#""phone":null,"profile_photo":"https://example.com/a.png","vip":true,"home_house_id":"7","birthdate":"1980-02-29","#,
            r#""anniversary_date":null,"created_on":"2019-01-01T00:00:00Z"}},"user":{user},"#,
            r#""assignees":[{user_open},"created_on":"2020-01-03T00:00:00Z"}}],"#,
            r#""messages":[{{"message":"first","attachment":"a.png","posted_by":{user},"created_on":"2020-01-04T00:00:00Z"}},"#,
            r#"{{"message":"","attachment":"https://example.com/b.pdf","posted_by":null,"created_on":"2020-01-03T00:00:00.000001Z"}}]}}"#,
        ),
        id = id,
        user = user,
        user_open = user.trim_end_matches('}'),
    )
    .replace(r"\u2028", "\u{2028}")
}

fn user(id: i64) -> String {
    format!(
        concat!(
            r#"{{"id":{id},"status":"inactive","first_name":"Bo","last_name":"Li","full_name":"Bo Li","email":null,"#,
            r#""username":"bo {id}","profile_photo":null,"employee_id":"e1","mobile_number":"1","business_location_id":"3","#,
            r#""enable2_fa":"true","modified_on":"2020-01-01T00:00:00Z","created_by":"root","role":"agent"}}"#,
        ),
        id = id
    )
}

/// A note with few fields.
fn brief(id: i64, more: &str) -> String {
    format!(r#"{{"id":{id},"created_on":"2020-01-02T03:04:05Z"{more}}}"#)
}
