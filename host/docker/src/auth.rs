//! Logins for the registries that the Engine talks to.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE;
use hyper::header::{HeaderName, HeaderValue};
use serde::ser::{SerializeMap as _, Serializer as _};
use spawnfile_core::oci::Reference;
use spawnfile_core::secret::Secret;

use crate::error::DockerError;
use crate::text::Redactor;

/// A login of one registry, sent to the Engine with a single request.
#[derive(Debug, Clone)]
pub enum RegistryAuth {
    /// User and password.
    Basic {
        /// User.
        username: String,
        /// Password.
        password: Secret,
    },
    /// A token that stands for a user (`docker login` with OAuth2).
    IdentityToken(Secret),
    /// A bearer token as it is.
    RegistryToken(Secret),
}

impl RegistryAuth {
    const fn secret(&self) -> &Secret {
        match self {
            Self::Basic { password, .. } => password,
            Self::IdentityToken(token) | Self::RegistryToken(token) => token,
        }
    }
}

/// Returns the header for `auth` (an empty login where there is none) and what takes its values out of messages.
pub(crate) fn header(reference: &Reference, auth: Option<&RegistryAuth>) -> Result<(HeaderName, HeaderValue, Redactor), DockerError> {
    let name = HeaderName::from_static("x-registry-auth");
    let Some(auth) = auth else {
        return Ok((name, HeaderValue::from_static("e30="), Redactor::default()));
    };
    let unfit = || DockerError::invalid(format!("the login for `{reference}`"), "it is no UTF-8 text");
    let value = std::str::from_utf8(auth.secret().expose()).map_err(|_| unfit())?;
    let server = reference.registry().unwrap_or("https://index.docker.io/v1/");
    let fields: &[(&str, &str)] = match auth {
        RegistryAuth::Basic { username, .. } => &[("username", username), ("password", value), ("serveraddress", server)],
        RegistryAuth::IdentityToken(_) => &[("identitytoken", value), ("serveraddress", server)],
        RegistryAuth::RegistryToken(_) => &[("registrytoken", value), ("serveraddress", server)],
    };
    let document = document(fields).map(Secret::new).ok_or_else(unfit)?;
    let encoded = Secret::new(URL_SAFE.encode(document.expose()).into_bytes());
    let redactor = Redactor::new([value.as_bytes(), encoded.expose()]);
    let mut header = HeaderValue::from_bytes(encoded.expose()).map_err(|_| unfit())?;
    header.set_sensitive(true);
    Ok((name, header, redactor))
}

fn document(fields: &[(&str, &str)]) -> Option<Vec<u8>> {
    // Large enough that the text is not copied while it grows.
    let room = fields.iter().map(|(name, value)| name.len() + value.len() * 6 + 8).sum::<usize>() + 2;
    let mut bytes = Vec::with_capacity(room);
    let mut serializer = serde_json::Serializer::new(&mut bytes);
    let mut map = (&mut serializer).serialize_map(Some(fields.len())).ok()?;
    for (name, value) in fields {
        map.serialize_entry(name, value).ok()?;
    }
    map.end().ok()?;
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(auth: &RegistryAuth) -> serde_json::Value {
        let reference: Reference = "127.0.0.1:5000/a:1".parse().unwrap();
        let (_, value, _) = header(&reference, Some(auth)).unwrap();
        serde_json::from_slice(&URL_SAFE.decode(value.as_bytes()).unwrap()).unwrap()
    }

    #[test]
    fn uses_the_alphabet_that_the_engine_reads() {
        // In the standard alphabet this password gives `+` and `/`, which the Engine drops together with the login.
        let password = "~~~???>>>\u{fb}\u{ff}";
        let auth = RegistryAuth::Basic { username: "u".to_owned(), password: Secret::new(password.into()) };
        let reference: Reference = "127.0.0.1:5000/a:1".parse().unwrap();
        let (_, value, _) = header(&reference, Some(&auth)).unwrap();
        let text = value.to_str().unwrap();
        assert!(!text.contains(['+', '/']) && text.contains(['-', '_']), "{text}");
        assert_eq!(decoded(&auth), serde_json::json!({"username": "u", "password": password, "serveraddress": "127.0.0.1:5000"}));
    }

    #[test]
    fn tokens_have_their_own_fields_and_nothing_is_shown() {
        let token = || Secret::new(b"canary".to_vec());
        assert_eq!(decoded(&RegistryAuth::IdentityToken(token()))["identitytoken"], "canary");
        assert_eq!(decoded(&RegistryAuth::RegistryToken(token()))["registrytoken"], "canary");
        assert!(!format!("{:?}", RegistryAuth::IdentityToken(token())).contains("canary"));
        let reference: Reference = "a:1".parse().unwrap();
        let (_, value, redactor) = header(&reference, Some(&RegistryAuth::IdentityToken(token()))).unwrap();
        assert!(!format!("{value:?} {redactor:?}").contains("canary"));
        assert_eq!(redactor.clean("bad canary"), "bad [secret]");
    }
}
