//! What a note shows.

use std::sync::Arc;

use async_graphql::{Context, Description, Enum, ID, Object};

use super::load::MessageRange;
use super::message::NoteMessage;
use super::message_page::{NoteMessageConnection, messages};
use super::order::OrderDirection;
use crate::company::Company;
use crate::context::ContextExt;
use crate::customer::Customer;
use crate::entity::note;
use crate::entity::token::Scope;
use crate::error::{Error, Result};
use crate::id::Kind;
use crate::note_type::NoteType;
use crate::page::PageArgs;
use crate::scalar::{BigInt, DateTime};
use crate::user::{NoteAssignee, User};

/// Whether a note still needs attention.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Enum)]
#[graphql(remote = "note::NoteStatus")]
pub enum NoteStatus {
    /// Needs attention.
    Open,
    /// Is done with.
    Closed,
}

/// The kind of record a note is about. Values may be added: clients keep a fallback branch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Enum)]
#[graphql(remote = "note::ReferenceType")]
pub enum NoteReferenceType {
    /// A business.
    Business,
    /// A customer.
    Customer,
    /// A membership card.
    MembershipCard,
    /// An order.
    Order,
    /// Points that were earned.
    PointEarned,
    /// A subscription.
    Subscription,
    /// A transaction.
    Transaction,
    /// A reservation.
    Reservation,
    /// An appointment.
    Appointment,
    /// An event.
    Event,
}

/// A note about a customer, with the people responsible for it and the messages they exchange.
#[derive(Clone, Description)]
pub struct Note(pub Arc<note::Model>);

#[Object(use_type_description)]
impl Note {
    /// Names this note among all records.
    pub async fn id(&self) -> ID {
        Kind::Note.id(self.0.id)
    }

    /// The key of the note within its company.
    async fn database_id(&self) -> BigInt {
        BigInt(self.0.id)
    }

    /// Grows by one with each change of a field or an assignment; send it back as `expectedVersion` to avoid lost
    /// updates. A message leaves it as it is, so that comments do not break an open form.
    async fn version(&self) -> i32 {
        self.0.version
    }

    /// The company it belongs to.
    async fn company_id(&self) -> ID {
        Kind::Company.id(self.0.company_id)
    }

    /// The company it belongs to.
    async fn company(&self, ctx: &Context<'_>) -> Result<Company> {
        let company = ctx.loaders().company.load(self.0.company_id).await?;
        company.map(Company).ok_or_else(|| Error::missing("company", self.0.company_id))
    }

    /// What sort of note it is.
    #[graphql(name = "type")]
    async fn note_type(&self, ctx: &Context<'_>) -> Result<Option<NoteType>> {
        let Some(id) = self.0.type_id else { return Ok(None) };
        Ok(ctx.loaders().note_type.load(id).await?.map(NoteType))
    }

    /// The headline.
    async fn subject(&self) -> Option<&str> {
        self.0.subject.as_deref()
    }

    /// The text.
    async fn details(&self) -> Option<&str> {
        self.0.details.as_deref()
    }

    /// Open or closed.
    async fn status(&self) -> NoteStatus {
        self.0.status.into()
    }

    /// Marked as important.
    async fn priority(&self) -> bool {
        self.0.priority
    }

    /// Visible only to its author, its assignees and viewers with the CONFIDENTIAL scope.
    async fn confidential(&self) -> bool {
        self.0.confidential
    }

    /// Pinned to the overview of the customer.
    async fn show_on_overview(&self) -> bool {
        self.0.show_on_overview
    }

    /// When to be reminded of it.
    async fn reminder(&self) -> Option<DateTime> {
        self.0.reminder.map(DateTime)
    }

    /// Words to find it by, in the order given.
    async fn tags(&self) -> &[String] {
        &self.0.tags.0
    }

    /// The kind of record it is about.
    async fn reference_type(&self) -> Option<NoteReferenceType> {
        self.0.reference_type.map(Into::into)
    }

    /// The record it is about, by the ID that the other system knows it by.
    async fn reference_id(&self) -> Option<ID> {
        self.0.reference_id.clone().map(ID)
    }

    /// The customer it is about.
    async fn customer_id(&self) -> Option<ID> {
        self.0.customer_id.map(|id| Kind::Customer.id(id))
    }

    /// The customer it is about.
    async fn customer(&self, ctx: &Context<'_>) -> Result<Option<Customer>> {
        let Some(id) = self.0.customer_id else { return Ok(None) };
        Ok(ctx.loaders().note_customer.load(id).await?.map(Customer))
    }

    /// The author.
    async fn user_id(&self) -> Option<ID> {
        self.0.user_id.map(|id| Kind::User.id(id))
    }

    /// The author.
    async fn user(&self, ctx: &Context<'_>) -> Result<Option<User>> {
        let Some(id) = self.0.user_id else { return Ok(None) };
        Ok(ctx.loaders().note_author.load(id).await?.map(User))
    }

    /// The users responsible for it, in the order in which they were assigned.
    async fn assignees(&self, ctx: &Context<'_>) -> Result<Vec<NoteAssignee>> {
        let assignees = ctx.loaders().assignees.load(self.0.id).await?.unwrap_or_default();
        Ok(assignees.into_iter().map(NoteAssignee).collect())
    }

    /// The thread: what was said about it, oldest first unless asked otherwise. 1 to 100 a page, 20 when absent.
    #[expect(clippy::too_many_arguments, reason = "the arguments of the contract")]
    async fn messages(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The size of the page, from its start.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "The size of the page, from its end.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
        #[graphql(desc = "Oldest first, or newest first.", default_with = "OrderDirection::Asc")]
        direction: OrderDirection,
    ) -> Result<NoteMessageConnection> {
        let page = PageArgs { first, after, last, before, page: None };
        messages(ctx, &self.0, &page, direction).await
    }

    /// How many messages it has.
    async fn message_count(&self) -> i32 {
        self.0.message_count
    }

    /// The newest message.
    async fn last_message(&self, ctx: &Context<'_>) -> Result<Option<NoteMessage>> {
        let count = self.0.message_count;
        if count == 0 {
            return Ok(None);
        }
        let range = MessageRange { note_id: self.0.id, low: count, high: count };
        let messages = ctx.loaders().messages.load(range).await?.unwrap_or_default();
        Ok(messages.into_iter().next().map(NoteMessage))
    }

    /// When it was made.
    async fn created_on(&self) -> DateTime {
        DateTime(self.0.created_on)
    }

    /// When it, its assignees or its messages last changed.
    async fn updated_on(&self) -> DateTime {
        DateTime(self.0.updated_on)
    }

    /// Who changed it last; null where nobody has, or an import does not tell.
    async fn updated_by(&self, ctx: &Context<'_>) -> Result<Option<User>> {
        let Some(id) = self.0.updated_by_id else { return Ok(None) };
        Ok(ctx.loaders().note_updated_by.load(id).await?.map(User))
    }

    /// When it was closed; null while it is open, and where an import does not tell.
    async fn closed_on(&self) -> Option<DateTime> {
        self.0.closed_on.map(DateTime)
    }

    /// Whether the viewer may change it: who sees a note and has the WRITE scope.
    async fn viewer_can_update(&self, ctx: &Context<'_>) -> bool {
        ctx.viewer_has(Scope::Write)
    }

    /// Whether the viewer may delete it: who sees a note and has the WRITE scope.
    async fn viewer_can_delete(&self, ctx: &Context<'_>) -> bool {
        ctx.viewer_has(Scope::Write)
    }
}
