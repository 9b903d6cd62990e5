#![no_main]
//! libFuzzer front end of [`spawnfile_fuzz::image_config`].

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| spawnfile_fuzz::image_config::check(bytes));
