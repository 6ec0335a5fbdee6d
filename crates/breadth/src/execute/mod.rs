//! Executes operations: [`run`] loads the relations of a plan wave by wave, and [`write`](mod@write) writes the response
//! in one pass into one [buffer](Buffer). [`execute`](mod@execute) does both, and a [meter](ExecutionMeter) can stop it.

mod buffer;
mod execute;
mod meter;
mod progress;
mod response;
mod run;
mod write;
mod written;

pub use buffer::Buffer;
pub use execute::{Executor, subscribe};
pub use meter::{ChangeCount, ExecutionMeter};
pub use progress::{Interruption, MutationProgress};
pub use response::{Response, ResponseData};
