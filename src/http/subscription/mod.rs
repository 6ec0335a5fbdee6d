//! Subscriptions, and their results over HTTP. Those over WebSocket are in [`websocket`](super::websocket).

pub mod streaming;
mod subscription;

pub use subscription::{Subscription, SubscriptionItem, SubscriptionTransport, needs_stream};
