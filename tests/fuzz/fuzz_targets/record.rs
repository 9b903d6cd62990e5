#![no_main]
//! libFuzzer front end of [`spawnfile_fuzz::record`].

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| spawnfile_fuzz::record::check(bytes));
