use std::any::Any;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use async_graphql::{Context, Description, ID, Object};

use crate::customer::{self, CustomerInput, CustomersUpsertPayload};
use crate::error::Result;
use crate::note::{
    self, NoteAssignInput, NoteAssignPayload, NoteCreateInput, NoteCreatePayload, NoteDeleteInput, NoteDeletePayload,
    NoteMessagePostInput, NoteMessagePostPayload, NotePatchInput, NotePatchPayload, NoteUnassignInput,
    NoteUnassignPayload, NotesAssignInput, NotesAssignPayload, NotesDeleteInput, NotesDeletePayload, NotesPatchInput,
    NotesPatchPayload,
};
use crate::note_type::{self, NoteTypePayload};
use crate::user::{self, UserInput, UsersUpsertPayload};

/// What can be changed. Every field takes the WRITE scope, or ADMIN where it says so, and is one transaction: it is done
/// whole, or not at all. What a person can put right stands in `userErrors`.
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
        once(ctx, note::create(ctx, input)).await
    }

    /// Changes some fields of a note.
    async fn note_patch(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which note, and how.")] input: NotePatchInput,
    ) -> Result<NotePatchPayload> {
        // Its state is large: it stays out of that of the request.
        Box::pin(once(ctx, note::patch(ctx, input))).await
    }

    /// Makes users responsible for a note.
    async fn note_assign(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which note, and whom.")] input: NoteAssignInput,
    ) -> Result<NoteAssignPayload> {
        once(ctx, note::assign(ctx, input)).await
    }

    /// Makes users no longer responsible for a note.
    async fn note_unassign(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which note, and whom.")] input: NoteUnassignInput,
    ) -> Result<NoteUnassignPayload> {
        once(ctx, note::unassign(ctx, input)).await
    }

    /// Posts a message to the thread of a note.
    async fn note_message_post(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which note, and what to say.")] input: NoteMessagePostInput,
    ) -> Result<NoteMessagePostPayload> {
        once(ctx, note::post(ctx, input)).await
    }

    /// Deletes a note with its messages and assignments.
    async fn note_delete(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which note.")] input: NoteDeleteInput,
    ) -> Result<NoteDeletePayload> {
        once(ctx, note::delete(ctx, input)).await
    }

    /// Changes some fields of many notes, as `notePatch` does of one.
    async fn notes_patch(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which notes, and how.")] input: NotesPatchInput,
    ) -> Result<NotesPatchPayload> {
        once(ctx, note::patch_many(ctx, input)).await
    }

    /// Makes users responsible for many notes, as `noteAssign` does for one.
    async fn notes_assign(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which notes, and whom.")] input: NotesAssignInput,
    ) -> Result<NotesAssignPayload> {
        once(ctx, note::assign_many(ctx, input)).await
    }

    /// Makes users no longer responsible for many notes, as `noteUnassign` does for one.
    async fn notes_unassign(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which notes, and whom.")] input: NotesAssignInput,
    ) -> Result<NotesAssignPayload> {
        once(ctx, note::unassign_many(ctx, input)).await
    }

    /// Deletes many notes with their messages and assignments.
    async fn notes_delete(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which notes.")] input: NotesDeleteInput,
    ) -> Result<NotesDeletePayload> {
        once(ctx, note::delete_many(ctx, input)).await
    }

    /// Makes a note type. Takes the ADMIN scope.
    async fn note_type_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "Its name: not blank, without control characters, at most 255 characters, no other type's of the company."
        )]
        name: String,
    ) -> Result<NoteTypePayload> {
        once(ctx, note_type::create(ctx, name)).await
    }

    /// Gives a note type another name. Takes the ADMIN scope.
    async fn note_type_rename(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The type: \"NoteType:42\" or \"42\".")] id: ID,
        #[graphql(
            desc = "Its new name: not blank, without control characters, at most 255 characters, no other type's of the company."
        )]
        name: String,
    ) -> Result<NoteTypePayload> {
        once(ctx, note_type::rename(ctx, id, name)).await
    }

    /// Deletes a note type that no note has. Takes the ADMIN scope.
    async fn note_type_delete(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The type: \"NoteType:42\" or \"42\".")] id: ID,
    ) -> Result<NoteTypePayload> {
        once(ctx, note_type::delete(ctx, id)).await
    }

    /// Makes customers, or brings them up to date: for the system that owns them. Whoever has the `externalKey` is
    /// changed, and somebody new is made where there is none. If one cannot be written, none is. Takes the ADMIN scope.
    async fn customers_upsert(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The customers: at most 100.")] input: Vec<CustomerInput>,
    ) -> Result<CustomersUpsertPayload> {
        once(ctx, customer::upsert(ctx, input)).await
    }

    /// Makes users, or brings them up to date: for the system that owns them. Whoever has the `externalKey` is changed,
    /// and somebody new is made where there is none. If one cannot be written, none is. Takes the ADMIN scope.
    async fn users_upsert(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The users: at most 100.")] input: Vec<UserInput>,
    ) -> Result<UsersUpsertPayload> {
        once(ctx, user::upsert(ctx, input)).await
    }
}

/// What the changes of an operation have answered, by response key.
#[derive(Default)]
pub struct Done(Mutex<HashMap<String, Box<dyn Any + Send + Sync>>>);

/// Makes a change once, however often the document mentions it: mentions of one response key are one field (GraphQL,
/// section 6.3.2), but the library runs each, as fragments bring them.
async fn once<T>(ctx: &Context<'_>, change: impl Future<Output = Result<T>>) -> Result<T>
where
    T: Clone + Send + Sync + 'static,
{
    let done = &ctx.data_unchecked::<Done>().0;
    let key = ctx.item.node.response_key().node.to_string();
    let before = done.lock().unwrap_or_else(PoisonError::into_inner).get(&key).and_then(|answer| {
        let answer: Option<&Result<T>> = answer.downcast_ref();
        answer.cloned()
    });
    if let Some(answer) = before {
        return answer;
    }
    let answer = change.await;
    done.lock().unwrap_or_else(PoisonError::into_inner).insert(key, Box::new(answer.clone()));
    answer
}
