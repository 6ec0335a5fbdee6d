//! What the event log needs of a database: the order of commits, and which database it is.

use super::{Database, Dialect};

impl Dialect {
    /// Two expressions: the position before which the event log is complete, as a transaction and the number of an
    /// event. No transaction that is still running can append an event before it.
    pub fn event_horizon(self) -> [&'static str; 2] {
        match self.0 {
            Database::Postgres => ["pg_snapshot_xmin(pg_current_snapshot())::text::bigint", "CAST(0 AS bigint)"],
            Database::Sqlite => ["0", "(SELECT value + 1 FROM id_counter WHERE name = 'event_id')"],
        }
    }

    /// An expression that names the database, different for a restored or a copied one, and for a replica that was
    /// promoted; null where the database cannot tell.
    pub fn database_identity(self) -> &'static str {
        match self.0 {
            // The timeline is that of the log of writes, since the control file learns of a promotion later.
            Database::Postgres => {
                "CASE WHEN pg_is_in_recovery() THEN NULL ELSE \
                 (SELECT system_identifier::text FROM pg_control_system()) || ':' \
                 || (SELECT oid::text FROM pg_database WHERE datname = current_database()) || ':' \
                 || left(pg_walfile_name(pg_current_wal_lsn()), 8) END"
            }
            Database::Sqlite => "CAST(NULL AS text)",
        }
    }

    /// An expression that is larger than the number of every transaction of this server that has ended; none if events
    /// do not hold such numbers.
    pub fn next_transaction(self) -> Option<&'static str> {
        match self.0 {
            Database::Postgres => Some("pg_snapshot_xmax(pg_current_snapshot())::text::bigint"),
            Database::Sqlite => None,
        }
    }

    /// A subquery that makes a JSON list of a column of `rows`, which is a subquery without parentheses.
    pub fn json_list(self, column: &str, rows: &str) -> String {
        match self.0 {
            Database::Postgres => format!("(SELECT jsonb_agg({column}) FROM ({rows}) AS listed)"),
            Database::Sqlite => format!("(SELECT json_group_array({column}) FROM ({rows}) AS listed)"),
        }
    }
}
