//! The files that an import writes: none replaces another file, and only its owner can read it.

use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use tempfile::TempDir;
use testkit::process::program;
use tokio::process::Command;

use super::brief;

struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        std::fs::write(folder.path("good.jsonl"), brief(1, "")).unwrap();
        std::fs::write(folder.path("bad.jsonl"), format!("{}\n{{\"id\":-1}}\n", brief(2, ""))).unwrap();
        folder
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    async fn run(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(program());
        command.args(arguments).current_dir(self.0.path()).env_clear().env("DATABASE_URL", "sqlite://notegraph.db");
        command.stdin(Stdio::null()).kill_on_drop(true).output().await.unwrap()
    }

    async fn import(&self, file: &str, rejects: &Path) -> (Option<i32>, String) {
        let rejects = rejects.to_str().unwrap();
        let output = self.run(&["import", file, "--company", "Acme", "--rejects", rejects]).await;
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    }
}

#[tokio::test]
async fn rejects_overwrite_no_file() {
    let folder = Folder::new();
    assert_eq!(folder.import("bad.jsonl", Path::new("rejects.jsonl")).await.0, Some(1));
    assert_eq!(std::fs::read_to_string(folder.path("rejects.jsonl")).unwrap(), "{\"id\":-1}\n");
    std::fs::write(folder.path("victim"), "precious").unwrap();
    let mut names: Vec<PathBuf> =
        ["bad.jsonl", "rejects.jsonl", "victim", ".", "notegraph.db"].map(PathBuf::from).into();
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(folder.path("victim"), folder.path("link")).unwrap();
        std::os::unix::fs::symlink(folder.path("nowhere"), folder.path("dangling")).unwrap();
        std::fs::hard_link(folder.path("victim"), folder.path("hard")).unwrap();
        names.extend(["link", "dangling", "hard"].map(PathBuf::from));
    }
    names.push(folder.path("victim"));
    for name in names {
        let (status, told) = folder.import("bad.jsonl", &name).await;
        assert!(status == Some(3) && told.contains("choose another name"), "{}: {told}", name.display());
    }
    // Files of the database that do not exist at the moment.
    for name in ["notegraph.db-wal", "notegraph.db-shm", "./notegraph.db-journal"] {
        let (status, told) = folder.import("bad.jsonl", Path::new(name)).await;
        assert!(status == Some(3) && told.contains("choose another name"), "{name}: {told}");
    }
    let (status, told) = folder.import("bad.jsonl", Path::new("nowhere/rejects.jsonl")).await;
    assert!(status == Some(3) && told.contains("cannot write the rejected records"), "{told}");
    assert_eq!(std::fs::read_to_string(folder.path("victim")).unwrap(), "precious");
    assert!(!folder.path("nowhere").exists());
    assert!(std::fs::read_to_string(folder.path("bad.jsonl")).unwrap().contains("\"id\":-1"));
    assert_eq!(folder.run(&["export", "--company", "Acme"]).await.stdout, format!("{}\n", brief(2, "")).into_bytes());
}

/// The same command can be repeated, as an import refuses to overwrite a file of rejects.
#[tokio::test]
async fn no_rejects_file_is_left_without_rejects() {
    let folder = Folder::new();
    for _ in 0..2 {
        assert_eq!(folder.import("good.jsonl", Path::new("rejects.jsonl")).await.0, Some(0));
        assert!(!folder.path("rejects.jsonl").exists());
    }
}

/// The mode does not depend on the umask, even if that lets everybody read new files.
#[cfg(unix)]
#[tokio::test]
async fn only_their_owner_may_read_the_files() {
    use std::os::unix::fs::PermissionsExt;

    let folder = Folder::new();
    let program = program();
    let script = format!(
        "umask 000; '{program}' import bad.jsonl --company Acme --rejects rejects.jsonl; '{program}' backup copy.db"
    );
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", &script]).current_dir(folder.0.path()).env_clear().env("DATABASE_URL", "sqlite://notegraph.db");
    let output = shell.stdin(Stdio::null()).kill_on_drop(true).output().await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    // A running server keeps the database open, so that the files beside it exist.
    let url = format!("sqlite://{}", folder.path("notegraph.db").display());
    let process = testkit::process::Process::serve(&url, &[]).await;
    for name in ["notegraph.db", "notegraph.db-wal", "notegraph.db-shm", "rejects.jsonl", "copy.db"] {
        let mode = std::fs::metadata(folder.path(name)).unwrap_or_else(|error| panic!("{name}: {error}")).permissions();
        assert_eq!(mode.mode() & 0o777, 0o600, "{name}");
    }
    drop(process);
}

#[cfg(unix)]
#[tokio::test]
async fn a_database_is_a_file() {
    let folder = Folder::new();
    let made = Command::new("mkfifo").arg(folder.path("pipe")).status().await.unwrap();
    assert!(made.success());
    for (name, hint) in
        [("pipe", "it is not a file"), (".", "it is not a file"), ("pipe?immutable=1", "does not support immutable")]
    {
        let url = format!("sqlite://{name}");
        for command in [&["migrate", "up"][..], &["migrate", "status"]] {
            let output = folder.run(&[command, &["--database-url", &url]].concat()).await;
            let told = String::from_utf8(output.stderr).unwrap();
            assert!(output.status.code() == Some(1) && told.contains(hint), "{name}: {told}");
        }
    }
}
