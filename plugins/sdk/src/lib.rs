//! Write spawnfile plugins: runtime kinds, auth methods, targets.
