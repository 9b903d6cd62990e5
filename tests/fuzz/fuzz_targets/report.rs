#![no_main]
//! libFuzzer front end of [`spawnfile_fuzz::report`].

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| spawnfile_fuzz::report::check(bytes));
