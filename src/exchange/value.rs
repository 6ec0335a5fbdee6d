//! Formats and parses single values of the exchange format.

use std::fmt::Display;

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, SubsecRound, Timelike, Utc};

use crate::graphql::scalars;
use crate::json::object::quoted;

/// RFC 3339 in UTC, with 0, 3 or 6 fractional digits, as few as needed.
pub fn time(time: DateTime<Utc>) -> String {
    format!("\"{}\"", scalars::DateTime(time).text())
}

pub fn text(value: Option<&str>) -> String {
    value.map_or_else(null, quoted)
}

pub fn date(value: Option<NaiveDate>) -> String {
    value.map_or_else(null, |date| format!("\"{date}\""))
}

pub fn number(value: Option<impl Display>) -> String {
    value.map_or_else(null, |number| number.to_string())
}

pub fn null() -> String {
    "null".to_owned()
}

/// Parses a time with an offset, or without one in UTC; years 1 to 9999, cut to microseconds.
pub fn parse_time(text: &str) -> Option<DateTime<Utc>> {
    let text = text.trim();
    let time = DateTime::parse_from_rfc3339(text)
        .map(|time| time.with_timezone(&Utc))
        .or_else(|_| NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f").map(|time| time.and_utc()))
        .or_else(|_| NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f").map(|time| time.and_utc()))
        .ok()?;
    // A leap second is stored as extra nanoseconds in the same second, which neither database can hold.
    let time = if time.nanosecond() >= 1_000_000_000 { time.with_nanosecond(999_999_000)? } else { time };
    (1..=9999).contains(&time.year()).then(|| time.trunc_subsecs(6))
}

/// Parses a day, alone or at the start of a time.
pub fn parse_date(text: &str) -> Option<NaiveDate> {
    let day = match text.split_once('T') {
        Some((day, _)) if parse_time(text).is_some() => day,
        _ => text,
    };
    let date = NaiveDate::parse_from_str(day, "%Y-%m-%d").ok()?;
    (1..=9999).contains(&date.year()).then_some(date)
}

/// Parses true or false, as the systems that write the exchange format spell them.
pub fn parse_yes(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "yes" | "1" => Some(true),
        "false" | "no" | "0" => Some(false),
        _ => None,
    }
}

/// The file name at the end of a URL, or its host if the URL has no path.
pub fn filename(address: &str) -> String {
    let Ok(url) = url::Url::parse(address) else { return address.to_owned() };
    let last = url.path_segments().and_then(|mut segments| segments.rfind(|segment| !segment.is_empty()));
    last.or(url.host_str()).unwrap_or(address).to_owned()
}

/// Whether the text is an absolute http or https URL with a host; other schemes are names, not places.
pub fn is_address(text: &str) -> bool {
    url::Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_truncated_to_stored_precision() {
        let spelled = |text| parse_time(text).map(time);
        assert_eq!(spelled("2020-01-02T03:04:05+01:00").as_deref(), Some("\"2020-01-02T02:04:05Z\""));
        assert_eq!(spelled("2020-01-02T03:04:05.1234567Z").as_deref(), Some("\"2020-01-02T03:04:05.123456Z\""));
        assert_eq!(spelled("2020-01-02T03:04:05.5").as_deref(), Some("\"2020-01-02T03:04:05.500Z\""));
        assert_eq!(spelled("2016-12-31T23:59:60Z").as_deref(), Some("\"2016-12-31T23:59:59.999999Z\""));
        assert_eq!(spelled("0001-01-01T00:00:00+05:00"), None);
        assert_eq!(spelled("12020-01-01T00:00:00Z"), None);
        assert_eq!(spelled("yesterday"), None);
    }

    #[test]
    fn a_url_yields_the_file_name() {
        assert_eq!(filename("https://a.example/x/report.pdf?v=1"), "report.pdf");
        assert_eq!(filename("https://a.example/"), "a.example");
    }
}
