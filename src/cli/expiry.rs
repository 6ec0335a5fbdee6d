//! Parses the expiry of a token on the command line.

use std::str::FromStr;

use chrono::{DateTime, Datelike, TimeDelta, Utc};

use super::{CommandError, CommandResult};

/// `SQLite` compares times as text, which five-digit years would put out of order.
const LAST_YEAR: i32 = 9999;

/// A duration such as `30d` (units `m`, `h`, `d` and `w`), or an RFC 3339 time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expiry {
    In(TimeDelta),
    At(DateTime<Utc>),
}

impl FromStr for Expiry {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(time) = DateTime::parse_from_rfc3339(text) {
            return Ok(Self::At(time.to_utc()));
        }
        after(text).map(Self::In).ok_or_else(|| {
            "expected a duration, such as 12h or 30d (m, h, d or w), or a time, such as 2027-01-01T00:00:00Z".to_owned()
        })
    }
}

fn after(text: &str) -> Option<TimeDelta> {
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let number = number.parse::<u32>().ok().filter(|number| *number > 0)?;
    match unit {
        "m" => TimeDelta::try_minutes(number.into()),
        "h" => TimeDelta::try_hours(number.into()),
        "d" => TimeDelta::try_days(number.into()),
        "w" => TimeDelta::try_weeks(number.into()),
        _ => None,
    }
}

impl Expiry {
    /// The time of expiry.
    ///
    /// # Errors
    /// If it is in the past, or after the last year.
    pub fn from(self, now: DateTime<Utc>) -> CommandResult<DateTime<Utc>> {
        let time = match self {
            Self::In(time) => now.checked_add_signed(time).filter(|time| time.year() <= LAST_YEAR),
            Self::At(time) => Some(time),
        };
        match time {
            Some(time) if time > now => Ok(time),
            Some(time) => {
                Err(CommandError::new(format!("the token would already have expired, at {}", time.to_rfc3339())))
            }
            None => Err(CommandError::new(format!(
                "the token would expire after the year {LAST_YEAR}; without --expires it never expires"
            ))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_and_times_are_parsed() {
        assert_eq!("30d".parse(), Ok(Expiry::In(TimeDelta::days(30))));
        assert_eq!("12h".parse(), Ok(Expiry::In(TimeDelta::hours(12))));
        assert_eq!("90m".parse(), Ok(Expiry::In(TimeDelta::minutes(90))));
        assert_eq!("2w".parse(), Ok(Expiry::In(TimeDelta::days(14))));
        let time: DateTime<Utc> = "2026-12-31T23:00:00Z".parse().unwrap();
        assert_eq!("2027-01-01T00:00:00+01:00".parse(), Ok(Expiry::At(time)));
        for wrong in ["", "d", "0d", "-1d", "1.5d", "30", "30 days", "1y", "2027-01-01", "ü"] {
            assert!(wrong.parse::<Expiry>().unwrap_err().contains("30d"), "{wrong}");
        }
    }

    #[test]
    fn a_token_cannot_expire_in_the_past() {
        let now: DateTime<Utc> = "2026-06-01T00:00:00Z".parse().unwrap();
        assert_eq!(Expiry::In(TimeDelta::days(1)).from(now).unwrap(), now + TimeDelta::days(1));
        assert!(Expiry::At(now).from(now).is_err());
        assert!("4294967295w".parse::<Expiry>().unwrap().from(now).is_err());
    }
}
