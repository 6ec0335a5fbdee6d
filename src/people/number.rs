//! Telephone numbers, of customers and of users.

use async_graphql::InputObject;

use super::phone::is_international;
use crate::engine::{lent, object};

/// A telephone number, as the schema shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PhoneNumber {
    country_code: Option<String>,
    number: Option<String>,
    full: Option<String>,
}

impl PhoneNumber {
    /// A number of which the parts are known; none, where all of them are empty.
    pub fn new(country_code: Option<&String>, number: Option<&String>, full: Option<&String>) -> Option<Self> {
        country_code.or(number).or(full)?;
        Some(Self { country_code: country_code.cloned(), number: number.cloned(), full: full.cloned() })
    }

    /// A number that is kept as one text: whole, where it begins as it is dialled from abroad.
    pub fn of_text(text: Option<&String>) -> Option<Self> {
        let whole = text.is_some_and(|text| is_international(text));
        if whole { Self::new(None, None, text) } else { Self::new(None, text, None) }
    }
}

object! {
    /// A telephone number; any part may be missing.
    PhoneNumber {
        /// The country's calling code.
        country_code = lent(|phone: &PhoneNumber| &phone.country_code);
        /// The number within the country.
        number = lent(|phone: &PhoneNumber| &phone.number);
        /// The number as it is dialled from anywhere.
        full = lent(|phone: &PhoneNumber| &phone.full);
    }
}

/// A telephone number; any part may be missing.
#[derive(InputObject)]
pub struct PhoneNumberInput {
    /// The country's calling code.
    pub country_code: Option<String>,
    /// The number within the country.
    pub number: Option<String>,
    /// The number as it is dialled from anywhere.
    pub full: Option<String>,
}

impl PhoneNumberInput {
    /// The number as one text, none where all parts are empty.
    ///
    /// # Errors
    /// A sentence for the client, where the country's code stands apart from the number.
    pub fn into_text(self) -> Result<Option<String>, &'static str> {
        match self {
            Self { full: Some(full), .. } => Ok(Some(full)),
            Self { country_code: Some(_), .. } => Err(
                "The number of a user is kept as one text: a `countryCode` has to stand in `full`, as in \"+49 171 234\".",
            ),
            Self { number, .. } => Ok(number),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_the_whole_number_where_it_begins_as_one() {
        let of = |text: &str| PhoneNumber::of_text(Some(&text.to_owned()));
        let phone = |number: Option<&str>, full: Option<&str>| {
            Some(PhoneNumber { country_code: None, number: number.map(str::to_owned), full: full.map(str::to_owned) })
        };
        assert_eq!(of("+49 171 2"), phone(None, Some("+49 171 2")));
        assert_eq!(of("0049 171 2"), phone(None, Some("0049 171 2")));
        assert_eq!(of("0171 2"), phone(Some("0171 2"), None));
        assert_eq!(PhoneNumber::of_text(None), None);
    }
}
