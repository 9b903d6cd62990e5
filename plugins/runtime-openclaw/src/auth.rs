//! Sign-ins: which provider and method have a place, what the configuration says of them, and the file with holes.
//!
//! Slots are `<provider>/access`, `/refresh`, `/expires` (milliseconds since 1970) and, where OpenClaw sends it on,
//! `/account`. The host fills a slot that a credential lacks, or that it keeps to itself, with an empty text: OpenClaw
//! takes an empty refresh token or account for none.

use std::collections::BTreeMap;

use spawnfile_plugin::document::instance::ModelTarget;
use spawnfile_plugin::document::report::ReportInstance;
use spawnfile_plugin::runtime_kind::AuthPlace;
use spawnfile_plugin::{Diagnostic, Document, Template, file};

use crate::config::{Auth, AuthProfile};

/// A sign-in that OpenClaw has a place for.
struct SignIn {
    /// Provider and auth method, as declared.
    provider: &'static str,
    method: &'static str,
    /// What OpenClaw calls the provider.
    own_provider: &'static str,
    /// Whether OpenClaw tells the provider the account.
    account: bool,
}

const SIGN_INS: [SignIn; 2] = [
    SignIn { provider: "anthropic", method: "claude-code", own_provider: "anthropic", account: false },
    SignIn { provider: "openai", method: "codex", own_provider: "openai-codex", account: true },
];

impl SignIn {
    fn of(provider: &str, method: &str) -> Option<&'static Self> {
        SIGN_INS.iter().find(|sign_in| sign_in.provider == provider && sign_in.method == method)
    }

    fn profile(&self) -> String {
        format!("{}:default", self.own_provider)
    }

    fn place(&self, home: &str) -> AuthPlace {
        let Self { provider, own_provider, .. } = self;
        let mut template = Template::new()
            .text(&format!("{{\"profiles\":{{\"{}\":{{\"type\":\"oauth\",\"provider\":\"{own_provider}\",\"access\":", self.profile()))
            .json_string_hole(&format!("{provider}/access"))
            .text(",\"refresh\":")
            .json_string_hole(&format!("{provider}/refresh"))
            .text(",\"expires\":")
            .raw_hole(&format!("{provider}/expires"));
        if self.account {
            template = template.text(",\"accountId\":").json_string_hole(&format!("{provider}/account"));
        }
        let template = template.text("}},\"version\":1}\n");
        AuthPlace {
            provider: self.provider.to_owned(),
            method: self.method.to_owned(),
            files: vec![file::template(format!("{home}/.openclaw/agents/main/agent/auth-profiles.json"), template)],
            env: Vec::new(),
            writable: Vec::new(),
        }
    }
}

/// What the configuration says about the sign-in of a model, if it has one.
pub(crate) fn config(target: &ModelTarget) -> Option<Auth> {
    let sign_in = SignIn::of(&target.provider, &target.auth_method)?;
    let provider = sign_in.own_provider.to_owned();
    Some(Auth {
        order: BTreeMap::from([(provider.clone(), vec![sign_in.profile()])]),
        profiles: BTreeMap::from([(sign_in.profile(), AuthProfile { mode: "oauth", provider })]),
    })
}

/// Where the values of a model's sign-in go, if it has one.
pub(crate) fn places(target: &ModelTarget, home: &str) -> Vec<AuthPlace> {
    SignIn::of(&target.provider, &target.auth_method).map(|sign_in| sign_in.place(home)).into_iter().collect()
}

/// Places in an image of another tool, which has its home where its report says.
pub(crate) fn legacy_places(report_instance: &Document) -> Result<Vec<AuthPlace>, Diagnostic> {
    let instance = ReportInstance::parse(report_instance)?;
    let wanted = instance.sign_ins();
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let home = instance.home()?;
    // One file holds the sign-ins of all providers, and a place fills a file whole.
    let [(provider, method)] = wanted.as_slice() else {
        let message = "the image wants sign-ins for several model providers in one instance";
        return Err(Diagnostic::error("openclaw.legacy-auth.several", message)
            .at("/model_auth_methods")
            .hint("use an API key for all but one"));
    };
    SignIn::of(provider, method).map(|sign_in| vec![sign_in.place(home)]).ok_or_else(|| {
        let message = format!("OpenClaw has no place for auth method `{method}` of model provider `{provider}`");
        Diagnostic::error("openclaw.model.auth-method", message).at("/model_auth_methods")
    })
}

#[cfg(test)]
mod tests {
    use spawnfile_plugin::{Content, Encoding};

    use super::*;

    #[test]
    fn a_claude_place_is_the_one_of_the_seam() {
        let place = SIGN_INS[0].place("/h");
        let Content::Template(template) = &place.files[0].content else { panic!("no template") };
        assert_eq!(
            template.text,
            "{\"profiles\":{\"anthropic:default\":{\"type\":\"oauth\",\"provider\":\"anthropic\",\"access\":,\"refresh\":,\"expires\":}},\"version\":1}\n"
        );
        let holes: Vec<_> = template.holes.iter().map(|hole| (hole.at, hole.name.as_str(), hole.encoding)).collect();
        assert_eq!(
            holes,
            [
                (81, "anthropic/access", Encoding::JsonString),
                (92, "anthropic/refresh", Encoding::JsonString),
                (103, "anthropic/expires", Encoding::Raw)
            ]
        );
        assert_eq!((place.files[0].path.as_str(), place.files[0].mode), ("/h/.openclaw/agents/main/agent/auth-profiles.json", 0o600));
    }

    #[test]
    fn filled_places_are_json() {
        for sign_in in &SIGN_INS {
            let place = sign_in.place("/h");
            let Content::Template(template) = &place.files[0].content else { panic!("no template") };
            let mut text = template.text.clone();
            for hole in template.holes.iter().rev() {
                let value = if hole.encoding == Encoding::Raw { "1" } else { "\"v\"" };
                text.insert_str(hole.at as usize, value);
            }
            let json: serde_json::Value = serde_json::from_str(&text).unwrap();
            let profile = &json["profiles"][sign_in.profile()];
            assert_eq!((profile["access"].as_str(), profile["expires"].as_i64()), (Some("v"), Some(1)));
            assert_eq!(profile["accountId"].as_str(), sign_in.account.then_some("v"));
        }
    }

    fn legacy(json: &str) -> Result<Vec<AuthPlace>, Diagnostic> {
        legacy_places(&Document { schema: "spawnfile.distribution-report.v1".to_owned(), json: json.as_bytes().to_vec() })
    }

    #[test]
    fn images_of_other_tools_get_the_same_places() {
        let places = legacy(r#"{"home_path":"/h","model_auth_methods":{"openai":"codex"},"more":1}"#).unwrap();
        assert_eq!(places, [SIGN_INS[1].place("/h")]);
        assert_eq!(legacy(r#"{"home_path":null,"model_auth_methods":{"openai":"api_key"}}"#).unwrap(), []);
    }

    #[test]
    fn what_has_no_place_is_refused() {
        for (json, code) in [
            (r#"{"home_path":null,"model_auth_methods":{"openai":"codex"}}"#, "document.home"),
            (r#"{"home_path":"/h","model_auth_methods":{"openai":"claude-code"}}"#, "openclaw.model.auth-method"),
            (r#"{"home_path":"/h","model_auth_methods":{"anthropic":"claude-code","openai":"codex"}}"#, "openclaw.legacy-auth.several"),
            ("{", "document.malformed"),
        ] {
            assert_eq!(legacy(json).unwrap_err().code, code, "{json}");
        }
    }
}
