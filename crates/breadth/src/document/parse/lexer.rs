//! Splits a text into tokens: punctuators, names, numbers and strings (GraphQL, section 2.1).

use super::ast::Offset;
use super::diagnostic::Diagnostic;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenKind {
    /// A punctuator: its character, or `.` for `...`.
    Mark(u8),
    Name,
    Int,
    Float,
    Text,
    BlockText,
    End,
}

#[derive(Clone, Copy, Debug)]
pub struct Token {
    pub kind: TokenKind,
    pub start: Offset,
    pub end: Offset,
}

/// Returns the tokens of a text one by one. The caller must refuse texts of more than 4 GiB.
pub struct Lexer<'a> {
    text: &'a str,
    at: usize,
}

/// Digits of a number that an error message repeats.
const MAX_DIGITS: usize = 20;

fn place(at: usize) -> Offset {
    Offset::try_from(at).unwrap_or(Offset::MAX)
}

impl<'a> Lexer<'a> {
    pub fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    pub fn text(&self, token: Token) -> &'a str {
        self.text.get(token.start as usize..token.end as usize).unwrap_or_default()
    }

    fn byte(&self, at: usize) -> Option<u8> {
        self.text.as_bytes().get(at).copied()
    }

    fn diagnostic(&self, at: usize, message: String) -> Diagnostic {
        Diagnostic::syntax(message, place(at.min(self.text.len())))
    }

    /// # Errors
    /// No token begins at the position, or the token is malformed.
    pub fn next(&mut self) -> Result<Token, Diagnostic> {
        self.skip_ignored();
        let start = self.at;
        let Some(first) = self.byte(start) else {
            return Ok(Token { kind: TokenKind::End, start: place(start), end: place(start) });
        };
        let kind = match first {
            b'_' | b'a'..=b'z' | b'A'..=b'Z' => {
                self.at = self.after(start, |byte| byte == b'_' || byte.is_ascii_alphanumeric());
                TokenKind::Name
            }
            b'-' | b'0'..=b'9' => self.number(start)?,
            b'"' if self.text.as_bytes().get(start..start + 3) == Some(b"\"\"\"") => {
                self.block_text(start)?;
                TokenKind::BlockText
            }
            b'"' => {
                self.string(start)?;
                TokenKind::Text
            }
            b'.' => self.spread(start)?,
            b'!' | b'$' | b'&' | b'(' | b')' | b':' | b'=' | b'@' | b'[' | b']' | b'{' | b'|' | b'}' => {
                self.at += 1;
                TokenKind::Mark(first)
            }
            _ => return Err(self.unexpected(start)),
        };
        Ok(Token { kind, start: place(start), end: place(self.at) })
    }

    /// Skips whitespace, line terminators, commas, comments and byte order marks (GraphQL, section 2.1.7).
    fn skip_ignored(&mut self) {
        while let Some(byte) = self.byte(self.at) {
            match byte {
                b' ' | b'\t' | b'\n' | b'\r' | b',' => self.at += 1,
                b'#' => self.at = self.after(self.at, |byte| byte != b'\n' && byte != b'\r'),
                0xEF if self.text.get(self.at..).is_some_and(|rest| rest.starts_with('\u{feff}')) => self.at += 3,
                _ => return,
            }
        }
    }

    /// The position of the first byte, from `at` on, that is not one of these.
    fn after(&self, at: usize, of_these: impl Fn(u8) -> bool) -> usize {
        let rest = self.text.as_bytes().get(at..).unwrap_or_default();
        rest.iter().position(|byte| !of_these(*byte)).map_or(self.text.len(), |length| at + length)
    }

    fn spread(&mut self, start: usize) -> Result<TokenKind, Diagnostic> {
        match (self.byte(start + 1), self.byte(start + 2)) {
            (Some(b'.'), Some(b'.')) => {
                self.at += 3;
                Ok(TokenKind::Mark(b'.'))
            }
            (Some(b'.'), _) => Err(self.diagnostic(start, "Unexpected \"..\", did you mean \"...\"?".to_owned())),
            (Some(b'0'..=b'9'), _) => {
                let end = self.after(start + 1, |byte| byte.is_ascii_digit()).min(start + 1 + MAX_DIGITS);
                let digits = self.text.get(start + 1..end).unwrap_or_default();
                let message = format!("Invalid number, expected digit before \".\", did you mean \"0.{digits}\"?");
                Err(self.diagnostic(start, message))
            }
            _ => Err(self.unexpected(start)),
        }
    }

    /// Reads a number. No `.` and no start of a name may follow it (GraphQL, sections 2.9.1 and 2.9.2).
    fn number(&mut self, start: usize) -> Result<TokenKind, Diagnostic> {
        let mut at = start;
        if self.byte(at) == Some(b'-') {
            at += 1;
        }
        if self.byte(at) == Some(b'0') {
            at += 1;
            if self.byte(at).is_some_and(|byte| byte.is_ascii_digit()) {
                let message = format!("Invalid number, unexpected digit after 0: {}.", self.shown(at));
                return Err(self.diagnostic(at, message));
            }
        } else {
            at = self.digits(at)?;
        }
        let mut kind = TokenKind::Int;
        if self.byte(at) == Some(b'.') {
            kind = TokenKind::Float;
            at = self.digits(at + 1)?;
        }
        if matches!(self.byte(at), Some(b'e' | b'E')) {
            kind = TokenKind::Float;
            at += 1;
            if matches!(self.byte(at), Some(b'+' | b'-')) {
                at += 1;
            }
            at = self.digits(at)?;
        }
        if self.byte(at).is_some_and(|byte| byte == b'.' || byte == b'_' || byte.is_ascii_alphabetic()) {
            return Err(self.not_a_digit(at));
        }
        self.at = at;
        Ok(kind)
    }

    /// Skips digits; there must be at least one.
    fn digits(&self, at: usize) -> Result<usize, Diagnostic> {
        let end = self.after(at, |byte| byte.is_ascii_digit());
        if end == at { Err(self.not_a_digit(at)) } else { Ok(end) }
    }

    fn not_a_digit(&self, at: usize) -> Diagnostic {
        self.diagnostic(at, format!("Invalid number, expected digit but got: {}.", self.shown(at)))
    }

    /// Skips a string and checks its escapes; [`super::strings::string`] resolves them.
    fn string(&mut self, start: usize) -> Result<(), Diagnostic> {
        let mut at = start + 1;
        loop {
            match self.byte(at) {
                Some(b'"') => {
                    self.at = at + 1;
                    return Ok(());
                }
                Some(b'\\') => at += self.escape(at)?,
                None | Some(b'\n' | b'\r') => return Err(self.diagnostic(at, "Unterminated string.".to_owned())),
                Some(_) => at += 1,
            }
        }
    }

    /// The length in bytes of the escape sequence that begins at `at`.
    fn escape(&self, at: usize) -> Result<usize, Diagnostic> {
        let rest = self.text.get(at..).unwrap_or_default();
        match self.byte(at + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(2),
            Some(b'u') => {
                if let Some((_, length)) = super::strings::unicode_escape(rest) {
                    return Ok(length);
                }
                let shown = super::strings::wrong_unicode_escape(rest);
                Err(self.diagnostic(at, format!("Invalid Unicode escape sequence: \"{shown}\".")))
            }
            _ => {
                let shown: String = rest.chars().take(2).collect();
                Err(self.diagnostic(at, format!("Invalid character escape sequence: \"{shown}\".")))
            }
        }
    }

    fn block_text(&mut self, start: usize) -> Result<(), Diagnostic> {
        let bytes = self.text.as_bytes();
        let mut at = start + 3;
        while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
            if rest.starts_with(b"\"\"\"") {
                self.at = at + 3;
                return Ok(());
            }
            at += if rest.starts_with(b"\\\"\"\"") { 4 } else { 1 };
        }
        Err(self.diagnostic(self.text.len(), "Unterminated string.".to_owned()))
    }

    fn unexpected(&self, at: usize) -> Diagnostic {
        if self.byte(at) == Some(b'\'') {
            let message = "Unexpected single quote character ('), did you mean to use a double quote (\")?";
            return self.diagnostic(at, message.to_owned());
        }
        self.diagnostic(at, format!("Unexpected character: {}.", self.shown(at)))
    }

    /// The character at a position, for error messages.
    fn shown(&self, at: usize) -> String {
        match self.text.get(at..).and_then(|rest| rest.chars().next()) {
            None => "<EOF>".to_owned(),
            Some('"') => "'\"'".to_owned(),
            Some(char @ ' '..='~') => format!("\"{char}\""),
            Some(char) => format!("U+{:04X}", u32::from(char)),
        }
    }
}
