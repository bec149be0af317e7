//! Contexts: nodes elsewhere by names, with their keys, in a file that only its user reads.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use accolade_wire::secret::Secret;
use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::Ended;
use crate::arguments::Where;
use crate::failure::misused;
use crate::remote::{There, check_url};
use crate::terminal::{Sure, say};

/// The context that is none: the socket of this machine.
pub(crate) const LOCAL: &str = "local";

/// The arguments of `accolade context`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: ContextCommand,
}

#[derive(Debug, Subcommand)]
enum ContextCommand {
    /// Give a node elsewhere a name, with what opens it
    #[command(
        long_about = "Keeps the address of a node and a key under a name, in `accolade/contexts.toml` of \
                      $XDG_CONFIG_HOME or ~/.config, which only its user may read. With `--key-file` the file \
                      stays where it is and is read each time; `--key-file -` reads the key from standard \
                      input, and `--key` takes it from the command line: both are kept in contexts.toml.",
        after_help = "Examples:\n  accolade context add prod --url https://points.example --key-file prod.key --use\n  \
                      accolade context add test --url https://10.0.0.5:8080 --ca ca.pem --key-file -"
    )]
    Add {
        /// Its name
        #[arg(value_parser = read_name)]
        name: String,
        /// Use it from now on, too
        #[arg(long = "use")]
        uses: bool,
    },
    /// Have commands work with this context from now on; `local` for the socket of this machine
    #[command(after_help = "Example:\n  accolade context use prod")]
    Use {
        /// Its name
        name: String,
    },
    /// List the contexts; a star stands before the one that is in use
    List {
        /// Print JSON, one context a line
        #[arg(long)]
        json: bool,
    },
    /// Show one, without its key
    Show {
        /// Its name [default: the one that is in use]
        name: Option<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Forget one, with its key
    Remove {
        /// Its name
        name: String,
        #[command(flatten)]
        sure: Sure,
    },
}

fn read_name(text: &str) -> Result<String, String> {
    let is_good = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    if text == LOCAL {
        return Err(format!("`{LOCAL}` is always there: it is the socket of this machine"));
    }
    if (1..=64).contains(&text.len()) && text.bytes().all(is_good) {
        return Ok(text.to_owned());
    }
    Err("expected 1 to 64 letters, digits, dots, dashes or underscores".to_owned())
}

/// The file.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Contexts {
    /// The one that is in use.
    current: Option<String>,
    #[serde(default)]
    contexts: BTreeMap<String, Kept>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    url: String,
    #[serde(serialize_with = "reveal", skip_serializing_if = "Option::is_none")]
    key: Option<Secret>,
    key_file: Option<PathBuf>,
    ca: Option<PathBuf>,
}

/// The file is where the key is kept.
#[expect(clippy::ref_option, reason = "serde asks so")]
fn reveal<S: serde::Serializer>(key: &Option<Secret>, to: S) -> Result<S::Ok, S::Error> {
    key.as_ref().map(Secret::reveal).serialize(to)
}

/// Where it is, if this user has a place for such files.
fn file() -> Option<PathBuf> {
    let named = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let folder = named("XDG_CONFIG_HOME").or_else(|| Some(named("HOME")?.join(".config")))?;
    Some(folder.join("accolade").join("contexts.toml"))
}

/// A key that a file holds.
pub(crate) fn read_key(file: &Path) -> anyhow::Result<Secret> {
    let text = std::fs::read_to_string(file);
    let text = text.with_context(|| format!("the key in `{}`", file.display()))?;
    Ok(Secret::new(text.trim()))
}

impl Contexts {
    /// Reads the file; nothing where there is none.
    pub(crate) fn load() -> anyhow::Result<Self> {
        let Some(path) = file() else { return Ok(Self::default()) };
        let context = || format!("the contexts in `{}`", path.display());
        let mode = match std::fs::metadata(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(Self::default());
            }
            read => read.with_context(context)?.permissions().mode(),
        };
        if mode & 0o077 != 0 {
            let path = path.display();
            bail!("`{path}` holds keys, and others may open it: `chmod 600 {path}` ends that");
        }
        let text = std::fs::read_to_string(&path).with_context(context)?;
        // An error of TOML quotes the line, which may be a key.
        toml::from_str(&text)
            .map_err(|error| anyhow::anyhow!("{}", error.message().to_owned()))
            .with_context(context)
    }

    fn save(&self) -> anyhow::Result<()> {
        let Some(path) = file() else {
            bail!("neither XDG_CONFIG_HOME nor HOME is set: there is no place for contexts");
        };
        let context = || format!("`{}` cannot be written", path.display());
        let folder = path.parent().unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder).with_context(context)?;
        // A temporary file is its user's alone from the beginning.
        let mut new = tempfile::NamedTempFile::new_in(folder).with_context(context)?;
        new.write_all(toml::to_string(self)?.as_bytes()).with_context(context)?;
        new.as_file().sync_all().with_context(context)?;
        new.persist(&path).with_context(context)?;
        Ok(())
    }

    /// The node of the context that is in use; nothing for the socket of this machine.
    pub(crate) fn current(&self) -> anyhow::Result<Option<There>> {
        self.current.as_deref().map_or(Ok(None), |name| self.there(name))
    }

    /// The node of a context; nothing for the socket of this machine.
    pub(crate) fn there(&self, name: &str) -> anyhow::Result<Option<There>> {
        if name == LOCAL {
            return Ok(None);
        }
        let Kept { url, key, key_file, ca } = self.kept(name)?.clone();
        let key = match key_file {
            Some(file) => Some(read_key(&file)?),
            None => key,
        };
        Ok(Some(There { url, key, ca }))
    }

    fn kept(&self, name: &str) -> anyhow::Result<&Kept> {
        self.contexts.get(name).with_context(|| {
            format!("there is no context `{name}`: `accolade context list` shows which there are")
        })
    }

    fn current_name(&self) -> &str {
        self.current.as_deref().unwrap_or(LOCAL)
    }

    fn shown(&self, name: &str) -> anyhow::Result<Shown> {
        let is_current = name == self.current_name();
        let name = name.to_owned();
        if name == LOCAL {
            return Ok(Shown { name, is_current, url: None, key: None, ca: None });
        }
        let kept = self.kept(&name)?;
        let key = match (&kept.key_file, &kept.key) {
            (Some(file), _) => Some(format!("in {}", file.display())),
            (None, Some(_)) => Some("kept".to_owned()),
            (None, None) => None,
        };
        let ca = kept.ca.as_ref().map(|file| file.display().to_string());
        Ok(Shown { name, is_current, url: Some(kept.url.clone()), key, ca })
    }
}

/// A context as it is shown: of the key, where it is.
struct Shown {
    name: String,
    is_current: bool,
    url: Option<String>,
    key: Option<String>,
    ca: Option<String>,
}

impl Shown {
    fn json(&self) -> serde_json::Value {
        let Self { name, is_current, url, key, ca } = self;
        json!({ "name": name, "current": is_current, "url": url, "key": key, "ca": ca })
    }
}

/// Runs `accolade context`.
pub(crate) fn run(place: &Where, arguments: Arguments) -> anyhow::Result<Ended> {
    let mut contexts = Contexts::load()?;
    match arguments.command {
        ContextCommand::Add { name, uses } => {
            if contexts.contexts.contains_key(&name) {
                bail!("there is a context `{name}`: `accolade context remove {name}` first");
            }
            contexts.contexts.insert(name.clone(), new(place)?);
            if uses {
                contexts.current = Some(name.clone());
            }
            contexts.save()?;
            say(format_args!(
                "added `{name}`{}",
                if uses { ", and in use from now on" } else { "" }
            ))?;
        }
        ContextCommand::Use { name } => {
            contexts.there(&name)?;
            contexts.current = Some(name.clone()).filter(|name| name != LOCAL);
            contexts.save()?;
            say(format_args!("`{name}` is in use"))?;
        }
        ContextCommand::List { json } => {
            let names = std::iter::once(LOCAL).chain(contexts.contexts.keys().map(String::as_str));
            for name in names {
                let shown = contexts.shown(name)?;
                if json {
                    say(shown.json())?;
                } else {
                    let star = if shown.is_current { '*' } else { ' ' };
                    let url = shown.url.as_deref().unwrap_or("the socket of this machine");
                    say(format_args!("{star} {name:16}  {url}"))?;
                }
            }
        }
        ContextCommand::Show { name, json } => {
            let shown = contexts.shown(name.as_deref().unwrap_or(contexts.current_name()))?;
            if json {
                say(shown.json())?;
            } else {
                say(format_args!("name  {}", shown.name))?;
                say(format_args!(
                    "url   {}",
                    shown.url.as_deref().unwrap_or("the socket of this machine")
                ))?;
                say(format_args!("key   {}", shown.key.as_deref().unwrap_or("none")))?;
                say(format_args!("ca    {}", shown.ca.as_deref().unwrap_or("this machine's")))?;
            }
        }
        ContextCommand::Remove { name, sure } => {
            contexts.kept(&name)?;
            sure.ask(&format!("forget the context `{name}`, with its key"))?;
            contexts.contexts.remove(&name);
            contexts.current = contexts.current.filter(|current| *current != name);
            contexts.save()?;
            say(format_args!("removed `{name}`"))?;
        }
    }
    Ok(Ended::Well)
}

/// A context of what the command line says of a node.
fn new(place: &Where) -> anyhow::Result<Kept> {
    let url = place.url.clone().ok_or_else(|| misused("a context needs `--url URL`"))?;
    check_url(&url)?;
    let absolute = |file: &Path| {
        let found = std::fs::canonicalize(file);
        found.with_context(|| format!("`{}` cannot be read", file.display()))
    };
    let (key, key_file) = match (&place.key, &place.key_file) {
        (Some(key), _) => (Some(Secret::new(key.reveal().trim())), None),
        (None, Some(file)) if file.as_os_str() == "-" => {
            let mut text = String::new();
            std::io::stdin().read_to_string(&mut text).context("the key on standard input")?;
            (Some(Secret::new(text.trim())), None)
        }
        (None, Some(file)) => (None, Some(absolute(file)?)),
        (None, None) => (None, None),
    };
    let ca = place.ca.as_deref().map(absolute).transpose()?;
    Ok(Kept { url, key, key_file, ca })
}
