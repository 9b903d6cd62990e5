//! Manifests that are read, and those that are refused.

use super::*;

fn hex(digit: char) -> String {
    format!("sha256:{}", digit.to_string().repeat(64))
}

fn image_with(change: &str) -> String {
    let (config, layer) = (hex('c'), hex('1'));
    format!(
        r#"{{"schemaVersion":2,"mediaType":"{OCI_MANIFEST}",{change}
        "config":{{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"{config}","size":7}},
        "layers":[{{"mediaType":"application/vnd.oci.image.layer.v1.tar+gzip","digest":"{layer}","size":9}}]}}"#
    )
}

#[test]
fn an_image_is_read() {
    let Manifest::Image(image) = parse(image_with("").as_bytes(), Some(&format!("{OCI_MANIFEST}; charset=utf-8"))).unwrap() else {
        panic!("no image")
    };
    assert_eq!((image.config.size, image.layers[0].blob.size, image.layers[0].packing), (7, 9, Packing::Gzip));
    // A registry that does not know the type says something general.
    assert!(parse(image_with("").as_bytes(), Some("application/json")).is_ok());
    assert!(parse(image_with("").as_bytes(), None).is_ok());
}

#[test]
fn what_two_readers_could_take_for_different_things_is_refused() {
    let refused = |text: &str, served: Option<&str>, why: &str| {
        let error = parse(text.as_bytes(), served).unwrap_err().to_string();
        assert!(error.contains(why), "{error} instead of {why}");
    };
    refused(&image_with(r#""manifests":[],"#), None, "at once");
    refused(&image_with(""), Some(OCI_INDEX), "was served as");
    refused(&image_with(r#""mediaType":"x","#), None, "twice");
    refused(&image_with("").replace("\"schemaVersion\":2", "\"schemaVersion\":1"), None, "schema version");
    refused(&image_with("").replace(OCI_MANIFEST, "application/vnd.docker.distribution.manifest.v1+prettyjws"), None, "no image");
    refused(&image_with("").replace("image.config", "empty.config"), None, "no image");
    refused(&image_with("").replace("\"size\":9", "\"size\":-1"), None, "size");
    refused(&image_with("").replace("\"size\":9", "\"size\":1e30"), None, "size");
    for digest in ["sha256:../../x".to_owned(), hex('A'), format!("sha512:{}", "1".repeat(128)), hex('1')[..70].to_owned()] {
        refused(&image_with("").replace(&hex('1'), &digest), None, "digest");
    }
    refused("[]", None, "no object");
    refused("{\"schemaVersion\":2}", None, "no `config`");
    refused(&"[".repeat(100_000), None, "nested");
}

#[test]
fn layers_from_other_places_and_of_other_kinds_are_not_read() {
    let foreign = image_with("").replace("\"size\":9", "\"size\":9,\"urls\":[\"http://127.0.0.2/x\"]");
    let zstd = image_with("").replace("tar+gzip", "tar+zstd");
    for text in [foreign, zstd] {
        let Manifest::Image(image) = parse(text.as_bytes(), None).unwrap() else { panic!("no image") };
        assert_eq!(image.layers[0].packing, Packing::Other);
    }
}

#[test]
fn the_platform_s_entry_is_chosen_and_attestations_are_not_seen() {
    let entry = |digit, media: &str, rest: &str| format!(r#"{{"mediaType":"{media}","digest":"{}","size":5{rest}}}"#, hex(digit));
    let platform = |os: &str, arch: &str| format!(r#","platform":{{"os":"{os}","architecture":"{arch}"}}"#);
    let arm = r#","platform":{"os":"linux","architecture":"arm64","variant":"v8"}"#;
    let items = [
        entry('9', OCI_MANIFEST, &platform("unknown", "unknown")),
        entry('8', OCI_INDEX, &platform("linux", "amd64")),
        entry('7', OCI_MANIFEST, &format!("{},\"artifactType\":\"x/y\"", platform("linux", "amd64"))),
        entry('2', OCI_MANIFEST, &platform("linux", "amd64")),
        entry('3', DOCKER_MANIFEST, arm),
    ];
    let text = format!(r#"{{"schemaVersion":2,"mediaType":"{OCI_INDEX}","manifests":[{}]}}"#, items.join(","));
    let Manifest::Index(entries) = parse(text.as_bytes(), Some(OCI_INDEX)).unwrap() else { panic!("no index") };
    assert_eq!(choose(&entries, Platform::LinuxAmd64).unwrap().manifest.digest.as_str(), hex('2'));
    assert_eq!(choose(&entries, Platform::LinuxArm64).unwrap().manifest.digest.as_str(), hex('3'));
    let error = choose(&entries[..1], Platform::LinuxArm64).unwrap_err().to_string();
    assert!(error.contains("linux/arm64") && error.contains("`linux/amd64`"), "{error}");
}
