//! One entry of `auths`: what it holds, and which credential that is.

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde::{Deserialize, Deserializer};
use spawnfile_core::secret::Secret;
use zeroize::Zeroizing;

use super::{Credential, CredentialError};

const BASE64: GeneralPurpose =
    GeneralPurpose::new(&alphabet::STANDARD, GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::RequireCanonical));

/// A text that may be a secret; wiped when it is dropped. Absent, null and empty are the same.
#[derive(Default)]
pub(super) struct Text(Zeroizing<String>);

impl Text {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn secret(&self) -> Secret {
        Secret::new(self.0.as_bytes().to_vec())
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(Zeroizing::new(Option::deserialize(deserializer)?.unwrap_or_default())))
    }
}

/// An entry of `auths`. Other keys (an e-mail address) say nothing here.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Entry {
    auth: Text,
    username: Text,
    password: Text,
    identitytoken: Text,
    registrytoken: Text,
}

impl Entry {
    pub(super) fn with_auth(auth: Text) -> Self {
        Self { auth, ..Self::default() }
    }

    /// Returns what it holds: a registry token before an identity token before user and password. An empty entry,
    /// as docker leaves it beside a credential store, holds nothing.
    pub(super) fn credential(&self, place: &str, key: &str) -> Result<Option<Credential>, CredentialError> {
        if !self.registrytoken.is_empty() {
            return Ok(Some(Credential::RegistryToken(self.registrytoken.secret())));
        }
        if !self.identitytoken.is_empty() {
            return Ok(Some(Credential::IdentityToken(self.identitytoken.secret())));
        }
        if !self.auth.is_empty() {
            let why = |why| CredentialError::Entry { place: place.to_owned(), key: key.to_owned(), why };
            return decode(&self.auth).map(Some).map_err(why);
        }
        Ok((!self.username.is_empty())
            .then(|| Credential::Basic { username: self.username.0.to_string(), password: self.password.secret() }))
    }
}

/// `auth` is base64 of `user:password`; old versions padded the password with NUL bytes.
fn decode(auth: &Text) -> Result<Credential, &'static str> {
    // Docker's decoder passes over line ends.
    let packed = Zeroizing::new(auth.0.bytes().filter(|b| !matches!(b, b'\r' | b'\n')).collect::<Vec<u8>>());
    let plain = Zeroizing::new(BASE64.decode(&*packed).map_err(|_| "has an `auth` that is not base64")?);
    let colon = plain.iter().position(|b| *b == b':').filter(|at| *at > 0).ok_or("has an `auth` that is not `user:password`")?;
    let (username, rest) = plain.split_at(colon);
    let username = str::from_utf8(username).map_err(|_| "has a user that is not UTF-8")?.to_owned();
    let password = rest.get(1..).unwrap_or_default();
    let length = password.iter().rposition(|b| *b != 0).map_or(0, |last| last + 1);
    Ok(Credential::Basic { username, password: Secret::new(password.get(..length).unwrap_or_default().to_vec()) })
}
