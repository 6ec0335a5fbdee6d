//! Quoting texts of clients.

/// Quotes a text of a client for an error message, shortened to 50 characters.
pub fn quote(text: &str) -> String {
    let short: String = text.chars().take(50).collect();
    let dots = if short.len() < text.len() { "..." } else { "" };
    format!("{short:?}{dots}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_text_is_truncated() {
        assert!(quote(&"x".repeat(1000)).len() < 60);
    }
}
