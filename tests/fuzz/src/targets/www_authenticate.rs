//! `WWW-Authenticate`: what a registry asks for.

use spawnfile_core::distribution::challenge::{self, Challenge, MAX_BYTES};

pub fn check(bytes: &[u8]) {
    match challenge::parse(bytes) {
        Ok(Challenge::Bearer { realm, service }) => {
            assert!(bytes.len() <= MAX_BYTES && !realm.is_empty());
            let texts = [Some(&realm), service.as_ref()];
            assert!(texts.into_iter().flatten().all(|text| text.bytes().all(|b| b == b' ' || b.is_ascii_graphic())), "{realm:?}");
        }
        Ok(Challenge::Basic) => assert!(bytes.len() <= MAX_BYTES),
        Err(error) => super::is_fit_to_show(&error.to_string()),
    }
}
