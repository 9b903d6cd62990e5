//! A running arrangement of units: its plan, its settings, and its record.

pub mod plan;
pub mod settings;
