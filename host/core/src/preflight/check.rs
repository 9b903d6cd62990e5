//! The check itself: every gap at once.

use super::{AuthNeed, Cleared, IMPORTED_AUTH_ENV, Source, Supplied, ToGenerate, Wanted};
use crate::display::{excerpt, list};
use crate::extras::Extras;
use crate::finding::{Finding, Findings, Severity};
use crate::name::EnvName;
use crate::nearest::nearest;
use crate::report::DistributionReport;
use crate::reserved::is_reserved_env;

/// Holds what was brought against what the image wants. With the proof come warnings and notes.
///
/// # Errors
/// Findings with at least one error; warnings and notes stand among them.
pub fn check(report: &DistributionReport, extras: Option<&Extras>, mut supplied: Supplied) -> Result<(Cleared, Findings), Findings> {
    let wanted = Wanted::of(report, extras);
    let mut findings = Findings::default();
    supplied.values.retain(|_, (_, value)| !value.is_empty());
    reserved(&wanted, &mut findings);
    auth(&wanted, extras, &supplied, &mut findings);
    missing(&wanted, &supplied, &mut findings);
    undeclared(&wanted, &mut supplied, &mut findings);
    deliverable(extras, &supplied, &mut findings);
    bounded(&supplied, &mut findings);
    let given = |name: &EnvName| supplied.values.contains_key(name);
    let to_generate = wanted
        .generated
        .iter()
        .filter_map(|name| name.parse().ok())
        .filter(|name| !given(name))
        .map(|name: EnvName| generate(name, extras))
        .collect();
    let unset = wanted.optional.iter().filter_map(|name| name.parse().ok()).filter(|name| !given(name)).collect();
    findings.and(Cleared { values: supplied.values, to_generate, unset, auth: wanted.auth })
}

/// Images of other tools do not say how; 24 bytes in hexadecimal is what those tools make.
fn generate(name: EnvName, extras: Option<&Extras>) -> ToGenerate {
    let said = extras.and_then(|extras| extras.generated_secrets.iter().find(|secret| secret.name == name.as_str()));
    let (form, bytes) = said.map_or_else(|| ("hex".to_owned(), 24), |secret| (secret.form.clone(), secret.bytes));
    ToGenerate { name, form, bytes }
}

fn reserved(wanted: &Wanted, findings: &mut Findings) {
    let names: Vec<&str> = wanted.names().filter(|name| is_reserved_env(name)).collect();
    if !names.is_empty() {
        let message = format!("the image asks for variables that steer the system: {}", list(names));
        findings.push(Finding::error("secret.reserved", message).hint("an honest image does not; do not run it"));
    }
}

fn auth(wanted: &Wanted, extras: Option<&Extras>, supplied: &Supplied, findings: &mut Findings) {
    let lacking: Vec<String> = wanted
        .auth
        .iter()
        .filter(|need| need.is_import() && !supplied.auth_methods.contains(&need.method))
        .map(ToString::to_string)
        .collect();
    if !lacking.is_empty() {
        let message = format!("this image needs model auth that was not given: {}", few(&lacking));
        findings.push(Finding::error("auth.missing", message).hint("give an auth profile with the matching import"));
    }
    for method in wanted.import_methods() {
        if supplied.auth_methods.contains(method) && supplied.expired.contains(method) {
            let message = format!("the imported credential `{}` has expired", excerpt(method));
            findings.push(Finding::warning("auth.expired", message).hint("log in again and repeat the import"));
        }
    }
    for need in wanted.auth.iter().filter(|need| need.is_import()) {
        slots(need, extras, supplied, findings);
    }
}

/// A place with a hole that the credential has no value for cannot be filled.
fn slots(need: &AuthNeed, extras: Option<&Extras>, supplied: &Supplied, findings: &mut Findings) {
    let (Some(extras), Some(slots)) = (extras, supplied.slots.get(&need.method)) else { return };
    let places = extras
        .instances
        .iter()
        .filter(|instance| instance.id == need.instance)
        .flat_map(|instance| &instance.auth)
        .filter(|place| place.provider == need.provider && place.method == need.method);
    let mut lacking: Vec<&str> = places
        .flat_map(|place| place.files.iter().map(|file| &file.holes).chain(place.env.iter().map(|variable| &variable.holes)))
        .flatten()
        .map(|hole| hole.slot.as_str())
        .filter(|slot| !slots.contains(*slot))
        .collect();
    lacking.sort_unstable();
    lacking.dedup();
    if !lacking.is_empty() {
        findings.push(Finding::error("auth.slot", format!("the imported credential for {need} has no {}", list(lacking))));
    }
}

fn missing(wanted: &Wanted, supplied: &Supplied, findings: &mut Findings) {
    let by_import = |name: &str| name == IMPORTED_AUTH_ENV && !wanted.import_methods().is_empty();
    let given = |name: &str| supplied.values.keys().any(|given| given.as_str() == name);
    let names: Vec<&str> = wanted.required.iter().map(String::as_str).filter(|name| !given(name) && !by_import(name)).collect();
    if !names.is_empty() {
        let message = format!("missing required secrets for this image: {}", list(names));
        findings.push(Finding::error("secret.missing", message).hint("give them with an auth profile, --env-file or --from-env"));
    }
}

/// Drops what the image does not declare, and says so.
fn undeclared(wanted: &Wanted, supplied: &mut Supplied, findings: &mut Findings) {
    let dropped: Vec<(EnvName, Source)> = supplied
        .values
        .iter()
        .filter(|(name, _)| !wanted.declares(name.as_str()))
        .map(|(name, (source, _))| (name.clone(), source.clone()))
        .collect();
    for (name, source) in dropped {
        supplied.values.remove(&name);
        let meant = nearest(name.as_str(), wanted.names());
        // A profile serves many images; what was typed for this one was meant for this one.
        let severity = match source {
            Source::Generated | Source::Profile(_) if meant.is_none() => Severity::Info,
            Source::Generated | Source::Profile(_) | Source::EnvFile(_) | Source::FromEnv => Severity::Warning,
        };
        let message = format!("`{}` ({source}) is not declared by the image and is not passed on", excerpt(name.as_str()));
        let finding = Finding::new(severity, "secret.undeclared", message);
        findings.push(match meant {
            Some(meant) => finding.hint(format!("did you mean `{meant}`?")),
            None => finding,
        });
    }
}

/// What has to travel in the environment must be able to.
fn deliverable(extras: Option<&Extras>, supplied: &Supplied, findings: &mut Findings) {
    if extras.is_some_and(|extras| extras.init.secret_delivery.iter().any(|way| way == "file")) {
        return;
    }
    for (name, (_, value)) in &supplied.values {
        let bytes = value.expose();
        if bytes.contains(&0) || std::str::from_utf8(bytes).is_err() {
            let message = format!("the value of `{name}` is no text, and this image takes secrets in the environment only");
            findings.push(Finding::error("secret.not-text", message));
        }
    }
}

/// No process can be started with a longer `NAME=value`: the kernel's limit for one string (`MAX_ARG_STRLEN`).
fn bounded(supplied: &Supplied, findings: &mut Findings) {
    const LONGEST: usize = 128 * 1024;
    for (name, (source, value)) in &supplied.values {
        let most = LONGEST - name.as_str().len() - "=\0".len();
        if value.expose().len() > most {
            let message = format!("the value of `{name}` ({source}) has {} bytes; at most {most} can be delivered", value.expose().len());
            findings.push(Finding::error("secret.too-large", message));
        }
    }
}

fn few(items: &[String]) -> String {
    const SHOWN: usize = 50;
    let mut text = items.iter().take(SHOWN).map(String::as_str).collect::<Vec<_>>().join(", ");
    if items.len() > SHOWN {
        text.push_str(&format!(" and {} more", items.len() - SHOWN));
    }
    text
}
