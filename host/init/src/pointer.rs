//! JSON pointers (RFC 6901): setting a value. Missing objects on the way are made; nothing else is: a list is never
//! lengthened and a value of another kind is never replaced by an object.

use serde_json::Value;
use zeroize::Zeroize;

/// Why a value could not be set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PointerError {
    /// A list has no element of that number.
    #[error("a list on the way has no such element")]
    NoElement,
    /// Something on the way is neither object nor list.
    #[error("something on the way is neither an object nor a list")]
    NoContainer,
}

/// Returns whether a text is a pointer to something inside a document (the empty one, to the whole, is not).
pub fn is_pointer(text: &str) -> bool {
    let mut tildes = text.split('~');
    text.starts_with('/')
        && text.len() <= 4096
        && tildes.next().is_some()
        && tildes.all(|after| after.starts_with('0') || after.starts_with('1'))
        && text.split('/').count() <= 64
}

/// Sets the value at a pointer; returns whether that changed the document. The old value's text is wiped.
///
/// # Errors
/// When the way there is not made of objects and existing elements of lists. The document may then have new empty
/// objects: it must not be written.
pub fn set(document: &mut Value, pointer: &str, text: &str) -> Result<bool, PointerError> {
    let mut place = document;
    for segment in pointer.split('/').skip(1) {
        let key = segment.replace("~1", "/").replace("~0", "~");
        place = match place {
            Value::Object(map) => map.entry(key).or_insert_with(|| Value::Object(serde_json::Map::new())),
            Value::Array(list) => index(&key).and_then(|at| list.get_mut(at)).ok_or(PointerError::NoElement)?,
            _ => return Err(PointerError::NoContainer),
        };
    }
    if place.as_str() == Some(text) {
        return Ok(false);
    }
    wipe(place);
    *place = Value::String(text.to_owned());
    Ok(true)
}

/// A number without sign or leading zeros.
fn index(segment: &str) -> Option<usize> {
    let plain = segment == "0" || (!segment.starts_with('0') && segment.bytes().all(|b| b.is_ascii_digit()));
    plain.then(|| segment.parse().ok()).flatten()
}

/// Overwrites every text in a document.
pub fn wipe(value: &mut Value) {
    match value {
        Value::String(text) => text.zeroize(),
        Value::Array(list) => list.iter_mut().for_each(wipe),
        Value::Object(map) => map.values_mut().for_each(wipe),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn sets_through_objects_lists_and_escapes() {
        let mut document = json!({"list": [{"token": ""}, 1], "a/b": {}});
        assert_eq!(set(&mut document, "/list/0/token", "t"), Ok(true));
        assert_eq!(set(&mut document, "/list/0/token", "t"), Ok(false));
        assert_eq!(set(&mut document, "/list/1", "one"), Ok(true));
        assert_eq!(set(&mut document, "/a~1b/c~0d", "x"), Ok(true));
        assert_eq!(set(&mut document, "/new/deep/0", "y"), Ok(true));
        assert_eq!(document, json!({"list": [{"token": "t"}, "one"], "a/b": {"c~d": "x"}, "new": {"deep": {"0": "y"}}}));
    }

    #[test]
    fn refuses_what_is_not_there() {
        let mut document = json!({"list": [1], "text": "x"});
        for at in ["/list/1", "/list/-", "/list/01", "/list/x", "/list/99999999999999999999"] {
            assert_eq!(set(&mut document, at, "t"), Err(PointerError::NoElement), "{at}");
        }
        for at in ["/text/a", "/list/0/a"] {
            assert_eq!(set(&mut document, at, "t"), Err(PointerError::NoContainer), "{at}");
        }
    }

    #[test]
    fn pointers_are_recognised() {
        for good in ["/a", "/", "/a/0/b~1c~0"] {
            assert!(is_pointer(good), "{good}");
        }
        for bad in ["", "a", "/~", "/~2", &"/".repeat(80)] {
            assert!(!is_pointer(bad), "{bad}");
        }
    }
}
