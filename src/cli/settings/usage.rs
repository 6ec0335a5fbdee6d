use std::time::Duration;

use clap::Args;

use super::number::number;
use crate::meter::{MemoryLimits, OperationLimits};

/// How much one operation may use while it runs, and how much memory all of them may hold. An operation that exceeds a
/// limit is stopped, with the error TOO_COMPLEX.
#[expect(clippy::doc_markdown, reason = "clap prints these comments as help, where backticks would show")]
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Use of one operation")]
pub struct UsageArgs {
    /// Maximum time of all statements of one operation together, in milliseconds: 10 to 3600000.
    #[arg(
        long,
        env = "NOTEGRAPH_OPERATION_DATABASE_TIME",
        value_name = "MILLISECONDS",
        default_value_t = 5_000,
        value_parser = number::<u64>("milliseconds", 10..=3_600_000)
    )]
    pub operation_database_time: u64,

    /// Maximum CPU time of one operation in this process, in milliseconds: 10 to 600000.
    #[arg(
        long,
        env = "NOTEGRAPH_OPERATION_CPU_TIME",
        value_name = "MILLISECONDS",
        default_value_t = 2_000,
        value_parser = number::<u64>("milliseconds", 10..=600_000)
    )]
    pub operation_cpu_time: u64,

    /// Maximum size of a response, in bytes: 65536 to 1073741824. The default is 32 MiB.
    #[arg(
        long,
        env = "NOTEGRAPH_ANSWER_BYTES",
        value_name = "BYTES",
        default_value_t = 32 << 20,
        value_parser = number::<u64>("bytes", 64 << 10..=1 << 30)
    )]
    pub answer_bytes: u64,

    /// Memory that the operations of one token may hold in records and in unread responses, in bytes: 1048576 to
    /// 17179869184. The default is 64 MiB.
    #[arg(
        long,
        env = "NOTEGRAPH_TOKEN_MEMORY",
        value_name = "BYTES",
        default_value_t = 64 << 20,
        value_parser = number::<u64>("bytes", 1 << 20..=16 << 30)
    )]
    pub token_memory: u64,

    /// Memory that all operations of this process may hold in records and in unread responses, in bytes: 4194304 to
    /// 1099511627776. The default is 160 MiB; a quarter is reserved for tokens that hold little.
    #[arg(
        long,
        env = "NOTEGRAPH_MEMORY",
        value_name = "BYTES",
        default_value_t = 160 << 20,
        value_parser = number::<u64>("bytes", 4 << 20..=1 << 40)
    )]
    pub memory: u64,
}

impl UsageArgs {
    /// Limits of an operation; `values` is the maximum number of values in a response, which limits the estimate as
    /// well.
    pub fn usage(&self, values: u64) -> OperationLimits {
        OperationLimits {
            database: Duration::from_millis(self.operation_database_time),
            cpu: Duration::from_millis(self.operation_cpu_time),
            answer_bytes: self.answer_bytes,
            values,
        }
    }

    pub fn memory(&self) -> MemoryLimits {
        MemoryLimits { process: self.memory, token: self.token_memory }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Program {
        #[command(flatten)]
        usage: UsageArgs,
    }

    #[test]
    fn the_default_flags_equal_the_default_usage_limits() {
        let usage = Program::parse_from(["program"]).usage;
        assert_eq!(usage.usage(OperationLimits::default().values), OperationLimits::default());
        assert_eq!(usage.memory(), MemoryLimits::default());
    }
}
