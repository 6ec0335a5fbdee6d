use std::collections::HashSet;

use sea_orm::sea_query::{Expr, ExprTrait, IntoCondition};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::cursor::Cursors;
use super::log::{EventLog, LogState};
use super::position::Position;
use super::seen::{SeenEvent, SeenNotes, WITHOUT_CHANGES, columns};
use crate::error::{Error, Result};
use crate::ids::{CustomerId, NoteId};
use crate::store::db::Db;
use crate::store::entity::event;
use crate::store::entity::event::EventType;
use crate::store::{AccessScope, ColumnSet};

/// Maximum number of events that are examined for a page; then it ends, with a cursor to go on from.
const EXAMINED: usize = 2_000;
/// Bounds on the number of events that one statement reads.
const CHUNK: (usize, usize) = (50, 500);

/// The start of a feed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Start {
    /// Behind a cursor.
    After(String),
    /// Behind a position that was read before.
    Behind(Position),
    /// With the oldest event that is kept.
    Beginning,
    /// With what happens next.
    Now,
}

/// Which events a reader wants; `None` sets no condition.
#[derive(Clone, Debug, Default)]
pub struct FeedFilter {
    /// The types of events, and whether notes that turn hidden are among them.
    pub types: Option<(HashSet<EventType>, bool)>,
    pub notes: Option<HashSet<NoteId>>,
    pub customers: Option<HashSet<CustomerId>>,
}

/// A page of the feed.
pub struct FeedRequest {
    pub start: Start,
    pub filter: FeedFilter,
    /// Maximum number of events.
    pub size: usize,
    /// Whether the changes are wanted.
    pub changes: bool,
}

/// Events in the order of their commits.
pub struct FeedPage {
    pub events: Vec<SeenEvent>,
    /// Whether more may follow at once: the page is full, or too many events were examined for it.
    pub has_next: bool,
    /// The cursor to continue from.
    pub end: String,
    /// The same as a position.
    pub position: Position,
}

impl FeedFilter {
    /// Whether an event may fit, whoever sees it.
    pub(super) fn may_fit(&self, row: &event::Model) -> bool {
        self.notes.as_ref().is_none_or(|notes| notes.contains(&row.note_id))
    }

    pub(super) fn fits(&self, event: &SeenEvent) -> bool {
        let fits = |(types, hidden): &(HashSet<EventType>, bool)| {
            if event.is_hidden { *hidden } else { types.contains(&event.row().kind) }
        };
        self.types.as_ref().is_none_or(fits) && self.customers.as_ref().is_none_or(|all| event.is_about(all))
    }
}

/// Reads the events that a viewer may see, each once, in an order in which those of each note are in the order of its
/// changes.
///
/// # Errors
/// `BAD_CURSOR`, `CURSOR_EXPIRED`, and when the database fails.
pub async fn read_feed(db: &Db, access: AccessScope, request: &FeedRequest) -> Result<FeedPage> {
    let log = EventLog(db);
    let state = log.state(access.company_id).await?;
    let cursors = Cursors::new(&state, access.company_id);
    // Before all events that are not complete yet.
    let last = Position { id: state.horizon.id - 1, ..state.horizon };
    let mut position = match &request.start {
        Start::After(cursor) => after(&cursors, &state, cursor)?,
        Start::Behind(position) => *position,
        Start::Beginning => Position { transaction: i64::MIN, id: i64::MIN },
        Start::Now => last,
    };
    let start = position;
    let mut page = FeedPage { events: Vec::new(), has_next: false, end: String::new(), position };
    let (mut notes, mut examined) = (SeenNotes::default(), 0);
    let mut reached_end = request.start == Start::Now;
    while !reached_end && page.events.len() <= request.size && examined < EXAMINED {
        // Mostly, the first events are those of the page. If not, few statements find the others.
        let chunk = (request.size * 2).clamp(CHUNK.0, CHUNK.1).max(examined).min(CHUNK.1).min(EXAMINED - examined);
        let company = event::Column::CompanyId.eq(access.company_id);
        let mut rows = candidates(db, company, position, state.horizon, chunk, &columns(&WITHOUT_CHANGES)).await?;
        examined += rows.len();
        reached_end = rows.len() < chunk;
        position = rows.last().map_or(position, Position::of);
        if let Some(wanted) = &request.filter.notes {
            rows.retain(|row| wanted.contains(&row.note_id));
        }
        notes.add(db, access, &rows).await?;
        let seen = rows.into_iter().filter_map(|row| notes.see(row, access, &cursors));
        page.events.extend(seen.filter(|event| request.filter.fits(event)));
    }
    if matches!(request.start, Start::After(_) | Start::Behind(_)) {
        // Events may have been removed since the check before.
        check_floor(log.floor(access.company_id).await?, start)?;
    }
    if page.events.len() > request.size {
        page.events.truncate(request.size);
        page.has_next = true;
        page.end = page.events.last().map(|event| event.cursor.clone()).unwrap_or_default();
        page.position = page.events.last().map_or(position, SeenEvent::position);
    } else if reached_end {
        let shown = page.events.last().map(|event| event.cursor.clone());
        page.end = shown.map_or_else(|| cursors.of_end(last.max(position)), Ok)?;
        page.position = last.max(position);
    } else {
        page.has_next = true;
        page.end = cursors.of_end(position)?;
        page.position = position;
    }
    if request.changes {
        SeenEvent::add_changes(&mut page.events, db, access).await?;
    }
    Ok(page)
}

fn after(cursors: &Cursors, state: &LogState, cursor: &str) -> Result<Position> {
    let [_, position] = cursors.decode(cursor)?;
    check_floor(state.floor, position)?;
    if position >= state.horizon {
        return Err(Error::CursorExpired(
            "This cursor is ahead of the event log: the database was restored since. Read everything again, and start \
             from `from: BEGINNING` or NOW."
                .to_owned(),
        ));
    }
    Ok(position)
}

fn check_floor(floor: Option<Position>, position: Position) -> Result<()> {
    if floor.is_some_and(|floor| position < floor) {
        return Err(Error::CursorExpired(
            "Events after this cursor have been removed, as they were older than the server keeps them. Read everything \
             again, and start from `from: BEGINNING` or NOW."
                .to_owned(),
        ));
    }
    Ok(())
}

/// The next events after a position, whoever may see them. `of` says of which companies.
pub(super) async fn candidates(
    db: &Db,
    of: impl IntoCondition,
    after: Position,
    before: Position,
    limit: usize,
    columns: &ColumnSet<event::Entity>,
) -> Result<Vec<event::Model>> {
    let place = || {
        Expr::tuple([
            Expr::col((event::Entity, event::Column::TransactionId)),
            Expr::col((event::Entity, event::Column::Id)),
        ])
    };
    let value = |position: Position| Expr::tuple([Expr::val(position.transaction), Expr::val(position.id)]);
    let find = event::Entity::find()
        .filter(of)
        .filter(place().gt(value(after)))
        .filter(place().lt(value(before)))
        .order_by_asc(event::Column::TransactionId)
        .order_by_asc(event::Column::Id)
        .limit(limit as u64);
    Ok(columns.all(find, db.read()).await?)
}
