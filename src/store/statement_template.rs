//! Statements of loaders whose text is built once for a document.
//!
//! The text depends on the columns that the document reads, on what the viewer may see, and on the number of keys.
//! Building it for each load took a fifth of the time of a query for one note (callgrind). A template is built from
//! stand-ins, and remembers where each of them went; filling it puts the values of the request into these places.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use sea_orm::Statement;
use sea_orm::sea_query::{SelectStatement, Value};

use crate::ids::{CompanyId, UserId};
use crate::store::AccessScope;
use crate::store::db::Dialect;

/// A statement of a loader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TemplateName {
    Note,
    AssigneesOfNote,
    MessagesOfNote,
    AssigneesOfNotes,
    Notes,
    Customers,
    Users,
    NoteTypes,
}

const NAMES: usize = TemplateName::NoteTypes as usize + 1;
/// Statements have another text for 1, 2, 4, 8 and more keys, as [`Dialect::one_of`] writes them, and for viewers that see
/// all confidential notes.
const NUMBERS_OF_KEYS: usize = 5;
const VARIANTS: usize = 2 * NUMBERS_OF_KEYS;
/// Maximum size of the templates of one document, in bytes. A query for a note has 3, of 1 KB each with their values.
/// Further ones are built for each load.
const MOST_BYTES: usize = 16 << 10;

/// The templates of one document.
#[derive(Default)]
pub struct StatementTemplates {
    kept: [[OnceLock<Template>; VARIANTS]; NAMES],
    /// Their size.
    bytes: AtomicUsize,
}

struct Template {
    sql: Box<str>,
    values: Box<[Slot]>,
}

/// A value of a statement.
enum Slot {
    Fixed(Value),
    Company,
    User,
    Key(usize),
    /// A key that is a 32-bit integer.
    SmallKey(usize),
    /// All keys, as one list.
    Keys,
}

/// Stand-ins are numbers that no ID and no position has. They fit into 32 bits, since some keys do.
const COMPANY: i64 = i32::MIN as i64;
const USER: i64 = COMPANY + 1;
const FIRST_KEY: i64 = COMPANY + 2;

impl StatementTemplates {
    /// Returns the statement that `build` would build from this scope and these keys, which it may take in any number.
    /// It gets the keys as they are, or stand-ins for them: it must pass them on unchanged.
    pub fn statement(
        &self,
        name: TemplateName,
        dialect: Dialect,
        scope: AccessScope,
        keys: &[i64],
        build: impl Fn(AccessScope, &[i64]) -> SelectStatement,
    ) -> Statement {
        let build = |scope, keys: &[i64]| dialect.build(&build(scope, keys));
        let number = match keys.len() {
            1..=8 => keys.len().next_power_of_two(),
            _ => 9,
        };
        let variant =
            2 * number.ilog2().min(3) as usize + usize::from(number > 8) * 2 + usize::from(scope.confidential);
        let kept = &self.kept[name as usize][variant];
        if kept.get().is_none() {
            let stand_ins: Vec<i64> = (FIRST_KEY..).take(number).collect();
            let stand_in = AccessScope { company_id: CompanyId(COMPANY), user_id: UserId(USER), ..scope };
            let template = Template::of(build(stand_in, &stand_ins), &stand_ins, dialect);
            let bytes = template.bytes();
            if self.bytes.fetch_add(bytes, Ordering::Relaxed) + bytes > MOST_BYTES || kept.set(template).is_err() {
                self.bytes.fetch_sub(bytes, Ordering::Relaxed);
            }
        }
        let Some(template) = kept.get() else { return build(scope, keys) };
        let filled = template.fill(scope, keys, dialect);
        debug_assert_eq!(filled, build(scope, keys), "the template of {name:?} differs from its statement");
        filled
    }
}

impl Template {
    fn of(statement: Statement, stand_ins: &[i64], dialect: Dialect) -> Self {
        let list = dialect.list(stand_ins.iter().copied());
        let slot = |value: Value| {
            if value == list {
                return Slot::Keys;
            }
            let key = |number: i64| usize::try_from(number - FIRST_KEY).ok().filter(|key| *key < stand_ins.len());
            match value {
                Value::BigInt(Some(COMPANY)) => Slot::Company,
                Value::BigInt(Some(USER)) => Slot::User,
                Value::BigInt(Some(number)) => key(number).map_or(Slot::Fixed(value), Slot::Key),
                Value::Int(Some(number)) => key(number.into()).map_or(Slot::Fixed(value), Slot::SmallKey),
                value => Slot::Fixed(value),
            }
        };
        let Statement { sql, values, .. } = statement;
        Self { sql: sql.into_boxed_str(), values: values.into_iter().flatten().map(slot).collect() }
    }

    fn bytes(&self) -> usize {
        self.sql.len() + self.values.len() * size_of::<Slot>()
    }

    fn fill(&self, scope: AccessScope, keys: &[i64], dialect: Dialect) -> Statement {
        // A short list is filled up with its last key, as `Dialect::one_of` does.
        let key = |index: usize| keys.get(index).or(keys.last()).copied();
        let value = |slot: &Slot| match slot {
            Slot::Fixed(value) => value.clone(),
            Slot::Company => scope.company_id.into(),
            Slot::User => scope.user_id.into(),
            Slot::Key(index) => key(*index).into(),
            Slot::SmallKey(index) => key(*index).and_then(|key| i32::try_from(key).ok()).into(),
            Slot::Keys => dialect.list(keys.iter().copied()),
        };
        dialect.statement(&*self.sql, self.values.iter().map(value))
    }
}

#[cfg(test)]
mod tests {
    use sea_orm::sea_query::{Expr, ExprTrait, Query};

    use super::*;

    fn scope(company: i64, confidential: bool) -> AccessScope {
        AccessScope { company_id: CompanyId(company), user_id: UserId(7), confidential }
    }

    /// A statement with each kind of value.
    fn select(dialect: Dialect, scope: AccessScope, keys: &[i64]) -> SelectStatement {
        let mut select = Query::select().expr(Expr::val("fixed")).from("t").take();
        select.and_where(Expr::col("company_id").eq(scope.company_id)).and_where(dialect.one_of("id", keys.to_vec()));
        if !scope.confidential {
            select.and_where(Expr::col("user_id").eq(scope.user_id));
        }
        select.and_where(Expr::col("position").eq(i32::try_from(keys[0]).unwrap()));
        select
    }

    #[test]
    fn a_template_gives_the_statement_of_each_request() {
        for dialect in [Dialect::POSTGRES, Dialect::SQLITE] {
            let templates = StatementTemplates::default();
            for (company, confidential, count) in (1..).zip([true, false]).flat_map(|(company, confidential)| {
                [1, 2, 3, 4, 5, 8, 9, 100].map(|count| (company, confidential, count))
            }) {
                for first in [10, 20] {
                    let (scope, keys) = (scope(company, confidential), (first..).take(count).collect::<Vec<i64>>());
                    let build = |scope, keys: &[i64]| select(dialect, scope, keys);
                    let filled = templates.statement(TemplateName::Users, dialect, scope, &keys, build);
                    assert_eq!(filled, dialect.build(&select(dialect, scope, &keys)));
                }
            }
            assert_eq!(templates.kept.iter().flatten().filter(|kept| kept.get().is_some()).count(), VARIANTS);
        }
    }

    #[test]
    fn the_templates_of_a_document_are_bounded() {
        let templates = StatementTemplates::default();
        let long = "x".repeat(MOST_BYTES / 2);
        let build = |scope: AccessScope, keys: &[i64]| {
            select(Dialect::POSTGRES, scope, keys).expr(Expr::cust(long.clone())).take()
        };
        for name in [TemplateName::Notes, TemplateName::Users, TemplateName::Customers] {
            let statement = templates.statement(name, Dialect::POSTGRES, scope(1, true), &[5], build);
            assert_eq!(statement, Dialect::POSTGRES.build(&build(scope(1, true), &[5])));
        }
        assert_eq!(templates.kept.iter().flatten().filter(|kept| kept.get().is_some()).count(), 1);
        assert!(templates.bytes.load(Ordering::Relaxed) <= MOST_BYTES);
    }
}
