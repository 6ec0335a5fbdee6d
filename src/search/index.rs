//! Writes the index, always in the transaction of the change that it reflects.

use sea_orm::{ConnectionTrait, DbErr};

use super::indexed::IndexedTexts;
use super::part::Part;
use crate::ids::CompanyId;
use crate::store::PendingWords;
use crate::store::db::Dialect;
use crate::store::db::full_text::{self, IndexedPart};

/// Maximum number of rows per statement.
const ROWS: usize = 500;

/// Indexes new parts; of a new note, these must be all parts. Texts that are `known` are not tokenized again.
///
/// # Errors
/// When a statement fails.
pub async fn add(
    connection: &impl ConnectionTrait,
    company_id: CompanyId,
    parts: &[Part<'_>],
    known: &IndexedTexts,
) -> Result<(), DbErr> {
    for some in parts.chunks(ROWS) {
        let texts = IndexedTexts::of(some, known, company_id, Dialect::of(connection)).await?;
        full_text::add(connection, company_id, &indexed(some, &texts)).await?;
    }
    Ok(())
}

/// Indexes parts that may have been indexed with other texts. Texts that are `known` are not tokenized again.
///
/// # Errors
/// When a statement fails.
pub async fn replace(
    connection: &impl ConnectionTrait,
    company_id: CompanyId,
    parts: &[Part<'_>],
    known: &IndexedTexts,
) -> Result<(), DbErr> {
    for some in parts.chunks(ROWS) {
        let texts = IndexedTexts::of(some, known, company_id, Dialect::of(connection)).await?;
        full_text::replace(connection, company_id, &indexed(some, &texts)).await?;
    }
    Ok(())
}

/// Indexes new parts as [`add`] does, but leaves the words of their notes to the [`Gatherer`](super::Gatherer), unless too
/// many notes wait for it.
///
/// # Errors
/// When a statement fails.
pub async fn add_later(
    connection: &impl ConnectionTrait,
    pending: &PendingWords,
    company_id: CompanyId,
    parts: &[Part<'_>],
    known: &IndexedTexts,
) -> Result<(), DbErr> {
    if pending.are_many() {
        return add(connection, company_id, parts, known).await;
    }
    for some in parts.chunks(ROWS) {
        let texts = IndexedTexts::of(some, known, company_id, Dialect::of(connection)).await?;
        pending.add(full_text::add_later(connection, company_id, &indexed(some, &texts)).await?);
    }
    Ok(())
}

/// Indexes parts as [`replace`] does, but leaves the words of their notes to the [`Gatherer`](super::Gatherer), unless too
/// many notes wait for it.
///
/// # Errors
/// When a statement fails.
pub async fn replace_later(
    connection: &impl ConnectionTrait,
    pending: &PendingWords,
    company_id: CompanyId,
    parts: &[Part<'_>],
    known: &IndexedTexts,
) -> Result<(), DbErr> {
    if pending.are_many() {
        return replace(connection, company_id, parts, known).await;
    }
    for some in parts.chunks(ROWS) {
        let texts = IndexedTexts::of(some, known, company_id, Dialect::of(connection)).await?;
        pending.add(full_text::replace_later(connection, company_id, &indexed(some, &texts)).await?);
    }
    Ok(())
}

/// The parts as the index takes them; `texts` are theirs.
fn indexed(parts: &[Part<'_>], texts: &IndexedTexts) -> Vec<IndexedPart> {
    let part = |part: &Part<'_>| IndexedPart {
        note_id: part.note_id,
        field: part.field.number(),
        position: part.position,
        text: texts.get(part).cloned().unwrap_or_default(),
    };
    parts.iter().map(part).collect()
}
