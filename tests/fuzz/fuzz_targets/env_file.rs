#![no_main]
//! libFuzzer front end of [`spawnfile_fuzz::env_file`].

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| spawnfile_fuzz::env_file::check(bytes));
