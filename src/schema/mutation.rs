use async_graphql::{Context, Description, Object};

use crate::error::Result;
use crate::note::{
    self, NoteAssignInput, NoteAssignPayload, NoteCreateInput, NoteCreatePayload, NoteDeleteInput, NoteDeletePayload,
    NoteMessagePostInput, NoteMessagePostPayload, NotePatchInput, NotePatchPayload, NoteUnassignInput,
    NoteUnassignPayload,
};

/// What can be changed. Every field takes the WRITE scope and is one transaction: it is done whole, or not at all. What
/// a person can put right stands in `userErrors`.
#[derive(Description)]
pub struct Mutation;

#[Object(use_type_description)]
impl Mutation {
    /// Makes a note; the viewer becomes its author.
    async fn note_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The note.")] input: NoteCreateInput,
    ) -> Result<NoteCreatePayload> {
        note::create(ctx, input).await
    }

    /// Changes some fields of a note.
    async fn note_patch(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which note, and how.")] input: NotePatchInput,
    ) -> Result<NotePatchPayload> {
        note::patch(ctx, input).await
    }

    /// Makes users responsible for a note.
    async fn note_assign(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which note, and whom.")] input: NoteAssignInput,
    ) -> Result<NoteAssignPayload> {
        note::assign(ctx, input).await
    }

    /// Makes users no longer responsible for a note.
    async fn note_unassign(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which note, and whom.")] input: NoteUnassignInput,
    ) -> Result<NoteUnassignPayload> {
        note::unassign(ctx, input).await
    }

    /// Posts a message to the thread of a note.
    async fn note_message_post(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which note, and what to say.")] input: NoteMessagePostInput,
    ) -> Result<NoteMessagePostPayload> {
        note::post(ctx, input).await
    }

    /// Deletes a note with its messages and assignments.
    async fn note_delete(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which note.")] input: NoteDeleteInput,
    ) -> Result<NoteDeletePayload> {
        note::delete(ctx, input).await
    }
}
