//! One note, its assignments and its messages, each loaded together with the records linked to them: a statement with
//! joins takes half the time of one statement per record. Lists do not join: there the same few people would be read
//! again with every row.

use breadth::Prefetched;
use sea_orm::sea_query::{Expr, ExprTrait, Order};
use sea_orm::{ColumnTrait, Condition};

use super::joined::JoinedTable;
use crate::company::CompanyById;
use crate::customer::CustomerById;
use crate::error::Result;
use crate::graphql::context::DataSource;
use crate::ids::NoteId;
use crate::note::message_range::MessageRange;
use crate::note_type::NoteTypeById;
use crate::store::db::RowQueries;
use crate::store::entity::{assignment, company, customer, message, note, note_type, user};
use crate::store::statement_template::TemplateName;
use crate::store::{AccessScope, ColumnSet};
use crate::user::UserById;

/// Loads a note, if the viewer sees it.
///
/// # Errors
/// When the database fails.
pub async fn note(reader: &DataSource, key: NoteId, prefetched: &mut Prefetched) -> Result<Option<note::Model>> {
    let columns = reader.columns::<note::Entity>();
    let mut place = columns.count();
    let company =
        reader.mentions("company").then(|| JoinedTable::<company::Entity>::new(&mut place, ColumnSet::ALL, "c"));
    let note_type =
        reader.mentions("type").then(|| JoinedTable::<note_type::Entity>::new(&mut place, ColumnSet::ALL, "t"));
    let customer = reader
        .mentions("customer")
        .then(|| JoinedTable::<customer::Entity>::new(&mut place, reader.columns(), "customer"));
    let author = linked_user(reader, &mut place, "user", "author");
    let updater = linked_user(reader, &mut place, "updatedBy", "updater");

    let find = |access: AccessScope, keys: &[i64]| {
        let of_note = |column: note::Column| (note::Entity, column);
        let mut select = columns.matching(access.visible_notes().add(note::Column::Id.eq(only(keys))));
        if let Some(company) = &company {
            let on = Condition::all().add(Expr::col(("c", "id")).equals(of_note(note::Column::CompanyId)));
            company.join(&mut select, on);
        }
        if let Some(note_type) = &note_type {
            note_type.join_by(&mut select, access.company_id, of_note(note::Column::TypeId));
        }
        if let Some(customer) = &customer {
            customer.join_by(&mut select, access.company_id, of_note(note::Column::CustomerId));
        }
        for (user, key) in [(&author, note::Column::UserId), (&updater, note::Column::UpdatedById)] {
            if let Some(user) = user {
                user.join_by(&mut select, access.company_id, of_note(key));
            }
        }
        select
    };
    let statement = reader.statement(TemplateName::Note, &[key], find);
    let Some(row) = reader.db.read().row_raw(statement).await? else { return Ok(None) };
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
    let mut place = columns.count();
    let assigned = linked_user(reader, &mut place, "user", "assigned");
    let giver = linked_user(reader, &mut place, "assignedBy", "assigned_by");
    let find = |access: AccessScope, keys: &[i64]| {
        let of_row = |column: assignment::Column| (assignment::Entity, column);
        let condition = access.company_assignments().add(assignment::Column::NoteId.eq(only(keys)));
        let mut select = columns.matching(condition);
        select.order_by(of_row(assignment::Column::Position), Order::Asc);
        for (user, key) in [(&assigned, assignment::Column::UserId), (&giver, assignment::Column::AssignedById)] {
            if let Some(user) = user {
                user.join_by(&mut select, access.company_id, of_row(key));
            }
        }
        select
    };
    let statement = reader.statement(TemplateName::AssigneesOfNote, &[note], find);
    let mut rows = Vec::new();
    for row in reader.db.read().rows_raw(statement).await? {
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
    let mut place = columns.count();
    let poster = linked_user(reader, &mut place, "postedBy", "poster");
    let find = |access: AccessScope, keys: &[i64]| {
        let of_row = |column: message::Column| (message::Entity, column);
        let &[note_id, low, high, ..] = keys else { unreachable!("a range has three numbers") };
        let condition = Condition::all()
            .add(message::Column::CompanyId.eq(access.company_id))
            .add(message::Column::NoteId.eq(note_id))
            .add(message::Column::Position.between(position(low), position(high)));
        let mut select = columns.matching(condition);
        select.order_by(of_row(message::Column::Position), Order::Asc);
        if let Some(poster) = &poster {
            poster.join_by(&mut select, access.company_id, of_row(message::Column::PostedById));
        }
        select
    };
    let keys: [i64; 3] = [range.note_id.into(), range.low.into(), range.high.into()];
    let statement = reader.statement(TemplateName::MessagesOfNote, &keys, find);
    let mut rows = Vec::new();
    for row in reader.db.read().rows_raw(statement).await? {
        let message = columns.read(&row, 0)?;
        if let Some(poster) = &poster {
            poster.seed::<UserById>(&row, message.posted_by_id, prefetched)?;
        }
        rows.push(message);
    }
    Ok(rows)
}

/// The user that a `field` shows, to be joined under the alias `name`, if the document mentions the field.
fn linked_user(
    reader: &DataSource,
    place: &mut usize,
    field: &str,
    name: &'static str,
) -> Option<JoinedTable<user::Entity>> {
    reader.mentions(field).then(|| JoinedTable::new(place, reader.columns(), name))
}

/// The key of a statement for one record.
fn only(keys: &[i64]) -> i64 {
    let &[key] = keys else { unreachable!("the statement is for one record") };
    key
}

fn position(key: i64) -> i32 {
    i32::try_from(key).unwrap_or_else(|_| unreachable!("positions have 32 bits"))
}
