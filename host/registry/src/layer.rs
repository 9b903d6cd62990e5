//! Unpacks a layer and looks for files in it: one stream of gzip or none, bounded, with the digest that the image's
//! configuration says.

use std::io::Write as _;

use flate2::write::GzDecoder;
use spawnfile_core::archive::layer::{LayerError, Scan, Seen};
use spawnfile_core::distribution::manifest::Packing;
use spawnfile_core::oci::Digest;
use spawnfile_core::oci::digest::Hasher;

use crate::error::RegistryError;

/// What to look for in a layer.
#[derive(Debug, Clone)]
pub struct Look<'a> {
    /// For messages.
    pub what: &'a str,
    /// How it is packed.
    pub packing: Packing,
    /// Digest of the unpacked layer.
    pub diff_id: &'a Digest,
    /// Absolute paths of the files.
    pub paths: &'a [&'a str],
    /// Most bytes of a file.
    pub max_file: u64,
    /// Most bytes of the unpacked layer.
    pub max_unpacked: u64,
}

/// Takes unpacked bytes.
struct Sink {
    scan: Scan,
    hasher: Hasher,
    left: u64,
    failed: Option<Failure>,
}

enum Failure {
    Layer(LayerError),
    TooLarge,
}

impl std::io::Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let failed = match self.left.checked_sub(bytes.len() as u64) {
            None => Some(Failure::TooLarge),
            Some(left) => {
                self.left = left;
                self.hasher.update(bytes);
                self.scan.push(bytes).err().map(Failure::Layer)
            }
        };
        match failed {
            None => Ok(bytes.len()),
            Some(failure) => {
                self.failed = Some(failure);
                Err(std::io::Error::other("refused"))
            }
        }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Returns what a packed layer makes of each path.
///
/// # Errors
/// When it does not unpack, is too large, has another digest, or can be read in two ways.
pub fn look(packed: &[u8], look: &Look<'_>) -> Result<Vec<Seen>, RegistryError> {
    let what = || look.what.to_owned();
    let unpack = |why: &str| RegistryError::Unpack { what: what(), why: why.to_owned() };
    let scan = Scan::new(look.paths.iter().copied(), look.max_file);
    let sink = Sink { scan, hasher: Hasher::new(), left: look.max_unpacked, failed: None };
    let (sink, written) = match look.packing {
        Packing::Plain => {
            let mut sink = sink;
            let written = sink.write_all(packed);
            (sink, written)
        }
        Packing::Gzip => {
            let mut decoder = GzDecoder::new(sink);
            // One member and nothing after it: the decoder takes no more than that.
            let written = write_member(&mut decoder, packed);
            let written = written.and_then(|()| decoder.try_finish());
            (std::mem::replace(decoder.get_mut(), Sink { scan: Scan::new([], 0), hasher: Hasher::new(), left: 0, failed: None }), written)
        }
        Packing::Other => return Err(unpack("it is packed in a way that is not read")),
    };
    match (sink.failed, written) {
        (Some(Failure::Layer(why)), _) => return Err(RegistryError::Layer { what: what(), why }),
        (Some(Failure::TooLarge), _) => return Err(RegistryError::TooLarge { what: what(), max: look.max_unpacked }),
        (None, Err(_)) => return Err(unpack("it is no gzip of one member")),
        (None, Ok(())) => {}
    }
    let found = sink.hasher.finish();
    if found != *look.diff_id {
        return Err(RegistryError::Digest { what: format!("{} unpacked", look.what), expected: look.diff_id.clone(), found });
    }
    sink.scan.finish().map_err(|why| RegistryError::Layer { what: what(), why })
}

fn write_member(decoder: &mut GzDecoder<Sink>, mut packed: &[u8]) -> std::io::Result<()> {
    while !packed.is_empty() {
        match decoder.write(packed)? {
            // The member has ended, and there is more.
            0 => return Err(std::io::Error::other("more than one member")),
            taken => packed = packed.get(taken..).unwrap_or_default(),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn tar() -> Vec<u8> {
        vec![0; 1024]
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn run(packed: &[u8], packing: Packing, diff_id: &Digest) -> Result<Vec<Seen>, String> {
        let wanted = Look { what: "the layer", packing, diff_id, paths: &["/spawnfile/a.json"], max_file: 100, max_unpacked: 1024 * 1024 };
        look(packed, &wanted).map_err(|error| error.to_string())
    }

    #[test]
    fn gzip_and_plain_are_read() {
        let diff = Digest::of(&tar());
        assert_eq!(run(&tar(), Packing::Plain, &diff), Ok(vec![Seen::Untouched]));
        assert_eq!(run(&gzip(&tar()), Packing::Gzip, &diff), Ok(vec![Seen::Untouched]));
    }

    #[test]
    fn what_does_not_unpack_to_the_digest_is_refused() {
        let diff = Digest::of(&tar());
        let refused = |packed: &[u8], packing, diff: &Digest, why: &str| {
            let error = run(packed, packing, diff).unwrap_err();
            assert!(error.contains(why), "{error} instead of {why}");
        };
        let whole = gzip(&tar());
        refused(&whole, Packing::Gzip, &Digest::of(b"x"), "digest");
        refused(&whole, Packing::Plain, &diff, "");
        refused(&whole, Packing::Other, &diff, "not read");
        refused(&[&whole[..], &whole[..]].concat(), Packing::Gzip, &diff, "one member");
        refused(&whole[..whole.len() - 4], Packing::Gzip, &diff, "one member");
        refused(&whole[..12], Packing::Gzip, &diff, "one member");
        refused(b"\x28\xb5\x2f\xfd zstd", Packing::Gzip, &diff, "one member");
        refused(b"", Packing::Gzip, &diff, "");
        // 64 MiB of zeros in 64 KiB.
        refused(&gzip(&vec![0; 64 << 20]), Packing::Gzip, &diff, "");
        let mut noise = vec![1_u8; 2 << 20];
        noise.splice(0..0, tar());
        refused(&gzip(&noise), Packing::Gzip, &diff, "");
    }
}
