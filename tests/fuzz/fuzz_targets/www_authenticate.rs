#![no_main]
//! libFuzzer front end of [`spawnfile_fuzz::www_authenticate`].

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| spawnfile_fuzz::www_authenticate::check(bytes));
