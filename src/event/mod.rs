//! The event log: the history of notes, and the feed of all changes. Events are appended in the transaction of the
//! change, and removed after the operator's retention period.

mod append;
mod audience;
mod cursor;
mod feed;
mod field;
mod follow;
mod history;
mod hub;
mod log;
mod permutation;
mod position;
mod retention;
mod seen;

pub use append::{ChangeContext, NewEvent};
pub use audience::Audience;
pub use feed::{FeedFilter, FeedPage, FeedRequest, Start, read_feed};
pub use field::{History, HistoryField};
pub use follow::{FollowRequest, follow};
pub use history::{by_handles, read_histories};
pub use hub::EventHub;
pub use log::{EventLog, LogState};
pub use position::Position;
pub use retention::{Removed, Retention};
pub use seen::SeenEvent;
