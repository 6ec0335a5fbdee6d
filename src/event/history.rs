use hashbrown::HashMap;
use sea_orm::sea_query::{Expr, ExprTrait, Query};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryTrait};

use super::cursor::Cursors;
use super::log::EventLog;
use super::seen::{SeenEvent, SeenNotes, WITHOUT_CHANGES, columns, visible_notes};
use crate::error::Result;
use crate::graphql::global_id::EventHandle;
use crate::graphql::pagination::{Cursor, Direction, Page, PageArgs, ScanExtent, SortKey, SortOrder};
use crate::ids::{EventId, NoteId};
use crate::store::AccessScope;
use crate::store::db::{Db, RowQueries, SortHint};
use crate::store::entity::event;

/// Reads a page of the events of each note, newest first. Notes that the viewer does not see have none.
///
/// # Errors
/// INVALID, `BAD_CURSOR` or `CURSOR_EXPIRED` for wrong arguments, and when the database fails.
pub async fn read_histories(
    db: &Db,
    access: AccessScope,
    notes: &[NoteId],
    args: &PageArgs,
    changes: bool,
) -> Result<HashMap<NoteId, Page<SeenEvent>>> {
    let state = EventLog(db).state(access.company_id).await?;
    let cursors = Cursors::new(&state, access.company_id);
    let order = newest_first();
    let request = args.request_by(|text| {
        let [position, _] = cursors.decode(text)?;
        Ok(Cursor(vec![position.transaction.into(), position.id.into()]))
    })?;
    let notes = visible_notes(db, access, notes.iter().copied()).await?;
    let columns =
        if changes { columns(&WITHOUT_CHANGES).and(columns(&["changes"])) } else { columns(&WITHOUT_CHANGES) };
    let (keys, key) = db.dialect().keys_table(notes.iter().map(|note| note.0));
    let mut each = event::Entity::find()
        .filter(event::Column::CompanyId.eq(access.company_id))
        .filter(Expr::col((event::Entity, event::Column::NoteId)).equals(key))
        .into_query();
    request.apply(&mut each, &order);
    let mut all = Query::select();
    all.from_function(keys, "k");
    columns.select(&mut all);
    let of_company = event::Column::CompanyId.eq(access.company_id);
    db.dialect().join_each::<event::Entity>(&mut all, each, event::Column::Id, of_company);
    request.sort(&mut all, &order);

    let mut seen = SeenNotes::default();
    seen.are_visible(&notes);
    let mut events: HashMap<NoteId, Vec<SeenEvent>> = notes.iter().map(|note| (*note, Vec::new())).collect();
    for row in db.read().rows(&all).await? {
        let row: event::Model = columns.read(&row, 0)?;
        let note_id = row.note_id;
        events.entry(note_id).or_default().extend(seen.see(row, access, &cursors));
    }
    Ok(events.into_iter().map(|(note, rows)| (note, request.page(rows, ScanExtent::Complete))).collect())
}

fn newest_first() -> SortOrder {
    let key = |column| SortKey::integer((event::Entity, column), Direction::Descending);
    SortOrder {
        name: "event-".to_owned(),
        keys: vec![key(event::Column::TransactionId), key(event::Column::Id)],
        sort_hint: SortHint::default(),
    }
}

/// Reads the events with these handles that the viewer sees.
///
/// # Errors
/// When the database fails.
pub async fn by_handles(
    db: &Db,
    access: AccessScope,
    handles: &[EventHandle],
    changes: bool,
) -> Result<HashMap<EventHandle, SeenEvent>> {
    let state = EventLog(db).state(access.company_id).await?;
    let cursors = Cursors::new(&state, access.company_id);
    let ids: Vec<EventId> = handles.iter().filter_map(|handle| cursors.event_id(*handle)).collect();
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let find = event::Entity::find()
        .filter(event::Column::CompanyId.eq(access.company_id))
        .filter(db.dialect().one_of((event::Entity, event::Column::Id), ids));
    let rows = columns(&WITHOUT_CHANGES).all(find, db.read()).await?;
    let mut notes = SeenNotes::default();
    notes.add(db, access, &rows).await?;
    let mut events: Vec<SeenEvent> = rows.into_iter().filter_map(|row| notes.see(row, access, &cursors)).collect();
    if changes {
        SeenEvent::add_changes(&mut events, db, access).await?;
    }
    Ok(events.into_iter().map(|event| (event.handle, event)).collect())
}
