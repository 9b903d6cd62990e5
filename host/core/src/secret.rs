//! Secret values that cannot be printed, compared by accident or serialised.

use std::fmt;

use zeroize::Zeroizing;

/// A secret's value. `Debug` is redacted, there is no `Display` and no `Serialize`, and the memory is wiped on drop.
#[derive(Clone)]
pub struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    /// Takes the bytes in.
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// Returns the bytes. Every caller is a place where a secret leaves the type: keep them few.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// Returns whether the value is empty (an empty secret counts as not given).
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_nothing() {
        assert_eq!(format!("{:?}", Secret::new(b"canary".to_vec())), "[secret]");
    }
}
