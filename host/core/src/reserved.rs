//! Names and paths that no image may ask for: they would steer the host's tools, the loader, or PID 1.

/// Prefixes of environment names that are refused.
const ENV_PREFIXES: &[&str] = &["LD_", "DYLD_", "BASH_FUNC_", "GLIBC_", "SPAWNFILE_INIT_"];

/// Environment names that are refused, in upper case.
const ENV_NAMES: &[&str] = &[
    "BASHOPTS",
    "BASH_ENV",
    "CDPATH",
    "DOCKER_API_VERSION",
    "DOCKER_CERT_PATH",
    "DOCKER_CONFIG",
    "DOCKER_CONTEXT",
    "DOCKER_HOST",
    "DOCKER_TLS_VERIFY",
    "ENV",
    "GCONV_PATH",
    "GIT_CONFIG",
    "GIT_CONFIG_GLOBAL",
    "GIT_EXEC_PATH",
    "GIT_SSH",
    "GIT_SSH_COMMAND",
    "HOME",
    "HOSTALIASES",
    "IFS",
    "JAVA_TOOL_OPTIONS",
    "JDK_JAVA_OPTIONS",
    "LOCPATH",
    "MALLOC_TRACE",
    "NLSPATH",
    "NODE_EXTRA_CA_CERTS",
    "NODE_OPTIONS",
    "NODE_PATH",
    "PATH",
    "PERL5DB",
    "PERL5LIB",
    "PERL5OPT",
    "PERLLIB",
    "PROMPT_COMMAND",
    "PYTHONHOME",
    "PYTHONINSPECT",
    "PYTHONPATH",
    "PYTHONSTARTUP",
    "RESOLV_HOST_CONF",
    "RES_OPTIONS",
    "RUBYLIB",
    "RUBYOPT",
    "SHELL",
    "SHELLOPTS",
    "SPAWNFILE_HOME",
    "SSLKEYLOGFILE",
    "TMPDIR",
    "USER",
    "_JAVA_OPTIONS",
];

/// Folders that belong to the system or to PID 1; they and everything below are refused.
const PATHS: &[&str] = &["/dev", "/etc", "/proc", "/run/spawnfile", "/spawnfile", "/sys", "/var/run/spawnfile"];

/// Returns whether no image may ask for a variable of this name.
pub fn is_reserved_env(name: &str) -> bool {
    let upper = name.to_ascii_uppercase();
    ENV_PREFIXES.iter().any(|prefix| upper.starts_with(prefix)) || ENV_NAMES.binary_search(&upper.as_str()).is_ok()
}

/// Returns why no volume or file of an image may stand at this absolute path ("belongs to …"), if so. `//` and `.` are seen through.
pub fn reserved_path(path: &str) -> Option<&'static str> {
    let plain = plain(path);
    if plain.is_empty() {
        return Some("is the root folder");
    }
    if plain.ends_with("/docker.sock") {
        return Some("is the Engine's socket");
    }
    if matches!(plain.as_str(), "/run" | "/var/run") {
        return Some("would hide the folder of PID 1");
    }
    PATHS.iter().any(|reserved| is_within(&plain, reserved)).then_some("belongs to the system or to PID 1")
}

/// Returns the path without empty and `.` segments and without a trailing slash; the root becomes empty.
pub(crate) fn plain(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for segment in path.split('/').filter(|segment| !segment.is_empty() && *segment != ".") {
        out.push('/');
        out.push_str(segment);
    }
    out
}

/// Returns whether a plain path is another one or stands below it.
pub(crate) fn is_within(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_for_the_search() {
        assert!(ENV_NAMES.is_sorted());
    }

    #[test]
    fn refuses_names_that_steer_programs() {
        for name in ["PATH", "path", "LD_PRELOAD", "LD_LIBRARY_PATH", "DOCKER_HOST", "NODE_OPTIONS", "BASH_ENV", "DYLD_INSERT_LIBRARIES"] {
            assert!(is_reserved_env(name), "{name}");
        }
        for name in ["AWS_SECRET_ACCESS_KEY", "ANTHROPIC_API_KEY", "LDAP_PASSWORD", "PATHS", "DOCKER_PASSWORD", "SPAWNFILE_CLI_AUTH_JSON"] {
            assert!(!is_reserved_env(name), "{name}");
        }
    }

    #[test]
    fn refuses_paths_of_the_system() {
        let refused = [
            "/",
            "//",
            "/.",
            "/etc",
            "/etc/",
            "//etc/./x",
            "/proc/self/environ",
            "/dev/shm",
            "/sys",
            "/run/spawnfile/secrets",
            "/run",
            "/var/run",
            "/spawnfile",
            "/var/run/docker.sock",
            "/x/docker.sock",
        ];
        for path in refused {
            assert!(reserved_path(path).is_some(), "{path}");
        }
        for path in ["/data", "/etcetera", "/var/lib/spawnfile/instances/x", "/run/app", "/devel"] {
            assert!(reserved_path(path).is_none(), "{path}");
        }
    }
}
