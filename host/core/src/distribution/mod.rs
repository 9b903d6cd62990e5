//! Documents and headers of the OCI distribution protocol: manifests, configurations, and what a registry asks for.
//!
//! All of it is foreign: read within bounds, and refused where two readers could read it differently.

pub mod challenge;
pub mod config;
pub mod manifest;
