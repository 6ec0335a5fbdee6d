//! Parses a text: its tokens, its syntax tree, and messages with their places.

pub mod ast;
pub mod diagnostic;
mod lexer;
mod parser;
pub mod strings;

pub use parser::{ParserLimits, Unparsed, parse};
