#![no_main]
//! libFuzzer front end of [`spawnfile_fuzz::lock`].

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| spawnfile_fuzz::lock::check(bytes));
