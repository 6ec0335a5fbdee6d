//! Search: texts become [`token`]s, the same for what is stored and for what is looked for.

mod token;

pub use token::{Shape, Token, Tokens, tokens};
