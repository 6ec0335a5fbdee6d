//! Search hits: where a note matches.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::Deref;
use std::sync::Arc;

use async_graphql::Enum;
use breadth::{FieldDefinition, Loader, field, field_ref, leaf_enum, object, relation_with_args};
use futures_util::stream::{self, StreamExt, TryStreamExt};
use hashbrown::HashMap;
use sea_orm::Condition;
use sea_orm::sea_query::{CaseStatement, Expr, ExprTrait, Func, JoinType, Order, Query, WindowStatement};

use super::condition::SearchCondition;
use super::part::TextField;
use super::query::Search;
use super::snippet::Reading;
use crate::error::Result;
use crate::graphql::context::DataSource;
use crate::ids::NoteId;
use crate::scheduling::offload::{offload, slices};
use crate::store::db::RowQueries;
use crate::store::entity::{message, note};

/// The part of a note in which a search finds words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "TextField")]
pub enum SearchField {
    /// The subject of a note.
    Subject,
    /// The details of a note.
    Details,
    /// A message in the thread of a note.
    Message,
}
leaf_enum!(SearchField);

/// The GraphQL object of a matching part of a note.
#[derive(Clone)]
pub struct SearchHit {
    field: TextField,
    snippet: Arc<String>,
}

object! {
    /// Where a search matched: the part of the note that contains the most words and phrases of the search; if several
    /// contain equally many, the subject precedes the details, these precede messages, and old messages precede new
    /// ones.
    SearchHit {
        /// The matching part.
        field = field(|hit: &SearchHit| SearchField::from(hit.field));
        /// About 160 characters of its text around the first match: plain text, with the matched words between U+E000
        /// and U+E001 for the client to mark. These two characters have no other meaning in it. If the first match comes
        /// after 262,144 bytes, and a list has several such texts, it may be the beginning of the text instead.
        snippet = field_ref(|hit: &SearchHit| &*hit.snippet);
    }
}

/// A search that many rows share: its hash is computed once, and not for each row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SharedSearch(Arc<(u64, Search)>);

impl SharedSearch {
    pub fn new(search: Search) -> Self {
        let mut hasher = DefaultHasher::new();
        search.hash(&mut hasher);
        Self(Arc::new((hasher.finish(), search)))
    }
}

impl Deref for SharedSearch {
    type Target = Search;

    fn deref(&self) -> &Search {
        &self.0.1
    }
}

impl Hash for SharedSearch {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.0.hash(state);
    }
}

/// A note, and the search that found it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SearchHitKey {
    search: SharedSearch,
    note_id: NoteId,
}

/// Maximum total size in bytes of the texts that one statement returns, unless the first text alone is longer.
const BYTES: u64 = 4 * 1024 * 1024;
/// Number of slices that the snippets of one search may read together after those that each of them may: as many as two
/// texts of any length have.
const MORE_SLICES: usize = 24;
/// Maximum number of searches whose hits are loaded concurrently.
const AT_ONCE: usize = 4;

/// Loads search hits. Equal keys are loaded once, however many fields request them.
pub struct SearchHitLoader;

impl Loader for SearchHitLoader {
    type Key = SearchHitKey;
    type Value = SearchHit;
    type Source = DataSource;
    type Error = crate::error::Error;

    async fn load(reader: &DataSource, keys: &[SearchHitKey]) -> Result<HashMap<SearchHitKey, SearchHit>> {
        let mut searches: HashMap<SharedSearch, Vec<NoteId>> = HashMap::new();
        for SearchHitKey { search, note_id } in keys {
            searches.entry(search.clone()).or_default().push(*note_id);
        }
        let searches = searches.into_iter().map(|(search, notes)| hits(reader.clone(), search, notes));
        let hits: Vec<_> = stream::iter(searches).buffer_unordered(AT_ONCE).try_collect().await?;
        Ok(hits.into_iter().flatten().collect())
    }
}

/// The best-matching part of a note.
struct BestPart {
    note_id: NoteId,
    field: TextField,
    text: String,
}

/// Loads the hits of one search, in one statement for any number of notes, unless their texts are long.
async fn hits(
    reader: DataSource,
    search: SharedSearch,
    mut notes: Vec<NoteId>,
) -> Result<Vec<(SearchHitKey, SearchHit)>> {
    let (mut hits, mut more_slices) = (Vec::with_capacity(notes.len()), MORE_SLICES);
    while !notes.is_empty() {
        let (parts, left) = best_parts(&reader, &search, &notes).await?;
        notes = left;
        for slice in slices(parts, |part| part.text.len()) {
            let mut left: Vec<_> = slice.into_iter().map(|part| (part, Reading::default())).collect();
            // A long text is read in several slices.
            while !left.is_empty() {
                let search = search.clone();
                let read = move || {
                    let (mut hits, mut longer) = (Vec::new(), Vec::new());
                    for (part, mut reading) in left {
                        let more = || {
                            let is_left = more_slices > 0;
                            more_slices = more_slices.saturating_sub(1);
                            is_left
                        };
                        let Some(snippet) = reading.next(&part.text, &search.required, more) else {
                            longer.push((part, reading));
                            continue;
                        };
                        let hit = SearchHit { field: part.field, snippet: Arc::new(snippet) };
                        hits.push((SearchHitKey { note_id: part.note_id, search: search.clone() }, hit));
                    }
                    (hits, longer, more_slices)
                };
                let done = offload(read).await?;
                let found;
                (found, left, more_slices) = done.value;
                hits.extend(found);
                reader.meter.cpu(done.took);
                reader.meter.check()?;
            }
        }
    }
    Ok(hits)
}

/// Loads the best parts of notes, and returns the notes whose texts have to wait for another statement.
async fn best_parts(reader: &DataSource, search: &Search, notes: &[NoteId]) -> Result<(Vec<BestPart>, Vec<NoteId>)> {
    let dialect = reader.db.dialect();
    let (holds_some, hits) = SearchCondition { search, access: reader.access, dialect }.parts();
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
        .and_where(part("company_id").eq(reader.access.company_id))
        .and_where(dialect.one_of(("part", "note_id"), notes.iter().copied()))
        .cond_where(holds_some)
        .take();
    let of_note = |column| Expr::col((note::Entity, column));
    let of_message = |column| Expr::col((message::Entity, column));
    let is_note = reader.access.visible_notes().add(of_note(note::Column::Id).equals(("best", "note_id")));
    let is_message = Condition::all()
        .add(of_message(message::Column::CompanyId).eq(reader.access.company_id))
        .add(of_message(message::Column::NoteId).equals(("best", "note_id")))
        .add(of_message(message::Column::Position).equals(("best", "position")));
    let is_field = |field: TextField| Expr::col(("best", "field")).eq(Expr::cust(field.number().to_string()));
    let text = CaseStatement::new()
        .case(is_field(TextField::Subject), of_note(note::Column::Subject))
        .case(is_field(TextField::Details), of_note(note::Column::Details))
        .finally(of_message(message::Column::Message));
    let best = Query::select()
        .columns([("best", "note_id"), ("best", "field")])
        .expr_as(Expr::Case(Box::new(text)), "text")
        .from_subquery(ranked, "best")
        .join(JoinType::InnerJoin, note::Entity, is_note)
        // Messages are numbered from 1; other fields have the position 0, which matches no message.
        .join(JoinType::LeftJoin, message::Entity, is_message)
        .and_where(Expr::col(("best", "place")).eq(Expr::cust("1")))
        .take();
    // The length of a text can be determined without reading the text.
    let own = r#"coalesce(octet_length("found"."text"), 0)"#;
    let sum = format!(r#"sum({own}) OVER (ORDER BY "found"."note_id")"#);
    let fits = || Expr::cust(format!("({sum} <= {BYTES} OR {sum} = {own})"));
    let text = CaseStatement::new().case(fits(), Expr::col(("found", "text"))).finally(Expr::cust("NULL"));
    let found = Query::select()
        .columns([("found", "note_id"), ("found", "field")])
        .expr_as(fits(), "fits")
        .expr_as(Expr::Case(Box::new(text)), "text")
        .from_subquery(best, "found")
        .take();
    let (mut parts, mut left) = (Vec::new(), Vec::new());
    for row in reader.db.read().rows(&found).await? {
        let note_id = row.get(0)?;
        if !row.get::<bool>(2)? {
            left.push(note_id);
        } else if let Some(text) = row.get(3)? {
            parts.push(BestPart { note_id, field: TextField::of(row.get(1)?), text });
        }
    }
    Ok((parts, left))
}

/// A field of a note in a list: where the note matches the search of the list.
pub fn search_hit<R: 'static>(
    found: impl Fn(&R) -> (Option<&SharedSearch>, NoteId) + Send + Sync + 'static,
) -> FieldDefinition {
    relation_with_args::<R, (), SearchHitLoader, (), Option<SearchHit>>(
        move |row, (), _| {
            let (search, note_id) = found(row);
            let search = search.filter(|search| !search.required.is_empty()).cloned();
            Ok((search.map(|search| SearchHitKey { search, note_id }), ()))
        },
        |(), hit| Ok(hit),
    )
}
