//! The image contract: what an image's labels claim, and whether its documents bear it out.
//!
//! `verify` reads the labels before anything is created; `accept` holds them against the report and the extras once
//! those are read. The messages are the TypeScript tool's where it has one.

use std::collections::BTreeMap;

use crate::display::excerpt;
use crate::name::{is_label_value, label_slug};
use crate::oci::{Digest, labels};
use crate::report::DistributionReport;
use crate::report::checks::is_clean_path;

/// Longest path of the report in an image, in bytes.
const MAX_REPORT_PATH: usize = 255;
/// Longest file name that a plain tar header holds: longer ones need an extension that the archive reader refuses.
const MAX_REPORT_NAME: usize = 100;
/// Longest value of the project and fingerprint labels, in bytes.
const MAX_LABEL: usize = 255;

/// What the labels of a spawnfile image claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageContract {
    /// Label-safe slug of the project.
    pub project: String,
    /// The fingerprint that the labels claim.
    pub compile_fingerprint: String,
    /// Where the report stands in the image: a clean path of a `.json` file below `/spawnfile/`.
    pub report_path: String,
    /// Digest that the report's bytes must have, where the image says one.
    pub report_digest: Option<Digest>,
    /// Digest that the bytes of the extras must have; none: the image has no extras.
    pub extras_digest: Option<Digest>,
}

/// Why an image is not accepted. All of them mean exit code 2.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ContractError {
    /// The contract label is missing: some other image.
    #[error("Image is not a Spawnfile image: missing {label} label", label = labels::IMAGE_CONTRACT)]
    NotSpawnfile,
    /// A contract of another version.
    #[error("Unsupported image contract {0}; this CLI supports {supported}", supported = labels::IMAGE_CONTRACT_V1)]
    Unsupported(String),
    /// A label without a value that can be one.
    #[error("Image label {0} is missing or not identifier-only")]
    Label(&'static str),
    /// The report label points where no report may be.
    #[error("Image label {label} is no path of a .json file below /spawnfile/: `{0}`", label = labels::REPORT)]
    ReportPath(String),
    /// A digest label that is no digest.
    #[error("Image label {0} is no sha256 digest")]
    DigestLabel(&'static str),
    /// Label and report carry different fingerprints.
    #[error("Embedded report fingerprint does not match the image label")]
    FingerprintLabel,
    /// The report was changed after its fingerprint was made.
    #[error("Embedded report was tampered with: it carries fingerprint {carried}, its content has {computed}")]
    Tampered {
        /// Fingerprint in the report.
        carried: String,
        /// Fingerprint of what the report says.
        computed: String,
    },
    /// Label and report name different projects.
    #[error("Image label {label} does not match the project `{0}` of the embedded report", label = labels::PROJECT)]
    Project(String),
    /// A document whose bytes have another digest than the label says.
    #[error("Embedded {what} does not match the image label {label}")]
    Digest {
        /// The document.
        what: &'static str,
        /// The label.
        label: &'static str,
    },
    /// The extras are labelled but not there, or there but not labelled.
    #[error("Image {0}")]
    Extras(&'static str),
}

/// Reads the claim out of an image's labels.
///
/// # Errors
/// The first label that is wrong; the contract label is looked at first.
pub fn verify(image_labels: &BTreeMap<String, String>) -> Result<ImageContract, ContractError> {
    let label = |key: &str| image_labels.get(key).map(String::as_str);
    match label(labels::IMAGE_CONTRACT) {
        None => return Err(ContractError::NotSpawnfile),
        Some(labels::IMAGE_CONTRACT_V1) => {}
        Some(other) => return Err(ContractError::Unsupported(excerpt(other))),
    }
    let word = |key: &'static str| match label(key) {
        Some(value) if value.len() <= MAX_LABEL && is_label_value(value) => Ok(value.to_owned()),
        _ => Err(ContractError::Label(key)),
    };
    let digest = |key: &'static str| match label(key) {
        None => Ok(None),
        Some(value) => value.parse().map(Some).map_err(|_| ContractError::DigestLabel(key)),
    };
    let report_path = label(labels::REPORT).unwrap_or(labels::DEFAULT_REPORT_PATH);
    Ok(ImageContract {
        project: word(labels::PROJECT)?,
        compile_fingerprint: word(labels::COMPILE_FINGERPRINT)?,
        report_path: if is_report_path(report_path) {
            report_path.to_owned()
        } else {
            return Err(ContractError::ReportPath(excerpt(report_path)));
        },
        report_digest: digest(labels::REPORT_DIGEST)?,
        extras_digest: digest(labels::EXTRAS_DIGEST)?,
    })
}

fn is_report_path(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    path.len() <= MAX_REPORT_PATH
        && is_clean_path(path)
        && path.starts_with("/spawnfile/")
        && path != labels::EXTRAS_PATH
        && name.len() <= MAX_REPORT_NAME
        && name.strip_suffix(".json").is_some_and(|stem| !stem.is_empty())
        && path.bytes().all(|b| b.is_ascii_graphic())
}

impl ImageContract {
    /// Returns the file name of the report.
    pub fn report_name(&self) -> &str {
        self.report_path.rsplit('/').next().unwrap_or_default()
    }

    /// Holds the claim against the documents that were read: the digest of the report's bytes, the report, the
    /// fingerprint computed over it, and the digest of the extras' bytes where such a file was found.
    ///
    /// # Errors
    /// The first contradiction.
    pub fn accept(
        &self,
        report_digest: &Digest,
        report: &DistributionReport,
        computed_fingerprint: &str,
        extras_digest: Option<&Digest>,
    ) -> Result<(), ContractError> {
        if report.compile_fingerprint != self.compile_fingerprint {
            return Err(ContractError::FingerprintLabel);
        }
        if report.compile_fingerprint != computed_fingerprint {
            let (carried, computed) = (excerpt(&report.compile_fingerprint), excerpt(computed_fingerprint));
            return Err(ContractError::Tampered { carried, computed });
        }
        if label_slug(&report.organization.project).as_deref() != Some(self.project.as_str()) {
            return Err(ContractError::Project(excerpt(&report.organization.project)));
        }
        if self.report_digest.as_ref().is_some_and(|claimed| claimed != report_digest) {
            return Err(ContractError::Digest { what: "report", label: labels::REPORT_DIGEST });
        }
        match (&self.extras_digest, extras_digest) {
            (None, None) => Ok(()),
            (Some(claimed), Some(found)) if claimed == found => Ok(()),
            (Some(_), Some(_)) => Err(ContractError::Digest { what: "extras", label: labels::EXTRAS_DIGEST }),
            (Some(_), None) => Err(ContractError::Extras("has a label for extras, but none are embedded")),
            (None, Some(_)) => Err(ContractError::Extras("has embedded extras, but no label for them")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image() -> BTreeMap<String, String> {
        [
            (labels::IMAGE_CONTRACT, "spawnfile.image.v1"),
            (labels::PROJECT, "Research-Cell-2"),
            (labels::COMPILE_FINGERPRINT, "sf1:0123456789ab"),
        ]
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect()
    }

    fn with(key: &str, value: &str) -> Result<ImageContract, String> {
        let mut labels = image();
        labels.insert(key.to_owned(), value.to_owned());
        verify(&labels).map_err(|error| error.to_string())
    }

    #[test]
    fn a_plain_image_is_told_so_first() {
        let message = "Image is not a Spawnfile image: missing com.spawnfile.image_contract label";
        assert_eq!(verify(&BTreeMap::new()).unwrap_err().to_string(), message);
    }

    #[test]
    fn labels_that_cannot_be_true_are_refused() {
        let rows = [
            (
                labels::IMAGE_CONTRACT,
                "spawnfile.image.v2",
                "Unsupported image contract spawnfile.image.v2; this CLI supports spawnfile.image.v1",
            ),
            (labels::PROJECT, "a b", "Image label com.spawnfile.project is missing or not identifier-only"),
            (labels::PROJECT, "", "Image label com.spawnfile.project is missing or not identifier-only"),
            (labels::COMPILE_FINGERPRINT, "\u{1b}", "Image label com.spawnfile.compile_fingerprint is missing or not identifier-only"),
            (labels::REPORT_DIGEST, "sha256:../../x", "Image label com.spawnfile.report_digest is no sha256 digest"),
        ];
        for (key, value, message) in rows {
            assert_eq!(with(key, value).unwrap_err(), message);
        }
        for key in [labels::PROJECT, labels::COMPILE_FINGERPRINT] {
            let mut labels = image();
            labels.remove(key);
            assert_eq!(verify(&labels), Err(ContractError::Label(key)));
        }
    }

    #[test]
    fn the_report_stands_below_its_folder_and_nowhere_else() {
        assert_eq!(verify(&image()).unwrap().report_path, labels::DEFAULT_REPORT_PATH);
        assert_eq!(with(labels::REPORT, "/spawnfile/x/r.json").unwrap().report_name(), "r.json");
        let long = format!("/spawnfile/{}.json", "x/".repeat(150));
        let name = format!("/spawnfile/{}.json", "n".repeat(100));
        for path in [
            "/",
            "",
            "/spawnfile",
            "/spawnfile/",
            "/spawnfile/.json",
            "/proc/self/environ",
            "/spawnfile/../etc/x.json",
            "/spawnfile//x.json",
            "/spawnfile/x",
            "spawnfile/x.json",
            "/spawnfile/x.json\n",
            "/spawnfile/\u{e9}.json",
            labels::EXTRAS_PATH,
            &long,
            &name,
        ] {
            assert!(with(labels::REPORT, path).unwrap_err().contains("no path of a .json file"), "{path}");
        }
        let shown = with(labels::REPORT, &"\u{1b}".repeat(65536)).unwrap_err();
        assert!(shown.len() < 250 && !shown.contains('\u{1b}'));
    }
}
