use std::sync::Arc;

use async_graphql::{Context, Description, ID, Object};

use super::User;
use crate::context::ContextExt;
use crate::entity::assignment;
use crate::error::{Error, Result};
use crate::id::Kind;
use crate::scalar::DateTime;

/// A user made responsible for a note, since when and by whom.
#[derive(Clone, Description)]
pub struct NoteAssignee(pub Arc<assignment::Model>);

#[Object(use_type_description)]
impl NoteAssignee {
    /// The user responsible.
    async fn user_id(&self) -> ID {
        Kind::User.id(self.0.user_id)
    }

    /// The user responsible.
    async fn user(&self, ctx: &Context<'_>) -> Result<User> {
        let user = ctx.loaders().assignee_user.load(self.0.user_id).await?;
        user.map(User).ok_or_else(|| Error::missing("user", self.0.user_id))
    }

    /// Since when.
    async fn created_on(&self) -> DateTime {
        DateTime(self.0.created_on)
    }

    /// Who made the user responsible; null where an import does not tell.
    async fn assigned_by(&self, ctx: &Context<'_>) -> Result<Option<User>> {
        let Some(id) = self.0.assigned_by_id else { return Ok(None) };
        Ok(ctx.loaders().assigned_by.load(id).await?.map(User))
    }
}
