#![no_main]
//! libFuzzer front end of [`spawnfile_fuzz::registry_manifest`].

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| spawnfile_fuzz::registry_manifest::check(bytes));
