//! Running an image: the secrets it gets, the containers it becomes, the wait until it is healthy.

pub(crate) mod capability;
pub(crate) mod follow;
pub(crate) mod gate;
pub(crate) mod probe;
pub(crate) mod redact;
pub(crate) mod secrets;
pub(crate) mod settings;
pub(crate) mod start;
pub(crate) mod undo;
