//! The distribution report, `spawnfile.distribution-report.v1`: what an image says about itself.
//!
//! The format is the TypeScript tool's. Fields stand in the order in which they are written.

pub(crate) mod checks;
mod parse;
mod schema;

pub use parse::{ReportProblem, parse};
pub use schema::*;

#[cfg(feature = "collation")]
mod fingerprint;
#[cfg(feature = "collation")]
pub use fingerprint::fingerprint;
#[cfg(feature = "project")]
pub(crate) use fingerprint::short_hash;
