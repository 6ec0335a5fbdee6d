//! The address of a `PostgreSQL` server, and how to connect to it.

use std::fmt;
use std::io;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use sea_orm::SqlxError;
use tokio::net::{TcpStream, UnixStream};
use tokio_postgres::config::{Config, Host, SslMode};
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::{CancelToken, Client, Connection};
use tokio_postgres_rustls::MakeRustlsConnect;
use url::Url;

use super::error::connecting;
use super::tls::{Mode, Roots, connector};
use super::wire::{UntilClosed, Wire};

/// Planner settings. Random page reads cost little more than sequential ones in memory and on solid-state drives; with
/// the default, the planner prefers to scan whole tables, which makes a search of a million notes take seven times as
/// long. A statement has one core; parallel workers and JIT compilation take longer to start than most of our
/// statements take to run.
const PLANNING: [(&str, &str); 3] =
    [("random_page_cost", "1.1"), ("max_parallel_workers_per_gather", "0"), ("jit", "off")];

/// A setting that every connection is opened with, as `on`. If the server does not have it, a pooler is in between,
/// which may use another server process for each transaction.
pub const DIRECT: &str = "notegraph.direct";

const PORT: u16 = 5432;

/// A server and the settings of every connection to it. Cheap to clone.
#[derive(Clone)]
pub struct Server(Arc<Reached>);

struct Reached {
    config: Config,
    place: Place,
    tls: MakeRustlsConnect,
}

#[derive(Clone, Debug)]
enum Place {
    /// The host to connect to, and the name that the server's certificate must have.
    Tcp {
        to: String,
        name: String,
        port: u16,
    },
    Unix(PathBuf),
}

type Encryption = <MakeRustlsConnect as MakeTlsConnect<Wire>>::TlsConnect;
pub type Encrypted = <MakeRustlsConnect as MakeTlsConnect<Wire>>::Stream;

impl Server {
    /// Parses an address `postgres://user:password@host:port/name?...`. Missing parts come from the environment
    /// variables of `libpq`: `PGHOST`, `PGPORT`, `PGUSER`, `PGPASSWORD`, `PGDATABASE`, `PGSSLMODE`, `PGSSLROOTCERT`.
    ///
    /// # Errors
    /// If the address is invalid; the text says why, without the password.
    pub fn at(address: &str, statement_timeout: Duration) -> Result<Self, String> {
        Self::read(address, statement_timeout, &|name| std::env::var(name).ok().filter(|value| !value.is_empty()))
    }

    fn read(
        address: &str,
        statement_timeout: Duration,
        variable: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, String> {
        let mut url = Url::parse(address).map_err(|error| format!("the database address is not a URL: {error}"))?;
        let mut mode = variable("PGSSLMODE");
        let mut roots = variable("PGSSLROOTCERT");
        let (mut others, mut settings) = (Vec::new(), Vec::new());
        for (key, value) in url.query_pairs() {
            match &*key {
                "sslmode" | "ssl-mode" => mode = Some(value.into_owned()),
                "sslrootcert" | "ssl-root-cert" | "ssl-ca" => roots = Some(value.into_owned()),
                "options" => settings.push(value.into_owned()),
                // The statement cache has a fixed size.
                "statement-cache-capacity" => {}
                _ => match key.strip_prefix("options[").and_then(|key| key.strip_suffix(']')) {
                    Some(key) => settings.push(format!("-c {key}={value}")),
                    None => others.push((key.into_owned(), value.into_owned())),
                },
            }
        }
        url.set_query(None);
        if !others.is_empty() {
            url.query_pairs_mut().extend_pairs(others);
        }
        let mut config: Config = url.as_str().parse().map_err(|error: tokio_postgres::Error| {
            let cause = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
            format!("the database address cannot be read: {cause}")
        })?;
        complete(&mut config, variable)?;
        let milliseconds = statement_timeout.as_millis().to_string();
        let ours = [("statement_timeout", milliseconds.as_str()), ("timezone", "UTC"), (DIRECT, "on")];
        // Recovering a connection sends a rollback in any case, and the server warns if there is nothing to roll back.
        let quiet = [("client_min_messages", "error")];
        settings.extend(ours.iter().chain(&quiet).chain(&PLANNING).map(|(key, value)| format!("-c {key}={value}")));
        config.options(settings.join(" "));
        if config.get_application_name().is_none() {
            config.application_name("notegraph");
        }
        let mode = mode.map(|mode| mode.parse()).transpose()?;
        let (mode, tls) = connector(mode, roots.as_deref().map(Roots::from).as_ref())?;
        let place = place(&config);
        config.ssl_mode(match (mode, &place) {
            // No one else can read a local socket.
            (Mode::Disable, _) | (_, Place::Unix(_)) => SslMode::Disable,
            (Mode::Prefer, _) => SslMode::Prefer,
            _ => SslMode::Require,
        });
        Ok(Self(Arc::new(Reached { config, place, tls })))
    }

    /// The same server, for connections with another application name.
    #[must_use]
    pub fn named(&self, name: &str) -> Self {
        let mut config = self.0.config.clone();
        config.application_name(name);
        Self(Arc::new(Reached { config, place: self.0.place.clone(), tls: self.0.tls.clone() }))
    }

    /// Opens a connection.
    ///
    /// # Errors
    /// If the server cannot be reached, is not the expected one, or refuses the connection.
    pub async fn connect(&self) -> Result<(Client, Connection<Wire, Encrypted>), SqlxError> {
        let wire = self.dial().await?;
        self.0.config.connect_raw(wire, self.encryption()).await.map_err(connecting)
    }

    /// Cancels the statement that runs on a connection, if there is one. The server has processed the request when this
    /// returns.
    ///
    /// # Errors
    /// If the server cannot be reached.
    pub async fn cancel(&self, token: &CancelToken) -> Result<(), SqlxError> {
        let wire = UntilClosed(self.dial().await?);
        token.cancel_query_raw(wire, self.encryption()).await.map_err(connecting)
    }

    fn encryption(&self) -> Encryption {
        let Ok(encryption) = MakeTlsConnect::<Wire>::make_tls_connect(&mut self.0.tls.clone(), self.name());
        encryption
    }

    fn name(&self) -> &str {
        match &self.0.place {
            Place::Tcp { name, .. } => name,
            Place::Unix(_) => "localhost",
        }
    }

    async fn dial(&self) -> Result<Wire, SqlxError> {
        match &self.0.place {
            Place::Tcp { to, port, .. } => {
                let stream = TcpStream::connect((to.clone(), *port)).await.map_err(|error| self.unreachable(&error))?;
                stream.set_nodelay(true).map_err(SqlxError::Io)?;
                Ok(Wire::Tcp(stream))
            }
            Place::Unix(path) => {
                let stream = UnixStream::connect(path).await.map_err(|error| self.unreachable(&error))?;
                Ok(Wire::Unix(stream))
            }
        }
    }

    fn unreachable(&self, error: &io::Error) -> SqlxError {
        SqlxError::Io(io::Error::new(error.kind(), format!("cannot reach PostgreSQL at {self}: {error}")))
    }
}

/// Fills in what the address leaves out from the environment variables of `libpq`.
fn complete(config: &mut Config, variable: &dyn Fn(&str) -> Option<String>) -> Result<(), String> {
    if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
        config.host(variable("PGHOST").unwrap_or_else(|| "localhost".to_owned()));
    }
    if config.get_ports().is_empty() {
        let port = variable("PGPORT").map(|port| port.parse().map_err(|_| format!("PGPORT is `{port}`, not a port")));
        config.port(port.transpose()?.unwrap_or(PORT));
    }
    if let (None, Some(user)) = (config.get_user(), variable("PGUSER")) {
        config.user(user);
    }
    if let (None, Some(password)) = (config.get_password(), variable("PGPASSWORD")) {
        config.password(password);
    }
    if let (None, Some(name)) = (config.get_dbname(), variable("PGDATABASE")) {
        config.dbname(name);
    }
    Ok(())
}

/// The place to connect to: the first one, if the address names several.
fn place(config: &Config) -> Place {
    let port = config.get_ports().first().copied().unwrap_or(PORT);
    let address = config.get_hostaddrs().first().map(IpAddr::to_string);
    match config.get_hosts().first() {
        Some(Host::Unix(folder)) => Place::Unix(folder.join(format!(".s.PGSQL.{port}"))),
        Some(Host::Tcp(name)) => {
            // IPv6 addresses are written in brackets.
            let name = name.trim_start_matches('[').trim_end_matches(']').to_owned();
            Place::Tcp { to: address.unwrap_or_else(|| name.clone()), name, port }
        }
        None => {
            let to = address.unwrap_or_default();
            Place::Tcp { name: to.clone(), to, port }
        }
    }
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0.place {
            Place::Tcp { to, port, .. } => write!(f, "{to}:{port}"),
            Place::Unix(path) => write!(f, "{}", path.display()),
        }
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Server({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(address: &str) -> Result<Server, String> {
        Server::read(address, Duration::from_secs(15), &|_| None)
    }

    #[test]
    fn an_address_says_where_the_server_is() {
        for (address, expected) in [
            ("postgres://notes:secret@db/notes", "db:5432"),
            ("postgresql://notes@[::1]:6000/notes", "::1:6000"),
            ("postgres:///notes?host=/run/postgresql&port=5433", "/run/postgresql/.s.PGSQL.5433"),
            ("postgres://%2Frun%2Fpostgresql/notes", "/run/postgresql/.s.PGSQL.5432"),
            ("postgres:///notes", "localhost:5432"),
            ("postgres://db/notes?hostaddr=10.0.0.1", "10.0.0.1:5432"),
        ] {
            assert_eq!(read(address).map(|server| server.to_string()), Ok(expected.to_owned()), "{address}");
        }
    }

    #[test]
    fn environment_variables_complete_an_address() {
        let variable = |name: &str| match name {
            "PGHOST" => Some("elsewhere".to_owned()),
            "PGPORT" => Some("6543".to_owned()),
            "PGUSER" => Some("ann".to_owned()),
            "PGPASSWORD" => Some("secret".to_owned()),
            "PGSSLMODE" => Some("disable".to_owned()),
            _ => None,
        };
        let server = Server::read("postgres:///notes", Duration::from_secs(1), &variable).unwrap();
        assert_eq!(server.to_string(), "elsewhere:6543");
        let config = &server.0.config;
        assert_eq!((config.get_user(), config.get_password()), (Some("ann"), Some(&b"secret"[..])));
        assert_eq!((config.get_dbname(), config.get_ssl_mode()), (Some("notes"), SslMode::Disable));
        let named = Server::read("postgres://bob:x@db:1/notes?sslmode=require", Duration::from_secs(1), &variable);
        let config = &named.as_ref().unwrap().0.config;
        assert_eq!((config.get_user(), config.get_ssl_mode()), (Some("bob"), SslMode::Require));
    }

    #[test]
    fn settings_of_the_address_come_before_ours() {
        let server = read("postgres://db/notes?options=-c%20a%3D1&options[b]=2&application_name=x").unwrap();
        let options = server.0.config.get_options().unwrap_or_default();
        assert!(options.starts_with("-c a=1 -c b=2 -c statement_timeout=15000 -c timezone=UTC"), "{options}");
        assert_eq!(server.0.config.get_application_name(), Some("x"));
    }

    #[test]
    fn errors_of_an_address_are_described() {
        for (address, said) in [
            ("postgres://u:secret@db/notes?sslmode=sometimes", "sslmode"),
            ("postgres://u:secret@db/notes?sslcert=x", "sslcert"),
            ("postgres://u:secret@db/notes?port=x", "port"),
            ("postgres://u:secret@db/notes?sslmode=verify-full&sslrootcert=/nowhere", "/nowhere"),
        ] {
            let error = read(address).map(|_| ()).unwrap_err();
            assert!(error.contains(said) && !error.contains("secret"), "{error}");
        }
    }
}
