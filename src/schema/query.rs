#![expect(clippy::disallowed_types, reason = "what the library's macro writes for a field that may be null")]

use std::sync::Arc;

use async_graphql::{Context, Description, ID, Object};

use super::node::{Node, Nodes, node, nodes};
use crate::context::ContextExt;
use crate::customer::{self, Customer, CustomerConnection};
use crate::engine::Many;
use crate::entity::token::Scope;
use crate::error::Result;
use crate::id::Kind;
use crate::note::{
    self, DeletionReport, Note, NoteConnection, NoteCount, NoteFilter, NoteGroupKey, NoteListArgs, NoteOrder,
};
use crate::note_type::{self, NoteType};
use crate::page::PageArgs;
use crate::user::{self, User, UserConnection, UserStatus, Viewer};

/// What can be asked. Every field takes the READ scope; what belongs to another company, or may not be seen, answers
/// exactly as what never existed.
//
// Fields that may be null give `Option<Result<_>>`: an error in one is a null in its place. Of a `Result<Option<_>>` the
// library would make nothing of the whole answer.
#[derive(Description)]
pub struct Query;

#[Object(use_type_description)]
impl Query {
    /// Any record, by its global ID.
    async fn node(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "A global ID, such as \"Note:42\".")] id: ID,
    ) -> Option<Result<Node>> {
        let found = async {
            ctx.viewer(Scope::Read)?;
            node(ctx, &id).await
        };
        found.await.transpose()
    }

    /// Any records, by their global IDs: in the order asked, null where there is none.
    async fn nodes(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Global IDs, at most 100.")] ids: Vec<ID>,
    ) -> Result<Nodes> {
        ctx.viewer(Scope::Read)?;
        nodes(ctx, &ids).await
    }

    /// Who asks.
    #[expect(clippy::unused_async, reason = "the library calls resolvers so")]
    async fn viewer(&self, ctx: &Context<'_>) -> Result<Viewer> {
        Ok(Viewer(Arc::new(ctx.viewer(Scope::Read)?.clone())))
    }

    /// A note.
    async fn note(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "\"Note:42\" or \"42\".")] id: ID,
    ) -> Option<Result<Note>> {
        let found = async {
            ctx.viewer(Scope::Read)?;
            Ok(ctx.loaders().note.load(Kind::Note.key(&id)?).await?.map(Note))
        };
        found.await.transpose()
    }

    /// Notes, newest first. Walk by cursor (`first`/`after`, `last`/`before`), or jump with `page` (from 1, of size
    /// `first`); not both. 1 to 100 a page, 20 when absent; by number the first 10,000 notes can be reached.
    #[expect(clippy::too_many_arguments, reason = "the arguments of the contract")]
    async fn notes(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which notes.")] filter: Option<NoteFilter>,
        #[graphql(
            desc = "Only notes that hold these words, in their subject, details or messages, whatever the case, the \
            accents and the width of letters. All have to be there, each in any of these texts. `\"...\"` is \
            words that follow each other in one text; `-word` and `-\"...\"` may be in none. The last word may \
            be the beginning of one. A part of a word that runs on without blanks, as in Chinese, is found as \
            well. Blank, it sets no condition; without any letter or digit it finds nothing; with exclusions \
            alone, it finds all notes but these. At most 100 words; of each text the first 10,000 words are \
            searched (or so many characters, where they run on without blanks), of each word its first 64 bytes, \
            of the places of a word in a text the first 255 for phrases."
        )]
        search: Option<String>,
        #[graphql(desc = "In which order, by at most 3 fields; newest first when absent.")] order_by: Option<
            Vec<NoteOrder>,
        >,
        #[graphql(desc = "The size of the page, from its start: 1 to 100, 20 when absent.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "The size of the page, from its end: 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
        #[graphql(desc = "The page by its number, from 1, of size `first`; not together with a cursor.")] page: Option<
            i32,
        >,
    ) -> Result<NoteConnection> {
        ctx.viewer(Scope::Read)?;
        let args = NoteListArgs { filter, search, order_by, first, after, last, before, page };
        NoteConnection::all(ctx.reader(), args).await
    }

    /// How many notes there are of each value, the largest count first, at most 1,000; with the same filter and the same
    /// visibility as `notes`. Of more notes than one statement looks at, the newest are counted.
    async fn note_counts(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to count by.")] group_by: NoteGroupKey,
        #[graphql(desc = "Which notes.")] filter: Option<NoteFilter>,
        #[graphql(desc = "Only notes that hold these words, as in `notes`.")] search: Option<String>,
    ) -> Result<Vec<NoteCount>> {
        ctx.viewer(Scope::Read)?;
        note::counts(ctx.reader(), group_by, filter.as_ref(), search.as_deref()).await
    }

    /// All note types of the company, by name.
    async fn note_types(&self, ctx: &Context<'_>) -> Result<Many<NoteType>> {
        ctx.viewer(Scope::Read)?;
        Ok(Many(note_type::all(ctx.reader()).await?))
    }

    /// What deleting these notes would remove and cut off. Changes nothing; notes that are not there are left out.
    async fn note_delete_preview(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Notes, at most 100.")] ids: Vec<ID>,
    ) -> Result<DeletionReport> {
        ctx.viewer(Scope::Read)?;
        note::preview(ctx, &ids).await
    }

    /// A customer.
    async fn customer(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "\"Customer:42\" or \"42\".")] id: ID,
    ) -> Option<Result<Customer>> {
        let found = async {
            ctx.viewer(Scope::Read)?;
            Ok(ctx.loaders().customer.load(Kind::Customer.key(&id)?).await?.map(Customer))
        };
        found.await.transpose()
    }

    /// Customers, in the order of their IDs; paged as `notes` are.
    #[expect(clippy::too_many_arguments, reason = "the arguments of the contract")]
    async fn customers(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "Only those who have, for each of these words, one that begins with it, among their names, their \
                    e-mail address and the name of the company that they work for; case and accents make no difference. Digits are looked for in telephone \
                    numbers, too, with or without the country's code. At most 20 words."
        )]
        search: Option<String>,
        #[graphql(desc = "The size of the page, from its start: 1 to 100, 20 when absent.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "The size of the page, from its end: 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
        #[graphql(desc = "The page by its number, from 1, of size `first`; not together with a cursor.")] page: Option<
            i32,
        >,
    ) -> Result<CustomerConnection> {
        ctx.viewer(Scope::Read)?;
        customer::list(ctx.reader(), search.as_deref(), &PageArgs { first, after, last, before, page }).await
    }

    /// A user.
    async fn user(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "\"User:42\" or \"42\".")] id: ID,
    ) -> Option<Result<User>> {
        let found = async {
            ctx.viewer(Scope::Read)?;
            Ok(ctx.loaders().user.load(Kind::User.key(&id)?).await?.map(User))
        };
        found.await.transpose()
    }

    /// Users, in the order of their IDs; paged as `notes` are.
    #[expect(clippy::too_many_arguments, reason = "the arguments of the contract")]
    async fn users(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "Only those who have, for each of these words, one that begins with it, among their names, their \
                    e-mail address and the name that they sign in with; case and accents make no difference. Digits are looked for in telephone \
                    numbers, too, with or without the country's code. At most 20 words."
        )]
        search: Option<String>,
        #[graphql(desc = "Only those who may act, or may not.")] status: Option<UserStatus>,
        #[graphql(desc = "The size of the page, from its start: 1 to 100, 20 when absent.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "The size of the page, from its end: 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
        #[graphql(desc = "The page by its number, from 1, of size `first`; not together with a cursor.")] page: Option<
            i32,
        >,
    ) -> Result<UserConnection> {
        ctx.viewer(Scope::Read)?;
        user::list(ctx.reader(), search.as_deref(), status, &PageArgs { first, after, last, before, page }).await
    }
}
