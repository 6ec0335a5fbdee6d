//! One note, its assignments and its messages, each loaded together with the records linked to them: a statement with
//! joins takes half the time of one statement per record. Lists do not join: there the same few people would be read
//! again with every row.

use breadth::Prefetched;
use sea_orm::sea_query::{Expr, ExprTrait, IntoColumnRef, Order, Query, SelectStatement};
use sea_orm::{ColumnTrait, Condition};

use super::joined::{JoinedTable, on};
use crate::company::CompanyById;
use crate::customer::CustomerById;
use crate::error::Result;
use crate::graphql::context::DataSource;
use crate::ids::NoteId;
use crate::note::message_range::MessageRange;
use crate::note_type::NoteTypeById;
use crate::store::ColumnSet;
use crate::store::db::RowQueries;
use crate::store::entity::{assignment, company, customer, message, note, note_type, user};
use crate::user::UserById;

/// Loads a note, if the viewer sees it.
///
/// # Errors
/// When the database fails.
pub async fn note(reader: &DataSource, key: NoteId, prefetched: &mut Prefetched) -> Result<Option<note::Model>> {
    let company_id = reader.access.company_id;
    let columns = reader.columns::<note::Entity>();
    let condition = reader.access.visible_notes().add(note::Column::Id.eq(key));
    let mut select = Query::select().from(note::Entity).cond_where(condition).take();
    columns.select(&mut select);
    let mut place = columns.count();
    let of_note = |column: note::Column| (note::Entity, column);

    let company = reader.mentions("company").then(|| {
        let on = Condition::all().add(Expr::col(("c", "id")).equals(of_note(note::Column::CompanyId)));
        JoinedTable::<company::Entity>::new(&mut select, &mut place, ColumnSet::ALL, "c", on)
    });
    let note_type = reader.mentions("type").then(|| {
        let on = on("t", company_id, of_note(note::Column::TypeId));
        JoinedTable::<note_type::Entity>::new(&mut select, &mut place, ColumnSet::ALL, "t", on)
    });
    let customer = reader.mentions("customer").then(|| {
        let on = on("customer", company_id, of_note(note::Column::CustomerId));
        JoinedTable::<customer::Entity>::new(&mut select, &mut place, reader.columns(), "customer", on)
    });
    let author = linked_user(reader, &mut select, &mut place, "user", "author", of_note(note::Column::UserId));
    let updater =
        linked_user(reader, &mut select, &mut place, "updatedBy", "updater", of_note(note::Column::UpdatedById));

    let Some(row) = reader.db.read().row(&select).await? else { return Ok(None) };
    let note = columns.read(&row, 0)?;
    if let Some(company) = company {
        company.seed::<CompanyById>(&row, Some(note.company_id), prefetched)?;
    }
    if let Some(note_type) = note_type {
        note_type.seed::<NoteTypeById>(&row, note.type_id, prefetched)?;
    }
    if let Some(customer) = customer {
        customer.seed::<CustomerById>(&row, note.customer_id, prefetched)?;
    }
    for (joined, key) in [(author, note.user_id), (updater, note.updated_by_id)] {
        if let Some(joined) = joined {
            joined.seed::<UserById>(&row, key, prefetched)?;
        }
    }
    Ok(Some(note))
}

/// Loads the assignments of a note, in the order in which they were made.
///
/// # Errors
/// When the database fails.
pub async fn assignments(
    reader: &DataSource,
    note: NoteId,
    prefetched: &mut Prefetched,
) -> Result<Vec<assignment::Model>> {
    let columns = reader.columns::<assignment::Entity>();
    let of_row = |column: assignment::Column| (assignment::Entity, column);
    let mut select = Query::select()
        .from(assignment::Entity)
        .and_where(assignment::Column::CompanyId.eq(reader.access.company_id))
        .and_where(assignment::Column::NoteId.eq(note))
        .order_by(of_row(assignment::Column::Position), Order::Asc)
        .take();
    columns.select(&mut select);
    let mut place = columns.count();
    let of_row = |column: assignment::Column| (assignment::Entity, column);
    let assigned = linked_user(reader, &mut select, &mut place, "user", "assigned", of_row(assignment::Column::UserId));
    let giver = linked_user(
        reader,
        &mut select,
        &mut place,
        "assignedBy",
        "assigned_by",
        of_row(assignment::Column::AssignedById),
    );
    let mut rows = Vec::new();
    for row in reader.db.read().rows(&select).await? {
        let assignment = columns.read(&row, 0)?;
        for (joined, key) in [(&assigned, Some(assignment.user_id)), (&giver, assignment.assigned_by_id)] {
            if let Some(joined) = joined {
                joined.seed::<UserById>(&row, key, prefetched)?;
            }
        }
        rows.push(assignment);
    }
    Ok(rows)
}

/// Loads messages of a note, oldest first.
///
/// # Errors
/// When the database fails.
pub async fn messages(
    reader: &DataSource,
    range: MessageRange,
    prefetched: &mut Prefetched,
) -> Result<Vec<message::Model>> {
    let columns = reader.columns::<message::Entity>();
    let mut select = Query::select()
        .from(message::Entity)
        .and_where(message::Column::CompanyId.eq(reader.access.company_id))
        .and_where(message::Column::NoteId.eq(range.note_id))
        .and_where(message::Column::Position.between(range.low, range.high))
        .order_by((message::Entity, message::Column::Position), Order::Asc)
        .take();
    columns.select(&mut select);
    let mut place = columns.count();
    let key = (message::Entity, message::Column::PostedById);
    let poster = linked_user(reader, &mut select, &mut place, "postedBy", "poster", key);
    let mut rows = Vec::new();
    for row in reader.db.read().rows(&select).await? {
        let message = columns.read(&row, 0)?;
        if let Some(poster) = &poster {
            poster.seed::<UserById>(&row, message.posted_by_id, prefetched)?;
        }
        rows.push(message);
    }
    Ok(rows)
}

/// Joins the user whose key is in the column `key`, under the alias `name`, if the document mentions the `field` that
/// shows the user.
fn linked_user(
    reader: &DataSource,
    select: &mut SelectStatement,
    place: &mut usize,
    field: &str,
    name: &'static str,
    key: impl IntoColumnRef,
) -> Option<JoinedTable<user::Entity>> {
    reader.mentions(field).then(|| {
        let on = on(name, reader.access.company_id, key);
        JoinedTable::new(select, place, reader.columns(), name, on)
    })
}
