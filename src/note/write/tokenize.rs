//! Tokenizes the texts of new records before the transactions of their mutations.

use breadth::Context;

use crate::error::Result;
use crate::graphql::context::ContextExt;
use crate::graphql::idempotency::{IdempotencyKey, PriorResult};
use crate::graphql::user_errors::UserErrors;
use crate::ids::RecordId;
use crate::search::{IndexedTexts, are_long};

/// The result of [`tokenize_new`].
pub enum NewTexts<I> {
    /// The tokenized texts; none if the mutation will be refused.
    Tokenized(IndexedTexts),
    /// An earlier mutation with the same key has made this record.
    Made(I),
}

/// Tokenizes the texts of a new record. Where that takes long, the key is looked up before, so that a retry is answered at
/// once.
///
/// # Errors
/// When the operation exceeds a limit, or the database fails.
pub async fn tokenize_new<I: RecordId>(
    ctx: &Context<'_>,
    key: &IdempotencyKey<I>,
    texts: &[Option<&str>],
    errors: &UserErrors,
) -> Result<NewTexts<I>> {
    let texts: Vec<&str> = texts.iter().copied().flatten().collect();
    let prior = if are_long(texts.iter().copied()) { key.look_up(ctx).await? } else { PriorResult::New };
    match prior {
        PriorResult::Completed(id) => Ok(NewTexts::Made(id)),
        PriorResult::New if errors.0.is_empty() => {
            Ok(NewTexts::Tokenized(IndexedTexts::before(ctx.data_source(), texts).await?))
        }
        PriorResult::New | PriorResult::Conflict(_) => Ok(NewTexts::Tokenized(IndexedTexts::default())),
    }
}
