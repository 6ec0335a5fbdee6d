//! A separate `PostgreSQL` server that tests can stop and fill.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::mount::{SmallDisk, is_root};

/// The certificate and key of a TLS server, in PEM.
pub struct Identity {
    pub certificate: String,
    pub key: String,
}

/// A server on a free port of this machine, ended when this value is dropped. It runs as a user other than root, as it
/// requires.
pub struct Cluster {
    folder: TempDir,
    programs: PathBuf,
    port: u16,
    /// A file system for a tablespace that can be filled.
    pub small_disk: Option<SmallDisk>,
}

impl Cluster {
    pub fn start() -> Self {
        Self::make(false)
    }

    /// Starts a server with TLS.
    pub fn with_tls(identity: &Identity) -> Self {
        let cluster = Self::start();
        cluster.write("server.crt", &identity.certificate);
        cluster.write("server.key", &identity.key);
        cluster.set("ssl = on");
        cluster
    }

    /// Makes the server refuse unencrypted connections.
    pub fn refuse_unencrypted(&self) {
        self.write("pg_hba.conf", "hostssl all all all trust\n");
        self.reload();
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// Writes a file of the server that nobody else can read.
    fn write(&self, name: &str, text: &str) {
        let path = Path::new(&self.data()).join(name);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        if is_root() {
            run(Command::new("chown").arg("postgres").arg(path));
        }
    }

    fn set(&self, line: &str) {
        let path = Path::new(&self.data()).join("postgresql.conf");
        let settings = std::fs::read_to_string(&path).unwrap() + line + "\n";
        self.write("postgresql.conf", &settings);
        self.reload();
    }

    fn reload(&self) {
        self.stop("fast");
        self.go();
    }

    /// Starts a server with a small disk at [`Self::small_folder`].
    pub fn with_small_disk() -> Self {
        Self::make(true)
    }

    fn make(small: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut cluster = Self { folder, programs: programs(), port, small_disk: None };
        let small_folder = cluster.small_folder();
        std::fs::create_dir(&small_folder).unwrap();
        if is_root() {
            run(Command::new("chown").args(["-R", "postgres"]).arg(cluster.folder.path()));
        }
        cluster.small_disk = small.then(|| SmallDisk::mount(&small_folder, 24, "postgres"));
        let data = cluster.data();
        cluster
            .program("initdb", &["--auth=trust", "--username=postgres", "--encoding=UTF8", "--no-sync", "-D", &data]);
        cluster.go();
        cluster
    }

    pub fn url(&self) -> String {
        self.url_of("postgres")
    }

    pub fn url_of(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}", self.port)
    }

    pub fn small_folder(&self) -> PathBuf {
        self.folder.path().join("small")
    }

    pub fn go(&self) {
        let settings = format!(
            "-c listen_addresses=127.0.0.1 -c port={} -c unix_socket_directories={} -c max_connections=50 \
             -c shared_buffers=16MB",
            self.port,
            self.folder.path().display()
        );
        let log = self.folder.path().join("log").display().to_string();
        self.program("pg_ctl", &["-w", "-D", &self.data(), "-l", &log, "-o", &settings, "start"]);
    }

    /// Stops the server: `fast` as an operator does, `immediate` as in a crash.
    pub fn stop(&self, mode: &str) {
        self.program("pg_ctl", &["-w", "-D", &self.data(), "-m", mode, "stop"]);
    }

    fn data(&self) -> String {
        self.folder.path().join("data").display().to_string()
    }

    fn program(&self, name: &str, arguments: &[&str]) {
        let program = self.programs.join(name);
        let mut words: Vec<&str> = if is_root() { vec!["runuser", "-u", "postgres", "--"] } else { Vec::new() };
        words.push(program.to_str().unwrap());
        words.extend(arguments);
        let mut command = self.small_disk.as_ref().map_or_else(|| Command::new("env"), SmallDisk::command);
        run(command.args(words));
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if Path::new(&self.data()).join("postmaster.pid").exists() {
            self.stop("immediate");
        }
    }
}

/// The folder with `PostgreSQL`'s programs: Debian's newest version, or else the one in `PATH`.
fn programs() -> PathBuf {
    let of_debian = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let newest = of_debian
        .map(|version| version.path().join("bin"))
        .filter(|programs| programs.join("initdb").exists())
        .max_by_key(|programs| programs.parent().and_then(|it| it.file_name()?.to_str()?.parse::<u32>().ok()));
    let path = std::env::var_os("PATH").unwrap_or_default();
    newest
        .or_else(|| std::env::split_paths(&path).find(|folder| folder.join("initdb").exists()))
        .expect("no initdb: faults of PostgreSQL need its programs, to start a server of their own")
}

fn run(command: &mut Command) {
    // The server inherits these and keeps them open while it runs, so a pipe would not end with the command.
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).status().unwrap();
    assert!(status.success(), "{command:?}: {status}");
}
