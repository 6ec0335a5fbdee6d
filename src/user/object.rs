use std::sync::Arc;

use async_graphql::{Context, Description, Enum, ID, Object};

use crate::entity::user;
use crate::error::Result;
use crate::id::Kind;
use crate::note::{NoteConnection, NoteFilter, NoteListArgs, NoteOrder, Whose};
use crate::page::PageArgs;
use crate::scalar::{BigInt, DateTime, Url};

/// Whether a user may act.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Enum)]
#[graphql(remote = "user::UserStatus")]
pub enum UserStatus {
    /// May act.
    Active,
    /// May not act: tokens of this user are refused.
    Inactive,
}

/// Somebody who works for the company: writes notes, answers them, is responsible for them.
#[derive(Clone, Description)]
pub struct User(pub Arc<user::Model>);

#[Object(use_type_description)]
impl User {
    /// Names this user among all records.
    pub async fn id(&self) -> ID {
        Kind::User.id(self.0.id)
    }

    /// The key of the user within its company.
    async fn database_id(&self) -> BigInt {
        BigInt(self.0.id)
    }

    /// Whether the user may act.
    async fn status(&self) -> UserStatus {
        self.0.status.into()
    }

    /// The given name.
    async fn first_name(&self) -> Option<&str> {
        self.0.first_name.as_deref()
    }

    /// The family name.
    async fn last_name(&self) -> Option<&str> {
        self.0.last_name.as_deref()
    }

    /// The whole name, as it is to be shown.
    async fn full_name(&self) -> &str {
        &self.0.full_name
    }

    /// The e-mail address.
    async fn email(&self) -> Option<&str> {
        self.0.email.as_deref()
    }

    /// The name that the user signs in with.
    async fn username(&self) -> &str {
        &self.0.username
    }

    /// A picture.
    async fn profile_photo(&self) -> Option<Url> {
        self.0.profile_photo.clone().map(Url)
    }

    /// The ID that the company's staff system knows the user by.
    async fn employee_id(&self) -> Option<ID> {
        self.0.employee_id.clone().map(ID)
    }

    /// The mobile telephone.
    async fn mobile_number(&self) -> Option<&str> {
        self.0.mobile_number.as_deref()
    }

    /// Where the user works, by the ID that the other system knows the place by.
    async fn business_location_id(&self) -> Option<ID> {
        self.0.business_location_id.clone().map(ID)
    }

    /// Whether signing in takes a second factor.
    #[graphql(name = "enable2Fa")]
    async fn enable2_fa(&self) -> Option<bool> {
        self.0.enable2_fa
    }

    /// When the user's record was last changed by the system that owns it.
    async fn modified_on(&self) -> Option<DateTime> {
        self.0.modified_on.map(DateTime)
    }

    /// Who made the user's record, in the words of the system that owns it.
    async fn created_by(&self) -> Option<&str> {
        self.0.created_by.as_deref()
    }

    /// What the user does in the company.
    async fn role(&self) -> Option<&str> {
        self.0.role.as_deref()
    }

    /// The notes that this user wrote, as in `Query.notes`.
    #[expect(clippy::too_many_arguments, reason = "the arguments of the contract")]
    async fn created_notes(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which notes.")] filter: Option<NoteFilter>,
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
        let args = NoteListArgs { filter, order_by, page: PageArgs { first, after, last, before, page } };
        NoteConnection::under(ctx, args, Whose::Author, self.0.id).await
    }

    /// The notes that this user is assigned to, as in `Query.notes`.
    #[expect(clippy::too_many_arguments, reason = "the arguments of the contract")]
    async fn assigned_notes(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which notes.")] filter: Option<NoteFilter>,
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
        let args = NoteListArgs { filter, order_by, page: PageArgs { first, after, last, before, page } };
        NoteConnection::under(ctx, args, Whose::Assignee, self.0.id).await
    }
}
