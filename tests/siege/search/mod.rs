//! An attacker that searches: it mutates requests at random, and continues with those that do more harm.

mod candidate;
mod climb;
mod fits;
mod generate;
mod mutate;
mod replay;
mod schema;
