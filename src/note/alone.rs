//! One note, and what belongs to it, with the records that these are linked to [beside](crate::beside) them.

use sea_orm::sea_query::{Expr, ExprTrait, IntoColumnRef, Order, Query, SelectStatement};
use sea_orm::{ColumnTrait, Condition};

use super::load::{ASSIGNMENT, MESSAGE, MessageRange, NOTE};
use crate::beside::{Joined, on};
use crate::context::Reader;
use crate::customer;
use crate::db::Queries;
use crate::entity::{Columns, assignment, company, message, note, note_type, user as user_entity};
use crate::error::Result;
use crate::user;

/// A note, if the viewer sees it.
///
/// # Errors
/// When the database fails.
pub async fn note(reader: &Reader, key: i64) -> Result<Option<note::Model>> {
    let company_id = reader.sight.company_id;
    let columns = reader.columns(&NOTE);
    let condition = reader.sight.sees_note().add(note::Column::Id.eq(key));
    let mut select = Query::select().from(note::Entity).cond_where(condition).take();
    columns.select(&mut select);
    let mut place = columns.count();
    let of_note = |column: note::Column| (note::Entity, column);

    let company = reader.mentions("company").then(|| {
        let on = Condition::all().add(Expr::col(("c", "id")).equals(of_note(note::Column::CompanyId)));
        Joined::<company::Entity>::new(&mut select, &mut place, Columns::ALL, "c", on)
    });
    let note_type = reader.mentions("type").then(|| {
        let on = on("t", company_id, of_note(note::Column::TypeId));
        Joined::<note_type::Entity>::new(&mut select, &mut place, Columns::ALL, "t", on)
    });
    let customer = reader.mentions("customer").then(|| {
        let on = on("customer", company_id, of_note(note::Column::CustomerId));
        Joined::new(&mut select, &mut place, reader.columns(&customer::COLUMNS), "customer", on)
    });
    let author = linked_user(reader, &mut select, &mut place, "user", "author", of_note(note::Column::UserId));
    let updater =
        linked_user(reader, &mut select, &mut place, "updatedBy", "updater", of_note(note::Column::UpdatedById));

    reader.beside.set_alone(key);
    let Some(row) = reader.db.read().row(&select).await? else { return Ok(None) };
    let note = columns.read(&row, 0)?;
    let beside = &reader.beside;
    if let Some(company) = company {
        company.keep(&row, Some(note.company_id), &beside.companies)?;
    }
    if let Some(note_type) = note_type {
        note_type.keep(&row, note.type_id, &beside.note_types)?;
    }
    if let Some(customer) = customer {
        customer.keep(&row, note.customer_id, &beside.customers)?;
    }
    for (joined, key) in [(author, note.user_id), (updater, note.updated_by_id)] {
        if let Some(joined) = joined {
            joined.keep(&row, key, &beside.users)?;
        }
    }
    Ok(Some(note))
}

/// The assignments of a note, in the order in which they were made.
///
/// # Errors
/// When the database fails.
pub async fn assignments(reader: &Reader, note: i64) -> Result<Vec<assignment::Model>> {
    let columns = reader.columns(&ASSIGNMENT);
    let of_row = |column: assignment::Column| (assignment::Entity, column);
    let mut select = Query::select()
        .from(assignment::Entity)
        .and_where(assignment::Column::CompanyId.eq(reader.sight.company_id))
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
                joined.keep(&row, key, &reader.beside.users)?;
            }
        }
        rows.push(assignment);
    }
    Ok(rows)
}

/// Messages of a note, oldest first.
///
/// # Errors
/// When the database fails.
pub async fn messages(reader: &Reader, range: MessageRange) -> Result<Vec<message::Model>> {
    let columns = reader.columns(&MESSAGE);
    let mut select = Query::select()
        .from(message::Entity)
        .and_where(message::Column::CompanyId.eq(reader.sight.company_id))
        .and_where(message::Column::NoteId.eq(range.note_id))
        .and_where(message::Column::Position.between(range.low, range.high))
        .order_by((message::Entity, message::Column::Position), Order::Asc)
        .take();
    columns.select(&mut select);
    let mut place = columns.count();
    let is_alone = reader.beside.is_alone(range.note_id);
    let poster = is_alone.then(|| {
        let key = (message::Entity, message::Column::PostedById);
        linked_user(reader, &mut select, &mut place, "postedBy", "poster", key)
    });
    let mut rows = Vec::new();
    for row in reader.db.read().rows(&select).await? {
        let message = columns.read(&row, 0)?;
        if let Some(Some(poster)) = &poster {
            poster.keep(&row, message.posted_by_id, &reader.beside.users)?;
        }
        rows.push(message);
    }
    Ok(rows)
}

/// The user whose key is in the column `key`, joined under a `name`, where the document mentions the `field` that shows it.
fn linked_user(
    reader: &Reader,
    select: &mut SelectStatement,
    place: &mut usize,
    field: &str,
    name: &'static str,
    key: impl IntoColumnRef,
) -> Option<Joined<user_entity::Entity>> {
    reader.mentions(field).then(|| {
        let on = on(name, reader.sight.company_id, key);
        Joined::new(select, place, reader.columns(&user::COLUMNS), name, on)
    })
}
