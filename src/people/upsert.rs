//! Keeping people current: those whom an input names are found by the keys of the system that owns them, or made.

use std::collections::{HashMap, HashSet};

use async_graphql::{ID, MaybeUndefined};
use sea_orm::sea_query::{Expr, LockType};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, ConnectionTrait, DatabaseBackend, DbErr, FromQueryResult,
    IntoActiveModel, Iterable, QueryFilter, QueryOrder, QuerySelect, Statement,
};

use super::index::{Findable, replace};
use crate::context::App;
use crate::db::{self, Transaction, one_of, one_of_texts, update_rows};
use crate::entity::{Sight, customer, user};
use crate::error::Result;
use crate::form::person::{Person, forget_changes};
use crate::id::{Kind, quote};
use crate::quota::{Usage, add_usage, row_bytes};
use crate::user_error::{ErrorCode, Problems, UserError};

/// The most people of one change.
const MOST: usize = 100;
/// The most characters of a key, and of most fields.
const SHORT: usize = 255;
/// The most characters of a whole name.
const FULL_NAME: usize = 1_000;

/// People who can be kept current by the system that owns them.
pub trait Owned: Findable<Model: Person + FromQueryResult + IntoActiveModel<Self::ActiveModel>> {
    const KIND: Kind;
    const TABLE: db::Table;
    const EXTERNAL_KEY: Self::Column;

    fn external_key(row: &Self::Model) -> Option<&str>;
    /// Sets what only we know of somebody new.
    fn set_id(row: &mut Self::Model, id: i64);
}

impl Owned for customer::Entity {
    const KIND: Kind = Kind::Customer;
    const TABLE: db::Table = db::Table::Customer;
    const EXTERNAL_KEY: customer::Column = customer::Column::ExternalKey;

    fn external_key(row: &customer::Model) -> Option<&str> {
        row.external_key.as_deref()
    }

    fn set_id(row: &mut customer::Model, id: i64) {
        row.id = id;
    }
}

impl Owned for user::Entity {
    const KIND: Kind = Kind::User;
    const TABLE: db::Table = db::Table::User;
    const EXTERNAL_KEY: user::Column = user::Column::ExternalKey;

    fn external_key(row: &user::Model) -> Option<&str> {
        row.external_key.as_deref()
    }

    fn set_id(row: &mut user::Model, id: i64) {
        row.id = id;
    }
}

/// Lets those who make people of one kind in a company take turns, until the transaction ends: two who look for the same
/// key or username at the same time would both find that nobody has it. (`SQLite` has one writer at a time anyway.)
///
/// # Errors
/// When the statement fails.
pub async fn take_turns<E: Owned>(transaction: &Transaction, company_id: i64) -> Result<(), DbErr> {
    let backend = transaction.get_database_backend();
    if backend == DatabaseBackend::Postgres {
        let sql = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))";
        let name = format!("notegraph {} {company_id}", E::WORD_TABLE);
        transaction.execute_raw(Statement::from_sql_and_values(backend, sql, [name.into()])).await?;
    }
    Ok(())
}

/// What an input says of who somebody is.
pub struct Identity {
    pub id: Option<ID>,
    pub external_key: String,
}

/// Whether there are not too many people in an input.
pub fn fits(count: usize, problems: &mut Problems) -> bool {
    problems.many(&["input"], count, MOST)
}

/// Whom each of the identities names, `None` where it is nobody yet. They are held until the transaction ends.
pub async fn hold<E: Owned>(
    transaction: &Transaction,
    sight: Sight,
    identities: &[Identity],
    problems: &mut Problems,
) -> Result<Vec<Option<E::Model>>> {
    let mut ids = Vec::with_capacity(identities.len());
    for (index, identity) in identities.iter().enumerate() {
        let mut fields = Fields::of(index, false, problems);
        fields.check("externalKey", &identity.external_key, SHORT);
        if identity.external_key.is_empty() {
            fields.add(ErrorCode::Required, "externalKey", "A key has at least one character.");
        }
        ids.push(
            identity
                .id
                .as_ref()
                .and_then(|id| E::KIND.parse(id).map_err(|message| fields.add(ErrorCode::Invalid, "id", message)).ok()),
        );
    }
    take_turns::<E>(transaction, sight.company_id).await?;
    let backend = transaction.get_database_backend();
    // PostgreSQL takes no text with a NUL, not even to look for it; that it is wrong has been told.
    let keys = identities.iter().map(|identity| identity.external_key.clone()).filter(|key| !key.contains('\0'));
    let named = Condition::any()
        .add(one_of_texts(backend, Expr::col((E::default(), E::EXTERNAL_KEY)), keys))
        .add(one_of(backend, (E::default(), E::ID), ids.iter().flatten().copied()));
    // As an update of other columns than the key holds them: whoever links to them need not wait.
    let rows = E::find()
        .filter(E::COMPANY.eq(sight.company_id))
        .filter(named)
        .order_by_asc(E::ID)
        .lock(LockType::NoKeyUpdate)
        .all(transaction)
        .await?;
    let by_id: HashMap<i64, &E::Model> = rows.iter().map(|row| (row.id(), row)).collect();
    let by_key: HashMap<&str, &E::Model> = rows.iter().filter_map(|row| Some((E::external_key(row)?, row))).collect();

    let (mut keys, mut people) = (HashSet::new(), HashSet::new());
    let mut held = Vec::with_capacity(identities.len());
    for (index, (identity, id)) in identities.iter().zip(ids).enumerate() {
        let mut fields = Fields::of(index, false, problems);
        let key = identity.external_key.as_str();
        let of_key = by_key.get(key).copied();
        let of_id = id.and_then(|id| by_id.get(&id).copied());
        let is_again = !keys.insert(key);
        if is_again {
            fields.add(ErrorCode::Invalid, "externalKey", format!("The key {} stands here twice.", quote(key)));
        }
        match (id, of_id) {
            (Some(id), None) => {
                let message = format!("There is no {} {}.", E::KIND.name(), quote(&E::KIND.id(id)));
                fields.add(ErrorCode::NotFound, "id", message);
            }
            (_, Some(row)) if E::external_key(row).is_some_and(|own| own != key) => {
                let own = quote(E::external_key(row).unwrap_or_default());
                let message = format!("{} has another key already: {own}.", E::KIND.id(row.id()).0);
                fields.add(ErrorCode::Taken, "id", message);
            }
            (_, Some(row)) if of_key.is_some_and(|other| other.id() != row.id()) => {
                let message = format!("Another {} has the key {} already.", E::KIND.name(), quote(key));
                fields.add(ErrorCode::Taken, "externalKey", message);
            }
            _ => {}
        }
        let row = of_id.or(of_key);
        if row.is_some_and(|row| !people.insert(row.id())) && !is_again {
            fields.add(ErrorCode::Invalid, "id", "Somebody stands here twice.");
        }
        held.push(row.cloned());
    }
    Ok(held)
}

/// By how much people as they are to be grow: each with whom it was before.
fn growth<E: Owned>(people: &[(Option<E::Model>, E::Model)]) -> Usage {
    let bytes = |(before, now): &(Option<E::Model>, E::Model)| row_bytes(now) - before.as_ref().map_or(0, row_bytes);
    Usage::of_bytes(people.iter().map(bytes).sum())
}

/// Writes people as they are to be: each with whom it was before, `None` where somebody is new. Who has not changed is
/// left alone. Where the company may not hold that much, nothing is written, and the reason is returned.
pub async fn save<E: Owned>(
    transaction: &Transaction,
    sight: Sight,
    app: &App,
    mut people: Vec<(Option<E::Model>, E::Model)>,
) -> Result<Result<Vec<E::Model>, UserError>, DbErr>
where
    E::Model: Send + Sync,
    E::ActiveModel: Send,
{
    let growth = growth::<E>(&people);
    if let Some(exceeded) = app.quota.check(transaction, sight.company_id, growth).await? {
        return Ok(Err(exceeded.user_error()));
    }
    add_usage(transaction, sight.company_id, growth).await?;
    let count = people.iter().filter(|(before, _)| before.is_none()).count();
    if count > 0 {
        let ids = app.db.ids().claim(transaction, sight.company_id, E::TABLE, count).await?;
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
            forget_changes(before, row);
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
    replace::<E>(transaction, &written).await?;
    Ok(Ok(people.into_iter().map(|(_, row)| row).collect()))
}

/// The columns in which somebody differs from before.
fn changes<E: Owned>(before: &E::Model, now: &E::Model) -> E::ActiveModel {
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

/// The fields of one of the people of an input, to be checked and set.
pub struct Fields<'p> {
    index: String,
    /// What is left out is empty, not kept.
    is_new: bool,
    problems: &'p mut Problems,
}

impl<'p> Fields<'p> {
    pub fn of(index: usize, is_new: bool, problems: &'p mut Problems) -> Self {
        Self { index: index.to_string(), is_new, problems }
    }

    pub fn add(&mut self, code: ErrorCode, field: &str, message: impl Into<String>) {
        self.problems.add(code, &["input", self.index.as_str(), field], message);
    }

    pub fn check(&mut self, field: &str, text: &str, max: usize) {
        self.problems.name(&["input", self.index.as_str(), field], text, max);
    }

    /// A field that can be empty.
    pub fn set<T>(&mut self, value: MaybeUndefined<T>, column: &mut Option<T>) {
        if !value.is_undefined() {
            *column = value.take();
        }
    }

    /// The same of a text.
    pub fn text(&mut self, field: &str, value: MaybeUndefined<String>, column: &mut Option<String>) {
        if let MaybeUndefined::Value(text) = &value {
            self.check(field, text, SHORT);
        }
        self.set(value, column);
    }

    /// The ID that another system knows something by.
    pub fn id(&mut self, field: &str, value: MaybeUndefined<ID>, column: &mut Option<String>) {
        self.text(field, value.map_value(|id| id.0), column);
    }

    /// A field, and what it was called before: the one that has a value, with its name; null where one is null and neither
    /// has a value, as some clients send null for what they do not set. Who gives two values is told that they are one.
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

    /// A field that cannot be empty.
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

    /// A name that has to be seen.
    pub fn name(&mut self, field: &str, value: MaybeUndefined<String>, column: &mut String, max: usize) {
        let (is_given, is_null) = (value.is_value(), value.is_null());
        self.required(field, value, column);
        // An import may have brought one that is blank, or longer; who leaves it alone need not mend it.
        if is_given || self.is_new && !is_null {
            if column.trim().is_empty() {
                self.add(ErrorCode::Required, field, format!("`{field}` has at least one character that can be seen."));
            }
            self.check(field, column, max);
        }
    }

    /// The whole name. Where it is left out, it follows the parts that it is made of, unless it was something else.
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
