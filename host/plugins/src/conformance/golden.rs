//! Golden documents of `specs/schemas/examples`, embedded by the build script of this crate.

include!(concat!(env!("OUT_DIR"), "/golden.rs"));
