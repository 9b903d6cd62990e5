//! What is found, what is not, and that nothing of it is shown.

use super::*;

fn found(class: Class, text: &str, known: &Known) -> Vec<(String, Severity)> {
    let findings = check([Authored { file: "/f", class, bytes: text.as_bytes() }], known, &Allow::default());
    findings.sorted().into_iter().map(|finding| (finding.code, finding.severity)).collect()
}

fn codes(text: &str) -> Vec<String> {
    found(Class::Machine, text, &Known::default()).into_iter().map(|(code, _)| code).collect()
}

#[test]
fn paths_of_every_system_are_found() {
    for path in [
        "/Users/ada/org/AGENTS.md",
        "/home/ada/org",
        "see /root/org.",
        r"C:\Users\ada\org",
        r#"{"path": "C:\\Users\\ada\\org"}"#,
        "c:/Users/ada/org",
        "/mnt/c/Users/ada/x",
        "/private/var/folders/zz/T/x",
        r"\\wsl$\Debian\home",
        "/tmp/tmp.k3Jx81mQ/org",
        "/var/tmp/spawnfile-Ab3dE9",
        "/home/alice/org",
    ] {
        assert!(codes(path).contains(&"leak.path-shape".to_owned()), "{path}: {:?}", codes(path));
    }
}

#[test]
fn common_words_and_our_own_digests_are_no_findings() {
    for text in [
        "https://example.com/home/ada/page",
        "the /root of the tree, /home and /Users are folders",
        "/home/node/app and /home/you/org and /Users/<you>/x",
        "/tmp/cache1 and /tmp/report2024.csv and /tmp/MyFiles",
        "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "sf1:0123456789ab /var/lib/spawnfile/instances/openclaw/agent-analyst/home/.openclaw",
        "ANTHROPIC_API_KEY=sk-ant-... or sk-ant-xxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "task-antelope-runs-through-the-forest-at-night",
        "http://127.0.0.1:8787/x?y=a@b, postgres://user:password@db/x, redis://u:$PASS@h",
        "-----BEGIN PUBLIC KEY-----",
        "eyJ is how base64 of an object begins",
    ] {
        assert_eq!(codes(text), Vec::<String>::new(), "{text}");
    }
}

#[test]
fn tokens_are_errors_for_machines_and_warnings_in_prose() {
    for token in [
        "sk-ant-api03-abcDEF123456_7890-ghiJKL",
        "ghp_0aB1cD2eF3gH4iJ5kL6mN7oP8qR9sT0uV1wX",
        "AKIAIOSFODNN7ABCDEFG",
        "-----BEGIN OPENSSH PRIVATE KEY-----\nabc",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dBjftJeZ4CVPmB92K27uhbUJU1p1r",
        "postgres://ada:hunter2x9@db.internal/x",
    ] {
        assert_eq!(found(Class::Machine, token, &Known::default()), [("leak.token".to_owned(), Severity::Error)], "{token}");
        assert_eq!(found(Class::Prose, token, &Known::default()), [("leak.token".to_owned(), Severity::Warning)], "{token}");
    }
}

#[test]
fn a_made_up_key_is_one_in_a_text_and_none_in_a_configuration() {
    for made_up in ["AKIAIOSFODNN7EXAMPLE", "sk-ant-api03-your-key-goes-here-0123", "ghp_abababababababababababababababababab"] {
        assert_eq!(found(Class::Prose, made_up, &Known::default()), [], "{made_up}");
        assert_eq!(found(Class::Machine, made_up, &Known::default()), [("leak.token".to_owned(), Severity::Error)], "{made_up}");
    }
}

#[test]
fn known_folders_and_values_are_errors_anywhere_and_never_shown() {
    let known = Known {
        folders: vec!["/srv/ada/org".to_owned()],
        values: vec![("MY_KEY".to_owned(), Secret::new(b"can\"ary-4711".to_vec())), ("SHORT".to_owned(), Secret::new(b"true".to_vec()))],
    };
    for (text, code) in
        [("in /srv/ada/org/x", "leak.path"), ("a can\"ary-4711 b", "leak.value"), (r#"{"a": "can\"ary-4711"}"#, "leak.value")]
    {
        assert_eq!(found(Class::Prose, text, &known), [(code.to_owned(), Severity::Error)], "{text}");
    }
    assert_eq!(found(Class::Prose, "true /srv/ada/organization", &known), []);
    let findings = check([Authored { file: "/f", class: Class::Prose, bytes: b"x\n  can\"ary-4711" }], &known, &Allow::default());
    let shown = format!("{findings:?}");
    assert!(!shown.contains("ary-4711") && shown.contains("line: 2, column: 3"), "{shown}");
}

#[test]
fn what_is_allowed_is_allowed_by_number() {
    let file = |text: &'static str| [Authored { file: "/f", class: Class::Prose, bytes: text.as_bytes() }];
    let allow =
        Allow::parse("version = 1\n[[allow]]\nfile = \"/f\"\ncode = \"leak.path-shape\"\ncount = 1\nreason = \"an example\"\n").unwrap();
    let codes = |text| check(file(text), &Known::default(), &allow).sorted().into_iter().map(|f| f.code).collect::<Vec<_>>();
    assert_eq!(codes("/home/ada/x"), Vec::<String>::new());
    assert_eq!(codes("/home/ada/x /home/ada/y"), ["leak.path-shape", "leak.path-shape"]);
    assert_eq!(codes("nothing"), ["leak.allow"]);
    for bad in
        ["version = 2", "[[allow]]", "version = 1\nx = 1", "version = 1\n[[allow]]\nfile = \"f\"\ncode = \"c\"\ncount = 1\nreason = \" \""]
    {
        assert!(Allow::parse(bad).is_err(), "{bad}");
    }
}
