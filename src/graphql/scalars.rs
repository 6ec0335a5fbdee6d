//! Custom GraphQL scalars.

use async_graphql::{Description, InputType, InputValueError, InputValueResult, OutputType, Scalar, ScalarType, Value};
use breadth::{LeafValue, Registry, document};
use chrono::{Datelike, NaiveDate, Timelike, Utc};

use crate::ids::RecordId;
use crate::text::control_characters;
use crate::text::quote::quote;

/// Validators for custom scalars in arguments.
pub const CUSTOM_SCALARS: [(&str, document::Scalar); 4] = [
    ("DateTime", document::Scalar::Own(|value| right(value, DateTime::parse, DateTime::EXPECTED))),
    ("Date", document::Scalar::Own(|value| right(value, Date::parse, Date::EXPECTED))),
    ("BigInt", document::Scalar::Own(|value| right(value, BigInt::parse, BigInt::EXPECTED))),
    ("URL", document::Scalar::Own(|value| right(value, Url::parse, Url::EXPECTED))),
];

fn right<T>(value: &Value, parse: fn(&str) -> Option<T>, right: &str) -> Result<(), String> {
    match value {
        Value::String(text) if parse(text).is_some() => Ok(()),
        _ => Err(format!("it must be {right}")),
    }
}

/// Output of scalars as strings.
macro_rules! leaf {
    ($($scalar:ident),*) => {$(
        impl LeafValue for $scalar {
            fn register(registry: &mut Registry) -> String {
                <Self as OutputType>::create_type_info(registry)
            }

            fn write(&self, out: &mut Vec<u8>) {
                LeafValue::write(&self.text(), out);
            }
        }
    )*};
}

/// A point in time in the format of RFC 3339. Responses use UTC with `Z` and at most microseconds; arguments may have
/// any offset, and finer fractions are cut off. Years 1 to 9999.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Description)]
pub struct DateTime(pub chrono::DateTime<Utc>);

impl DateTime {
    /// The expected format, for error messages.
    pub const EXPECTED: &str = "an RFC 3339 date and time, such as \"2026-03-14T09:26:53Z\"";

    /// The canonical text of this time: in UTC, with 0, 3 or 6 digits of fractional seconds as needed.
    pub fn text(self) -> String {
        let mut text = Vec::with_capacity(27);
        self.put(&mut text);
        String::from_utf8(text).unwrap_or_else(|_| unreachable!("the text is ASCII"))
    }

    /// Writes digit by digit: a list shows hundreds of times, and a general formatter took a tenth of the time of the
    /// whole response.
    fn put(self, out: &mut Vec<u8>) {
        let time = self.0;
        let mut number = |value: u32, digits: u32, mark: u8| {
            let digit = |place| b"0123456789"[(value / 10_u32.pow(place) % 10) as usize];
            out.extend((0..digits).rev().map(digit));
            out.push(mark);
        };
        number(time.year().unsigned_abs(), 4, b'-');
        number(time.month(), 2, b'-');
        number(time.day(), 2, b'T');
        number(time.hour(), 2, b':');
        number(time.minute(), 2, b':');
        match time.timestamp_subsec_micros() {
            0 => number(time.second(), 2, b'Z'),
            micros => {
                number(time.second(), 2, b'.');
                if micros % 1_000 == 0 { number(micros / 1_000, 3, b'Z') } else { number(micros, 6, b'Z') }
            }
        }
    }

    /// Parses an RFC 3339 time. The library also accepts a space instead of the `T`, and signs outside of ASCII, which
    /// the specification does not.
    pub fn parse(text: &str) -> Option<Self> {
        if !text.is_ascii() || !matches!(text.as_bytes().get(10), Some(b'T' | b't')) {
            return None;
        }
        let time = chrono::DateTime::parse_from_rfc3339(text).ok()?.with_timezone(&Utc);
        // A leap second ends June or December in UTC (RFC 3339, section 5.7); the library accepts second 60 of any minute.
        let leaps =
            || (time.hour(), time.minute()) == (23, 59) && matches!((time.month(), time.day()), (6, 30) | (12, 31));
        if time.nanosecond() >= 1_000_000_000 && !leaps() {
            return None;
        }
        // Through the number of microseconds, which has no leap seconds: PostgreSQL has none, either.
        let time = chrono::DateTime::from_timestamp_micros(time.timestamp_micros())?;
        (1..=9999).contains(&time.year()).then_some(Self(time))
    }
}

#[Scalar(use_type_description, specified_by_url = "https://www.rfc-editor.org/rfc/rfc3339")]
impl ScalarType for DateTime {
    fn parse(value: Value) -> InputValueResult<Self> {
        parse_text(&value, Self::parse, Self::EXPECTED)
    }

    fn is_valid(value: &Value) -> bool {
        matches!(value, Value::String(text) if Self::parse(text).is_some())
    }

    fn to_value(&self) -> Value {
        Value::String(self.text())
    }
}

/// A day in the format of RFC 3339: `2026-03-14`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Description)]
pub struct Date(pub NaiveDate);

impl Date {
    /// The expected format, for error messages.
    pub const EXPECTED: &str = "a date, such as \"2026-03-14\"";

    /// Parses a date. The library also accepts spaces and signs among the digits, which the specification does not.
    pub fn parse(text: &str) -> Option<Self> {
        let is_right = |(at, byte): (usize, u8)| if matches!(at, 4 | 7) { byte == b'-' } else { byte.is_ascii_digit() };
        if text.len() != 10 || !text.bytes().enumerate().all(is_right) {
            return None;
        }
        let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
        // Years that both databases and all calendars of clients support.
        (1..=9999).contains(&day.year()).then_some(Self(day))
    }

    fn text(self) -> String {
        self.0.to_string()
    }
}

#[Scalar(use_type_description, specified_by_url = "https://www.rfc-editor.org/rfc/rfc3339#section-5.6")]
impl ScalarType for Date {
    fn parse(value: Value) -> InputValueResult<Self> {
        parse_text(&value, Self::parse, Self::EXPECTED)
    }

    fn is_valid(value: &Value) -> bool {
        matches!(value, Value::String(text) if Self::parse(text).is_some())
    }

    fn to_value(&self) -> Value {
        Value::String(self.text())
    }
}

/// A signed 64-bit integer as a decimal string: numbers in JSON lose precision above 2^53.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Description)]
pub struct BigInt(pub i64);

impl BigInt {
    /// The expected format, for error messages.
    pub const EXPECTED: &str = "a 64-bit integer as a string, such as \"42\"";

    /// Parses the canonical form: without a plus sign or leading zeros.
    pub fn parse(text: &str) -> Option<Self> {
        text.parse().ok().map(Self).filter(|number| number.text() == text)
    }

    fn text(self) -> String {
        self.0.to_string()
    }
}

impl<I: RecordId> From<I> for BigInt {
    fn from(id: I) -> Self {
        Self(id.into())
    }
}

#[Scalar(use_type_description)]
impl ScalarType for BigInt {
    fn parse(value: Value) -> InputValueResult<Self> {
        parse_text(&value, Self::parse, Self::EXPECTED)
    }

    fn to_value(&self) -> Value {
        Value::String(self.text())
    }
}

/// An absolute URL with the scheme `http` or `https`.
#[derive(Clone, Debug, PartialEq, Eq, Description)]
pub struct Url(pub String);

impl Url {
    /// Maximum length of a URL.
    pub const MAX_LENGTH: usize = 2_000;
    /// The expected format, for error messages.
    pub const EXPECTED: &str = "an http or https address of at most 2,000 characters";

    /// Parses a URL. Refuses other schemes (`javascript:`, `data:`), which would run in the pages that show the link, and
    /// what parsers only repair: without `//`, an address is relative to a page of the same scheme.
    pub fn parse(text: &str) -> Option<Self> {
        let repaired = |c: char| c.is_whitespace() || c == '\\' || control_characters::is_control(c);
        if text.len() > Self::MAX_LENGTH || text.contains(repaired) {
            return None;
        }
        let (scheme, rest) = text.split_once("://")?;
        if scheme.contains(':') || rest.starts_with('/') {
            return None;
        }
        let url = url::Url::parse(text).ok()?;
        (matches!(url.scheme(), "http" | "https") && url.has_host()).then(|| Self(text.to_owned()))
    }

    fn text(&self) -> String {
        self.0.clone()
    }

    /// The last segment of the path, if there is one, cut to the maximum length of a name.
    pub fn filename(&self) -> Option<String> {
        let url = url::Url::parse(&self.0).ok()?;
        url.path_segments()?.next_back().filter(|name| !name.is_empty()).map(|name| name.chars().take(255).collect())
    }
}

#[Scalar(use_type_description, name = "URL", specified_by_url = "https://url.spec.whatwg.org/")]
impl ScalarType for Url {
    fn parse(value: Value) -> InputValueResult<Self> {
        parse_text(&value, Self::parse, Self::EXPECTED)
    }

    fn is_valid(value: &Value) -> bool {
        matches!(value, Value::String(text) if Self::parse(text).is_some())
    }

    fn to_value(&self) -> Value {
        Value::String(self.text())
    }
}

/// Any JSON value. Only used in responses: for the parameters of an error, and the values of a changed field.
#[derive(Clone, Debug, PartialEq, Description)]
pub struct Json(pub serde_json::Value);

#[Scalar(use_type_description, name = "JSON", specified_by_url = "https://www.rfc-editor.org/rfc/rfc8259")]
impl ScalarType for Json {
    /// Always fails, since no argument has this type.
    fn parse(_: Value) -> InputValueResult<Self> {
        Err(InputValueError::custom("JSON cannot be used as an input."))
    }

    fn to_value(&self) -> Value {
        Value::from_json(self.0.clone()).unwrap_or_default()
    }
}

impl LeafValue for Json {
    fn register(registry: &mut Registry) -> String {
        <Self as OutputType>::create_type_info(registry)
    }

    fn write(&self, out: &mut Vec<u8>) {
        // Writing to a Vec does not fail.
        let _ = serde_json::to_writer(out, &self.0);
    }
}

fn parse_text<T: InputType>(value: &Value, parse: impl Fn(&str) -> Option<T>, right: &str) -> InputValueResult<T> {
    match value {
        Value::String(text) => {
            parse(text).ok_or_else(|| InputValueError::custom(format!("{} is not {right}.", quote(text))))
        }
        _ => Err(InputValueError::custom(format!("This is not {right}."))),
    }
}

leaf!(Date, BigInt, Url);

impl LeafValue for DateTime {
    fn register(registry: &mut Registry) -> String {
        <Self as OutputType>::create_type_info(registry)
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.push(b'"');
        self.put(out);
        out.push(b'"');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_utc_in_microseconds() {
        let text = |text| DateTime::parse(text).map(DateTime::text);
        assert_eq!(text("2026-03-14T10:26:53+01:00").as_deref(), Some("2026-03-14T09:26:53Z"));
        assert_eq!(text("2026-03-14T09:26:53.123456789Z").as_deref(), Some("2026-03-14T09:26:53.123456Z"));
        assert_eq!(text("2026-03-14T09:26:53.120Z").as_deref(), Some("2026-03-14T09:26:53.120Z"));
        assert_eq!(text("2016-12-31T23:59:60Z").as_deref(), Some("2017-01-01T00:00:00Z"));
        assert_eq!(text("2015-07-01T01:59:60+02:00").as_deref(), Some("2015-07-01T00:00:00Z"));
        assert_eq!(text("2026-03-14T12:30:60Z"), None);
        assert_eq!(text("2016-12-31T23:59:60+02:00"), None);
        for wrong in ["2026-03-14", "2026-03-14 09:26:53Z", "2026-03-14T09:26:53\u{2212}01:00", " 2026-03-14T09:26:53Z"]
        {
            assert_eq!(text(wrong), None, "{wrong}");
        }
        assert_eq!(text("0000-12-31T23:59:59Z"), None);
        assert_eq!(text("9999-12-31T23:59:59-01:00"), None);
    }

    #[test]
    fn times_are_formatted_as_chrono_does() {
        for step in 0..5_000_i64 {
            // From year 1 to year 9999; every third time without a fraction, every other third with milliseconds.
            let micros = -62_135_596_800_000_000 + step * 63_106_758_871_111;
            let micros = match step % 3 {
                0 => micros - micros % 1_000_000,
                1 => micros - micros % 1_000,
                _ => micros,
            };
            let time = chrono::DateTime::from_timestamp_micros(micros).unwrap();
            assert_eq!(DateTime(time).text(), time.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true));
        }
    }

    #[test]
    fn dates_are_strictly_digits() {
        assert!(Date::parse("2026-03-14").is_some());
        for wrong in ["2026- 3-14", "2026-03- 4", "+2026-3-14", " 2026-3-14", "2026-03-1 ", "2026-02-30", "0000-01-01"]
        {
            assert_eq!(Date::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn big_integers_are_strictly_digits() {
        assert_eq!(BigInt::parse("-9223372036854775808"), Some(BigInt(i64::MIN)));
        for wrong in ["+5", "007", "-0", " 5", "5.0", "", "9223372036854775808"] {
            assert_eq!(BigInt::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn only_http_urls_are_accepted() {
        assert!(Url::parse("https://example.com/a.png").is_some());
        for text in [
            "javascript:alert(1)",
            "data:text/html,x",
            "a.png",
            "//example.com",
            "https://",
            "https://a/\0",
            "",
            "http:a",
            " http://a",
            "http://a/ b",
            "http:\\\\a",
            "http:///a",
            "http://a/\u{202e}",
            "http:a/b://c",
        ] {
            assert!(Url::parse(text).is_none(), "{text:?} was taken");
        }
    }
}
