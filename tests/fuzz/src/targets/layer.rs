//! Files out of a layer: the answer does not depend on the pieces in which it comes.

use spawnfile_core::archive::layer::{LayerError, Scan, Seen};

const MAX: u64 = 4096;

fn scan(bytes: &[u8], piece: usize) -> Result<Vec<Seen>, LayerError> {
    let mut scan = Scan::new(["/spawnfile/spawnfile-report.json", "/spawnfile/spawnfile-extras.json"], MAX);
    for piece in bytes.chunks(piece) {
        scan.push(piece)?;
    }
    scan.finish()
}

pub fn check(bytes: &[u8]) {
    let whole = scan(bytes, bytes.len().max(1));
    assert_eq!(whole, scan(bytes, 511));
    match whole {
        Ok(seen) => assert!(seen.iter().all(|seen| !matches!(seen, Seen::File(file) if file.len() as u64 > MAX))),
        Err(error) => super::is_fit_to_show(&error.to_string()),
    }
}
