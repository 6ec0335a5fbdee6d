/// Maximum number of parameters of a statement on either database: that of `SQLite`; `PostgreSQL` allows 65,535.
pub const MOST_PARAMETERS: usize = 32_766;
