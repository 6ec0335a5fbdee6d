use std::sync::Arc;

use crate::engine::{leaf, lent, local, object};
use crate::entity::customer;
use crate::id::{GlobalId, Kind};
use crate::note::{Whose, notes_of};
use crate::people::PhoneNumber;
use crate::scalar::{BigInt, Date, DateTime, Url};

/// The GraphQL object of a customer's row.
#[derive(Clone)]
pub struct Customer(pub Arc<customer::Model>);

object! {
    /// A customer of the company.
    Customer implements "Node" {
        /// The global ID of the customer.
        id = leaf(|customer: &Customer| GlobalId(Kind::Customer, customer.0.id));
        /// The key of the customer within its company.
        database_id = leaf(|customer: &Customer| BigInt(customer.0.id)).reads(&["id"]);
        /// The company that the customer works for.
        company_name = lent(|customer: &Customer| &customer.0.company_name);
        /// The customer's position in that company.
        company_title = lent(|customer: &Customer| &customer.0.company_title);
        /// The given name.
        first_name = lent(|customer: &Customer| &customer.0.first_name);
        /// The middle names.
        middle_name = lent(|customer: &Customer| &customer.0.middle_name);
        /// The family name.
        last_name = lent(|customer: &Customer| &customer.0.last_name);
        /// The full name, for display.
        full_name = lent(|customer: &Customer| &customer.0.full_name);
        /// The language and region that the customer prefers, such as `en-GB`.
        locale = lent(|customer: &Customer| &customer.0.locale);
        /// Whether the customer is a member now.
        is_member = leaf(|customer: &Customer| customer.0.is_member);
        /// Whether the customer was a member before.
        was_member = leaf(|customer: &Customer| customer.0.was_member);
        /// Whether the customer has applied for membership.
        has_applied = leaf(|customer: &Customer| customer.0.has_applied);
        /// A mark that the company defines.
        flag = lent(|customer: &Customer| &customer.0.flag);
        /// The e-mail address.
        email = lent(|customer: &Customer| &customer.0.email);
        /// The mobile telephone number.
        mobile = local(|customer: &Customer| {
            let row = &customer.0;
            PhoneNumber::new(row.mobile_country_code.as_ref(), row.mobile_number.as_ref(), row.mobile_full.as_ref())
        })
        .reads(&["mobile_country_code", "mobile_number", "mobile_full"]);
        /// The telephone number.
        phone = local(|customer: &Customer| {
            let row = &customer.0;
            PhoneNumber::new(row.phone_country_code.as_ref(), row.phone_number.as_ref(), row.phone_full.as_ref())
        })
        .reads(&["phone_country_code", "phone_number", "phone_full"]);
        /// The address of a picture.
        profile_photo = leaf(|customer: &Customer| customer.0.profile_photo.clone().map(Url));
        /// Whether the customer is to be treated with particular care.
        vip = leaf(|customer: &Customer| customer.0.vip);
        /// The house that the customer belongs to, by its ID in the other system.
        home_house_id = leaf(|customer: &Customer| customer.0.home_house_id.clone().map(async_graphql::ID));
        /// The date of birth.
        birthdate = leaf(|customer: &Customer| customer.0.birthdate.map(Date));
        /// An anniversary.
        anniversary_date = leaf(|customer: &Customer| customer.0.anniversary_date.map(Date));
        /// When the customer was first known.
        created_on = leaf(|customer: &Customer| DateTime(customer.0.created_on));
        /// The notes about this customer; see `Query.notes`.
        notes = notes_of(Whose::Customer, |customer: &Customer| customer.0.id).reads(&["id"]);
    }
}
