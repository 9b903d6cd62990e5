//! The driver against a real Engine. Fails, and says so, where none answers.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests fail by panic")]

mod containers;
mod ground;
mod images;
mod registry;
