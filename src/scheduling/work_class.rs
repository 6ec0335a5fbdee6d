/// The purpose of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WorkClass {
    /// One statement that reads.
    Read,
    /// One statement that reads for too long for a reserved connection.
    LongRead,
    /// One statement that reads, in an operation that holds a connection for a transaction. If such a request waited
    /// for all holders of connections, these could deadlock.
    NestedRead,
    Transaction,
}
