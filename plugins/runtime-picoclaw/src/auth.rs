//! Sign-ins: PicoClaw runs the providers' own command lines, and these read their login from a file in the home.
//!
//! Slots are `<provider>/access`, `/refresh`, `/expires` (milliseconds since 1970) and, for Codex, `/account`. The host
//! fills a slot that a credential lacks, or that it keeps to itself, with an empty text: both programs then use what
//! they have until it expires.

use spawnfile_plugin::document::instance::Model;
use spawnfile_plugin::document::report::ReportInstance;
use spawnfile_plugin::runtime_kind::AuthPlace;
use spawnfile_plugin::{Diagnostic, Document, Template, file};

/// A sign-in that PicoClaw has a command line for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct SignIn {
    /// Provider and auth method, as declared.
    provider: &'static str,
    method: &'static str,
    /// Package that brings the command line.
    package: &'static str,
    /// Path of the login below the home.
    path: &'static str,
}

const CLAUDE_CODE: SignIn = SignIn {
    provider: "anthropic",
    method: "claude-code",
    package: "@anthropic-ai/claude-code@2.1.329",
    path: ".claude/.credentials.json",
};
const CODEX: SignIn = SignIn { provider: "openai", method: "codex", package: "@openai/codex@0.142.3", path: ".codex/auth.json" };

impl SignIn {
    fn of(provider: &str, method: &str) -> Option<&'static Self> {
        [&CLAUDE_CODE, &CODEX].into_iter().find(|sign_in| sign_in.provider == provider && sign_in.method == method)
    }

    fn template(&self) -> Template {
        let hole = |slot: &str| format!("{}/{slot}", self.provider);
        if *self == CLAUDE_CODE {
            // The program takes a login without that scope for one that cannot ask models.
            return Template::new()
                .text("{\"claudeAiOauth\":{\"accessToken\":")
                .json_string_hole(&hole("access"))
                .text(",\"refreshToken\":")
                .json_string_hole(&hole("refresh"))
                .text(",\"expiresAt\":")
                .raw_hole(&hole("expires"))
                .text(",\"scopes\":[\"user:inference\"]}}\n");
        }
        // The id token is only read for the claims that the access token carries too, and credentials keep that one.
        Template::new()
            .text("{\"OPENAI_API_KEY\":null,\"tokens\":{\"id_token\":")
            .json_string_hole(&hole("access"))
            .text(",\"access_token\":")
            .json_string_hole(&hole("access"))
            .text(",\"refresh_token\":")
            .json_string_hole(&hole("refresh"))
            .text(",\"account_id\":")
            .json_string_hole(&hole("account"))
            .text("}}\n")
    }

    fn place(&self, home: &str) -> AuthPlace {
        AuthPlace {
            provider: self.provider.to_owned(),
            method: self.method.to_owned(),
            files: vec![file::template(format!("{home}/{}", self.path), self.template())],
            env: Vec::new(),
            writable: Vec::new(),
        }
    }
}

/// The sign-ins of an agent's models, each once.
fn sign_ins(model: &Model) -> Vec<&'static SignIn> {
    let mut found: Vec<&SignIn> = Vec::new();
    for sign_in in model.targets().filter_map(|target| SignIn::of(&target.provider, &target.auth_method)) {
        if !found.contains(&sign_in) {
            found.push(sign_in);
        }
    }
    found
}

/// Where the values of the sign-ins go.
pub(crate) fn places(model: &Model, home: &str) -> Vec<AuthPlace> {
    sign_ins(model).into_iter().map(|sign_in| sign_in.place(home)).collect()
}

/// npm packages of the command lines.
pub(crate) fn packages(model: &Model) -> Vec<&'static str> {
    sign_ins(model).into_iter().map(|sign_in| sign_in.package).collect()
}

/// Places in an image of another tool, which has its home where its report says.
pub(crate) fn legacy_places(report_instance: &Document) -> Result<Vec<AuthPlace>, Diagnostic> {
    let instance = ReportInstance::parse(report_instance)?;
    let wanted = instance.sign_ins().into_iter();
    wanted
        .map(|(provider, method)| {
            let sign_in = SignIn::of(provider, method).ok_or_else(|| {
                let message = format!("PicoClaw has no place for auth method `{method}` of model provider `{provider}`");
                Diagnostic::error("picoclaw.model.auth-method", message).at("/model_auth_methods")
            })?;
            Ok(sign_in.place(instance.home()?))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use spawnfile_plugin::{Content, Encoding};

    use super::*;

    #[test]
    fn filled_places_are_what_the_command_lines_read() {
        let filled = |sign_in: &SignIn| -> serde_json::Value {
            let place = sign_in.place("/h");
            let Content::Template(template) = &place.files[0].content else { panic!("no template") };
            let mut text = template.text.clone();
            for hole in template.holes.iter().rev() {
                let value = if hole.encoding == Encoding::Raw { "1".to_owned() } else { format!("{:?}", hole.name) };
                text.insert_str(hole.at as usize, &value);
            }
            assert_eq!((place.files[0].path.as_str(), place.files[0].mode), (format!("/h/{}", sign_in.path).as_str(), 0o600));
            serde_json::from_str(&text).unwrap()
        };
        let claude = serde_json::json!({ "claudeAiOauth": {
            "accessToken": "anthropic/access", "refreshToken": "anthropic/refresh", "expiresAt": 1, "scopes": ["user:inference"],
        }});
        assert_eq!(filled(&CLAUDE_CODE), claude);
        let codex = serde_json::json!({ "OPENAI_API_KEY": null, "tokens": {
            "id_token": "openai/access", "access_token": "openai/access", "refresh_token": "openai/refresh", "account_id": "openai/account",
        }});
        assert_eq!(filled(&CODEX), codex);
    }

    fn legacy(json: &str) -> Result<Vec<AuthPlace>, Diagnostic> {
        legacy_places(&Document { schema: "spawnfile.distribution-report.v1".to_owned(), json: json.as_bytes().to_vec() })
    }

    #[test]
    fn images_of_other_tools_get_the_same_places() {
        let places = legacy(r#"{"home_path":"/h","model_auth_methods":{"openai":"codex","anthropic":"claude-code"},"more":1}"#).unwrap();
        assert_eq!(places, [CLAUDE_CODE.place("/h"), CODEX.place("/h")]);
        assert_eq!(legacy(r#"{"home_path":null,"model_auth_methods":{"openai":"api_key"}}"#).unwrap(), []);
    }

    #[test]
    fn what_has_no_place_is_refused() {
        for (json, code) in [
            (r#"{"home_path":null,"model_auth_methods":{"openai":"codex"}}"#, "document.home"),
            (r#"{"home_path":"h","model_auth_methods":{"openai":"codex"}}"#, "document.home"),
            (r#"{"home_path":"/h","model_auth_methods":{"openai":"claude-code"}}"#, "picoclaw.model.auth-method"),
            ("{", "document.malformed"),
        ] {
            assert_eq!(legacy(json).unwrap_err().code, code, "{json}");
        }
    }
}
