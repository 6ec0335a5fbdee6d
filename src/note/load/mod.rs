//! The loaders of notes and what belongs to them, each for many keys at once.

pub mod by_key;
mod joined;
mod single_note;
