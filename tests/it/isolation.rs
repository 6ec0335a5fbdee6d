//! Proves that nothing hidden leaks: no data of another company, whatever a client requests, and no confidential notes,
//! whatever happens to them.
//!
//! The tests read the schema: they exercise a new field or argument automatically, or fail. They compare responses with
//! those of a server that has the same rows except the hidden ones.
//!
//! `NOTEGRAPH_HIDDEN_OPERATIONS` sets the number of operations in each test with hidden notes; the default is 10,000.

mod canonical;
mod company;
mod coverage;
mod hidden;
mod kinds;
mod lockstep;
mod opaque;
mod operation;
mod population;
mod selection;
mod stranger;
mod strangers;
mod twins;
mod words;
