//! Parses executable documents (GraphQL, section 2). Type system definitions are not supported.

use std::borrow::Cow;

use super::ast::{
    Argument, Directive, Document, Field, Fragment, Inline, Name, Offset, Operation, OperationKind, Selection,
    Selections, Spread, Type, Value, ValueKind, Variable,
};
use super::diagnostic::{Diagnostic, short};
use super::lexer::{Lexer, Token, TokenKind};
use super::strings;

/// Limits on the size of a text.
#[derive(Clone, Copy, Debug)]
pub struct ParserLimits {
    /// Maximum number of names, numbers, strings and punctuators; whitespace, commas and comments do not count.
    pub tokens: usize,
    /// Maximum nesting depth of brackets of any kind, as the parser is recursive.
    pub brackets: usize,
}

impl Default for ParserLimits {
    /// More than large real documents need.
    fn default() -> Self {
        Self { tokens: 10_000, brackets: 64 }
    }
}

/// Why a text cannot be parsed.
#[derive(Debug, PartialEq, Eq)]
pub enum Unparsed {
    /// It is not a document.
    Wrong(Diagnostic),
    /// It is one, with a definition of the type system (GraphQL, section 5.1.1).
    NotExecutable(Diagnostic),
    /// It exceeds a limit; the message names the limit and its value.
    TooMuch(String),
}

impl From<Diagnostic> for Unparsed {
    fn from(diagnostic: Diagnostic) -> Self {
        Self::Wrong(diagnostic)
    }
}

type Parsed<T> = Result<T, Unparsed>;

/// Parses a document in one pass.
///
/// # Errors
/// The first unexpected token if the text is not a document, or the limit that it exceeds.
pub fn parse(text: &str, limits: ParserLimits) -> Parsed<Document<'_>> {
    let mut lexer = Lexer::new(text);
    let token = lexer.next()?;
    let mut parser = Parser { lexer, token, limits, tokens: 1, depth: 0 };
    let mut document = Document { operations: Vec::new(), fragments: Vec::new() };
    parser.definition(&mut document)?;
    while parser.token.kind != TokenKind::End {
        parser.definition(&mut document)?;
    }
    Ok(document)
}

struct Parser<'a> {
    lexer: Lexer<'a>,
    /// The next token.
    token: Token,
    limits: ParserLimits,
    tokens: usize,
    /// Number of open brackets.
    depth: usize,
}

/// Characters of a token that an error message repeats.
const SHOWN: usize = 60;
/// The keywords of definitions of the type system.
const TYPE_SYSTEM: [&str; 8] = ["schema", "scalar", "type", "interface", "union", "enum", "input", "directive"];

impl<'a> Parser<'a> {
    fn take(&mut self) -> Parsed<Token> {
        let taken = self.token;
        self.token = self.lexer.next()?;
        self.tokens += 1;
        // The end of the text does not count as a token.
        if self.tokens - 1 > self.limits.tokens {
            let most = self.limits.tokens;
            return Err(Unparsed::TooMuch(format!(
                "The document holds more than {most} tokens; send long values as variables."
            )));
        }
        Ok(taken)
    }

    fn is(&self, mark: u8) -> bool {
        self.token.kind == TokenKind::Mark(mark)
    }

    fn is_word(&self, word: &str) -> bool {
        self.token.kind == TokenKind::Name && self.lexer.text(self.token) == word
    }

    fn take_if(&mut self, mark: u8) -> Parsed<bool> {
        let is = self.is(mark);
        if is {
            self.take()?;
        }
        Ok(is)
    }

    fn expect(&mut self, mark: u8) -> Parsed<Token> {
        if self.is(mark) { self.take() } else { Err(self.expected(&format!("\"{}\"", char::from(mark)))) }
    }

    fn expected(&self, what: &str) -> Unparsed {
        Diagnostic::syntax(format!("Expected {what}, found {}.", self.shown(self.token)), self.token.start).into()
    }

    fn unexpected(&self, token: Token) -> Unparsed {
        Diagnostic::syntax(format!("Unexpected {}.", self.shown(token)), token.start).into()
    }

    /// A token, for error messages.
    fn shown(&self, token: Token) -> String {
        let short = || self.lexer.text(token).chars().take(SHOWN).collect::<String>();
        let value = || self.string(token).chars().take(SHOWN).collect::<String>();
        match token.kind {
            TokenKind::Mark(b'.') => "\"...\"".to_owned(),
            TokenKind::Mark(mark) => format!("\"{}\"", char::from(mark)),
            TokenKind::Name => format!("Name \"{}\"", short()),
            TokenKind::Int => format!("Int \"{}\"", short()),
            TokenKind::Float => format!("Float \"{}\"", short()),
            TokenKind::Text => format!("String \"{}\"", value()),
            TokenKind::BlockText => format!("BlockString \"{}\"", value()),
            TokenKind::End => "<EOF>".to_owned(),
        }
    }

    /// The value of a string.
    fn string(&self, token: Token) -> Cow<'a, str> {
        let text = self.lexer.text(token);
        let within = |quotes: usize| text.get(quotes..text.len() - quotes).unwrap_or_default();
        match token.kind {
            TokenKind::BlockText => strings::block_string(within(3)).into(),
            _ => strings::string(within(1)),
        }
    }

    /// Parses one or more items between brackets.
    fn between<T>(&mut self, open: u8, close: u8, one: impl Fn(&mut Self) -> Parsed<T>) -> Parsed<Vec<T>> {
        self.open(open)?;
        let mut all = vec![one(self)?];
        while !self.is(close) {
            all.push(one(self)?);
        }
        self.close(close)?;
        Ok(all)
    }

    fn open(&mut self, mark: u8) -> Parsed<Token> {
        self.depth += 1;
        if self.depth > self.limits.brackets {
            return Err(Unparsed::TooMuch(format!(
                "The document nests deeper than {} brackets.",
                self.limits.brackets
            )));
        }
        self.expect(mark)
    }

    fn close(&mut self, mark: u8) -> Parsed<()> {
        self.depth -= 1;
        self.expect(mark).map(drop)
    }

    fn name(&mut self) -> Parsed<Name<'a>> {
        if self.token.kind != TokenKind::Name {
            return Err(self.expected("Name"));
        }
        let token = self.take()?;
        Ok(Name { at: token.start, text: self.lexer.text(token) })
    }

    fn definition(&mut self, document: &mut Document<'a>) -> Parsed<()> {
        let at = self.token.start;
        let is_described = matches!(self.token.kind, TokenKind::Text | TokenKind::BlockText);
        if is_described {
            self.take()?;
        }
        if self.is(b'{') {
            if is_described {
                let message = "Unexpected description, descriptions are not supported on shorthand queries.";
                return Err(Diagnostic::syntax(message, at).into());
            }
            document.operations.push(Operation {
                at,
                kind: OperationKind::Query,
                name: None,
                variables: Vec::new(),
                directives: Vec::new(),
                selection: self.selections()?,
            });
            return Ok(());
        }
        let word = if self.token.kind == TokenKind::Name { self.lexer.text(self.token) } else { "" };
        let kind = match word {
            "query" => OperationKind::Query,
            "mutation" => OperationKind::Mutation,
            "subscription" => OperationKind::Subscription,
            "fragment" => {
                document.fragments.push(self.fragment(at)?);
                return Ok(());
            }
            word if TYPE_SYSTEM.contains(&word) => return Err(self.not_executable(at)?),
            word if is_described && !word.is_empty() => {
                let message = "Unexpected description, only GraphQL definitions support descriptions.";
                return Err(Diagnostic::syntax(message, at).into());
            }
            "extend" => {
                self.take()?;
                let is_known = TYPE_SYSTEM.iter().any(|word| self.is_word(word));
                return Err(if is_known { self.not_executable(at)? } else { self.unexpected(self.token) });
            }
            _ => return Err(self.unexpected(self.token)),
        };
        document.operations.push(self.operation(at, kind)?);
        Ok(())
    }

    /// The error for a definition of the type system that begins at `at`; the next token is its keyword.
    fn not_executable(&mut self, at: Offset) -> Parsed<Unparsed> {
        let is_schema = self.is_word("schema");
        self.take()?;
        self.take_if(b'@')?;
        let name = if is_schema { "schema".to_owned() } else { format!("\"{}\"", short(self.name()?.text)) };
        Ok(Unparsed::NotExecutable(Diagnostic::new(format!("The {name} definition is not executable."), [at])))
    }

    fn operation(&mut self, at: Offset, kind: OperationKind) -> Parsed<Operation<'a>> {
        self.take()?;
        let name = if self.token.kind == TokenKind::Name { Some(self.name()?) } else { None };
        let variables = if self.is(b'(') { self.between(b'(', b')', Self::variable)? } else { Vec::new() };
        let directives = self.directives(false)?;
        Ok(Operation { at, kind, name, variables, directives, selection: self.selections()? })
    }

    fn variable(&mut self) -> Parsed<Variable<'a>> {
        let at = self.token.start;
        if matches!(self.token.kind, TokenKind::Text | TokenKind::BlockText) {
            self.take()?;
        }
        self.expect(b'$')?;
        let name = self.name()?;
        self.expect(b':')?;
        let ty = self.ty()?;
        let default = if self.take_if(b'=')? { Some(self.value(true)?) } else { None };
        Ok(Variable { at, name, ty, default, directives: self.directives(true)? })
    }

    fn ty(&mut self) -> Parsed<Type<'a>> {
        let ty = if self.is(b'[') {
            let at = self.open(b'[')?.start;
            let inner = self.ty()?;
            self.close(b']')?;
            Type::List(at, Box::new(inner))
        } else {
            Type::Named(self.name()?)
        };
        Ok(if self.take_if(b'!')? { Type::NonNull(Box::new(ty)) } else { ty })
    }

    fn fragment(&mut self, at: Offset) -> Parsed<Fragment<'a>> {
        self.take()?;
        if self.is_word("on") {
            return Err(self.unexpected(self.token));
        }
        let name = self.name()?;
        if !self.is_word("on") {
            return Err(self.expected("\"on\""));
        }
        self.take()?;
        let on = self.name()?;
        let directives = self.directives(false)?;
        Ok(Fragment { at, name, on, directives, selection: self.selections()? })
    }

    fn selections(&mut self) -> Parsed<Selections<'a>> {
        let at = self.token.start;
        Ok(Selections { at, items: self.between(b'{', b'}', Self::selection)? })
    }

    fn selection(&mut self) -> Parsed<Selection<'a>> {
        if !self.is(b'.') {
            return self.field().map(Selection::Field);
        }
        let at = self.take()?.start;
        let is_on = self.is_word("on");
        if self.token.kind == TokenKind::Name && !is_on {
            let name = self.name()?;
            return Ok(Selection::Spread(Spread { at, name, directives: self.directives(false)? }));
        }
        if is_on {
            self.take()?;
        }
        let on = if is_on { Some(self.name()?) } else { None };
        let directives = self.directives(false)?;
        Ok(Selection::Inline(Inline { at, on, directives, selection: self.selections()? }))
    }

    fn field(&mut self) -> Parsed<Field<'a>> {
        let first = self.name()?;
        let (alias, name) = if self.take_if(b':')? { (Some(first), self.name()?) } else { (None, first) };
        let arguments = self.arguments(false)?;
        let directives = self.directives(false)?;
        let selection = if self.is(b'{') { Some(self.selections()?) } else { None };
        Ok(Field { alias, name, arguments, directives, selection })
    }

    fn directives(&mut self, constant: bool) -> Parsed<Vec<Directive<'a>>> {
        let mut directives = Vec::new();
        while self.is(b'@') {
            let at = self.take()?.start;
            directives.push(Directive { at, name: self.name()?, arguments: self.arguments(constant)? });
        }
        Ok(directives)
    }

    fn arguments(&mut self, constant: bool) -> Parsed<Vec<Argument<'a>>> {
        if !self.is(b'(') {
            return Ok(Vec::new());
        }
        self.between(b'(', b')', |parser| parser.argument(constant))
    }

    fn argument(&mut self, constant: bool) -> Parsed<Argument<'a>> {
        let name = self.name()?;
        self.expect(b':')?;
        Ok(Argument { name, value: self.value(constant)? })
    }

    /// Parses a value; `constant` forbids variables.
    fn value(&mut self, constant: bool) -> Parsed<Value<'a>> {
        let token = self.token;
        let kind = match token.kind {
            TokenKind::Mark(b'[') => {
                self.open(b'[')?;
                let mut items = Vec::new();
                while !self.is(b']') {
                    items.push(self.value(constant)?);
                }
                self.close(b']')?;
                ValueKind::List(items)
            }
            TokenKind::Mark(b'{') => {
                self.open(b'{')?;
                let mut fields = Vec::new();
                while !self.is(b'}') {
                    fields.push(self.argument(constant)?);
                }
                self.close(b'}')?;
                ValueKind::Object(fields)
            }
            TokenKind::Mark(b'$') => {
                self.take()?;
                if constant && self.token.kind != TokenKind::Name {
                    return Err(self.unexpected(token));
                }
                let name = self.name()?;
                if constant {
                    let name: String = name.text.chars().take(SHOWN).collect();
                    let message = format!("Unexpected variable \"${name}\" in constant value.");
                    return Err(Diagnostic::syntax(message, token.start).into());
                }
                ValueKind::Variable(name.text)
            }
            TokenKind::Int | TokenKind::Float | TokenKind::Text | TokenKind::BlockText | TokenKind::Name => {
                let token = self.take()?;
                let text = self.lexer.text(token);
                match token.kind {
                    TokenKind::Int => ValueKind::Int(text),
                    TokenKind::Float => ValueKind::Float(text),
                    TokenKind::Text => ValueKind::Text(self.string(token), false),
                    TokenKind::BlockText => ValueKind::Text(self.string(token), true),
                    _ => match text {
                        "true" => ValueKind::Boolean(true),
                        "false" => ValueKind::Boolean(false),
                        "null" => ValueKind::Null,
                        name => ValueKind::Enum(name),
                    },
                }
            }
            TokenKind::Mark(_) | TokenKind::End => return Err(self.unexpected(token)),
        };
        Ok(Value { at: token.start, kind })
    }
}
