//! Messages to the user, by way of the host, and the panic hook that uses them.
//!
//! The host bounds lines and bytes and puts the plugin's id before each. In a native test nothing is sent: messages
//! are kept for [`take`].

use std::sync::Once;

pub use crate::bindings::common::spawnfile::common::log::Level;

/// Longest panic text that is passed on, in bytes.
const PANIC_BYTES: usize = 2048;

/// Sends a message that matters to the plugin's author only.
pub fn debug(message: &str) {
    emit(Level::Debug, message);
}

/// Sends a message for information.
pub fn info(message: &str) {
    emit(Level::Info, message);
}

/// Sends a warning. What is wrong with the input belongs into a diagnostic instead: that has a code and a place.
pub fn warn(message: &str) {
    emit(Level::Warn, message);
}

#[cfg(target_arch = "wasm32")]
fn emit(level: Level, message: &str) {
    crate::bindings::common::spawnfile::common::log::emit(level, message);
}

#[cfg(not(target_arch = "wasm32"))]
fn emit(level: Level, message: &str) {
    KEPT.with_borrow_mut(|kept| kept.push((level, message.to_owned())));
}

#[cfg(not(target_arch = "wasm32"))]
thread_local! {
    static KEPT: std::cell::RefCell<Vec<(Level, String)>> = const { std::cell::RefCell::new(Vec::new()) };
}

/// Returns the messages of this thread since the last call. Only in native tests.
#[cfg(not(target_arch = "wasm32"))]
pub fn take() -> Vec<(Level, String)> {
    KEPT.take()
}

/// What of a panic reaches the user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PanicText {
    /// Message and place.
    Full,
    /// The place alone: for worlds that are given secret values, which a message could quote.
    PlaceOnly,
}

/// Makes panics visible: a guest has no standard error, and the trap that follows carries no text.
///
/// The export macros call it before every exported function; only the first call counts.
pub fn install_panic_hook(text: PanicText) {
    static ONCE: Once = Once::new();
    // A native test keeps the test harness's own hook, which shows more.
    if cfg!(target_arch = "wasm32") {
        ONCE.call_once(|| std::panic::set_hook(Box::new(move |panic| warn(&describe_panic(panic, text)))));
    }
}

fn describe_panic(panic: &std::panic::PanicHookInfo<'_>, text: PanicText) -> String {
    let place = panic.location().map_or_else(|| "an unknown place".to_owned(), ToString::to_string);
    let message = match text {
        PanicText::Full => panic.payload_as_str().map(|message| cut(message, PANIC_BYTES)),
        PanicText::PlaceOnly => None,
    };
    match message {
        Some(message) => format!("panicked at {place}: {message}"),
        None => format!("panicked at {place}"),
    }
}

/// Returns at most `bytes` bytes of a text, cut between characters.
fn cut(text: &str, bytes: usize) -> &str {
    &text[..text.floor_char_boundary(bytes)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_kept_in_order_once() {
        take();
        info("one");
        warn("two");
        assert_eq!(take(), [(Level::Info, "one".to_owned()), (Level::Warn, "two".to_owned())]);
        assert!(take().is_empty());
    }

    #[test]
    fn long_texts_are_cut_between_characters() {
        assert_eq!(cut("aéb", 2), "a");
        assert_eq!(cut("ab", 9), "ab");
    }
}
