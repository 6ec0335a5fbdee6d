use std::sync::Arc;

use async_graphql::{Enum, ID};

use crate::engine::{leaf, leaf_enum, lent, local, object};
use crate::entity::user;
use crate::id::{GlobalId, Kind};
use crate::note::{Whose, notes_of};
use crate::people::PhoneNumber;
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
leaf_enum!(UserStatus);

/// The row of a user, as the schema shows it.
#[derive(Clone)]
pub struct User(pub Arc<user::Model>);

object! {
    /// Somebody who works for the company: writes notes, answers them, is responsible for them.
    User implements "Node" {
        /// Names this user among all records.
        id = leaf(|user: &User| GlobalId(Kind::User, user.0.id));
        /// The key of the user within its company.
        database_id = leaf(|user: &User| BigInt(user.0.id)).reads(&["id"]);
        /// Whether the user may act.
        status = leaf(|user: &User| UserStatus::from(user.0.status));
        /// The given name.
        first_name = lent(|user: &User| &user.0.first_name);
        /// The family name.
        last_name = lent(|user: &User| &user.0.last_name);
        /// The whole name, as it is to be shown.
        full_name = lent(|user: &User| &user.0.full_name);
        /// The e-mail address.
        email = lent(|user: &User| &user.0.email);
        /// The name that the user signs in with.
        username = lent(|user: &User| &user.0.username);
        /// A picture.
        profile_photo = leaf(|user: &User| user.0.profile_photo.clone().map(Url));
        /// The ID that the company's staff system knows the user by.
        employee_id = leaf(|user: &User| user.0.employee_id.clone().map(ID));
        /// The mobile telephone: `full` where it begins as it is dialled from abroad, else `number`.
        mobile = local(|user: &User| PhoneNumber::of_text(user.0.mobile_number.as_ref())).reads(&["mobile_number"]);
        /// The mobile telephone, as one text.
        mobile_number = lent(|user: &User| &user.0.mobile_number)
            .deprecated("Use `mobile`: its `full`, or its `number` where that is null.");
        /// Where the user works, by the ID that the other system knows the place by.
        business_location_id = leaf(|user: &User| user.0.business_location_id.clone().map(ID));
        /// Whether signing in takes a second factor.
        enable2_fa = leaf(|user: &User| user.0.enable2_fa);
        /// When the user's record was last changed by the system that owns it.
        updated_on = leaf(|user: &User| user.0.modified_on.map(DateTime)).reads(&["modified_on"]);
        /// When the user's record was last changed by the system that owns it.
        modified_on = leaf(|user: &User| user.0.modified_on.map(DateTime)).deprecated("Use `updatedOn`, as of notes.");
        /// Who made the user's record, in the words of the system that owns it.
        created_by = lent(|user: &User| &user.0.created_by);
        /// What the user does in the company.
        role = lent(|user: &User| &user.0.role);
        /// The notes that this user wrote, as in `Query.notes`.
        created_notes = notes_of(Whose::Author, |user: &User| user.0.id).reads(&["id"]);
        /// The notes that this user is assigned to, as in `Query.notes`.
        assigned_notes = notes_of(Whose::Assignee, |user: &User| user.0.id).reads(&["id"]);
    }
}
