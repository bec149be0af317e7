//! Every setting with what is in force and where it came from, as `accolade config show` prints it.

use std::path::Path;

use accolade_wire::secret::Secret;
use anyhow::Context;
use confique::Config as _;
use confique::meta::{FieldKind, LeafKind, Meta};
use serde_json::{Value, json};

use super::Config;
use crate::arguments::Where;

/// Settings that are shown nowhere.
const SECRETS: [&str; 5] =
    ["cluster.secret", "cluster.sasl_password", "postgres.url", "redis.url", "secrets.key"];

/// Where a setting came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    Flag,
    Environment(&'static str),
    File,
    Default,
    /// It has no default, and nobody has set it.
    Nowhere,
}

impl Origin {
    /// Whether somebody has set it.
    pub(super) const fn is_somebody(self) -> bool {
        matches!(self, Self::Flag | Self::Environment(_) | Self::File)
    }

    pub(super) fn words(self) -> String {
        match self {
            Self::Flag => "flag".to_owned(),
            Self::Environment(name) => name.to_owned(),
            Self::File => "file".to_owned(),
            Self::Default => "default".to_owned(),
            Self::Nowhere => "not set".to_owned(),
        }
    }
}

/// A setting.
#[derive(Debug)]
pub(super) struct Setting {
    pub(super) name: String,
    /// What it is, as it was written; stars for a secret.
    pub(super) value: Option<Value>,
    pub(super) origin: Origin,
}

impl Setting {
    pub(super) fn json(&self) -> Value {
        json!({ "setting": self.name, "value": self.value, "from": self.origin.words() })
    }
}

/// All settings, in the order of the template.
pub(super) fn all(place: &Where) -> anyhow::Result<Vec<Setting>> {
    let file = place.config.as_deref().map_or(Ok(Value::Null), read)?;
    let mut settings = Vec::new();
    collect(&Config::META, "", &file, &mut settings);
    if let Some(data_dir) = &place.data_dir
        && let Some(setting) = settings.iter_mut().find(|setting| setting.name == "data_dir")
        && setting.value.as_ref().and_then(Value::as_str) != data_dir.to_str()
    {
        setting.value = Some(json!(data_dir));
        setting.origin = Origin::Flag;
    }
    Ok(settings)
}

fn read(file: &Path) -> anyhow::Result<Value> {
    let context = || format!("the configuration file `{}`", file.display());
    let text = std::fs::read_to_string(file).with_context(context)?;
    // An error of TOML quotes the line, which may be a secret.
    toml::from_str(&text)
        .map_err(|error| anyhow::anyhow!("{}", error.message().to_owned()))
        .with_context(context)
}

fn collect(meta: &Meta, before: &str, file: &Value, settings: &mut Vec<Setting>) {
    for field in meta.fields {
        let name = format!("{before}{}", field.name);
        let here = file.get(field.name).unwrap_or(&Value::Null);
        match field.kind {
            FieldKind::Nested { meta } => collect(meta, &format!("{name}."), here, settings),
            FieldKind::Leaf { env, kind } => {
                let value = |env| std::env::var(env).ok().filter(|value| !value.is_empty());
                let set = env.and_then(|env| Some((env, value(env)?)));
                let default = match kind {
                    LeafKind::Required { default } => default.map(|default| json!(default)),
                    LeafKind::Optional => None,
                };
                let (value, origin) = match (set, here, default) {
                    (Some((env, value)), _, _) => (Some(json!(value)), Origin::Environment(env)),
                    (None, Value::Null, Some(default)) => (Some(default), Origin::Default),
                    (None, Value::Null, None) => (None, Origin::Nowhere),
                    (None, here, _) => (Some(here.clone()), Origin::File),
                };
                let is_secret = SECRETS.contains(&&*name);
                let stars = || json!(format!("{:?}", Secret::new("")));
                let value = if is_secret { value.map(|_| stars()) } else { value };
                settings.push(Setting { name, value, origin });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn loaded(folder: &Path, name: &str, value: &str) -> Option<Config> {
        let file = folder.join("accolade.toml");
        let text = match name.rsplit_once('.') {
            Some((section, name)) => format!("[{section}]\n{name} = \"{value}\"\n"),
            None => format!("{name} = \"{value}\"\n"),
        };
        std::fs::write(&file, text).unwrap();
        Config::load(&Where { config: Some(file), ..Where::default() }).ok()
    }

    #[test]
    fn every_secret_of_the_configuration_is_among_those_that_are_not_shown() {
        let folder = tempfile::tempdir().unwrap();
        let mut hidden = Vec::new();
        for setting in all(&Where::default()).unwrap() {
            let config = loaded(folder.path(), &setting.name, "marker-of-a-text");
            if config.is_some_and(|config| !format!("{config:?}").contains("marker-of-a-text")) {
                hidden.push(setting.name);
            }
        }
        let known = SECRETS.iter().filter(|name| hidden.iter().any(|hidden| hidden == *name));
        assert_eq!(known.count(), hidden.len(), "{hidden:?}");
        assert!(!hidden.is_empty() || !cfg!(feature = "cluster"));
    }

    #[test]
    fn settings_say_where_they_come_from() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("accolade.toml");
        std::fs::write(&file, "listen = '127.0.0.1:1'\n[node]\npartitions = 4\n").unwrap();
        let place = Where { config: Some(file), data_dir: Some("/d".into()), ..Where::default() };
        let settings = all(&place).unwrap();
        let of = |name| settings.iter().find(|setting| setting.name == name).unwrap();
        assert_eq!(
            (&of("data_dir").value, of("data_dir").origin),
            (&Some(json!("/d")), Origin::Flag)
        );
        assert_eq!(
            (&of("node.partitions").value, of("node.partitions").origin),
            (&Some(json!(4)), Origin::File)
        );
        assert_eq!(
            (&of("node.folds").value, of("node.folds").origin),
            (&Some(json!(0)), Origin::Default)
        );
        assert_eq!((&of("ship.to").value, of("ship.to").origin), (&None, Origin::Nowhere));
    }
}
