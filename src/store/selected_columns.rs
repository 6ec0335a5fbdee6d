//! Selects the columns that an operation reads: those of the fields that its document mentions.
//!
//! Only the name of a field counts, not its place nor `@skip`. The same columns are therefore read wherever a record is
//! shown, one load serves all these places, and the document alone determines the text of the statements.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use async_graphql::Name;
use breadth::Object;
use breadth::types::{ExecutableDocument, Selection, SelectionSet};
use hashbrown::{HashMap, HashSet};

use crate::store::statement_template::StatementTemplates;
use crate::store::{ColumnSet, ColumnTable};

/// The number of tables whose columns a document keeps; those of further tables would be determined for each load.
const TABLES: usize = 8;

/// The names of all fields that a document mentions. Kept with the document, and so are the columns that follow from
/// them: determining these for each load took 8 % of a query for one note (callgrind).
#[derive(Clone)]
pub struct SelectedNames(Arc<Selected>);

struct Selected {
    names: HashSet<Name>,
    /// The columns of each table, as the bits of a [`ColumnSet`], once they are determined.
    columns: [OnceLock<u64>; TABLES],
    templates: StatementTemplates,
}

impl SelectedNames {
    pub fn in_document(document: &ExecutableDocument) -> Self {
        let mut names = HashSet::new();
        let operations = document.operations.iter().map(|(_, operation)| &operation.node.selection_set.node);
        let fragments = document.fragments.values().map(|fragment| &fragment.node.selection_set.node);
        let mut sets: Vec<&SelectionSet> = operations.chain(fragments).collect();
        while let Some(set) = sets.pop() {
            for selection in &set.items {
                match &selection.node {
                    Selection::Field(field) => {
                        names.insert(field.node.name.node.clone());
                        sets.push(&field.node.selection_set.node);
                    }
                    Selection::InlineFragment(fragment) => sets.push(&fragment.node.selection_set.node),
                    Selection::FragmentSpread(_) => {}
                }
            }
        }
        Self(Arc::new(Selected { names, columns: Default::default(), templates: StatementTemplates::default() }))
    }

    /// The statements of the document's loaders.
    pub fn templates(&self) -> &StatementTemplates {
        &self.0.templates
    }

    pub fn has(&self, name: &str) -> bool {
        self.0.names.contains(name)
    }
}

/// The columns of a table that each field of an object type reads.
pub struct FieldColumns<E> {
    /// The table's index in [`Selected::columns`].
    table: usize,
    always: ColumnSet<E>,
    fields: HashMap<&'static str, ColumnSet<E>>,
}

/// A table whose rows an object type shows.
pub trait ObjectTable: ColumnTable {
    /// The columns that the fields of the object type read. The module of the object type implements this, so that
    /// loaders of the table import nothing from it: its relations name loaders.
    fn field_columns() -> &'static FieldColumns<Self>;
}

impl<E: ColumnTable> FieldColumns<E> {
    /// `always` names the columns to read in any case: keys, and those that rows are sorted by.
    ///
    /// # Panics
    /// A field reads a column that the table does not have. Projections are statics, so any test finds such a bug.
    pub fn of<T: Object>(always: &[&str]) -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let columns = |names: &[&str]| {
            names.iter().fold(ColumnSet::NONE, |all, name| {
                let column = ColumnSet::of(name);
                all.and(column.unwrap_or_else(|| panic!("{} has no column {name}", T::object().name)))
            })
        };
        let fields = T::object().fields.iter().map(|field| (field.name.as_str(), columns(&field.reads)));
        let table = COUNT.fetch_add(1, Ordering::Relaxed);
        Self { table, always: columns(always), fields: fields.collect() }
    }

    /// The columns that the fields of these names read.
    pub fn columns(&self, selected: &SelectedNames) -> ColumnSet<E> {
        let determine = || self.determine(&selected.0.names);
        match selected.0.columns.get(self.table) {
            Some(known) => ColumnSet::of_bits(*known.get_or_init(|| determine().bits())),
            None => determine(),
        }
    }

    fn determine(&self, names: &HashSet<Name>) -> ColumnSet<E> {
        let selected = names.iter().filter_map(|name| self.fields.get(name.as_str()));
        selected.fold(self.always, |all, columns| all.and(*columns))
    }
}
