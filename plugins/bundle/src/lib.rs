//! First-party components, precompiled and embedded.
