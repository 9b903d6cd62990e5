#![no_main]
//! libFuzzer front end of [`spawnfile_fuzz::manifest`].

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| spawnfile_fuzz::manifest::check(bytes));
