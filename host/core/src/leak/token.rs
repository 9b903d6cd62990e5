//! Keys and tokens, by the shapes that their issuers gave them so that they can be found.

use std::collections::BTreeSet;

use memchr::memmem;

use super::Class;

/// What it is, how it begins, and what must follow: at least so many characters of an alphabet.
struct Shape {
    what: &'static str,
    start: &'static str,
    least: usize,
    alphabet: fn(u8) -> bool,
}

const fn shape(what: &'static str, start: &'static str, least: usize, alphabet: fn(u8) -> bool) -> Shape {
    Shape { what, start, least, alphabet }
}

fn word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
}

fn url(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')
}

fn dotted(byte: u8) -> bool {
    url(byte) || byte == b'.'
}

fn upper(byte: u8) -> bool {
    byte.is_ascii_uppercase() || byte.is_ascii_digit()
}

/// From the issuers' own documentation of their key formats.
const SHAPES: &[Shape] = &[
    shape("an Anthropic key", "sk-ant-", 20, url),
    shape("an OpenAI key", "sk-proj-", 20, url),
    shape("an OpenRouter key", "sk-or-v1-", 20, word),
    shape("an API key", "sk-", 32, word),
    shape("a GitHub token", "ghp_", 30, word),
    shape("a GitHub token", "gho_", 30, word),
    shape("a GitHub token", "ghu_", 30, word),
    shape("a GitHub token", "ghs_", 30, word),
    shape("a GitHub token", "ghr_", 30, word),
    shape("a GitHub token", "github_pat_", 30, url),
    shape("a GitLab token", "glpat-", 20, url),
    shape("a Slack token", "xoxb-", 20, url),
    shape("a Slack token", "xoxp-", 20, url),
    shape("a Slack token", "xoxa-", 20, url),
    shape("a Slack token", "xoxr-", 20, url),
    shape("a Slack token", "xapp-", 20, url),
    shape("a Slack webhook", "hooks.slack.com/services/T", 20, |b| word(b) || b == b'/'),
    shape("an AWS key id", "AKIA", 16, upper),
    shape("an AWS key id", "ASIA", 16, upper),
    shape("a Google API key", "AIza", 35, url),
    shape("a Google token", "ya29.", 20, url),
    shape("a Groq key", "gsk_", 40, word),
    shape("an xAI key", "xai-", 40, word),
    shape("a Hugging Face token", "hf_", 30, word),
    shape("an npm token", "npm_", 36, word),
    shape("a PyPI token", "pypi-", 60, url),
    shape("a Stripe key", "sk_live_", 20, word),
    shape("a Stripe key", "rk_live_", 20, word),
    shape("a SendGrid key", "SG.", 60, dotted),
    shape("a DigitalOcean token", "dop_v1_", 40, word),
    shape("a Tailscale key", "tskey-", 20, url),
    shape("an age key", "AGE-SECRET-KEY-1", 40, upper),
];

/// Returns where such things begin, and what they are. Texts have made-up keys in their examples, what programs read has
/// none.
pub(super) fn find(bytes: &[u8], class: Class) -> Vec<(usize, &'static str)> {
    let mut found = Vec::new();
    for Shape { what, start, least, alphabet } in SHAPES {
        for at in memmem::find_iter(bytes, start).filter(|at| begins(bytes, *at)) {
            let rest = bytes.get(at + start.len()..).unwrap_or_default();
            let body = rest.iter().take_while(|byte| alphabet(**byte)).count();
            if body >= *least && !is_placeholder(rest.get(..body).unwrap_or_default(), class) {
                found.push((at, *what));
            }
        }
    }
    found.extend(private_keys(bytes).map(|at| (at, "a private key")));
    found.extend(web_tokens(bytes).map(|at| (at, "a signed web token (JWT)")));
    found.extend(logins(bytes).map(|at| (at, "an address with a password in it")));
    found
}

fn begins(bytes: &[u8], at: usize) -> bool {
    at.checked_sub(1).and_then(|before| bytes.get(before)).is_none_or(|byte| !url(*byte))
}

/// Words of made-up keys.
const PLACEHOLDERS: [&str; 6] = ["example", "placeholder", "replace", "your-", "your_", "redacted"];

/// What people write where a key would stand.
fn is_placeholder(body: &[u8], class: Class) -> bool {
    let distinct: BTreeSet<_> = body.iter().map(u8::to_ascii_lowercase).collect();
    let text = String::from_utf8_lossy(body).to_lowercase();
    match class {
        Class::Machine => distinct.len() == 1,
        Class::Prose => distinct.len() <= 4 || PLACEHOLDERS.iter().any(|word| text.contains(word)),
    }
}

fn private_keys(bytes: &[u8]) -> impl Iterator<Item = usize> {
    memmem::find_iter(bytes, "-----BEGIN ").filter(|at| {
        let line = bytes.get(*at..).unwrap_or_default();
        memmem::find(line.get(..line.len().min(80)).unwrap_or_default(), b"PRIVATE KEY-----").is_some()
    })
}

/// Two base64url parts that are JSON objects, and a signature.
fn web_tokens(bytes: &[u8]) -> impl Iterator<Item = usize> {
    memmem::find_iter(bytes, "eyJ").filter(|at| {
        let text: Vec<u8> = bytes.get(*at..).unwrap_or_default().iter().copied().take_while(|byte| dotted(*byte)).take(8192).collect();
        let parts: Vec<&[u8]> = text.split(|byte| *byte == b'.').collect();
        begins(bytes, *at)
            && parts.len() == 3
            && parts.iter().all(|part| part.len() >= 10)
            && parts.get(1).is_some_and(|part| part.starts_with(b"eyJ"))
    })
}

/// `scheme://user:password@host`.
fn logins(bytes: &[u8]) -> impl Iterator<Item = usize> {
    memmem::find_iter(bytes, "://").filter(|at| {
        let rest = bytes.get(at + 3..).unwrap_or_default();
        let authority: Vec<u8> =
            rest.iter().copied().take(256).take_while(|byte| byte.is_ascii_graphic() && !b"/\"'`<>(){}[]\\".contains(byte)).collect();
        let Some(end) = authority.iter().rposition(|byte| *byte == b'@') else { return false };
        let login = authority.get(..end).unwrap_or_default();
        let Some(colon) = login.iter().position(|byte| *byte == b':') else { return false };
        let password = login.get(colon + 1..).unwrap_or_default();
        colon > 0
            && password.len() >= 4
            && !is_placeholder(password, Class::Prose)
            && !password.starts_with(b"$")
            && !password.starts_with(b"pass")
    })
}
