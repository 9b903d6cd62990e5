//! The Docker Engine driver: the only crate that knows bollard.
