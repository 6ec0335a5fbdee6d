use std::sync::{Arc, LazyLock};

use breadth::{field, field_ref, inline, object};

use crate::graphql::global_id::GlobalId;
use crate::graphql::scalars::{BigInt, Date, DateTime, Url};
use crate::people::{ListParent, NotesField, PhoneNumber};
use crate::store::entity::customer;
use crate::store::selected_columns::{FieldColumns, ObjectTable};

/// The GraphQL object of a customer's row.
#[derive(Clone)]
pub struct Customer(pub Arc<customer::Model>);

impl ObjectTable for customer::Entity {
    fn field_columns() -> &'static FieldColumns<Self> {
        static COLUMNS: LazyLock<FieldColumns<customer::Entity>> =
            LazyLock::new(|| FieldColumns::of::<Customer>(&["company_id", "id"]));
        &COLUMNS
    }
}

object! {
    /// A customer of the company.
    Customer implements "Node" {
        /// The global ID of the customer.
        id = field(|customer: &Customer| GlobalId(customer.0.id));
        /// The key of the customer within its company.
        database_id = field(|customer: &Customer| BigInt::from(customer.0.id)).reads(&["id"]);
        /// The company that the customer works for.
        company_name = field_ref(|customer: &Customer| &customer.0.company_name);
        /// The customer's position in that company.
        company_title = field_ref(|customer: &Customer| &customer.0.company_title);
        /// The given name.
        first_name = field_ref(|customer: &Customer| &customer.0.first_name);
        /// The middle names.
        middle_name = field_ref(|customer: &Customer| &customer.0.middle_name);
        /// The family name.
        last_name = field_ref(|customer: &Customer| &customer.0.last_name);
        /// The full name, for display.
        full_name = field_ref(|customer: &Customer| &customer.0.full_name);
        /// The language and region that the customer prefers, such as `en-GB`.
        locale = field_ref(|customer: &Customer| &customer.0.locale);
        /// Whether the customer is a member now.
        is_member = field(|customer: &Customer| customer.0.is_member);
        /// Whether the customer was a member before.
        was_member = field(|customer: &Customer| customer.0.was_member);
        /// Whether the customer has applied for membership.
        has_applied = field(|customer: &Customer| customer.0.has_applied);
        /// A mark that the company defines.
        flag = field_ref(|customer: &Customer| &customer.0.flag);
        /// The e-mail address.
        email = field_ref(|customer: &Customer| &customer.0.email);
        /// The mobile telephone number.
        mobile = inline(|customer: &Customer| {
            let row = &customer.0;
            PhoneNumber::new(row.mobile_country_code.as_ref(), row.mobile_number.as_ref(), row.mobile_full.as_ref())
        })
        .reads(&["mobile_country_code", "mobile_number", "mobile_full"]);
        /// The telephone number.
        phone = inline(|customer: &Customer| {
            let row = &customer.0;
            PhoneNumber::new(row.phone_country_code.as_ref(), row.phone_number.as_ref(), row.phone_full.as_ref())
        })
        .reads(&["phone_country_code", "phone_number", "phone_full"]);
        /// The address of a picture.
        profile_photo = field(|customer: &Customer| customer.0.profile_photo.clone().map(Url));
        /// Whether the customer is to be treated with particular care.
        vip = field(|customer: &Customer| customer.0.vip);
        /// The house that the customer belongs to, by its ID in the other system.
        home_house_id = field(|customer: &Customer| customer.0.home_house_id.clone().map(async_graphql::ID));
        /// The date of birth.
        birthdate = field(|customer: &Customer| customer.0.birthdate.map(Date));
        /// An anniversary.
        anniversary_date = field(|customer: &Customer| customer.0.anniversary_date.map(Date));
        /// When the customer was first known.
        created_on = field(|customer: &Customer| DateTime(customer.0.created_on));
        /// The notes about this customer; see `Query.notes`.
        notes = ListParent::notes_field(|customer: &Customer| ListParent::Customer(customer.0.id)).reads(&["id"]);
    }
}
