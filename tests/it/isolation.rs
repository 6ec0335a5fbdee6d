//! What belongs to others does not show: neither what is another company's, whatever is asked for it, nor confidential
//! notes, whatever is done beside them.
//!
//! The tests read the schema: a new field or argument is asked for as all others are, or makes them fail. Answers are
//! compared with those of a server that has the same rows but for what is not to show.
//!
//! `NOTEGRAPH_HIDDEN_OPERATIONS` says how many operations are made beside hidden notes, 10,000 else.

mod canonical;
mod company;
mod coverage;
mod hidden;
mod kinds;
mod lockstep;
mod operation;
mod population;
mod selection;
mod stranger;
mod strangers;
mod twins;
mod words;
