//! Where a note matches.

use std::sync::Arc;

use async_graphql::Enum;
use futures_util::future::try_join_all;
use hashbrown::HashMap;
use sea_orm::sea_query::{CaseStatement, Expr, ExprTrait, Func, JoinType, Order, Query, WindowStatement};
use sea_orm::{Condition, ConnectionTrait};

use super::condition::Asked;
use super::index::Field;
use super::query::Search;
use super::snippet::snippet;
use crate::context::Reader;
use crate::db::one_of;
use crate::engine::{Def, Question, ask, leaf, leaf_enum, lent, object};
use crate::entity::{message, note};
use crate::error::{Error, Result};

/// What a search finds words in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "Field")]
pub enum SearchField {
    /// The subject of a note.
    Subject,
    /// The details of a note.
    Details,
    /// A message in the thread of a note.
    Message,
}
leaf_enum!(SearchField);

/// A part of a note that matches, as the schema shows it.
#[derive(Clone)]
pub struct SearchHit {
    field: Field,
    snippet: String,
}

object! {
    /// Where a search matched: the part of the note that holds most of what was looked for; of equals the subject before
    /// the details, these before messages, and old messages before new ones.
    SearchHit {
        /// What was matched.
        field = leaf(|hit: &SearchHit| SearchField::from(hit.field));
        /// Some 160 characters of it around the first match: plain text, with the matched words between U+E000 and
        /// U+E001, to be marked by the client. These two characters stand in it for nothing else.
        snippet = lent(|hit: &SearchHit| &hit.snippet);
    }
}

/// A note and what it was found by.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct HitKey {
    search: Arc<Search>,
    note_id: i64,
}

/// The best part of a note: a field, and its text.
type BestPart = (Field, Arc<str>);

/// The best parts of notes.
pub struct BestPartOf;

impl Question for BestPartOf {
    type Key = HitKey;
    type Answer = BestPart;
    type Source = Reader;

    async fn ask(reader: &Reader, keys: &[HitKey]) -> Result<HashMap<HitKey, BestPart>> {
        let mut searches: HashMap<&Arc<Search>, Vec<i64>> = HashMap::new();
        for key in keys {
            searches.entry(&key.search).or_default().push(key.note_id);
        }
        let searches = searches.into_iter().map(async |(search, notes)| {
            let parts = best_parts(reader, search, notes).await?.into_iter();
            Ok::<_, Error>(parts.map(move |(note_id, best)| (HitKey { search: Arc::clone(search), note_id }, best)))
        });
        Ok(try_join_all(searches).await?.into_iter().flatten().collect())
    }
}

/// In one statement, whatever the number of notes.
async fn best_parts(reader: &Reader, search: &Search, notes: Vec<i64>) -> Result<Vec<(i64, BestPart)>> {
    let backend = reader.db.backend();
    let (holds_some, hits) = Asked { search, sight: reader.sight, backend }.parts();
    let part = |column: &'static str| Expr::col(("part", column));
    let mut order = WindowStatement::partition_by(("part", "note_id"));
    order
        .order_by_expr(hits, Order::Desc)
        .order_by(("part", "field"), Order::Asc)
        .order_by(("part", "position"), Order::Asc);
    let ranked = Query::select()
        .columns([("part", "note_id"), ("part", "field"), ("part", "position")])
        .expr_window_as(Func::cust("row_number"), order, "place")
        .from_as("search_part", "part")
        .and_where(part("company_id").eq(reader.sight.company_id))
        .and_where(one_of(backend, ("part", "note_id"), notes))
        .cond_where(holds_some)
        .take();
    let of_note = |column| Expr::col((note::Entity, column));
    let of_message = |column| Expr::col((message::Entity, column));
    let company = reader.sight.company_id;
    let is_note = Condition::all()
        .add(of_note(note::Column::CompanyId).eq(company))
        .add(of_note(note::Column::Id).equals(("best", "note_id")));
    let is_message = Condition::all()
        .add(of_message(message::Column::CompanyId).eq(company))
        .add(of_message(message::Column::NoteId).equals(("best", "note_id")))
        .add(of_message(message::Column::Position).equals(("best", "position")));
    let is_field = |field: Field| Expr::col(("best", "field")).eq(Expr::cust(field.number().to_string()));
    let text = CaseStatement::new()
        .case(is_field(Field::Subject), of_note(note::Column::Subject))
        .case(is_field(Field::Details), of_note(note::Column::Details))
        .finally(of_message(message::Column::Message));
    let best = Query::select()
        .columns([("best", "note_id"), ("best", "field")])
        .expr_as(Expr::Case(Box::new(text)), "text")
        .from_subquery(ranked, "best")
        .join(JoinType::InnerJoin, note::Entity, is_note)
        // Messages are numbered from 1; other fields have the position 0, where there is none.
        .join(JoinType::LeftJoin, message::Entity, is_message)
        .and_where(Expr::col(("best", "place")).eq(Expr::cust("1")))
        .take();
    let rows = reader.db.read().query_all(&best).await?;
    rows.iter()
        .map(|row| {
            let text: String = row.try_get("", "text")?;
            Ok((row.try_get("", "note_id")?, (Field::of(row.try_get("", "field")?), text.into())))
        })
        .collect()
}

/// A field of rows that stand for a note in a list: where the note matches what the list was searched for.
pub fn search_hit<R: 'static>(found: impl Fn(&R) -> (Option<&Arc<Search>>, i64) + Send + Sync + 'static) -> Def {
    ask::<R, (), BestPartOf, Option<Arc<Search>>, Option<SearchHit>>(
        move |row, (), _| {
            let (search, note_id) = found(row);
            let search = search.filter(|search| !search.wanted.is_empty()).cloned();
            Ok((search.clone().map(|search| HitKey { search, note_id }), search))
        },
        |search, best| {
            let hit = |(search, (field, text)): (Arc<Search>, BestPart)| SearchHit {
                field,
                snippet: snippet(&text, &search.wanted),
            };
            Ok(search.zip(best).map(hit))
        },
    )
}
