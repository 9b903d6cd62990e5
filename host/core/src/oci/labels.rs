//! Names of the labels on images and containers.

/// Image label: version of the image contract.
pub const IMAGE_CONTRACT: &str = "com.spawnfile.image_contract";
/// The only image contract there is.
pub const IMAGE_CONTRACT_V1: &str = "spawnfile.image.v1";
/// Image label: label-safe slug of the project's name. Also on containers.
pub const PROJECT: &str = "com.spawnfile.project";
/// Image label: compile fingerprint (`sf1:` and 12 hexadecimal digits). Also on containers.
pub const COMPILE_FINGERPRINT: &str = "com.spawnfile.compile_fingerprint";
/// Image label: absolute path of the distribution report in the image.
pub const REPORT: &str = "com.spawnfile.report";
/// Image label (ours): digest of the report's bytes.
pub const REPORT_DIGEST: &str = "com.spawnfile.report_digest";
/// Image label (ours): digest of the bytes of the extras.
pub const EXTRAS_DIGEST: &str = "com.spawnfile.extras_digest";

/// Where the report stands unless the label says otherwise.
pub const DEFAULT_REPORT_PATH: &str = "/spawnfile/spawnfile-report.json";
/// Where the extras stand, always.
pub const EXTRAS_PATH: &str = "/spawnfile/spawnfile-extras.json";

/// Container label: name of the deployment.
pub const DEPLOYMENT: &str = "com.spawnfile.deployment";
/// Container label: unit of the deployment.
pub const UNIT: &str = "com.spawnfile.unit";
/// Container label: version of the container labels.
pub const VERSION: &str = "com.spawnfile.version";
/// The value of [`VERSION`].
pub const VERSION_VALUE: &str = "0.1";
/// Container label (ours): purpose of a short-lived helper container; such containers are swept.
pub const HELPER: &str = "com.spawnfile.helper";
/// Container and volume label (ours): the home that owns the thing, by its random id, so that two homes on one
/// Engine never touch each other's containers.
pub const HOME: &str = "com.spawnfile.home";
