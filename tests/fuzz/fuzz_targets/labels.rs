#![no_main]
//! libFuzzer front end of [`spawnfile_fuzz::labels`].

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| spawnfile_fuzz::labels::check(bytes));
