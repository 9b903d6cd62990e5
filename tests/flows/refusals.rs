//! Images that are not what they say: exit code 2, no helper and no volume left.

use serde_json::Value;

use crate::support::engine::Image;
use crate::support::project::EchoAgent;
use crate::support::{User, echo, engine, unique};

/// Builds a good image and gives back its documents and labels, to be spoilt.
struct Good {
    user: User,
    report: Vec<u8>,
    extras: Vec<u8>,
    labels: Value,
}

fn good() -> &'static Good {
    static GOOD: std::sync::OnceLock<Good> = std::sync::OnceLock::new();
    GOOD.get_or_init(|| {
        echo::runtime_image();
        let user = User::with_echo();
        EchoAgent::named("good").write(&user, "org");
        let tag = "spawnfile-test/good:1";
        user.run(["build", "org", "--tag", tag]).expect(0);
        let labels = engine::inspect(tag)["Config"]["Labels"].clone();
        let out = user.path().join("org/.spawn/image/spawnfile");
        let report = std::fs::read(out.join("spawnfile-report.json")).unwrap();
        let extras = std::fs::read(out.join("spawnfile-extras.json")).unwrap();
        Good { user, report, extras, labels }
    })
}

/// Makes an image with labels and files; `change` spoils it.
fn image(tag: &str, change: impl FnOnce(&mut Vec<(String, Vec<u8>)>, &mut serde_json::Map<String, Value>, &mut Vec<String>)) -> Image {
    let good = good();
    let mut files = vec![
        ("spawnfile/spawnfile-report.json".to_owned(), good.report.clone()),
        ("spawnfile/spawnfile-extras.json".to_owned(), good.extras.clone()),
    ];
    let mut labels = good.labels.as_object().unwrap().clone();
    let mut steps = Vec::new();
    change(&mut files, &mut labels, &mut steps);
    let base = engine::busybox();
    let mut dockerfile = format!("FROM {base}\nCOPY tree/ /\n");
    for step in steps {
        dockerfile.push_str(&format!("{step}\n"));
    }
    for (key, value) in &labels {
        dockerfile.push_str(&format!("LABEL {key}={value}\n"));
    }
    let named: Vec<(String, Vec<u8>)> = files.into_iter().map(|(name, bytes)| (format!("tree/{name}"), bytes)).collect();
    let borrowed: Vec<(&str, &[u8])> = named.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
    engine::build(tag, &dockerfile, &borrowed);
    Image(tag.to_owned())
}

#[track_caller]
fn refused(tag: &str, says: &str) {
    let user = User::new();
    let before = engine::volumes();
    let deployment = tag.rsplit('/').next().unwrap().split(':').next().unwrap();
    for command in ["status", "up"] {
        let ran = user.run([command, tag]).expect(2);
        assert!(ran.all().to_lowercase().contains(&says.to_lowercase()), "`{says}` is not in: {}", ran.all());
    }
    assert_eq!(engine::helpers(tag), Vec::<String>::new(), "a helper is left");
    engine::no_volume_stays(&before);
    assert_eq!(engine::containers(deployment), Vec::<String>::new());
}

fn tag(what: &str) -> String {
    format!("spawnfile-test/{}:1", unique(what))
}

#[test]
fn a_plain_image() {
    let user = User::new();
    let before = engine::volumes();
    user.run(["up", engine::busybox(), "--image"]).expect(2).says("com.spawnfile.image_contract");
    assert_eq!(engine::helpers(engine::busybox()), Vec::<String>::new());
    engine::no_volume_stays(&before);
    assert!(good().user.home().exists());
}

#[test]
fn an_untouched_copy_is_accepted() {
    let tag = tag("copy");
    let _image = image(&tag, |_, _, steps| steps.push("VOLUME /spawnfile".into()));
    let before = engine::volumes();
    User::new().run(["status", &tag]).expect(0);
    engine::no_volume_stays(&before);
}

#[test]
fn another_contract() {
    let tag = tag("contract");
    let _image = image(&tag, |_, labels, _| {
        labels.insert("com.spawnfile.image_contract".into(), "spawnfile.image.v2".into());
    });
    refused(&tag, "spawnfile.image.v2");
}

#[test]
fn a_tampered_report_with_matching_digests() {
    let tag = tag("tampered");
    let _image = image(&tag, |files, labels, _| {
        // The secret's name is changed and the digest label with it; the old fingerprint stays.
        let text = String::from_utf8(files[0].1.clone()).unwrap().replace("NEEDED_KEY", "AWS_SECRET");
        files[0].1 = text.into_bytes();
        let digest = format!("sha256:{}", hex_sha256(&files[0].1));
        labels.insert("com.spawnfile.report_digest".into(), digest.into());
    });
    refused(&tag, "fingerprint");
}

#[test]
fn a_report_that_its_digest_label_does_not_know() {
    let tag = tag("digest");
    let _image = image(&tag, |files, _, _| files[0].1.push(b'\n'));
    refused(&tag, "digest");
}

#[test]
fn a_report_label_at_a_folder() {
    let tag = tag("folder");
    let _image = image(&tag, |files, _, _| {
        let bytes = files.remove(0).1;
        files.push(("spawnfile/spawnfile-report.json/inner".into(), bytes));
    });
    refused(&tag, "spawnfile-report.json");
}

#[test]
fn a_report_label_at_the_root() {
    let tag = tag("root");
    let _image = image(&tag, |_, labels, _| {
        labels.insert("com.spawnfile.report".into(), "/".into());
    });
    refused(&tag, "com.spawnfile.report");
}

#[test]
fn a_report_that_is_a_link() {
    let tag = tag("link");
    let _image = image(&tag, |files, _, steps| {
        let bytes = files.remove(0).1;
        files.push(("elsewhere.json".into(), bytes));
        steps.push("RUN [\"/bin/busybox\", \"ln\", \"-s\", \"/elsewhere.json\", \"/spawnfile/spawnfile-report.json\"]".into());
    });
    refused(&tag, "not a regular file");
}

#[test]
fn a_report_of_five_megabytes() {
    let tag = tag("large");
    let _image = image(&tag, |files, _, _| files[0].1.resize(5 * 1024 * 1024, b' '));
    refused(&tag, "4194304");
}

#[test]
fn no_report_at_all() {
    let tag = tag("absent");
    let _image = image(&tag, |files, _, _| {
        files.remove(0);
    });
    refused(&tag, "spawnfile-report.json");
}

#[test]
fn a_report_that_is_no_json() {
    let tag = tag("nojson");
    let _image = image(&tag, |files, labels, _| {
        files[0].1 = b"{\"version\": \x1b[31m".to_vec();
        labels.insert("com.spawnfile.report_digest".into(), format!("sha256:{}", hex_sha256(&files[0].1)).into());
    });
    refused(&tag, "not valid");
}

fn hex_sha256(bytes: &[u8]) -> String {
    use std::io::Write;
    let mut child =
        std::process::Command::new("sha256sum").stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(bytes).unwrap();
    String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap()[..64].to_owned()
}
