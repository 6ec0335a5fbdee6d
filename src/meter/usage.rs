use std::time::Duration;

/// The usage of an operation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OperationUsage {
    /// Total time of its statements.
    pub database: Duration,
    /// CPU time of this process.
    pub cpu: Duration,
    pub statements: u64,
    pub rows: u64,
    /// Bytes of these rows, as the database sent them.
    pub row_bytes: u64,
    /// Instructions of `SQLite`'s virtual machine, accurate to some thousands; 0 on `PostgreSQL`.
    pub steps: u64,
    /// Number of values in the response.
    pub values: u64,
    /// Size of the response, in bytes.
    pub answer_bytes: u64,
}

/// Bytes of a response that cost one point, for the time it takes to send them.
const BYTES_A_POINT: u64 = 100;

impl OperationUsage {
    /// The cost in points: one for each microsecond of CPU time and of time in the database, and one for each 100 bytes
    /// of the response.
    pub fn cost(&self) -> u64 {
        let micros = |duration: Duration| u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        micros(self.database).saturating_add(micros(self.cpu)).saturating_add(self.answer_bytes / BYTES_A_POINT)
    }

    /// Adds the operation to the metrics of the process.
    pub fn record(&self) {
        metrics::counter!("notegraph_operations_total").increment(1);
        metrics::counter!("notegraph_cost_points_total").increment(self.cost());
        metrics::counter!("notegraph_statements_total").increment(self.statements);
        metrics::counter!("notegraph_rows_total").increment(self.rows);
        metrics::counter!("notegraph_row_bytes_total").increment(self.row_bytes);
        metrics::counter!("notegraph_sqlite_steps_total").increment(self.steps);
        metrics::counter!("notegraph_answer_bytes_total").increment(self.answer_bytes);
        metrics::histogram!("notegraph_operation_database_seconds").record(self.database.as_secs_f64());
        metrics::histogram!("notegraph_operation_cpu_seconds").record(self.cpu.as_secs_f64());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cost_unit_is_a_microsecond_or_a_hundred_bytes() {
        let usage = OperationUsage {
            database: Duration::from_millis(2),
            cpu: Duration::from_micros(300),
            answer_bytes: 5_000,
            ..OperationUsage::default()
        };
        assert_eq!(usage.cost(), 2_000 + 300 + 50);
    }
}
