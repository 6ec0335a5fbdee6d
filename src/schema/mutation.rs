//! What can be changed.

use async_graphql::{ID, InputObject};

use crate::customer;
use crate::engine::{Args, Input, object, resolve};
use crate::note;
use crate::note_type;
use crate::user;

/// The root of what can be changed.
#[derive(Default)]
pub struct Mutation;

/// A field that makes a change of its argument `input`. Its state is large: it is kept out of that of the operation.
macro_rules! change {
    ($change:path, $about:literal) => {
        resolve(|_: &Mutation, Input(input), ctx| Box::pin(async move { Ok(Some($change(&ctx, input).await?)) }))
            .about("input", $about)
    };
}

object! {
    /// What can be changed. Every field takes the WRITE scope, or ADMIN where it says so, and is one transaction: it is done
    /// whole, or not at all. The fields of an operation are executed one after the other, as they stand in it. Errors that a
    /// person can put right are returned in `userErrors`. A field that fails otherwise is null, with an error of its own: the
    /// changes before it stay made, and those after it are made, unless the operation is over a limit by then. Null does not
    /// say that nothing was changed, as it may be the answer that failed: `extensions.changed` of the error says whether
    /// something was.
    Mutation {
        /// Makes a note; the viewer becomes its author.
        note_create = change!(note::create, "The note.");
        /// Changes some fields of a note.
        note_patch = change!(note::patch, "Which note, and how.");
        /// Makes users responsible for a note.
        note_assign = change!(note::assign, "Which note, and whom.");
        /// Makes users no longer responsible for a note.
        note_unassign = change!(note::unassign, "Which note, and whom.");
        /// Posts a message to the thread of a note.
        note_message_post = change!(note::post, "Which note, and what to say.");
        /// Deletes a note with its messages and assignments.
        note_delete = change!(note::delete, "Which note.");
        /// Changes some fields of many notes, as `notePatch` does of one.
        notes_patch = change!(note::patch_many, "Which notes, and how.");
        /// Makes users responsible for many notes, as `noteAssign` does for one.
        notes_assign = change!(note::assign_many, "Which notes, and whom.");
        /// Makes users no longer responsible for many notes, as `noteUnassign` does for one.
        notes_unassign = change!(note::unassign_many, "Which notes, and whom.");
        /// Deletes many notes with their messages and assignments.
        notes_delete = change!(note::delete_many, "Which notes.");
        /// Makes a note type. Takes the ADMIN scope.
        note_type_create = resolve(|_: &Mutation, Args(Name { name }), ctx| {
            Box::pin(async move { Ok(Some(note_type::create(&ctx, name).await?)) })
        });
        /// Gives a note type another name. Takes the ADMIN scope.
        note_type_rename = resolve(|_: &Mutation, Args(NewName { id, name }), ctx| {
            Box::pin(async move { Ok(Some(note_type::rename(&ctx, id, name).await?)) })
        });
        /// Deletes a note type that no note has. Takes the ADMIN scope.
        note_type_delete = resolve(|_: &Mutation, Args(OfType { id }), ctx| {
            Box::pin(async move { Ok(Some(note_type::delete(&ctx, id).await?)) })
        });
        /// Makes customers, or brings them up to date: for the system that owns them. Whoever has the `externalKey` is
        /// changed, and somebody new is made where there is none. If one cannot be written, none is. Takes the ADMIN scope.
        customers_upsert = change!(customer::upsert, "The customers: at most 100.");
        /// Makes users, or brings them up to date: for the system that owns them. Whoever has the `externalKey` is changed,
        /// and somebody new is made where there is none. If one cannot be written, none is. Takes the ADMIN scope.
        users_upsert = change!(user::upsert, "The users: at most 100.");
    }
}

/// The name of a note type that is made.
#[derive(InputObject)]
struct Name {
    /// Its name: not blank, without control characters, at most 255 characters, no other type's of the company.
    name: String,
}

/// A note type and its new name.
#[derive(InputObject)]
struct NewName {
    /// The type: "NoteType:42" or "42".
    id: ID,
    /// Its new name: not blank, without control characters, at most 255 characters, no other type's of the company.
    name: String,
}

/// A note type.
#[derive(InputObject)]
struct OfType {
    /// The type: "NoteType:42" or "42".
    id: ID,
}
