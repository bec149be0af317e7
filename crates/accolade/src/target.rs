//! Which node a command is for: what is said on the command line, else in the environment, else the context that is
//! in use, else the socket of this machine.

use accolade_wire::secret::Secret;
use clap::ArgMatches;
use clap::parser::ValueSource;

use crate::arguments::Where;
use crate::contexts::{Contexts, read_key};
use crate::failure::misused;
use crate::remote::There;

fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

impl Where {
    /// Notes what the command line says of this machine itself, rather than the environment.
    pub(crate) fn note_flags(&mut self, matches: &ArgMatches) {
        let is_said = |id| matches.value_source(id) == Some(ValueSource::CommandLine);
        self.is_here = is_said("data_dir") || is_said("config");
    }

    /// Whether the command line names a node elsewhere.
    pub(crate) fn names_a_node_elsewhere(&self) -> bool {
        self.url.is_some()
            || self.context.as_deref().is_some_and(|name| name != crate::contexts::LOCAL)
    }

    /// The node elsewhere that is meant; nothing for the one of this machine.
    pub(crate) fn there(&self) -> anyhow::Result<Option<There>> {
        if self.is_here && self.names_a_node_elsewhere() {
            return Err(misused(
                "`--data-dir` and `--config` mean a node of this machine, `--url` and `--context` one elsewhere: \
                 say one of them",
            ));
        }
        let there = self.found()?;
        if there.is_none() && (self.key.is_some() || self.key_file.is_some() || self.ca.is_some()) {
            return Err(misused(
                "`--key`, `--key-file` and `--ca` are for a node elsewhere: name it with `--url` or `--context`",
            ));
        }
        Ok(there)
    }

    fn found(&self) -> anyhow::Result<Option<There>> {
        if let Some(url) = &self.url {
            return self.at(url.clone()).map(Some);
        }
        if let Some(name) = &self.context {
            return self.of_context(Contexts::load()?.there(name)?);
        }
        if self.is_here {
            return Ok(None);
        }
        if let Some(url) = environment("ACCOLADE_URL") {
            return self.at(url).map(Some);
        }
        if let Some(name) = environment("ACCOLADE_CONTEXT") {
            return self.of_context(Contexts::load()?.there(&name)?);
        }
        if self.data_dir.is_some() || self.config.is_some() {
            return Ok(None);
        }
        self.of_context(Contexts::load()?.current()?)
    }

    /// What is said of the key on the command line.
    fn own_key(&self) -> anyhow::Result<Option<Secret>> {
        match (&self.key, &self.key_file) {
            (Some(key), _) => Ok(Some(key.clone())),
            (None, Some(file)) => read_key(file).map(Some),
            (None, None) => Ok(None),
        }
    }

    /// A key of the environment is for the URL that is said, and for a context that has none: it is not sent to
    /// a node that has another.
    fn or_of_environment(key: Option<Secret>) -> anyhow::Result<Option<Secret>> {
        if key.is_some() {
            return Ok(key);
        }
        if let Some(key) = environment("ACCOLADE_KEY") {
            return Ok(Some(Secret::new(key)));
        }
        environment("ACCOLADE_KEY_FILE").map(|file| read_key(file.as_ref())).transpose()
    }

    fn at(&self, url: String) -> anyhow::Result<There> {
        let key = Self::or_of_environment(self.own_key()?)?;
        let ca = self.ca.clone().or_else(|| environment("ACCOLADE_CA").map(Into::into));
        Ok(There { url, key, ca })
    }

    fn of_context(&self, kept: Option<There>) -> anyhow::Result<Option<There>> {
        let Some(There { url, key, ca }) = kept else { return Ok(None) };
        let key = Self::or_of_environment(self.own_key()?.or(key))?;
        Ok(Some(There { url, key, ca: self.ca.clone().or(ca) }))
    }
}
