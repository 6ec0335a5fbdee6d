//! The digit sequences by which a telephone number is found.

/// All forms of a number whose beginning somebody may type: as stored, without leading zeros, with the country code,
/// with the zeros of the international prefix, and without the country code.
pub fn forms(country_code: Option<&str>, number: Option<&str>, full: Option<&str>) -> Vec<String> {
    let code = digits(country_code.unwrap_or_default());
    let code = code.trim_start_matches('0');
    let national: Vec<String> = number.map(spellings).unwrap_or_default();
    let mut international = Vec::new();
    for full in full.map(spellings).unwrap_or_default() {
        international.push(full.trim_start_matches('0').to_owned());
    }
    if full.is_none() && !code.is_empty() {
        international.extend(national.iter().map(|number| format!("{code}{}", number.trim_start_matches('0'))));
    }
    international.retain(|full| !full.is_empty());
    let mut forms = Vec::new();
    for full in &international {
        let own = if code.is_empty() { code_length(full) } else { code.len() };
        if code.is_empty() || full.starts_with(code) {
            forms.extend(full.get(own..).map(str::to_owned));
        }
        forms.push(format!("00{full}"));
    }
    forms.extend(international);
    forms.extend(national);
    let bare: Vec<String> = forms.iter().map(|form| form.trim_start_matches('0').to_owned()).collect();
    forms.extend(bare);
    forms.retain(|form| !form.is_empty());
    forms
}

/// The forms of a number that may or may not have a country code: it has one if it begins with an international prefix.
pub fn forms_of_any(number: &str) -> Vec<String> {
    if is_international(number) { forms(None, None, Some(number)) } else { forms(None, Some(number), None) }
}

/// Whether a number begins with an international prefix, `+` or `00`.
pub fn is_international(number: &str) -> bool {
    number.trim_start().starts_with('+') || digits(number).starts_with("00")
}

/// The digits of a number, with and without a zero in brackets, which is not dialled from abroad.
fn spellings(number: &str) -> Vec<String> {
    let mut spellings = vec![digits(number)];
    if number.contains("(0)") {
        spellings.push(digits(&number.replacen("(0)", "", 1)));
    }
    spellings
}

fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

/// The length of the country code at the start of an international number (ITU-T E.164, list of assigned codes): 1 in
/// the zones 1 and 7, 2 for the listed codes, otherwise 3.
fn code_length(number: &str) -> usize {
    const TWO: &[u8] = &[
        20, 27, 30, 31, 32, 33, 34, 36, 39, 40, 41, 43, 44, 45, 46, 47, 48, 49, 51, 52, 53, 54, 55, 56, 57, 58, 60, 61,
        62, 63, 64, 65, 66, 81, 82, 84, 86, 90, 91, 92, 93, 94, 95, 98,
    ];
    match number.get(..2).and_then(|two| two.parse::<u8>().ok()) {
        Some(10..=19 | 70..=79) => 1,
        Some(two) if TWO.contains(&two) => 2,
        _ => 3,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_found(forms: &[String], typed: &str) -> bool {
        forms.iter().any(|form| form.starts_with(typed))
    }

    #[test]
    fn a_number_matches_with_and_without_prefixes() {
        for forms in [
            forms(Some("49"), Some("0171 234-5678"), Some("+49 171 2345678")),
            forms(Some("+49"), None, Some("+49 (0)171 2345678")),
            forms(None, None, Some("0049 171/2345678")),
            forms(Some("0049"), Some("1712345678"), None),
            forms_of_any("+49 (0) 171 2345678".replace(' ', "").as_str()),
        ] {
            for typed in ["171", "1712345678", "49171", "491712345678", "0049171"] {
                assert!(is_found(&forms, typed), "{typed} in {forms:?}");
            }
            assert!(!is_found(&forms, "234"), "{forms:?}");
        }
        assert!(is_found(&forms(Some("49"), Some("0171 2"), None), "0171"));
        assert!(is_found(&forms_of_any("(02) 9999 1234"), "0299991234"));
        for (full, national) in [("+1 202 555 0123", "2025550123"), ("+353 1 234", "1234"), ("+7 495 1", "4951")] {
            assert!(is_found(&forms(None, None, Some(full)), national), "{full}");
        }
    }

    #[test]
    fn a_text_without_digits_has_no_search_forms() {
        assert!(forms(Some("x"), Some("unknown"), Some("")).is_empty());
        assert!(forms(None, None, None).is_empty());
        assert!(forms_of_any("ext.").is_empty());
        assert_eq!(forms(Some("49"), None, None), Vec::<String>::new());
    }
}
