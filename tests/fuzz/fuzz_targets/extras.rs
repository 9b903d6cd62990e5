#![no_main]
//! libFuzzer front end of [`spawnfile_fuzz::extras`].

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| spawnfile_fuzz::extras::check(bytes));
