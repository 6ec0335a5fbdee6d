//! Filters as conditions on the table `note`.

use async_graphql::ID;
use sea_orm::sea_query::{ColumnRef, Expr, ExprTrait, IntoColumnRef};
use sea_orm::{ActiveEnum, ColumnTrait, Condition};

use super::comparator::{DateTimeFilter, IdFilter, NoteReferenceTypeFilter, NoteStatusFilter};
use super::note_filter::NoteFilter;
use super::operator::{ConditionCounter, IS_NULL, NEVER_NULL, Operators, not_too_many};
use super::plan::FilterPlan;
use crate::error::{Error, Result};
use crate::graphql::global_id::NodeId;
use crate::ids::{CustomerId, NoteId, NoteTypeId, UserId};
use crate::note::enums::{NoteReferenceType, NoteStatus};
use crate::note::list::sort_key::{self, NullOrder};
use crate::store::AccessScope;
use crate::store::db::Dialect;
use crate::store::entity::note;

/// Maximum total size of the subjects and tags in a filter, in bytes: casefolding them takes less than a millisecond.
const MAX_TEXT: usize = 32 * 1024;
/// Maximum nesting depth of filters.
const MAX_LEVELS: usize = 4;

/// Turns a filter into conditions for one viewer on one database.
pub struct FilterCompiler {
    pub access: AccessScope,
    pub dialect: Dialect,
    pub count: ConditionCounter,
    /// Whether conditions that many notes match are only checked, and do not find notes by an index.
    in_order: bool,
    /// How many conditions so far find notes through tables related to them (`IN` subqueries).
    pub semi_joins: usize,
    /// Whether one of those conditions reads all messages since some time.
    pub semi_joins_since: bool,
}

impl NoteFilter {
    /// Turns the filter into conditions on the table `note`, for one viewer on one database. `in_order` is whether the
    /// list is read in the order of an index, where status and type are checked.
    ///
    /// # Errors
    /// INVALID if a comparison has no operator, an ID is malformed, or a limit is exceeded.
    pub fn split(&self, access: AccessScope, dialect: Dialect, in_order: bool) -> Result<FilterPlan> {
        let bytes = self.text_bytes();
        if bytes > MAX_TEXT {
            return Err(Error::Invalid(format!(
                "The filter has {bytes} bytes of texts; at most {MAX_TEXT} are allowed."
            )));
        }
        FilterCompiler { in_order, ..FilterCompiler::new(access, dialect) }.of(self)
    }
}

/// The position of a filter within the whole filter.
#[derive(Clone, Copy)]
pub struct FilterContext<'a> {
    /// The path for error messages, with a trailing dot; empty at the top level.
    pub path: &'a str,
    level: usize,
    /// Whether every result must match this filter, that is, whether it is not under `or` or `not`.
    pub required: bool,
}

impl FilterContext<'_> {
    pub fn path(&self, field: &str) -> String {
        format!("{}{field}", self.path)
    }
}

impl FilterCompiler {
    pub fn new(access: AccessScope, dialect: Dialect) -> Self {
        let count = ConditionCounter::default();
        Self { access, dialect, count, in_order: false, semi_joins: 0, semi_joins_since: false }
    }

    pub fn of(mut self, filter: &NoteFilter) -> Result<FilterPlan> {
        self.filter(filter, FilterContext { path: "", level: 1, required: true })
    }

    fn filter(&mut self, filter: &NoteFilter, context: FilterContext<'_>) -> Result<FilterPlan> {
        // Destructured completely, so that a new field does not compile until it has its condition.
        let NoteFilter {
            and,
            or,
            not,
            id,
            customer_id,
            user_id,
            type_id,
            reference_type,
            reference_id,
            status,
            priority,
            confidential,
            show_on_overview,
            subject,
            tags,
            assignees,
            messages,
            reminder,
            created_on,
            updated_on,
            closed_on,
        } = filter;
        let mut all = self.joined(and.as_deref(), or.as_deref(), not.as_deref(), context)?;
        let column = |column: note::Column| (note::Entity, column).into_column_ref();
        if let Some(filter) = id {
            all.add(self.links::<NoteId>(&context.path("id"), &column(note::Column::Id), filter, NEVER_NULL)?, 0);
        }
        if let Some(filter) = customer_id {
            let column = column(note::Column::CustomerId);
            all.add(self.links::<CustomerId>(&context.path("customerId"), &column, filter, IS_NULL)?, 0);
        }
        if let Some(filter) = user_id {
            all.add(self.links::<UserId>(&context.path("userId"), &column(note::Column::UserId), filter, IS_NULL)?, 0);
        }
        if let Some(filter) = type_id {
            let operators = self.ids(&context.path("typeId"), filter, IS_NULL, NoteTypeId::parse_arg)?;
            let column = self.many(of_note(note::Column::TypeId));
            all.add(operators.compare(&column, |keys| self.dialect.one_of_expr(column.clone(), keys)), 0);
        }
        if let Some(filter) = reference_id {
            all.add(self.raw_ids(&context.path("referenceId"), filter)?, 0);
        }
        if let Some(NoteReferenceTypeFilter { eq, neq, is_in, not_in, is_null }) = reference_type {
            let text = |value: &NoteReferenceType| Ok(note::ReferenceType::from(*value).to_value());
            let (path, before) = (context.path("referenceType"), self.count.so_far());
            let (one, many) = ((eq.as_ref(), neq.as_ref()), (is_in.as_deref(), not_in.as_deref()));
            let operators = self.count.operators(&path, one, many, *is_null, text)?;
            self.count.more_than(before, &path, IS_NULL)?;
            all.add(self.texts(note::Column::ReferenceType, operators), 0);
        }
        if let Some(NoteStatusFilter { eq, neq, is_in, not_in }) = status {
            let text = |value: &NoteStatus| Ok(note::NoteStatus::from(*value).to_value());
            let (path, before) = (context.path("status"), self.count.so_far());
            let (one, many) = ((eq.as_ref(), neq.as_ref()), (is_in.as_deref(), not_in.as_deref()));
            let operators = self.count.operators(&path, one, many, None, text)?;
            self.count.more_than(before, &path, "there is no `isNull` here, as every note has a status")?;
            let column = self.many(of_note(note::Column::Status));
            all.add(operators.compare(&column, |keys| self.dialect.one_of_texts(column.clone(), keys)), 0);
        }
        for (column, flag) in [
            (note::Column::Priority, priority),
            (note::Column::Confidential, confidential),
            (note::Column::ShowOnOverview, show_on_overview),
        ] {
            if let Some(flag) = flag {
                self.count.one_more()?;
                all.add(column.eq(*flag), 0);
            }
        }
        if let Some(filter) = subject {
            self.subject(filter, context, &mut all)?;
        }
        if let Some(filter) = tags {
            self.tags(filter, context, &mut all)?;
        }
        if let Some(filter) = assignees {
            self.assignees(filter, context, &mut all)?;
        }
        if let Some(filter) = messages {
            self.messages(filter, context, &mut all)?;
        }
        if let Some(filter) = reminder {
            let compared = [sort_key::reminder(NullOrder::High), sort_key::reminder(NullOrder::Low)];
            let path = context.path("reminder");
            all.add(self.count.times(&path, &of_note(note::Column::Reminder), &compared, filter, IS_NULL)?, 0);
        }
        for (name, column, filter, hint) in [
            ("createdOn", note::Column::CreatedOn, created_on, NEVER_NULL),
            ("updatedOn", note::Column::UpdatedOn, updated_on, NEVER_NULL),
            ("closedOn", note::Column::ClosedOn, closed_on, IS_NULL),
        ] {
            if let Some(filter) = filter {
                all.add(self.times(&context.path(name), of_note(column), filter, hint)?, 0);
            }
        }
        Ok(all)
    }

    /// A column whose values are shared by many notes.
    fn many(&self, column: Expr) -> Expr {
        if self.in_order { self.dialect.hint_no_index(column) } else { column }
    }

    /// The conditions of `and`, `or` and `not`.
    fn joined(
        &mut self,
        and: Option<&[NoteFilter]>,
        or: Option<&[NoteFilter]>,
        not: Option<&NoteFilter>,
        context: FilterContext<'_>,
    ) -> Result<FilterPlan> {
        let mut all = FilterPlan::default();
        if let Some(and) = and {
            for plan in self.each("and", and, context)? {
                all.join(plan);
            }
        }
        if let Some(or) = or {
            let (mut any, mut sum) = (Condition::any(), 0);
            for plan in self.each("or", or, FilterContext { required: false, ..context })? {
                let (condition, weight) = plan.combined();
                any = any.add(condition);
                sum += weight;
            }
            all.add(if or.is_empty() { Expr::Constant(false.into()) } else { any.into() }, sum);
        }
        if let Some(not) = not {
            let path = context.path("not.");
            let (condition, weight) =
                self.within(not, FilterContext { path: &path, required: false, ..context })?.combined();
            // A comparison with a null column is neither true nor false; its negation must be true.
            all.add(Expr::from(condition).is_not(Expr::Constant(true.into())), weight);
        }
        Ok(all)
    }

    fn each(&mut self, name: &str, filters: &[NoteFilter], context: FilterContext<'_>) -> Result<Vec<FilterPlan>> {
        not_too_many(&context.path(name), filters.len())?;
        let mut conditions = Vec::new();
        for (index, filter) in filters.iter().enumerate() {
            let path = context.path(&format!("{name}[{index}]."));
            conditions.push(self.within(filter, FilterContext { path: &path, ..context })?);
        }
        Ok(conditions)
    }

    /// A filter one level deeper. A filter without conditions matches all notes, and counts as one condition.
    fn within(&mut self, filter: &NoteFilter, context: FilterContext<'_>) -> Result<FilterPlan> {
        let level = context.level + 1;
        if level > MAX_LEVELS {
            let path = context.path.trim_end_matches('.');
            return Err(Error::Invalid(format!("`{path}` is more than {MAX_LEVELS} levels deep.")));
        }
        let before = self.count.so_far();
        let mut plan = self.filter(filter, FilterContext { level, ..context })?;
        if self.count.so_far() == before {
            self.count.one_more()?;
            plan.add(Expr::Constant(true.into()), 0);
        }
        Ok(plan)
    }

    pub fn links<I: NodeId>(
        &mut self,
        path: &str,
        column: &ColumnRef,
        filter: &IdFilter,
        hint: &str,
    ) -> Result<Condition> {
        let operators = self.ids(path, filter, hint, I::parse_arg)?;
        Ok(operators.compare(&Expr::col(column.clone()), |keys| self.dialect.one_of(column.clone(), keys)))
    }

    fn raw_ids(&mut self, path: &str, filter: &IdFilter) -> Result<Condition> {
        let operators = self.ids(path, filter, IS_NULL, |id| without_nul(path, id))?;
        Ok(self.texts(note::Column::ReferenceId, operators))
    }

    fn ids<V>(
        &mut self,
        path: &str,
        filter: &IdFilter,
        hint: &str,
        key: impl Fn(&ID) -> Result<V>,
    ) -> Result<Operators<V>> {
        let IdFilter { eq, neq, is_in, not_in, is_null } = filter;
        let before = self.count.so_far();
        let (one, many) = ((eq.as_ref(), neq.as_ref()), (is_in.as_deref(), not_in.as_deref()));
        let operators = self.count.operators(path, one, many, *is_null, key)?;
        self.count.more_than(before, path, hint)?;
        Ok(operators)
    }

    fn texts(&self, column: note::Column, operators: Operators<String>) -> Condition {
        let column = of_note(column);
        operators.compare(&column, |keys| self.dialect.one_of_texts(column.clone(), keys))
    }

    pub fn times(&mut self, path: &str, column: Expr, filter: &DateTimeFilter, hint: &str) -> Result<Condition> {
        self.count.times(path, &column.clone(), &[column], filter, hint)
    }
}

fn of_note(column: note::Column) -> Expr {
    Expr::col((note::Entity, column))
}

/// # Errors
/// INVALID if the text contains NUL, which no stored text contains and `PostgreSQL` does not accept.
pub fn without_nul(path: &str, text: &str) -> Result<String> {
    if text.contains('\0') {
        return Err(Error::Invalid(format!("`{path}` contains a NUL character (U+0000), which no stored text has.")));
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graphql::ListLimits;
    use crate::ids::CompanyId;
    use crate::note::list::filter::comparator::{AssigneesFilter, NoteMessagesFilter, StringFilter, TagsFilter};

    fn weight(filter: &NoteFilter) -> u64 {
        let access = AccessScope { company_id: CompanyId(1), user_id: UserId(1), confidential: true };
        filter.split(access, Dialect::SQLITE, false).unwrap().weight
    }

    fn any_of(filters: Vec<NoteFilter>) -> NoteFilter {
        NoteFilter { or: Some(filters), ..NoteFilter::default() }
    }

    fn tagged(count: usize) -> NoteFilter {
        let tags = (0..count).map(|tag| tag.to_string()).collect();
        let tags = TagsFilter { has_any: Some(tags), ..TagsFilter::default() };
        NoteFilter { tags: Some(tags), ..NoteFilter::default() }
    }

    fn containing(bytes: usize) -> NoteFilter {
        let subject = StringFilter { contains: Some("x".repeat(bytes)), ..StringFilter::default() };
        NoteFilter { subject: Some(subject), ..NoteFilter::default() }
    }

    #[test]
    fn long_lists_and_texts_cost_more_than_short_ones() {
        let users = |count: usize| (1..=count).map(|id| ID(id.to_string())).collect::<Vec<_>>();
        let assigned = |count: usize| {
            let assignees = AssigneesFilter { none: Some(users(count)), ..AssigneesFilter::default() };
            NoteFilter { assignees: Some(assignees), ..NoteFilter::default() }
        };
        let posted = |count: usize| {
            let posted_by_id = Some(IdFilter { is_in: Some(users(count)), ..IdFilter::default() });
            let messages = Some(NoteMessagesFilter { posted_by_id, ..NoteMessagesFilter::default() });
            NoteFilter { messages, ..NoteFilter::default() }
        };
        for (few, weights) in [(1, [3, 3, 3]), (31, [3, 3, 3]), (32, [6, 6, 6]), (100, [12, 12, 12])] {
            let filters = [tagged(few), assigned(few), posted(few)];
            assert_eq!(filters.map(|filter| weight(&any_of(vec![filter]))), weights, "{few}");
        }
        assert_eq!(weight(&tagged(100)), 0, "an index finds them");
        assert_eq!([1, 29, 30, 600].map(|bytes| weight(&containing(bytes))), [3, 3, 4, 23]);
    }

    #[test]
    fn subjects_that_no_index_finds_weigh_what_comparing_them_takes() {
        let texts = |count: usize| Some((0..count).map(|text| text.to_string()).collect::<Vec<_>>());
        let starting = |bytes: usize| StringFilter { starts_with: Some("x".repeat(bytes)), ..StringFilter::default() };
        for (subject, required, elsewhere) in [
            (StringFilter { eq: Some("x".to_owned()), ..StringFilter::default() }, 0, 2),
            (StringFilter { is_in: texts(1), ..StringFilter::default() }, 0, 2),
            (StringFilter { is_in: texts(100), ..StringFilter::default() }, 0, 6),
            (starting(1), 0, 4),
            (starting(3), 0, 4),
            (starting(1_000), 0, 6),
            (StringFilter { neq: Some("x".to_owned()), ..StringFilter::default() }, 0, 0),
            (StringFilter { not_in: texts(24), ..StringFilter::default() }, 0, 0),
            (StringFilter { not_in: texts(100), ..StringFilter::default() }, 4, 4),
        ] {
            let filter = NoteFilter { subject: Some(subject), ..NoteFilter::default() };
            assert_eq!(weight(&filter), required, "{filter:?}");
            assert_eq!(weight(&any_of(vec![filter.clone()])), elsewhere, "{filter:?}");
        }
    }

    #[test]
    fn costly_filters_examine_fewer_notes() {
        let limits = ListLimits::default();
        for heavy in [any_of(vec![tagged(100); 45]), any_of(vec![containing(600); 45])] {
            assert_eq!(limits.most(weight(&heavy)), limits.fewest);
        }
        assert!(limits.most(weight(&any_of(vec![tagged(1); 45]))) > 3 * limits.fewest);
    }
}
