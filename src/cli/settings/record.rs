use clap::Args;

use super::number::number;
use crate::exchange::input::RecordLimits;

/// Limits of one record of an import. Larger records are rejected.
#[derive(Args, Clone, Copy, Debug)]
#[command(next_help_heading = "Limits")]
pub struct RecordArgs {
    /// Maximum size of a record, in bytes: 1024 (1 KiB) to 1073741824 (1 GiB). The import takes about ten times as much
    /// memory. The default is 16 MiB. A longer line is rejected, and the import goes on with the next; in a list or
    /// another document it stops there.
    #[arg(
        long,
        env = "NOTEGRAPH_RECORD_LIMIT",
        value_name = "BYTES",
        default_value_t = 16 << 20,
        value_parser = number::<usize>("bytes", 1 << 10..=1 << 30)
    )]
    pub record_limit: usize,

    /// Maximum number of values in a record, 100 to 100000000: texts, numbers, lists and objects. The import takes
    /// about 1 KiB of memory for each.
    #[arg(
        long,
        env = "NOTEGRAPH_RECORD_VALUES",
        value_name = "COUNT",
        default_value_t = 100_000,
        value_parser = number::<usize>("values", 100..=100_000_000)
    )]
    pub record_values: usize,
}

impl RecordArgs {
    pub fn limits(self) -> RecordLimits {
        RecordLimits { bytes: self.record_limit, values: self.record_values }
    }
}

impl Default for RecordArgs {
    fn default() -> Self {
        let RecordLimits { bytes, values } = RecordLimits::default();
        Self { record_limit: bytes, record_values: values }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Program {
        #[command(flatten)]
        record: RecordArgs,
    }

    #[test]
    fn the_default_flags_equal_the_default_record_limits() {
        assert_eq!(Program::parse_from(["program"]).record.limits(), RecordLimits::default());
    }
}
