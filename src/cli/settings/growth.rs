use chrono::TimeDelta;
use clap::Args;

use super::number::number;
use crate::quota::{Quota, QuotaLimits};

/// How much a company may store, unless `notegraph company limit` sets other limits for it.
#[derive(Args, Clone, Debug, PartialEq, Eq)]
#[command(next_help_heading = "Growth")]
pub struct QuotaArgs {
    /// Maximum number of notes in a company: 1 to 1000000000000. `notegraph company limit` sets another number for one
    /// company.
    #[arg(
        long,
        env = "NOTEGRAPH_COMPANY_NOTES",
        value_name = "COUNT",
        default_value_t = 10_000_000,
        value_parser = number::<u64>("notes", 1..=1_000_000_000_000)
    )]
    pub company_notes: u64,

    /// Maximum bytes of a company: the texts of its notes, messages, events and people, plus 256 for each of these;
    /// 1048576 (1 MiB) to 1125899906842624 (1 PiB). The default is 10 GiB. The database takes two to four times as
    /// much.
    #[arg(
        long,
        env = "NOTEGRAPH_COMPANY_BYTES",
        value_name = "BYTES",
        default_value_t = 10 << 30,
        value_parser = number::<u64>("bytes", 1 << 20..=1 << 50)
    )]
    pub company_bytes: u64,
}

impl Default for QuotaArgs {
    fn default() -> Self {
        Self { company_notes: 10_000_000, company_bytes: 10 << 30 }
    }
}

impl QuotaArgs {
    pub fn quota(&self) -> Quota {
        Quota::new(self.limits())
    }

    pub fn limits(&self) -> QuotaLimits {
        let limit = |number: u64| Some(i64::try_from(number).unwrap_or(i64::MAX));
        QuotaLimits { notes: limit(self.company_notes), bytes: limit(self.company_bytes) }
    }
}

/// How long events are kept.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Growth")]
pub struct RetentionArgs {
    /// Remove events that are older than this many days: 1 to 36500. By default all are kept.
    #[arg(
        long,
        env = "NOTEGRAPH_EVENT_RETENTION",
        value_name = "DAYS",
        value_parser = number::<u32>("days", 1..=36_500)
    )]
    pub event_retention: Option<u32>,
}

impl RetentionArgs {
    pub fn keep(&self) -> Option<TimeDelta> {
        self.event_retention.map(|days| TimeDelta::days(days.into()))
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Program {
        #[command(flatten)]
        quota: QuotaArgs,
        #[command(flatten)]
        retention: RetentionArgs,
    }

    #[test]
    fn the_default_flags_equal_the_default_settings() {
        let program = Program::parse_from(["program"]);
        assert_eq!(program.quota, QuotaArgs::default());
        assert_eq!(program.retention.keep(), None);
    }

    #[test]
    fn settings_have_bounds() {
        let keep = |days| Program::try_parse_from(["program", "--event-retention", days]).map(|it| it.retention.keep());
        assert_eq!(keep("30").unwrap(), Some(TimeDelta::days(30)));
        assert!(keep("0").is_err() && keep("36501").is_err());
        assert!(Program::try_parse_from(["program", "--company-bytes", "1000"]).is_err());
        assert!(Program::try_parse_from(["program", "--company-notes", "0"]).is_err());
    }
}
