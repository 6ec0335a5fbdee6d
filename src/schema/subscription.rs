//! The root type `Subscription`.

use breadth::{Args, object, source};

use crate::note;
use crate::note::NoteEvent;

/// The root of all subscriptions.
pub struct Subscription;

object! {
    /// Subscriptions, over WebSocket (`graphql-transport-ws`), server-sent events or multipart. An operation has one field,
    /// which sends a result for each event.
    Subscription {
        /// Follows the feed: each change of the notes that the viewer may see, when it happens. With `after`, what
        /// happened since that cursor comes first. To go on after an interruption, pass the `cursor` of the last event as
        /// `after`: no event is left out. The selection is executed for each event with the access that the viewer has
        /// then. Needs the READ scope.
        note_events = source::<_, Option<NoteEvent>>(|Args(args), ctx| note::follow(args, ctx));
    }
}
