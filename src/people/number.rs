//! Telephone numbers, of customers and of users.

use async_graphql::InputObject;
use breadth::{field_ref, object};

use super::phone::is_international;

/// The GraphQL object of a telephone number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PhoneNumber {
    country_code: Option<String>,
    number: Option<String>,
    full: Option<String>,
}

impl PhoneNumber {
    /// A number from its parts; `None` if all of them are empty.
    pub fn new(country_code: Option<&String>, number: Option<&String>, full: Option<&String>) -> Option<Self> {
        country_code.or(number).or(full)?;
        Some(Self { country_code: country_code.cloned(), number: number.cloned(), full: full.cloned() })
    }

    /// A number stored as one text: it becomes `full` if it begins with an international prefix, otherwise `number`.
    pub fn of_text(text: Option<&String>) -> Option<Self> {
        let whole = text.is_some_and(|text| is_international(text));
        if whole { Self::new(None, None, text) } else { Self::new(None, text, None) }
    }
}

object! {
    /// A telephone number; any part may be missing.
    PhoneNumber {
        /// The country's calling code.
        country_code = field_ref(|phone: &PhoneNumber| &phone.country_code);
        /// The number within the country.
        number = field_ref(|phone: &PhoneNumber| &phone.number);
        /// The full number, as it is dialled from anywhere.
        full = field_ref(|phone: &PhoneNumber| &phone.full);
    }
}

/// A telephone number; any part may be missing.
#[derive(InputObject)]
pub struct PhoneNumberInput {
    /// The country's calling code.
    pub country_code: Option<String>,
    /// The number within the country.
    pub number: Option<String>,
    /// The full number, as it is dialled from anywhere.
    pub full: Option<String>,
}

impl PhoneNumberInput {
    /// The number as one text: the full number, or else its parts combined in the usual notation; `None` if all parts
    /// are empty.
    pub fn into_text(self) -> Option<String> {
        let Self { country_code, number, full } = self;
        let full = full.filter(|full| !full.is_empty());
        let (code, number) = match (full, country_code, number) {
            (Some(full), ..) => return Some(full),
            (None, Some(code), Some(number)) => (code, number),
            (None, code, number) => return code.map(international).or(number),
        };
        // A leading zero is dialled only within the country.
        let number = match number.strip_prefix('0') {
            Some(rest) => format!("(0){rest}"),
            None => number,
        };
        Some(format!("{} {number}", international(code)))
    }
}

/// The international form of a country code, such as `+49`; unchanged if the text is no code.
fn international(code: String) -> String {
    let digits = code.trim_start_matches(['+', '0']);
    let is_code = !digits.is_empty() && digits.chars().all(|digit| digit.is_ascii_digit());
    if is_code { format!("+{digits}") } else { code }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_begins_like_a_number_is_the_full_number() {
        let of = |text: &str| PhoneNumber::of_text(Some(&text.to_owned()));
        let phone = |number: Option<&str>, full: Option<&str>| {
            Some(PhoneNumber { country_code: None, number: number.map(str::to_owned), full: full.map(str::to_owned) })
        };
        assert_eq!(of("+49 171 2"), phone(None, Some("+49 171 2")));
        assert_eq!(of("0049 171 2"), phone(None, Some("0049 171 2")));
        assert_eq!(of("0171 2"), phone(Some("0171 2"), None));
        assert_eq!(PhoneNumber::of_text(None), None);
    }

    #[test]
    fn a_missing_full_number_is_joined_from_its_parts() {
        for (code, number, full, text) in [
            (Some("49"), Some("0171 2"), Some("+49 171 2"), Some("+49 171 2")),
            (Some("49"), Some("0171 2"), None, Some("+49 (0)171 2")),
            (Some("0049"), Some("171 2"), None, Some("+49 171 2")),
            (Some("x"), Some("171 2"), None, Some("x 171 2")),
            (None, Some("171 2"), Some(""), Some("171 2")),
            (Some("+49"), None, None, Some("+49")),
            (None, Some("0171 2"), None, Some("0171 2")),
            (None, None, None, None),
        ] {
            let [country_code, number, full] = [code, number, full].map(|part| part.map(str::to_owned));
            assert_eq!(PhoneNumberInput { country_code, number, full }.into_text().as_deref(), text);
        }
    }
}
