//! Formats, contract and decisions of spawnfile: pure, no I/O.
