//! Text with holes that the host fills when a deployment starts: how a plugin places values it never sees.
//!
//! A hole is a byte offset, the name of a slot or secret, and how the value is written there. Offsets are counted
//! here, so that no author counts bytes.
//!
//! ```
//! use spawnfile_plugin::{Encoding, Template};
//!
//! let template = Template::new().text("{\"token\":").json_string_hole("acme/access").text("}\n");
//! assert_eq!(template.text, "{\"token\":}\n");
//! assert_eq!((template.holes[0].at, template.holes[0].encoding), (9, Encoding::JsonString));
//! ```

pub use crate::bindings::common::spawnfile::common::types::{Encoding, Hole, Template};

impl Template {
    /// Returns an empty template.
    pub fn new() -> Self {
        Self { text: String::new(), holes: Vec::new() }
    }

    /// Adds fixed text.
    #[must_use]
    pub fn text(mut self, text: &str) -> Self {
        self.text.push_str(text);
        self
    }

    /// Adds a hole for a JSON string: the host writes the value quoted and escaped, so the text around it has no quotes.
    #[must_use]
    pub fn json_string_hole(self, name: &str) -> Self {
        self.hole(name, Encoding::JsonString)
    }

    /// Adds a hole that the host fills byte for byte (a JSON number, a line of a file).
    #[must_use]
    pub fn raw_hole(self, name: &str) -> Self {
        self.hole(name, Encoding::Raw)
    }

    /// Adds a hole for one word of a POSIX shell.
    #[must_use]
    pub fn shell_word_hole(self, name: &str) -> Self {
        self.hole(name, Encoding::ShellWord)
    }

    /// Adds a hole for the value of an Authorization header: `Bearer ` and the value.
    #[must_use]
    pub fn bearer_hole(self, name: &str) -> Self {
        self.hole(name, Encoding::Bearer)
    }

    fn hole(mut self, name: &str, encoding: Encoding) -> Self {
        // The host refuses texts far below 4 GiB, so a wrapped offset cannot pass unseen.
        let at = u32::try_from(self.text.len()).unwrap_or(u32::MAX);
        self.holes.push(Hole { at, name: name.to_owned(), encoding });
        self
    }
}

impl Default for Template {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_are_bytes_of_the_text_without_values() {
        let template = Template::new().text("é=").raw_hole("a").text(";").bearer_hole("b").shell_word_hole("c");
        assert_eq!(template.text, "é=;");
        let holes: Vec<(u32, &str, Encoding)> = template.holes.iter().map(|h| (h.at, h.name.as_str(), h.encoding)).collect();
        assert_eq!(holes, [(3, "a", Encoding::Raw), (4, "b", Encoding::Bearer), (4, "c", Encoding::ShellWord)]);
    }
}
