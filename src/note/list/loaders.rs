//! The loaders of lists, and of their counts.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::Deref;
use std::sync::Arc;

use breadth::Loader;
use futures_util::future::try_join_all;
use futures_util::try_join;
use hashbrown::HashMap;

use super::note_list::{NoteList, NoteListArgs};
use super::order::RankedNote;
use super::parent::ParentKind;
use crate::error::{Error, Result};
use crate::graphql::context::DataSource;
use crate::graphql::pagination::{Page, Total};
use crate::people::ListParent;

/// A list of notes: all, or those of a record.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ListKey {
    pub under: Option<ListParent>,
    pub args: SharedArgs,
}

/// Arguments that many records share: their hash is computed once, so that long texts in them are not hashed for each
/// record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SharedArgs(Arc<(u64, NoteListArgs)>);

impl SharedArgs {
    pub fn new(args: NoteListArgs) -> Self {
        let mut hasher = DefaultHasher::new();
        args.hash(&mut hasher);
        Self(Arc::new((hasher.finish(), args)))
    }
}

impl Deref for SharedArgs {
    type Target = NoteListArgs;

    fn deref(&self) -> &NoteListArgs {
        &self.0.1
    }
}

impl Hash for SharedArgs {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.0.hash(state);
    }
}

/// Groups the parent records by list.
fn by_list(keys: &[ListKey]) -> HashMap<(ParentKind, &SharedArgs), Vec<i64>> {
    let mut lists: HashMap<_, Vec<i64>> = HashMap::new();
    for key in keys {
        if let Some((parent_kind, parent)) = key.under.map(ParentKind::of) {
            lists.entry((parent_kind, &key.args)).or_default().push(parent);
        }
    }
    lists
}

/// Turns results by parent key into results by list key.
fn under<A>(
    parent_kind: ParentKind,
    args: &SharedArgs,
    answers: HashMap<i64, A>,
) -> impl Iterator<Item = (ListKey, A)> {
    let key = move |parent| ListKey { under: Some(parent_kind.parent(parent)), args: args.clone() };
    answers.into_iter().map(move |(parent, answer)| (key(parent), answer))
}

/// Loads pages of notes under many records; different lists are loaded concurrently.
pub struct NotesOf;

impl Loader for NotesOf {
    type Key = ListKey;
    type Value = Page<RankedNote>;
    type Source = DataSource;
    type Error = crate::error::Error;

    async fn load(reader: &DataSource, keys: &[ListKey]) -> Result<HashMap<ListKey, Self::Value>> {
        let lists = by_list(keys).into_iter().map(async |((parent_kind, args), parents)| {
            let list = NoteList::new(args, reader)?;
            Ok::<_, Error>(under(parent_kind, args, list.pages(reader, parent_kind, parents).await?))
        });
        Ok(try_join_all(lists).await?.into_iter().flatten().collect())
    }
}

/// Counts the notes of lists.
pub struct NotesTotal;

impl Loader for NotesTotal {
    type Key = ListKey;
    type Value = Total;
    type Source = DataSource;
    type Error = crate::error::Error;

    async fn load(reader: &DataSource, keys: &[ListKey]) -> Result<HashMap<ListKey, Total>> {
        let of_all = keys.iter().filter(|key| key.under.is_none()).map(async |key| {
            let list = NoteList::new(&key.args, reader)?;
            Ok::<_, Error>((key.clone(), list.count(&reader.db).await?))
        });
        let lists = by_list(keys).into_iter().map(async |((parent_kind, args), parents)| {
            let list = NoteList::new(args, reader)?;
            Ok::<_, Error>(under(parent_kind, args, list.counts(&reader.db, parent_kind, parents).await?))
        });
        let (of_all, lists) = try_join!(try_join_all(of_all), try_join_all(lists))?;
        Ok(of_all.into_iter().chain(lists.into_iter().flatten()).collect())
    }
}
