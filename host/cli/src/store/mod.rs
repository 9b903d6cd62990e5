//! What is kept on disk: auth profiles, deployments, cached reports, what was read from registries. Written atomically, 0600 in folders of 0700.

pub(crate) mod atomic;
pub(crate) mod blobs;
pub(crate) mod deployments;
pub(crate) mod home;
pub(crate) mod profiles;
pub(crate) mod reports;
