//! `WWW-Authenticate`: how a registry wants to be shown a login.
//!
//! Total and bounded: a header that is longer, or holds more, is refused whole. Only Bearer and Basic are known; other
//! schemes are read and passed over.

use std::collections::BTreeMap;

/// Longest header, in bytes.
pub const MAX_BYTES: usize = 8 * 1024;
/// Most challenges in a header.
const MAX_CHALLENGES: usize = 8;
/// Most parameters of a challenge.
const MAX_PARAMETERS: usize = 16;

/// How a registry wants to be shown a login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Challenge {
    /// By a token that another service gives.
    Bearer {
        /// Address of that service, as it was given.
        realm: String,
        /// Name of the registry at that service.
        service: Option<String>,
    },
    /// By user and password at each request.
    Basic,
}

/// Why a header is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ChallengeError {
    /// Too long.
    #[error("its WWW-Authenticate header is longer than {MAX_BYTES} bytes")]
    TooLong,
    /// Not of the form.
    #[error("its WWW-Authenticate header is not of the form that HTTP has")]
    Form,
    /// No scheme that is known.
    #[error("it asks for a kind of login that is not known here (only Bearer and Basic are)")]
    Unknown,
}

/// Reads a header: a Bearer challenge if there is one, else Basic.
///
/// # Errors
/// When it is malformed or too long, or has neither.
pub fn parse(header: &[u8]) -> Result<Challenge, ChallengeError> {
    if header.len() > MAX_BYTES {
        return Err(ChallengeError::TooLong);
    }
    let mut found = None;
    for (scheme, mut parameters) in challenges(header)? {
        if scheme.eq_ignore_ascii_case("bearer") {
            let realm = parameters.remove("realm").filter(|realm| !realm.is_empty()).ok_or(ChallengeError::Form)?;
            return Ok(Challenge::Bearer { realm, service: parameters.remove("service").filter(|service| !service.is_empty()) });
        }
        if scheme.eq_ignore_ascii_case("basic") {
            found = Some(Challenge::Basic);
        }
    }
    found.ok_or(ChallengeError::Unknown)
}

type Parameters = BTreeMap<String, String>;

fn challenges(header: &[u8]) -> Result<Vec<(String, Parameters)>, ChallengeError> {
    let mut reader = Reader { rest: header };
    let mut all: Vec<(String, Parameters)> = Vec::new();
    loop {
        while reader.space() || reader.take(b',') {}
        if reader.rest.is_empty() {
            return Ok(all);
        }
        let word = reader.token().ok_or(ChallengeError::Form)?;
        let spaced = reader.space();
        // `name=value` goes to the scheme before; anything else begins one.
        if reader.rest.first() == Some(&b'=') && !all.is_empty() && !reader.padding() {
            reader.take(b'=');
            reader.space();
            let value = reader.value().ok_or(ChallengeError::Form)?;
            reader.space();
            if !(reader.rest.is_empty() || reader.rest.first() == Some(&b',')) {
                return Err(ChallengeError::Form);
            }
            let parameters = all.last_mut().map(|(_, parameters)| parameters).ok_or(ChallengeError::Form)?;
            if parameters.len() >= MAX_PARAMETERS || parameters.insert(word.to_ascii_lowercase(), value).is_some() {
                return Err(ChallengeError::Form);
            }
            continue;
        }
        if !(spaced || reader.rest.is_empty() || reader.rest.first() == Some(&b',')) || all.len() >= MAX_CHALLENGES {
            return Err(ChallengeError::Form);
        }
        all.push((word, Parameters::new()));
    }
}

struct Reader<'h> {
    rest: &'h [u8],
}

impl Reader<'_> {
    fn skip(&mut self, count: usize) {
        self.rest = self.rest.get(count..).unwrap_or_default();
    }

    fn take(&mut self, byte: u8) -> bool {
        let is = self.rest.first() == Some(&byte);
        self.skip(usize::from(is));
        is
    }

    fn space(&mut self) -> bool {
        let count = self.rest.iter().take_while(|b| matches!(b, b' ' | b'\t')).count();
        self.skip(count);
        count > 0
    }

    /// Whether what stands here is the padding of a token68 and not the sign before a value.
    fn padding(&self) -> bool {
        let after = self.rest.iter().copied().find(|b| *b != b'=');
        self.rest.get(1).is_none_or(|b| *b == b'=') && after.is_none_or(|b| b == b',')
    }

    fn token(&mut self) -> Option<String> {
        let is = |b: &u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(b);
        let count = self.rest.iter().take_while(|b| is(b)).count();
        let word = str::from_utf8(self.rest.get(..count)?).ok().filter(|word| !word.is_empty())?.to_owned();
        self.skip(count);
        Some(word)
    }

    /// A token or a quoted text of printable ASCII.
    fn value(&mut self) -> Option<String> {
        if !self.take(b'"') {
            return self.token();
        }
        let mut out = String::new();
        loop {
            let byte = *self.rest.first()?;
            self.skip(1);
            let byte = match byte {
                b'"' => return Some(out),
                b'\\' => {
                    let escaped = *self.rest.first()?;
                    self.skip(1);
                    escaped
                }
                byte => byte,
            };
            if !(byte == b' ' || byte.is_ascii_graphic()) {
                return None;
            }
            out.push(char::from(byte));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bearer(realm: &str, service: Option<&str>) -> Result<Challenge, ChallengeError> {
        Ok(Challenge::Bearer { realm: realm.to_owned(), service: service.map(str::to_owned) })
    }

    #[test]
    fn what_registries_send_is_read() {
        let hub = br#"Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:a/b:pull""#;
        assert_eq!(parse(hub), bearer("https://auth.docker.io/token", Some("registry.docker.io")));
        assert_eq!(parse(br#"Basic realm="a \"b\" c""#), Ok(Challenge::Basic));
        assert_eq!(parse(b"basic"), Ok(Challenge::Basic));
        assert_eq!(parse(br#"Basic realm="x", Negotiate, BEARER Realm=r , service="a&b", "#), bearer("r", Some("a&b")));
    }

    #[test]
    fn what_is_no_challenge_is_refused() {
        for bad in [
            &b"Bearer"[..],
            b"Bearer realm=",
            b"Bearer realm=\"",
            b"Bearer realm=\"a\\",
            b"Bearer realm=\"\"",
            b"Bearer realm=\"a\" x",
            b"Bearer realm=a,realm=b",
            b"Bearer realm=\"a\nb\"",
            b"Bearer realm=\"\xc3\xa4\"",
            b"=a",
            b"Bearer\"",
        ] {
            assert!(parse(bad).is_err(), "{}", bad.escape_ascii());
        }
        assert_eq!(parse(b"Negotiate abc"), Err(ChallengeError::Unknown));
        assert_eq!(parse(b""), Err(ChallengeError::Unknown));
        assert_eq!(parse(&[b'a'; MAX_BYTES + 1]), Err(ChallengeError::TooLong));
        let many: String = (0..100).map(|n| format!("s{n}, ")).collect();
        assert_eq!(parse(many.as_bytes()), Err(ChallengeError::Form));
        let long: String = format!("Bearer {}", (0..100).map(|n| format!("p{n}=v,")).collect::<String>());
        assert_eq!(parse(long.as_bytes()), Err(ChallengeError::Form));
    }
}
