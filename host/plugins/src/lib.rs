//! The sandbox: the only crate that knows wasmtime.
