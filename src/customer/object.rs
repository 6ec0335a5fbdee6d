use std::sync::Arc;

use async_graphql::{Context, Description, ID, Object, SimpleObject};

use crate::entity::customer;
use crate::error::Result;
use crate::id::Kind;
use crate::note::{NoteConnection, NoteFilter, NoteListArgs, NoteOrder, Whose};
use crate::page::PageArgs;
use crate::scalar::{BigInt, Date, DateTime, Url};

/// A customer of the company.
#[derive(Clone, Description)]
pub struct Customer(pub Arc<customer::Model>);

/// A telephone number; any part may be missing.
#[derive(SimpleObject)]
pub struct PhoneNumber {
    /// The country's calling code.
    country_code: Option<String>,
    /// The number within the country.
    number: Option<String>,
    /// The number as it is dialled from anywhere.
    full: Option<String>,
}

impl PhoneNumber {
    fn new(country_code: &Option<String>, number: &Option<String>, full: &Option<String>) -> Option<Self> {
        let known = country_code.is_some() || number.is_some() || full.is_some();
        known.then(|| Self { country_code: country_code.clone(), number: number.clone(), full: full.clone() })
    }
}

#[Object(use_type_description)]
impl Customer {
    /// Names this customer among all records.
    pub async fn id(&self) -> ID {
        Kind::Customer.id(self.0.id)
    }

    /// The key of the customer within its company.
    async fn database_id(&self) -> BigInt {
        BigInt(self.0.id)
    }

    /// The company that the customer works for.
    async fn company_name(&self) -> Option<&str> {
        self.0.company_name.as_deref()
    }

    /// The customer's position there.
    async fn company_title(&self) -> Option<&str> {
        self.0.company_title.as_deref()
    }

    /// The given name.
    async fn first_name(&self) -> Option<&str> {
        self.0.first_name.as_deref()
    }

    /// The names in between.
    async fn middle_name(&self) -> Option<&str> {
        self.0.middle_name.as_deref()
    }

    /// The family name.
    async fn last_name(&self) -> Option<&str> {
        self.0.last_name.as_deref()
    }

    /// The whole name, as it is to be shown.
    async fn full_name(&self) -> &str {
        &self.0.full_name
    }

    /// The language and region that the customer prefers, such as `en-GB`.
    async fn locale(&self) -> Option<&str> {
        self.0.locale.as_deref()
    }

    /// Is a member now.
    async fn is_member(&self) -> bool {
        self.0.is_member
    }

    /// Was a member once.
    async fn was_member(&self) -> bool {
        self.0.was_member
    }

    /// Has asked to become a member.
    async fn has_applied(&self) -> bool {
        self.0.has_applied
    }

    /// A mark of the company's own choosing.
    async fn flag(&self) -> Option<&str> {
        self.0.flag.as_deref()
    }

    /// The e-mail address.
    async fn email(&self) -> Option<&str> {
        self.0.email.as_deref()
    }

    /// The mobile telephone.
    async fn mobile(&self) -> Option<PhoneNumber> {
        PhoneNumber::new(&self.0.mobile_country_code, &self.0.mobile_number, &self.0.mobile_full)
    }

    /// The telephone.
    async fn phone(&self) -> Option<PhoneNumber> {
        PhoneNumber::new(&self.0.phone_country_code, &self.0.phone_number, &self.0.phone_full)
    }

    /// A picture.
    async fn profile_photo(&self) -> Option<Url> {
        self.0.profile_photo.clone().map(Url)
    }

    /// To be treated with particular care.
    async fn vip(&self) -> bool {
        self.0.vip
    }

    /// The house that the customer belongs to, by the ID that the other system knows it by.
    async fn home_house_id(&self) -> Option<ID> {
        self.0.home_house_id.clone().map(ID)
    }

    /// The day of birth.
    async fn birthdate(&self) -> Option<Date> {
        self.0.birthdate.map(Date)
    }

    /// A day to be remembered.
    async fn anniversary_date(&self) -> Option<Date> {
        self.0.anniversary_date.map(Date)
    }

    /// When the customer was first known.
    async fn created_on(&self) -> DateTime {
        DateTime(self.0.created_on)
    }

    /// The notes about this customer, as in `Query.notes`.
    #[expect(clippy::too_many_arguments, reason = "the arguments of the contract")]
    async fn notes(
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
        NoteConnection::under(ctx, args, Whose::Customer, self.0.id).await
    }
}
