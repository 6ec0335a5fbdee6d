//! The common part of upserts of people: finds those whom an input names by the keys of the owning system, and creates
//! the others.

use std::collections::{HashMap, HashSet};

use async_graphql::{ID, MaybeUndefined};
use sea_orm::sea_query::{Expr, LockType};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, DbErr, FromQueryResult, IntoActiveModel, Iterable, QueryFilter,
    QueryOrder, QuerySelect,
};

use super::index::{Searchable, replace};
use super::words::KnownWords;
use crate::error::Result;
use crate::graphql::context::AppState;
use crate::graphql::global_id::NodeId;
use crate::graphql::user_errors::{ErrorCode, UserError, UserErrors};
use crate::ids::{CompanyId, CustomerId, UserId};
use crate::quota::{StorageUsage, add_usage, row_bytes};
use crate::store::AccessScope;
use crate::store::db::{CountedId, Dialect, Transaction, update_rows};
use crate::store::entity::{customer, user};
use crate::text::quote::quote;

/// Maximum number of people in one mutation.
const MOST: usize = 100;
/// Maximum length of a key, and of most fields, in characters.
const SHORT: usize = 255;
/// Maximum length of a full name, in characters.
const FULL_NAME: usize = 1_000;

/// The row of a person that an import may have written.
pub trait Imported {
    /// Forgets the imported original values of fields that differ from those of the row `before`. The exchange format
    /// implements this, as it knows the fields by their imported names.
    fn forget_changes(&mut self, before: &Self);
}

/// An entity of people that an owning system can upsert.
pub trait Upsertable:
    Searchable<Id: NodeId + CountedId, Model: Imported + FromQueryResult + IntoActiveModel<Self::ActiveModel>>
{
    const EXTERNAL_KEY: Self::Column;

    fn external_key(row: &Self::Model) -> Option<&str>;
    /// Sets the ID of a new person.
    fn set_id(row: &mut Self::Model, id: Self::Id);
}

impl Upsertable for customer::Entity {
    const EXTERNAL_KEY: customer::Column = customer::Column::ExternalKey;

    fn external_key(row: &customer::Model) -> Option<&str> {
        row.external_key.as_deref()
    }

    fn set_id(row: &mut customer::Model, id: CustomerId) {
        row.id = id;
    }
}

impl Upsertable for user::Entity {
    const EXTERNAL_KEY: user::Column = user::Column::ExternalKey;

    fn external_key(row: &user::Model) -> Option<&str> {
        row.external_key.as_deref()
    }

    fn set_id(row: &mut user::Model, id: UserId) {
        row.id = id;
    }
}

/// Serializes transactions that create people of one kind in a company, with a lock held until the transaction ends:
/// two that look up the same key or username at the same time would both find it unused.
///
/// # Errors
/// When the statement fails.
pub async fn serialize_upserts<E: Upsertable>(transaction: &Transaction, company_id: CompanyId) -> Result<(), DbErr> {
    transaction.lock_name(&format!("notegraph {} {company_id}", E::WORD_TABLE)).await
}

/// The identity of a person in an input.
pub struct UpsertKey {
    pub id: Option<ID>,
    pub external_key: String,
}

/// The texts of an input by which a person will be found, to be tokenized before the transaction: names and addresses, and
/// the full name that the `parts` of a name make. Texts that will be refused for their length are left out.
pub fn searched_texts(parts: &[&MaybeUndefined<String>], others: &[&MaybeUndefined<String>]) -> Vec<String> {
    let parts: Vec<&str> = parts.iter().filter_map(|part| part.value()).map(String::as_str).collect();
    let others = others.iter().filter_map(|text| text.value()).map(String::as_str);
    let texts = parts.iter().copied().chain(others).map(str::to_owned).chain([parts.join(" ")]);
    texts.filter(|text| text.len() <= FULL_NAME * char::MAX_LEN_UTF8).collect()
}

/// Checks that an input has not too many people.
pub fn check_count(count: usize, errors: &mut UserErrors) -> bool {
    errors.check_count(&["input"], count, MOST)
}

/// Finds the person of each identity, `None` if there is none yet, and locks the rows until the transaction ends.
pub async fn lock_people<E: Upsertable>(
    transaction: &Transaction,
    access: AccessScope,
    upsert_keys: &[UpsertKey],
    errors: &mut UserErrors,
) -> Result<Vec<Option<E::Model>>> {
    let mut ids = Vec::with_capacity(upsert_keys.len());
    for (index, upsert_key) in upsert_keys.iter().enumerate() {
        let mut fields = InputFields::of(index, false, errors);
        fields.check("externalKey", &upsert_key.external_key, SHORT);
        if upsert_key.external_key.is_empty() {
            fields.add(ErrorCode::Required, "externalKey", "A key must have at least one character.");
        }
        ids.push(
            upsert_key
                .id
                .as_ref()
                .and_then(|id| E::Id::parse(id).map_err(|message| fields.add(ErrorCode::Invalid, "id", message)).ok()),
        );
    }
    serialize_upserts::<E>(transaction, access.company_id).await?;
    let dialect = Dialect::of(transaction);
    // PostgreSQL accepts no text with a NUL, not even in a comparison; the error for it has been added already.
    let keys = upsert_keys.iter().map(|upsert_key| upsert_key.external_key.clone()).filter(|key| !key.contains('\0'));
    let named = Condition::any()
        .add(dialect.one_of_texts(Expr::col((E::default(), E::EXTERNAL_KEY)), keys))
        .add(dialect.one_of((E::default(), E::ID), ids.iter().flatten().copied()));
    // Locked like for an update of non-key columns, so that transactions that link to them need not wait.
    let rows = E::find()
        .filter(E::COMPANY.eq(access.company_id))
        .filter(named)
        .order_by_asc(E::ID)
        .lock(LockType::NoKeyUpdate)
        .all(transaction)
        .await?;
    let by_id: HashMap<E::Id, &E::Model> = rows.iter().map(|row| (id_of::<E>(row), row)).collect();
    let by_key: HashMap<&str, &E::Model> = rows.iter().filter_map(|row| Some((E::external_key(row)?, row))).collect();

    let (mut keys, mut people) = (HashSet::new(), HashSet::new());
    let mut held = Vec::with_capacity(upsert_keys.len());
    for (index, (upsert_key, id)) in upsert_keys.iter().zip(ids).enumerate() {
        let mut fields = InputFields::of(index, false, errors);
        let key = upsert_key.external_key.as_str();
        let of_key = by_key.get(key).copied();
        let of_id = id.and_then(|id| by_id.get(&id).copied());
        let is_again = !keys.insert(key);
        if is_again {
            fields.add(ErrorCode::Invalid, "externalKey", format!("The key {} occurs twice here.", quote(key)));
        }
        match (id, of_id) {
            (Some(id), None) => {
                let message = format!("There is no {} {}.", E::Id::KIND.name(), quote(&id.global_id()));
                fields.add(ErrorCode::NotFound, "id", message);
            }
            (_, Some(row)) if E::external_key(row).is_some_and(|own| own != key) => {
                let own = quote(E::external_key(row).unwrap_or_default());
                let message = format!("{} already has another key: {own}.", id_of::<E>(row).global_id().0);
                fields.add(ErrorCode::Taken, "id", message);
            }
            (_, Some(row)) if of_key.is_some_and(|other| id_of::<E>(other) != id_of::<E>(row)) => {
                let message = format!("Another {} already has the key {}.", E::Id::KIND.name(), quote(key));
                fields.add(ErrorCode::Taken, "externalKey", message);
            }
            _ => {}
        }
        let row = of_id.or(of_key);
        if row.is_some_and(|row| !people.insert(id_of::<E>(row))) && !is_again {
            fields.add(ErrorCode::Invalid, "id", "This person occurs twice here.");
        }
        held.push(row.cloned());
    }
    Ok(held)
}

fn id_of<E: Upsertable>(row: &E::Model) -> E::Id {
    E::key(row).1
}

/// The growth in bytes of people, each given by the states before and after.
fn growth<E: Upsertable>(people: &[(Option<E::Model>, E::Model)]) -> StorageUsage {
    let bytes = |(before, now): &(Option<E::Model>, E::Model)| row_bytes(now) - before.as_ref().map_or(0, row_bytes);
    StorageUsage::of_bytes(people.iter().map(bytes).sum())
}

/// People as they are after an upsert.
pub struct SavedPeople<M> {
    /// In the order of the input.
    pub people: Vec<M>,
    /// Whether any of them was written.
    pub has_changed: bool,
}

/// Writes people: each with the state before, `None` for a new person. Unchanged people are not written. If that
/// exceeds the company's quota, nothing is written, and the error is returned.
pub async fn save<E: Upsertable>(
    transaction: &Transaction,
    access: AccessScope,
    app: &AppState,
    mut people: Vec<(Option<E::Model>, E::Model)>,
    known: &KnownWords,
) -> Result<Result<SavedPeople<E::Model>, UserError>, DbErr>
where
    E::Model: Send + Sync,
    E::ActiveModel: Send,
{
    let growth = growth::<E>(&people);
    if let Some(exceeded) = app.quota.check(transaction, access.company_id, growth).await? {
        return Ok(Err(exceeded.into()));
    }
    add_usage(transaction, access.company_id, growth).await?;
    let count = people.iter().filter(|(before, _)| before.is_none()).count();
    if count > 0 {
        let ids = app.db.ids().allocate::<E::Id>(transaction, access.company_id, count).await?;
        let new = people.iter_mut().filter(|(before, _)| before.is_none());
        for ((_, row), id) in new.zip(ids) {
            E::set_id(row, id);
        }
        let new = people.iter().filter(|(before, _)| before.is_none());
        let rows = new.map(|(_, row)| row.clone().into_active_model().reset_all());
        E::insert_many(rows).exec_without_returning(transaction).await?;
    }
    let mut changed = Vec::new();
    let mut written = Vec::new();
    for (before, row) in &mut people {
        if let Some(before) = before {
            row.forget_changes(before);
            let columns = changes::<E>(before, row);
            if !columns.is_changed() {
                continue;
            }
            changed.push((row.clone(), columns));
        }
        written.push(row.clone());
    }
    let key = [E::COMPANY, E::ID];
    update_rows::<E>(transaction, key, changed.iter().map(|(row, columns)| (row, columns)).collect()).await?;
    replace::<E>(transaction, &written, known).await?;
    let people = people.into_iter().map(|(_, row)| row).collect();
    Ok(Ok(SavedPeople { people, has_changed: !written.is_empty() }))
}

/// The columns that differ between two states of a person.
fn changes<E: Upsertable>(before: &E::Model, now: &E::Model) -> E::ActiveModel {
    let (before, now) = (before.clone().into_active_model(), now.clone().into_active_model());
    let mut columns = <E::ActiveModel as ActiveModelTrait>::default();
    for column in E::Column::iter() {
        if let (Some(before), Some(now)) = (before.get(column).into_value(), now.get(column).into_value())
            && before != now
        {
            columns.set(column, now);
        }
    }
    columns
}

/// The fields of one person in an input, to be checked and set.
pub struct InputFields<'p> {
    index: String,
    /// Whether the person is new: then an absent field is empty, not kept.
    is_new: bool,
    errors: &'p mut UserErrors,
}

impl<'p> InputFields<'p> {
    pub fn of(index: usize, is_new: bool, errors: &'p mut UserErrors) -> Self {
        Self { index: index.to_string(), is_new, errors }
    }

    pub fn add(&mut self, code: ErrorCode, field: &str, message: impl Into<String>) {
        self.errors.add(code, &["input", self.index.as_str(), field], message);
    }

    pub fn check(&mut self, field: &str, text: &str, max: usize) {
        self.errors.check_name(&["input", self.index.as_str(), field], text, max);
    }

    /// Sets a field that can be empty.
    pub fn set<T>(&mut self, value: MaybeUndefined<T>, column: &mut Option<T>) {
        if !value.is_undefined() {
            *column = value.take();
        }
    }

    /// Checks and sets a text that can be empty.
    pub fn text(&mut self, field: &str, value: MaybeUndefined<String>, column: &mut Option<String>) {
        if let MaybeUndefined::Value(text) = &value {
            self.check(field, text, SHORT);
        }
        self.set(value, column);
    }

    /// Checks and sets an ID of another system.
    pub fn id(&mut self, field: &str, value: MaybeUndefined<ID>, column: &mut Option<String>) {
        self.text(field, value.map_value(|id| id.0), column);
    }

    /// Merges a field with its deprecated name: returns the name and value that is set, or null if one is null and
    /// neither has a value, because some clients send null for unset fields. Two values are an error.
    pub fn renamed<'f, T>(
        &mut self,
        (name, value): (&'f str, MaybeUndefined<T>),
        (old_name, old): (&'f str, MaybeUndefined<T>),
    ) -> (&'f str, MaybeUndefined<T>) {
        if value.is_value() && old.is_value() {
            let message = format!("`{old_name}` is the old name of `{name}`; leave it out.");
            self.add(ErrorCode::Invalid, old_name, message);
        }
        if old.is_value() || value.is_undefined() { (old_name, old) } else { (name, value) }
    }

    /// Sets a field that cannot be empty.
    pub fn required<T>(&mut self, field: &str, value: MaybeUndefined<T>, column: &mut T) {
        match value {
            MaybeUndefined::Undefined => {}
            MaybeUndefined::Null => {
                let message = format!("`{field}` cannot be cleared; leave it out to keep it.");
                self.add(ErrorCode::NullNotAllowed, field, message);
            }
            MaybeUndefined::Value(value) => *column = value,
        }
    }

    /// Checks and sets a name that cannot be blank.
    pub fn name(&mut self, field: &str, value: MaybeUndefined<String>, column: &mut String, max: usize) {
        let (is_given, is_null) = (value.is_value(), value.is_null());
        self.required(field, value, column);
        // An import may have created a name that is blank or too long; a client that does not set the name need not fix
        // it.
        if is_given || self.is_new && !is_null {
            if column.trim().is_empty() {
                self.add(ErrorCode::Required, field, format!("`{field}` must have at least one visible character."));
            }
            self.check(field, column, max);
        }
    }

    /// Sets the full name. If it is absent, it is rebuilt from its parts, unless it was set to something else before.
    pub fn full_name(&mut self, value: MaybeUndefined<String>, column: &mut String, parts: (&str, &str)) {
        let (before, now) = parts;
        if value.is_undefined() && *column == before && !now.is_empty() {
            now.clone_into(column);
        }
        self.name("fullName", value, column, FULL_NAME);
    }

    pub fn username(&mut self, value: MaybeUndefined<String>, column: &mut String) {
        self.name("username", value, column, SHORT);
    }
}
