//! The tar stream in which an Engine answers with one file. The first byte says in what pieces it comes.

use spawnfile_core::archive::{ArchiveError, SingleFile};

const NAME: &str = "spawnfile-report.json";
/// Most bytes of the file.
const MAX: u64 = 4096;

pub fn check(bytes: &[u8]) {
    let Some((&piece, stream)) = bytes.split_first() else { return };
    let whole = read(stream, stream.len().max(1));
    assert_eq!(read(stream, usize::from(piece) + 1), whole, "the pieces do not matter");
    match whole {
        Ok(file) => {
            assert!(file.len() as u64 <= MAX);
            assert!(file.is_empty() || stream.windows(file.len()).any(|window| window == file), "the file is in the stream");
            // What one reader takes, the other reads as the same one file.
            let second = read(&[stream, &[1]].concat(), stream.len() + 1);
            assert_eq!(second, Err(ArchiveError::Trailing), "nothing may follow");
        }
        Err(error) => super::is_fit_to_show(&error.to_string()),
    }
}

fn read(stream: &[u8], piece: usize) -> Result<Vec<u8>, ArchiveError> {
    let mut reader = SingleFile::new(NAME, MAX);
    let mut refused = None;
    for bytes in stream.chunks(piece) {
        match (reader.push(bytes), &refused) {
            (Ok(()), None) => {}
            (Ok(()), Some(error)) => panic!("taken after {error:?}"),
            (Err(error), None) => refused = Some(error),
            (Err(error), Some(first)) => assert_eq!(&error, first, "an error stays"),
        }
    }
    let end = reader.finish();
    if let Some(error) = refused {
        assert_eq!(end, Err(error));
    }
    end
}
