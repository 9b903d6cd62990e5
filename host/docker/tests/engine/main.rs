//! The driver against a real Engine. Fails, and says so, where none answers.

mod containers;
mod ground;
mod images;
mod registry;
