//! A bucket, or the part of one below a prefix.

use std::io;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use accolade_engine::objects::{Object, Objects};
use futures_util::TryStreamExt;
use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use object_store::azure::{AzureConfigKey, MicrosoftAzureBuilder};
use object_store::gcp::{GoogleCloudStorageBuilder, GoogleConfigKey};
use object_store::path::Path;
use object_store::{
    ClientOptions, Error, ObjectStore, ObjectStoreExt, ObjectStoreScheme, PutPayload, RetryConfig,
};
use url::Url;

use crate::running::Running;

/// Tries after the first.
const RETRIES_MAX: usize = 4;
/// No try begins later than this after the first.
const RETRY_TIMEOUT: Duration = Duration::from_secs(20);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// One try, from the connection to the last byte.
const TRY_TIMEOUT: Duration = Duration::from_secs(30);
/// One call with all its tries, beside the time that its bytes take.
const CALL_TIMEOUT: Duration = Duration::from_secs(30);
/// A connection below this is taken for a broken one.
const BYTES_PER_SECOND_MIN: u64 = 512 << 10;
/// A list has a thousand keys on each of its pages.
const LIST_TIMEOUT: Duration = Duration::from_mins(10);

/// A bucket behind the port.
#[derive(Debug)]
pub struct Bucket {
    name: String,
    root: String,
    store: Arc<dyn ObjectStore>,
    running: Running,
}

/// A setting of a store, by the names of its own tools, such as `AWS_ACCESS_KEY_ID`.
pub type Setting = (String, String);

/// The settings in this process's environment: `AWS_…`, `GOOGLE_…` and `AZURE_…`, or the same with
/// `_FILE` behind, which names a file that holds the value.
pub fn environment() -> io::Result<Vec<Setting>> {
    let is_one = |name: &str| ["AWS_", "GOOGLE_", "AZURE_"].iter().any(|of| name.starts_with(of));
    let mut settings = Vec::new();
    for (name, value) in std::env::vars().filter(|(name, _)| is_one(name)) {
        match name.strip_suffix("_FILE") {
            // Some names end so by themselves.
            Some(stem) if !is_known(&name) && is_known(stem) => {
                let held = std::fs::read_to_string(&value).map_err(|error| {
                    io::Error::new(error.kind(), format!("{name}: `{value}`: {error}"))
                })?;
                settings.push((stem.to_owned(), held.trim().to_owned()));
            }
            _ => settings.push((name, value)),
        }
    }
    Ok(settings)
}

fn is_known(name: &str) -> bool {
    let name = name.to_lowercase();
    name.parse::<AmazonS3ConfigKey>().is_ok()
        || name.parse::<GoogleConfigKey>().is_ok()
        || name.parse::<AzureConfigKey>().is_ok()
}

impl Bucket {
    /// The bucket that `url` names, such as `s3://bucket/prefix`, `gs://…` or `az://…`. Settings that
    /// are not the store's are passed over.
    pub fn open(url: &str, settings: &[Setting]) -> io::Result<Self> {
        let wrong = |what: String| io::Error::new(io::ErrorKind::InvalidInput, what);
        let parsed = Url::parse(url).map_err(|error| wrong(format!("`{url}`: {error}")))?;
        let (scheme, path) = ObjectStoreScheme::parse(&parsed)
            .map_err(|error| wrong(format!("`{url}` names no object storage: {error}")))?;
        let store = build(&scheme, url, settings)
            .map_err(|error| wrong(format!("`{url}`: {error}")))?
            .ok_or_else(|| {
                wrong(format!("`{url}`: this is no kind of object storage that is known"))
            })?;
        let root = if path.as_ref().is_empty() { String::new() } else { format!("{path}/") };
        Ok(Self { name: url.to_owned(), root, store, running: Running::begin()? })
    }

    fn ask<T: Send + 'static, F>(
        &self,
        what: &str,
        key: &str,
        bytes: u64,
        request: impl FnOnce(Arc<dyn ObjectStore>, Path) -> F,
    ) -> io::Result<T>
    where
        F: Future<Output = io::Result<T>> + Send + 'static,
    {
        let limit = CALL_TIMEOUT + Duration::from_secs(bytes / BYTES_PER_SECOND_MIN);
        self.ask_within(limit, what, key, request)
    }

    fn ask_within<T: Send + 'static, F>(
        &self,
        limit: Duration,
        what: &str,
        key: &str,
        request: impl FnOnce(Arc<dyn ObjectStore>, Path) -> F,
    ) -> io::Result<T>
    where
        F: Future<Output = io::Result<T>> + Send + 'static,
    {
        let named = |error: io::Error| {
            io::Error::new(error.kind(), format!("{what} `{key}` in `{}`: {error}", self.name))
        };
        let path = Path::parse(format!("{}{key}", self.root))
            .map_err(|error| named(io::Error::new(io::ErrorKind::InvalidInput, error)))?;
        self.running.wait(limit, request(Arc::clone(&self.store), path)).map_err(named)
    }
}

/// A builder with what every store is built with.
macro_rules! built {
    ($builder:ty, $key:ty, $url:expr, $settings:expr) => {{
        let is_plain = |value: &str| value.starts_with("http://");
        let allows_http = $settings.iter().any(|(_, value)| is_plain(value));
        let client = ClientOptions::new()
            .with_timeout(TRY_TIMEOUT)
            .with_connect_timeout(CONNECT_TIMEOUT)
            .with_allow_http(allows_http);
        let mut builder = <$builder>::new()
            .with_client_options(client)
            .with_retry(RetryConfig {
                max_retries: RETRIES_MAX,
                retry_timeout: RETRY_TIMEOUT,
                ..RetryConfig::default()
            })
            .with_url($url);
        for (name, value) in $settings {
            if let Ok(key) = name.to_lowercase().parse::<$key>() {
                builder = builder.with_config(key, value);
            }
        }
        Arc::new(builder.build()?) as Arc<dyn ObjectStore>
    }};
}

fn build(
    scheme: &ObjectStoreScheme,
    url: &str,
    settings: &[Setting],
) -> object_store::Result<Option<Arc<dyn ObjectStore>>> {
    Ok(Some(match scheme {
        ObjectStoreScheme::AmazonS3 => built!(AmazonS3Builder, AmazonS3ConfigKey, url, settings),
        ObjectStoreScheme::GoogleCloudStorage => {
            built!(GoogleCloudStorageBuilder, GoogleConfigKey, url, settings)
        }
        ObjectStoreScheme::MicrosoftAzure => {
            built!(MicrosoftAzureBuilder, AzureConfigKey, url, settings)
        }
        _ => return Ok(None),
    }))
}

fn io_error(error: Error) -> io::Error {
    let kind = match &error {
        Error::NotFound { .. } => io::ErrorKind::NotFound,
        Error::PermissionDenied { .. } | Error::Unauthenticated { .. } => {
            io::ErrorKind::PermissionDenied
        }
        Error::InvalidPath { .. } => io::ErrorKind::InvalidInput,
        _ => io::ErrorKind::Other,
    };
    io::Error::new(kind, error)
}

fn ends_before(range: &Range<u64>) -> io::Error {
    let what = format!("the object ends before byte {}", range.end);
    io::Error::new(io::ErrorKind::UnexpectedEof, what)
}

async fn get(store: Arc<dyn ObjectStore>, path: Path, range: Range<u64>) -> io::Result<Vec<u8>> {
    match store.get_range(&path, range.clone()).await {
        Ok(bytes) if bytes.len() as u64 == range.end - range.start => Ok(bytes.into()),
        Ok(_) => Err(ends_before(&range)),
        Err(Error::Generic { store: name, source }) => {
            // A range that begins beyond the end is refused by every store in words of its own.
            match store.head(&path).await {
                Ok(object) if object.size < range.end => Err(ends_before(&range)),
                _ => Err(io_error(Error::Generic { store: name, source })),
            }
        }
        Err(error) => Err(io_error(error)),
    }
}

impl Objects for Bucket {
    fn put(&self, key: &str, bytes: Vec<u8>) -> io::Result<()> {
        self.ask("putting", key, bytes.len() as u64, |store, path| async move {
            store.put(&path, PutPayload::from(bytes)).await.map(drop).map_err(io_error)
        })
    }

    fn get(&self, key: &str, bytes: Range<u64>) -> io::Result<Vec<u8>> {
        if bytes.is_empty() {
            return Ok(Vec::new());
        }
        let count = bytes.end - bytes.start;
        self.ask("reading", key, count, |store, path| get(store, path, bytes))
    }

    fn get_all(&self, key: &str) -> io::Result<Vec<u8>> {
        // How much there is, only the answer says.
        self.ask("reading", key, 64 << 20, |store, path| async move {
            let found = store.get(&path).await.map_err(io_error)?;
            found.bytes().await.map(Into::into).map_err(io_error)
        })
    }

    fn list(&self, prefix: &str) -> io::Result<Vec<Object>> {
        // A store lists by whole parts of keys.
        let folder = prefix.rsplit_once('/').map_or("", |(folder, _)| folder);
        let root = self.root.clone();
        let found = self.ask_within(LIST_TIMEOUT, "listing", folder, |store, path| async move {
            let mut found = Vec::new();
            let mut listed = store.list(Some(&path));
            while let Some(object) = listed.try_next().await.map_err(io_error)? {
                let Some(key) = object.location.as_ref().strip_prefix(&root) else { continue };
                let put_at = object.last_modified.timestamp_micros();
                found.push(Object { key: key.to_owned(), bytes: object.size, put_at });
            }
            Ok(found)
        })?;
        Ok(found.into_iter().filter(|object| object.key.starts_with(prefix)).collect())
    }

    fn remove(&self, key: &str) -> io::Result<()> {
        self.ask("removing", key, 0, |store, path| async move {
            match store.delete(&path).await {
                Ok(()) | Err(Error::NotFound { .. }) => Ok(()),
                Err(error) => Err(io_error(error)),
            }
        })
    }
}
