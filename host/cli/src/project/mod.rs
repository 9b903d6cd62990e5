//! Projects on disk: reading their sources, writing what compile makes of them.

pub(crate) mod authored;
pub(crate) mod built;
pub(crate) mod gather;
pub(crate) mod leak;
pub(crate) mod lockfile;
pub(crate) mod pin;
pub(crate) mod pipeline;
pub(crate) mod write;
