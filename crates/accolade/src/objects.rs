//! Which adapter an object storage's address means.

use std::sync::Arc;

use accolade_engine::objects::Objects;
use accolade_objects::bucket::{Bucket, environment};
use accolade_storage::ship::Directory;
use anyhow::Context;

/// The object storage at `url`: `s3://…`, `gs://…`, `az://…`, or a folder, which may be written as
/// `file://…`. Settings of the store come from the environment.
pub(crate) fn open(
    url: &str,
    endpoint: Option<&str>,
    region: Option<&str>,
) -> anyhow::Result<Arc<dyn Objects>> {
    let cannot = || format!("the object storage `{url}` cannot be used");
    let folder = url.strip_prefix("file://").or_else(|| (!url.contains("://")).then_some(url));
    if let Some(folder) = folder {
        return Ok(Arc::new(Directory::open(folder).with_context(cannot)?));
    }
    let mut settings = environment().with_context(cannot)?;
    for (name, value) in [("AWS_ENDPOINT_URL", endpoint), ("AWS_REGION", region)] {
        settings.extend(value.map(|value| (name.to_owned(), value.to_owned())));
    }
    Ok(Arc::new(Bucket::open(url, &settings).with_context(cannot)?))
}
