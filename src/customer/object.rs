use std::sync::Arc;

use crate::engine::{leaf, lent, local, object};
use crate::entity::customer;
use crate::id::{GlobalId, Kind};
use crate::note::{Whose, notes_of};
use crate::people::PhoneNumber;
use crate::scalar::{BigInt, Date, DateTime, Url};

/// The row of a customer, as the schema shows it.
#[derive(Clone)]
pub struct Customer(pub Arc<customer::Model>);

object! {
    /// A customer of the company.
    Customer implements "Node" {
        /// Names this customer among all records.
        id = leaf(|customer: &Customer| GlobalId(Kind::Customer, customer.0.id));
        /// The key of the customer within its company.
        database_id = leaf(|customer: &Customer| BigInt(customer.0.id)).reads(&["id"]);
        /// The company that the customer works for.
        company_name = lent(|customer: &Customer| &customer.0.company_name);
        /// The customer's position there.
        company_title = lent(|customer: &Customer| &customer.0.company_title);
        /// The given name.
        first_name = lent(|customer: &Customer| &customer.0.first_name);
        /// The names in between.
        middle_name = lent(|customer: &Customer| &customer.0.middle_name);
        /// The family name.
        last_name = lent(|customer: &Customer| &customer.0.last_name);
        /// The whole name, as it is to be shown.
        full_name = lent(|customer: &Customer| &customer.0.full_name);
        /// The language and region that the customer prefers, such as `en-GB`.
        locale = lent(|customer: &Customer| &customer.0.locale);
        /// Is a member now.
        is_member = leaf(|customer: &Customer| customer.0.is_member);
        /// Was a member once.
        was_member = leaf(|customer: &Customer| customer.0.was_member);
        /// Has asked to become a member.
        has_applied = leaf(|customer: &Customer| customer.0.has_applied);
        /// A mark of the company's own choosing.
        flag = lent(|customer: &Customer| &customer.0.flag);
        /// The e-mail address.
        email = lent(|customer: &Customer| &customer.0.email);
        /// The mobile telephone.
        mobile = local(|customer: &Customer| {
            let row = &customer.0;
            PhoneNumber::new(row.mobile_country_code.as_ref(), row.mobile_number.as_ref(), row.mobile_full.as_ref())
        })
        .reads(&["mobile_country_code", "mobile_number", "mobile_full"]);
        /// The telephone.
        phone = local(|customer: &Customer| {
            let row = &customer.0;
            PhoneNumber::new(row.phone_country_code.as_ref(), row.phone_number.as_ref(), row.phone_full.as_ref())
        })
        .reads(&["phone_country_code", "phone_number", "phone_full"]);
        /// A picture.
        profile_photo = leaf(|customer: &Customer| customer.0.profile_photo.clone().map(Url));
        /// To be treated with particular care.
        vip = leaf(|customer: &Customer| customer.0.vip);
        /// The house that the customer belongs to, by the ID that the other system knows it by.
        home_house_id = leaf(|customer: &Customer| customer.0.home_house_id.clone().map(async_graphql::ID));
        /// The day of birth.
        birthdate = leaf(|customer: &Customer| customer.0.birthdate.map(Date));
        /// A day to be remembered.
        anniversary_date = leaf(|customer: &Customer| customer.0.anniversary_date.map(Date));
        /// When the customer was first known.
        created_on = leaf(|customer: &Customer| DateTime(customer.0.created_on));
        /// The notes about this customer, as in `Query.notes`.
        notes = notes_of(Whose::Customer, |customer: &Customer| customer.0.id).reads(&["id"]);
    }
}
