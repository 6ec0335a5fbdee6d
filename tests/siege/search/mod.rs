//! An attacker that searches: requests are changed at random, and those that do more harm are changed further.

mod candidate;
mod climb;
mod fits;
mod generate;
mod mutate;
mod replay;
mod schema;
