//! A running arrangement of units: its plan, its settings, and its record.

pub mod admit;
pub mod build;
pub mod plan;
pub mod record;
pub mod settings;
#[cfg(test)]
mod tests;
