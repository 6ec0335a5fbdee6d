//! The GraphQL objects, over rows.

use std::sync::Arc;

use async_graphql::dataloader::DataLoader;
use async_graphql::{Context, Enum, ID, Object, Result, SimpleObject};
use bench_data::{Assignment, Customer, Message, Named, Note as NoteRow, Time, User, postgres as db};
use chrono::NaiveDate;

use crate::Viewer;
use crate::load::{AssignmentsOf, CustomerKey, Loaders, MessagesOf, TypeKey, UserKey};

#[derive(Clone, Copy, PartialEq, Eq, Enum)]
pub enum NoteStatus {
    Open,
    Closed,
}

#[derive(Clone, Copy, PartialEq, Eq, Enum)]
pub enum NoteReferenceType {
    Business,
    Customer,
    MembershipCard,
    Order,
    PointEarned,
    Subscription,
    Transaction,
    Reservation,
    Appointment,
    Event,
}

impl NoteReferenceType {
    fn of(text: &str) -> Option<Self> {
        Some(match text {
            "business" => Self::Business,
            "customer" => Self::Customer,
            "membershipCard" => Self::MembershipCard,
            "order" => Self::Order,
            "point_earned" => Self::PointEarned,
            "subscription" => Self::Subscription,
            "transaction" => Self::Transaction,
            "reservation" => Self::Reservation,
            "appointment" => Self::Appointment,
            "event" => Self::Event,
            _ => return None,
        })
    }
}

pub struct Note(pub NoteRow);

#[derive(SimpleObject)]
pub struct NoteConnection {
    pub nodes: Vec<Note>,
}

#[Object]
impl Note {
    async fn id(&self) -> ID {
        format!("Note:{}", self.0.id).into()
    }
    async fn version(&self) -> i32 {
        self.0.version
    }
    async fn subject(&self) -> Option<&str> {
        self.0.subject.as_deref()
    }
    async fn details(&self) -> Option<&str> {
        self.0.details.as_deref()
    }
    async fn status(&self) -> NoteStatus {
        if self.0.status == "open" { NoteStatus::Open } else { NoteStatus::Closed }
    }
    async fn priority(&self) -> bool {
        self.0.priority
    }
    async fn confidential(&self) -> bool {
        self.0.confidential
    }
    async fn show_on_overview(&self) -> bool {
        self.0.show_on_overview
    }
    async fn reminder(&self) -> Option<Time> {
        self.0.reminder
    }
    async fn tags(&self) -> &[String] {
        &self.0.tags
    }
    async fn reference_type(&self) -> Option<NoteReferenceType> {
        self.0.reference_type.as_deref().and_then(NoteReferenceType::of)
    }
    async fn reference_id(&self) -> Option<&str> {
        self.0.reference_id.as_deref()
    }
    async fn message_count(&self) -> i32 {
        self.0.message_count
    }
    async fn created_on(&self) -> Time {
        self.0.created_on
    }
    async fn updated_on(&self) -> Time {
        self.0.updated_on
    }
    async fn closed_on(&self) -> Option<Time> {
        self.0.closed_on
    }
    async fn r#type(&self, ctx: &Context<'_>) -> Result<Option<NoteType>> {
        let Some(id) = self.0.type_id else { return Ok(None) };
        Ok(loader(ctx).load_one(TypeKey(id)).await?.map(NoteType))
    }
    async fn company(&self, ctx: &Context<'_>) -> Result<Company> {
        let viewer = ctx.data_unchecked::<Viewer>();
        let row = db::company(&viewer.pool, viewer.company).await?;
        row.map(Company).ok_or_else(|| "no company".into())
    }
    async fn customer(&self, ctx: &Context<'_>) -> Result<Option<CustomerObject>> {
        let Some(id) = self.0.customer_id else { return Ok(None) };
        Ok(loader(ctx).load_one(CustomerKey(id)).await?.map(CustomerObject))
    }
    async fn user(&self, ctx: &Context<'_>) -> Result<Option<UserObject>> {
        user(ctx, self.0.user_id).await
    }
    async fn updated_by(&self, ctx: &Context<'_>) -> Result<Option<UserObject>> {
        user(ctx, self.0.updated_by_id).await
    }
    async fn assignees(&self, ctx: &Context<'_>) -> Result<Vec<NoteAssignee>> {
        let rows = loader(ctx).load_one(AssignmentsOf(self.0.id)).await?.unwrap_or_default();
        Ok(rows.into_iter().map(NoteAssignee).collect())
    }
    async fn messages(&self, ctx: &Context<'_>, #[graphql(default = 20)] first: i32) -> Result<NoteMessageConnection> {
        let rows = loader(ctx).load_one(MessagesOf { note: self.0.id, first }).await?.unwrap_or_default();
        Ok(NoteMessageConnection { nodes: rows.into_iter().map(NoteMessage).collect() })
    }
}

fn loader<'a>(ctx: &Context<'a>) -> &'a DataLoader<Loaders> {
    ctx.data_unchecked()
}

async fn user(ctx: &Context<'_>, id: Option<i64>) -> Result<Option<UserObject>> {
    let Some(id) = id else { return Ok(None) };
    Ok(loader(ctx).load_one(UserKey(id)).await?.map(UserObject))
}

pub struct NoteType(Arc<Named>);

#[Object]
impl NoteType {
    async fn id(&self) -> ID {
        format!("NoteType:{}", self.0.id).into()
    }
    async fn name(&self) -> &str {
        &self.0.name
    }
}

pub struct Company(Named);

#[Object]
impl Company {
    async fn id(&self) -> ID {
        format!("Company:{}", self.0.id).into()
    }
    async fn name(&self) -> &str {
        &self.0.name
    }
}

pub struct CustomerObject(Arc<Customer>);

#[Object(name = "Customer")]
impl CustomerObject {
    async fn id(&self) -> ID {
        format!("Customer:{}", self.0.id).into()
    }
    async fn full_name(&self) -> &str {
        &self.0.full_name
    }
    async fn company_name(&self) -> Option<&str> {
        self.0.company_name.as_deref()
    }
    async fn company_title(&self) -> Option<&str> {
        self.0.company_title.as_deref()
    }
    async fn email(&self) -> Option<&str> {
        self.0.email.as_deref()
    }
    async fn locale(&self) -> Option<&str> {
        self.0.locale.as_deref()
    }
    async fn vip(&self) -> bool {
        self.0.vip
    }
    async fn is_member(&self) -> bool {
        self.0.is_member
    }
    async fn mobile(&self) -> Option<PhoneNumber> {
        self.0.mobile_full.clone().map(|full| PhoneNumber { full })
    }
    async fn birthdate(&self) -> Option<NaiveDate> {
        self.0.birthdate
    }
    async fn created_on(&self) -> Time {
        self.0.created_on
    }
}

#[derive(SimpleObject)]
pub struct PhoneNumber {
    full: String,
}

pub struct UserObject(Arc<User>);

#[Object(name = "User")]
impl UserObject {
    async fn id(&self) -> ID {
        format!("User:{}", self.0.id).into()
    }
    async fn full_name(&self) -> &str {
        &self.0.full_name
    }
    async fn email(&self) -> Option<&str> {
        self.0.email.as_deref()
    }
    async fn username(&self) -> &str {
        &self.0.username
    }
}

pub struct NoteAssignee(Arc<Assignment>);

#[Object]
impl NoteAssignee {
    async fn created_on(&self) -> Time {
        self.0.created_on
    }
    async fn user(&self, ctx: &Context<'_>) -> Result<UserObject> {
        user(ctx, Some(self.0.user_id)).await?.ok_or_else(|| "no user".into())
    }
    async fn assigned_by(&self, ctx: &Context<'_>) -> Result<Option<UserObject>> {
        user(ctx, self.0.assigned_by_id).await
    }
}

#[derive(SimpleObject)]
pub struct NoteMessageConnection {
    nodes: Vec<NoteMessage>,
}

pub struct NoteMessage(Arc<Message>);

#[Object]
impl NoteMessage {
    async fn id(&self) -> ID {
        format!("NoteMessage:{}", self.0.id).into()
    }
    async fn message(&self) -> &str {
        &self.0.message
    }
    async fn created_on(&self) -> Time {
        self.0.created_on
    }
    async fn attachment(&self) -> Option<Attachment> {
        self.0.attachment_filename.as_ref().map(|_| Attachment(Arc::clone(&self.0)))
    }
    async fn posted_by(&self, ctx: &Context<'_>) -> Result<Option<UserObject>> {
        user(ctx, self.0.posted_by_id).await
    }
}

pub struct Attachment(Arc<Message>);

#[Object]
impl Attachment {
    async fn url(&self) -> Option<&str> {
        self.0.attachment_url.as_deref()
    }
    async fn filename(&self) -> &str {
        self.0.attachment_filename.as_deref().unwrap_or_default()
    }
    async fn content_type(&self) -> Option<&str> {
        self.0.attachment_content_type.as_deref()
    }
    /// A 64-bit number, as text.
    async fn size(&self) -> Option<String> {
        self.0.attachment_size.map(|size| size.to_string())
    }
}
