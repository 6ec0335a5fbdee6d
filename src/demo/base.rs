use chrono::{DateTime, Utc};

/// The time of the newest demo data: 2026-11-20T17:00:00Z. Data made at run time is newer.
pub const BASE: DateTime<Utc> = DateTime::from_timestamp(1_795_194_000, 0).expect("a time within range");
