#![no_main]
//! libFuzzer front end of [`spawnfile_fuzz::layer`].

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| spawnfile_fuzz::layer::check(bytes));
