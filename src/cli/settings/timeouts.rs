use std::time::Duration;

use clap::Args;

use super::number::number;
use crate::http::ConnectionTimeouts;

/// How slow a client may be.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Slow clients")]
pub struct ConnectionTimeoutArgs {
    /// Timeout for the head of a request, from its first byte, in seconds: 1 to 600.
    #[arg(
        long,
        env = "NOTEGRAPH_HEAD_TIMEOUT",
        value_name = "SECONDS",
        default_value_t = 10,
        value_parser = number::<u64>("seconds", 1..=600)
    )]
    pub head_timeout: u64,

    /// Timeout for the body of a request, in seconds: 1 to 600, and never longer than --request-timeout.
    #[arg(
        long,
        env = "NOTEGRAPH_BODY_TIMEOUT",
        value_name = "SECONDS",
        default_value_t = 15,
        value_parser = number::<u64>("seconds", 1..=600)
    )]
    pub body_timeout: u64,

    /// How long a connection may be idle before a request and between two, in seconds: 1 to 3600.
    #[arg(
        long,
        env = "NOTEGRAPH_IDLE_TIMEOUT",
        value_name = "SECONDS",
        default_value_t = 60,
        value_parser = number::<u64>("seconds", 1..=3600)
    )]
    pub idle_timeout: u64,

    /// How long a client may take to read a response, from when the server first has to wait for it, in seconds: 1 to
    /// 3600.
    #[arg(
        long,
        env = "NOTEGRAPH_ANSWER_TIMEOUT",
        value_name = "SECONDS",
        default_value_t = 60,
        value_parser = number::<u64>("seconds", 1..=3600)
    )]
    pub answer_timeout: u64,
}

impl ConnectionTimeoutArgs {
    pub fn timeouts(&self) -> ConnectionTimeouts {
        ConnectionTimeouts {
            idle: Duration::from_secs(self.idle_timeout),
            head: Duration::from_secs(self.head_timeout),
            answer: Duration::from_secs(self.answer_timeout),
        }
    }
}
