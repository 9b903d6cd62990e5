#![no_main]
//! libFuzzer front end of [`spawnfile_fuzz::archive`].

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| spawnfile_fuzz::archive::check(bytes));
