//! Who a home is: a random id, made when it is first needed. It labels what the home owns on an Engine, so it must
//! survive that the home is moved, linked to, or spelled in another way.

use std::io::Write;
use std::path::Path;

use super::atomic::{self, io};
use crate::error::CliError;

const NAME: &str = "id";
const BYTES: usize = 16;

/// Returns the id of a home, made if need be.
pub(crate) fn id(home: &Path) -> Result<String, CliError> {
    if let Some(id) = existing(home)? {
        return Ok(id);
    }
    atomic::make_folder(home)?;
    let mut bytes = [0_u8; BYTES];
    getrandom::fill(&mut bytes).map_err(|error| CliError::failed(format!("the system gives no randomness: {error}")))?;
    let id: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let mut file = tempfile::Builder::new().prefix(".tmp-").tempfile_in(home).map_err(|error| io("write in", home, &error))?;
    file.write_all(id.as_bytes()).and_then(|()| file.as_file().sync_all()).map_err(|error| io("write in", home, &error))?;
    match file.persist_noclobber(home.join(NAME)) {
        Ok(_) => atomic::sync_folder(home)?,
        // Another command was quicker: its id counts.
        Err(error) if error.error.kind() == std::io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(io("write", &home.join(NAME), &error.error)),
    }
    existing(home)?.ok_or_else(|| CliError::failed(format!("`{}` is gone again", home.join(NAME).display())))
}

/// Returns the id of a home that has one.
pub(crate) fn existing(home: &Path) -> Result<Option<String>, CliError> {
    let path = home.join(NAME);
    let Some(bytes) = atomic::read(&path, 256)? else { return Ok(None) };
    let text = String::from_utf8(bytes).unwrap_or_default().trim().to_owned();
    if text.len() == BYTES * 2 && text.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Ok(Some(text));
    }
    Err(CliError::input(format!("`{}` is damaged: it holds no id of a home", path.display()))
        .hint("without it the home cannot tell which containers are its own"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_made_once_and_a_damaged_one_is_no_id() {
        let dir = tempfile::tempdir().unwrap();
        assert!(existing(dir.path()).unwrap().is_none());
        let first = id(dir.path()).unwrap();
        assert_eq!(id(dir.path()).unwrap(), first);
        std::fs::write(dir.path().join(NAME), "x").unwrap();
        assert!(id(dir.path()).is_err());
    }
}
