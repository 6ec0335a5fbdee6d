use std::net::SocketAddr;
use std::time::Duration;

use clap::Args;

use super::documents::DocumentArgs;
use super::growth::{QuotaArgs, RetentionArgs};
use super::identity::IdentityArgs;
use super::limits::LimitArgs;
use super::number::number;
use super::query_limits::QueryLimitArgs;
use super::sockets::SocketArgs;
use super::timeouts::ConnectionTimeoutArgs;
use super::usage::UsageArgs;
use crate::http::{ConnectionLimits, HttpSettings, Origin, ServerTimeouts};

/// Settings of the server.
#[derive(Args, Clone, Debug)]
pub struct ServeArgs {
    /// The address to listen on. Port 0 takes a free port, which the start-up lines show.
    #[arg(
        long,
        env = "NOTEGRAPH_LISTEN",
        value_name = "ADDRESS:PORT",
        default_value = "127.0.0.1:8080",
        value_parser = listen
    )]
    pub listen: SocketAddr,

    /// Fill the database with demo data if it is empty, and print a new token for the demo's administrator, valid for
    /// 24 hours.
    #[arg(long, env = "NOTEGRAPH_DEMO", value_parser = switch)]
    pub demo: bool,

    /// Refuse to start with an outdated database schema, instead of migrating it.
    #[arg(long, env = "NOTEGRAPH_NO_MIGRATE", value_parser = switch)]
    pub no_migrate: bool,

    /// An origin, other than the server's own, whose pages may send requests, exactly as browsers send it:
    /// `https://notes.example.com`. Repeat it, or separate by commas, for several. None by default.
    #[arg(long, env = "NOTEGRAPH_ALLOW_ORIGIN", value_name = "ORIGIN", value_delimiter = ',')]
    pub allow_origin: Vec<Origin>,

    /// Maximum size of a request body, in bytes: 1024 (1 KiB) to 104857600 (100 MiB). The default is 2 MiB.
    #[arg(
        long,
        env = "NOTEGRAPH_BODY_LIMIT",
        value_name = "BYTES",
        default_value_t = 2 << 20,
        value_parser = number::<u64>("bytes", 1 << 10..=100 << 20)
    )]
    pub body_limit: u64,

    /// How long a client waits for a response at most, in seconds: 1 to 600. A mutation that takes longer is still
    /// carried out.
    #[arg(
        long,
        env = "NOTEGRAPH_REQUEST_TIMEOUT",
        value_name = "SECONDS",
        default_value_t = 30,
        value_parser = number::<u64>("seconds", 1..=600)
    )]
    pub request_timeout: u64,

    /// How long the server keeps serving after it was told to stop, while /readyz reports that it is not ready, in
    /// seconds: 0 to 60. This gives load balancers the time to notice.
    #[arg(
        long,
        env = "NOTEGRAPH_STOP_DELAY",
        value_name = "SECONDS",
        default_value_t = 1,
        value_parser = number::<u64>("seconds", 0..=60)
    )]
    pub stop_delay: u64,

    /// How long running requests then have to finish, in seconds: 1 to 600. After that they are refused, and the server
    /// exits; a change that has not been committed by then is not made.
    #[arg(
        long,
        env = "NOTEGRAPH_STOP_TIMEOUT",
        value_name = "SECONDS",
        default_value_t = 3,
        value_parser = number::<u64>("seconds", 1..=600)
    )]
    pub stop_timeout: u64,

    #[command(flatten)]
    pub pace: ConnectionTimeoutArgs,

    #[command(flatten)]
    pub limits: LimitArgs,

    #[command(flatten)]
    pub gate: QueryLimitArgs,

    #[command(flatten)]
    pub documents: DocumentArgs,

    #[command(flatten)]
    pub usage: UsageArgs,

    #[command(flatten)]
    pub sockets: SocketArgs,

    #[command(flatten)]
    pub quota: QuotaArgs,

    #[command(flatten)]
    pub retention: RetentionArgs,

    #[command(flatten)]
    pub identity: IdentityArgs,
}

impl ServeArgs {
    /// Settings of the HTTP server.
    ///
    /// # Errors
    /// If settings contradict each other.
    pub fn http(&self) -> Result<HttpSettings, String> {
        Ok(HttpSettings {
            allowed_origins: self.allow_origin.clone(),
            body_limit: usize::try_from(self.body_limit).unwrap_or(usize::MAX),
            body_timeout: Duration::from_secs(self.pace.body_timeout),
            request_timeout: Duration::from_secs(self.request_timeout),
            trusted_proxies: self.limits.trusted_proxies(),
            query_limits: self.gate.limits(),
            stored: self.documents.settings()?,
            address_rate_limit: self.limits.address_rate_limit(),
            token_rate_limit: self.limits.token_rate_limit(),
            usage: self.usage.usage(self.gate.answer_values),
            memory: self.usage.memory(),
            sockets: self.sockets.limits(),
            identity: self.identity.settings()?,
            session: None,
        })
    }

    pub fn admission(&self) -> ConnectionLimits {
        self.limits.admission()
    }

    pub fn timeouts(&self) -> ServerTimeouts {
        ServerTimeouts {
            connection: self.pace.timeouts(),
            stop_delay: Duration::from_secs(self.stop_delay),
            requests: Duration::from_secs(self.stop_timeout),
        }
    }
}

/// Parses the environment variable of a switch, whose flag takes no value.
fn switch(text: &str) -> Result<bool, String> {
    text.parse().map_err(|_| "expected true or false".to_owned())
}

fn listen(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| {
        "expected an IP address and a port, such as 127.0.0.1:8080, 0.0.0.0:8080 (all interfaces) or [::1]:8080"
            .to_owned()
    })
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Program {
        #[command(flatten)]
        serve: ServeArgs,
    }

    /// SECURITY.md states these values.
    #[test]
    fn the_default_timeouts_are_as_documented() {
        let serve = Program::parse_from(["program"]).serve;
        let timeouts = serve.timeouts();
        let seconds = [
            timeouts.connection.head,
            serve.http().unwrap().body_timeout,
            timeouts.connection.idle,
            timeouts.connection.answer,
        ];
        assert_eq!(seconds.map(|time| time.as_secs()), [10, 15, 60, 60]);
        assert_eq!([timeouts.stop_delay, timeouts.requests].map(|time| time.as_secs()), [1, 3]);
        let admission = serve.admission();
        assert_eq!((admission.connections, admission.per_address), (10_000, 500));
    }
}
