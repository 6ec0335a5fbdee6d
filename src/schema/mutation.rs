//! The root type `Mutation`.

use async_graphql::{ID, InputObject};
use breadth::{Args, Input, object, resolve};

use crate::customer;
use crate::note;
use crate::note_type;
use crate::user;

/// The root of all mutations.
#[derive(Default)]
pub struct Mutation;

/// A field that runs a mutation on its argument `input`. Its future is large, so it is boxed apart from the
/// operation's.
macro_rules! change {
    ($change:path, $about:literal) => {
        resolve(|_: &Mutation, Input(input), ctx| Box::pin(async move { Ok(Some($change(&ctx, input).await?)) }))
            .describe_argument("input", $about)
    };
}

object! {
    /// Mutations. Every field needs the WRITE scope, or ADMIN where it says so, and is one transaction: it takes effect
    /// as a whole, or not at all. The fields of an operation are executed one after the other, in their order. Errors
    /// that the user can fix are returned in `userErrors`. A field that fails otherwise is null, with an error of its
    /// own: earlier changes persist, and later fields are still executed, unless the operation is over a limit by then.
    /// Null does not mean that nothing was changed, because the response may be what failed: `extensions.changed` of
    /// the error says whether something was.
    Mutation {
        /// Creates a note; the viewer becomes its author.
        note_create = change!(note::create, "The note to create.");
        /// Changes some fields of a note.
        note_patch = change!(note::patch, "The note, and its changes.");
        /// Assigns users to a note.
        note_assign = change!(note::assign, "The note, and the users to assign.");
        /// Unassigns users from a note.
        note_unassign = change!(note::unassign, "The note, and the users to unassign.");
        /// Posts a message to the thread of a note.
        note_message_post = change!(note::post, "The note, and the message to post.");
        /// Deletes a note with its messages and assignments.
        note_delete = change!(note::delete, "The note to delete.");
        /// Changes some fields of many notes, like `notePatch` for one.
        notes_patch = change!(note::patch_many, "The notes, and their changes.");
        /// Assigns users to many notes, like `noteAssign` for one.
        notes_assign = change!(note::assign_many, "The notes, and the users to assign.");
        /// Unassigns users from many notes, like `noteUnassign` for one.
        notes_unassign = change!(note::unassign_many, "The notes, and the users to unassign.");
        /// Deletes many notes with their messages and assignments.
        notes_delete = change!(note::delete_many, "The notes to delete.");
        /// Creates a note type. Needs the ADMIN scope.
        note_type_create = resolve(|_: &Mutation, Args(Name { name }), ctx| {
            Box::pin(async move { Ok(Some(note_type::create(&ctx, name).await?)) })
        });
        /// Renames a note type. Needs the ADMIN scope.
        note_type_rename = resolve(|_: &Mutation, Args(NewName { id, name }), ctx| {
            Box::pin(async move { Ok(Some(note_type::rename(&ctx, id, name).await?)) })
        });
        /// Deletes a note type that no note has. Needs the ADMIN scope.
        note_type_delete = resolve(|_: &Mutation, Args(OfType { id }), ctx| {
            Box::pin(async move { Ok(Some(note_type::delete(&ctx, id).await?)) })
        });
        /// Creates or updates customers, for the system that owns them: updates the customer that has the
        /// `externalKey`, and creates one if there is none. If one cannot be written, none is. Needs the ADMIN scope.
        customers_upsert = change!(customer::upsert, "The customers: at most 100.");
        /// Creates or updates users, for the system that owns them: updates the user that has the `externalKey`, and
        /// creates one if there is none. If one cannot be written, none is. Needs the ADMIN scope.
        users_upsert = change!(user::upsert, "The users: at most 100.");
    }
}

/// The arguments of `Mutation.noteTypeCreate`.
#[derive(InputObject)]
struct Name {
    /// The name: not blank, without control characters, at most 255 characters, unique within the company.
    name: String,
}

/// The arguments of `Mutation.noteTypeRename`.
#[derive(InputObject)]
struct NewName {
    /// The type: "NoteType:42" or "42".
    id: ID,
    /// The new name: not blank, without control characters, at most 255 characters, unique within the company.
    name: String,
}

/// The argument of `Mutation.noteTypeDelete`.
#[derive(InputObject)]
struct OfType {
    /// The type: "NoteType:42" or "42".
    id: ID,
}
