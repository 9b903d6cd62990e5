#![no_main]
//! libFuzzer front end of [`spawnfile_fuzz::reference`].

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| spawnfile_fuzz::reference::check(bytes));
