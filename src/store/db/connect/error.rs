use sea_orm::DbErr;

/// Why connecting failed; the text is for the operator.
#[derive(Debug)]
pub enum ConnectError {
    /// The address does not name a supported database.
    Address(String),
    /// The database does not answer, or refuses the connection.
    Database(DbErr),
    /// The database does not keep its data as safely as the server promises; the text says why.
    Unsafe(String),
}

impl std::fmt::Display for ConnectError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Address(reason) => f.write_str(reason),
            Self::Database(error) => write!(f, "cannot open the database: {error}"),
            Self::Unsafe(reason) => write!(f, "the database would not store data safely: {reason}"),
        }
    }
}

impl std::error::Error for ConnectError {}

impl From<DbErr> for ConnectError {
    fn from(error: DbErr) -> Self {
        Self::Database(error)
    }
}
