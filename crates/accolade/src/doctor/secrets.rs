//! Files that hold secrets: this process can read them, and others cannot.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::Findings;
use crate::config::Config;

const CHECK: &str = "secrets";
/// Anybody on this machine may read it.
const READ_BY_ALL: u32 = 0o004;

pub(super) fn examine(config: &Config, findings: &mut Findings) {
    for (name, file) in files(config) {
        examine_file(name, file, findings);
    }
}

fn files(config: &Config) -> Vec<(&'static str, &Path)> {
    let mut files = vec![("secrets.key_file", config.secrets.key_file.as_deref())];
    #[cfg(feature = "cluster")]
    files.extend([
        ("cluster.secret_file", config.cluster.secret_file.as_deref()),
        ("cluster.sasl_password_file", config.cluster.sasl_password_file.as_deref()),
        ("cluster.key_file", config.cluster.key_file.as_deref()),
        ("cluster.node_key_file", config.cluster.node_key_file.as_deref()),
    ]);
    #[cfg(feature = "postgres")]
    files.push(("postgres.password_file", config.postgres.password_file.as_deref()));
    #[cfg(feature = "redis")]
    files.push(("redis.password_file", config.redis.password_file.as_deref()));
    files.into_iter().filter_map(|(name, file): (_, Option<&Path>)| Some((name, file?))).collect()
}

fn examine_file(name: &str, file: &Path, findings: &mut Findings) {
    let path = file.display();
    let read = std::fs::read(file).and_then(|_| std::fs::metadata(file));
    match read {
        Err(error) => findings.error(
            CHECK,
            format!("`{name}`: `{path}` cannot be read: {error}"),
            format!("put the secret there, for the user that runs the node, or set `{name}`"),
        ),
        Ok(metadata) if metadata.permissions().mode() & READ_BY_ALL != 0 => findings.warning(
            CHECK,
            format!("`{name}`: everybody on this machine may read `{path}`"),
            format!("chmod o= {path}"),
        ),
        Ok(_) => findings.ok(CHECK, format!("`{name}` can be read, and not by everybody")),
    }
}
