//! The extras, `spawnfile.extras.v1`: what running, probing and redeploying an image needs beyond the report, so that
//! no runtime kind plugin is asked then.
//!
//! They come out of an image like the report and are trusted as little: `parse` bounds and checks every value, and
//! [`Extras::agree`] holds them against the report.

mod agree;
mod parse;
mod schema;

pub use parse::{ExtrasProblem, parse};
pub use schema::*;

impl Extras {
    /// Returns the document as it is written: pretty JSON with two spaces and a final newline.
    pub fn to_canonical_bytes(&self) -> Vec<u8> {
        crate::json::pretty(self)
    }
}
