//! The vocabulary of the OCI specifications: digests, references, platforms, and our labels.

pub mod digest;
pub mod labels;
pub mod platform;
pub mod reference;

pub use digest::Digest;
pub use platform::Platform;
pub use reference::Reference;
