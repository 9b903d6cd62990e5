//! An auth method that works as long as its word is `none`.

use hostile::{attack, how};
use spawnfile_plugin::auth_method::{AuthMethod, Credential, Descriptor, Found, Problem, Slot, Source, Wanted};

struct Hostile;

impl AuthMethod for Hostile {
    fn describe() -> Descriptor {
        let wanted = Wanted {
            id: "login".to_owned(),
            source: Source::File("~/.acme/login.json".to_owned()),
            why: "the token that `acme login` wrote".to_owned(),
            max_bytes: if how() == "unbounded" { u32::MAX } else { 64 * 1024 },
        };
        Descriptor {
            id: "acme-login".to_owned(),
            title: "Acme".to_owned(),
            providers: vec!["acme".to_owned()],
            slots: vec![if how() == "slots" { "token".to_owned() } else { "acme/token".to_owned() }],
            sources: vec![wanted],
            origins: Vec::new(),
        }
    }

    fn parse(found: Vec<Found>) -> Result<Credential, Problem> {
        attack();
        let text = found.first().map(|found| String::from_utf8_lossy(&found.bytes).into_owned()).unwrap_or_default();
        if how() == "index" {
            let _first = &found[0];
        }
        if how() == "quote" {
            return Err(Problem::Malformed(format!("this is no login: {text}")));
        }
        let token = serde_json::from_str::<serde_json::Value>(&text).ok().and_then(|login| Some(login.get("token")?.as_str()?.to_owned()));
        let token = match token {
            Some(token) => token,
            None if how() == "accept" => String::new(),
            None => return Err(Problem::Malformed("there is no `token`".to_owned())),
        };
        let slot = Slot { name: "acme/token".to_owned(), value: token.into_bytes(), secret: true };
        Ok(Credential {
            label: "Acme".to_owned(),
            account: None,
            scopes: Vec::new(),
            expires_unix: None,
            refreshable: false,
            slots: vec![slot],
        })
    }
}

spawnfile_plugin::export_auth_method!(Hostile);
spawnfile_plugin::plugin_manifest!(
    "schema = 1\nid = \"test/hostile-auth\"\nkind = \"auth-method\"\nversion = \"0.1.0\"\n\
     world = \"spawnfile:auth-method/auth-method@0.1.0\"\ntitle = \"Signs in\"\n"
);
