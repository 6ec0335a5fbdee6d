use std::sync::{Arc, LazyLock};

use async_graphql::{Enum, ID};
use breadth::{field, field_ref, inline, leaf_enum, object};

use crate::graphql::global_id::GlobalId;
use crate::graphql::scalars::{BigInt, DateTime, Url};
use crate::people::{ListParent, NotesField, PhoneNumber};
use crate::store::entity::user;
use crate::store::selected_columns::{FieldColumns, ObjectTable};

/// Whether a user may act.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Enum)]
#[graphql(remote = "user::UserStatus")]
pub enum UserStatus {
    /// The user may act.
    Active,
    /// The user may not act: the user's tokens are refused.
    Inactive,
}
leaf_enum!(UserStatus);

/// The GraphQL object of a user's row.
#[derive(Clone)]
pub struct User(pub Arc<user::Model>);

impl ObjectTable for user::Entity {
    fn field_columns() -> &'static FieldColumns<Self> {
        static COLUMNS: LazyLock<FieldColumns<user::Entity>> =
            LazyLock::new(|| FieldColumns::of::<User>(&["company_id", "id"]));
        &COLUMNS
    }
}

object! {
    /// An employee of the company, who writes notes, answers them and is assigned to them.
    User implements "Node" {
        /// The global ID of the user.
        id = field(|user: &User| GlobalId(user.0.id));
        /// The key of the user within its company.
        database_id = field(|user: &User| BigInt::from(user.0.id)).reads(&["id"]);
        /// Whether the user may act.
        status = field(|user: &User| UserStatus::from(user.0.status));
        /// The given name.
        first_name = field_ref(|user: &User| &user.0.first_name);
        /// The family name.
        last_name = field_ref(|user: &User| &user.0.last_name);
        /// The full name, for display.
        full_name = field_ref(|user: &User| &user.0.full_name);
        /// The e-mail address.
        email = field_ref(|user: &User| &user.0.email);
        /// The name that the user signs in with.
        username = field_ref(|user: &User| &user.0.username);
        /// The address of a picture.
        profile_photo = field(|user: &User| user.0.profile_photo.clone().map(Url));
        /// The user's ID in the company's staff system.
        employee_id = field(|user: &User| user.0.employee_id.clone().map(ID));
        /// The mobile telephone number: in `full` if it begins with an international prefix, otherwise in `number`.
        mobile = inline(|user: &User| PhoneNumber::of_text(user.0.mobile_number.as_ref())).reads(&["mobile_number"]);
        /// The mobile telephone number, as one text.
        mobile_number = field_ref(|user: &User| &user.0.mobile_number)
            .deprecated("Use `mobile`: its `full`, or its `number` if that is null.");
        /// The place where the user works, by its ID in the other system.
        business_location_id = field(|user: &User| user.0.business_location_id.clone().map(ID));
        /// Whether signing in requires a second factor.
        enable2_fa = field(|user: &User| user.0.enable2_fa);
        /// When the owning system last changed the user's record.
        updated_on = field(|user: &User| user.0.modified_on.map(DateTime)).reads(&["modified_on"]);
        /// When the owning system last changed the user's record.
        modified_on = field(|user: &User| user.0.modified_on.map(DateTime)).deprecated("Use `updatedOn`.");
        /// The creator of the user's record, as the owning system names them.
        created_by = field_ref(|user: &User| &user.0.created_by);
        /// The user's role in the company.
        role = field_ref(|user: &User| &user.0.role);
        /// The notes that this user wrote; see `Query.notes`.
        created_notes = ListParent::notes_field(|user: &User| ListParent::Author(user.0.id)).reads(&["id"]);
        /// The notes that this user is assigned to; see `Query.notes`.
        assigned_notes = ListParent::notes_field(|user: &User| ListParent::Assignee(user.0.id)).reads(&["id"]);
    }
}
