//! TLS 1.3: a certificate and its key from files, which are read again when they change.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use metrics::counter;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio_rustls::TlsAcceptor;

use crate::lock::lock;

/// How often the files are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// A certificate with its chain, or authorities; more is no such file.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// The files of a listener's TLS, as PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate, and those between it and its authority.
    pub certificate: PathBuf,
    /// The certificate's key.
    pub key: PathBuf,
    /// Authorities one of which must have signed the certificate of whoever connects; nothing for anybody.
    pub client_ca: Option<PathBuf>,
}

/// Files that make no TLS.
#[derive(Debug)]
pub struct BadTls {
    file: PathBuf,
    why: String,
}

impl fmt::Display for BadTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`: {}", self.file.display(), self.why)
    }
}

impl std::error::Error for BadTls {}

/// What says that a file is another: the time, the length and the number of the file behind its name.
type Stamp = Option<(SystemTime, u64, u64)>;

/// The TLS of a listener; a clone is another handle to it.
#[derive(Debug, Clone)]
pub struct Tls(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    files: TlsFiles,
    configs: RwLock<Configs>,
    seen: Mutex<[Stamp; 3]>,
}

/// What the files make.
#[derive(Debug)]
struct Configs {
    /// For whoever connects.
    server: Arc<ServerConfig>,
    /// To connect to others of the same authority, with the same certificate.
    client: Option<Arc<ClientConfig>>,
}

impl Tls {
    /// Reads the files. Inside a runtime they are looked at from here on, for as long as the handle is kept.
    pub fn new(files: TlsFiles) -> Result<Self, BadTls> {
        let seen = files.stamps();
        let configs = RwLock::new(files.configs()?);
        let tls = Self(Arc::new(Inner { files, configs, seen: Mutex::new(seen) }));
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let inner = Arc::downgrade(&tls.0);
            runtime.spawn(async move {
                loop {
                    tokio::time::sleep(LOOK_EVERY).await;
                    let Some(inner) = inner.upgrade() else { return };
                    // A file system that hangs holds no thread of the runtime up.
                    let look = move || Self(inner).look_again();
                    tokio::task::spawn_blocking(look).await.ok();
                }
            });
        }
        Ok(tls)
    }

    /// Reads the files again if one of them has changed; new connections have what is in them. What makes no
    /// TLS is said, and the connections go on with what was read before.
    pub fn look_again(&self) {
        let stamps = self.0.files.stamps();
        {
            let mut seen = lock(&self.0.seen);
            if *seen == stamps {
                return;
            }
            *seen = stamps;
        }
        let outcome = match self.0.files.configs() {
            Ok(configs) => {
                let mut current = self.0.configs.write().unwrap_or_else(PoisonError::into_inner);
                *current = configs;
                tracing::info!("the certificate was read again");
                "read"
            }
            Err(error) => {
                tracing::error!(%error, "a new certificate makes no TLS: the one before stays");
                "refused"
            }
        };
        counter!("accolade_tls_files_total", "outcome" => outcome).increment(1);
    }

    pub(crate) fn acceptor(&self) -> TlsAcceptor {
        let configs = self.0.configs.read().unwrap_or_else(PoisonError::into_inner);
        TlsAcceptor::from(Arc::clone(&configs.server))
    }

    /// How to connect to others of the authority; nothing where none is named.
    pub(crate) fn client(&self) -> Option<Arc<ClientConfig>> {
        self.0.configs.read().unwrap_or_else(PoisonError::into_inner).client.clone()
    }
}

fn read(file: &Path) -> Result<Vec<u8>, BadTls> {
    let length = std::fs::metadata(file).map(|metadata| metadata.len());
    let bytes = length.and_then(|length| {
        if length > FILE_BYTES_MAX {
            return Err(io::Error::other(format!("{length} bytes are too many")));
        }
        std::fs::read(file)
    });
    bytes.map_err(|error| bad(file, error))
}

fn bad(file: &Path, why: impl fmt::Display) -> BadTls {
    BadTls { file: file.to_owned(), why: why.to_string() }
}

fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, BadTls> {
    let pem = read(file)?;
    let read = CertificateDer::pem_slice_iter(&pem).collect::<Result<Vec<_>, _>>();
    match read {
        Ok(none) if none.is_empty() => Err(bad(file, "expected certificates as PEM, found none")),
        read => read.map_err(|error| bad(file, format!("expected certificates as PEM: {error}"))),
    }
}

/// The authorities in a file of PEM.
pub(crate) fn roots(file: &Path) -> Result<RootCertStore, BadTls> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(file)? {
        roots.add(certificate).map_err(|error| bad(file, error))?;
    }
    Ok(roots)
}

impl TlsFiles {
    fn stamps(&self) -> [Stamp; 3] {
        let stamp = |file: &Path| {
            use std::os::unix::fs::MetadataExt;
            let metadata = std::fs::metadata(file).ok()?;
            Some((metadata.modified().ok()?, metadata.len(), metadata.ino()))
        };
        [stamp(&self.certificate), stamp(&self.key), self.client_ca.as_deref().and_then(stamp)]
    }

    fn configs(&self) -> Result<Configs, BadTls> {
        let server = Arc::new(self.server()?);
        let client = self.client_ca.as_deref().map(|file| self.client(file)).transpose()?;
        Ok(Configs { server, client: client.map(Arc::new) })
    }

    fn pair(&self) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), BadTls> {
        let chain = certificates(&self.certificate)?;
        let key = PrivateKeyDer::from_pem_slice(&read(&self.key)?)
            .map_err(|error| bad(&self.key, format!("expected a key as PEM: {error}")))?;
        Ok((chain, key))
    }

    fn no_pair(&self, why: rustls::Error) -> BadTls {
        let key = self.key.display();
        bad(&self.certificate, format!("it and the key `{key}` make no pair: {why}"))
    }

    fn client(&self, authorities: &Path) -> Result<ClientConfig, BadTls> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13])
            .map_err(|error| bad(&self.certificate, error))?;
        let (chain, key) = self.pair()?;
        let builder = builder.with_root_certificates(roots(authorities)?);
        builder.with_client_auth_cert(chain, key).map_err(|error| self.no_pair(error))
    }

    fn server(&self) -> Result<ServerConfig, BadTls> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(&[&rustls::version::TLS13])
            .map_err(|error| bad(&self.certificate, error))?;
        let builder = match &self.client_ca {
            None => builder.with_no_client_auth(),
            Some(file) => builder.with_client_cert_verifier(Self::verifier(file, provider)?),
        };
        let (chain, key) = self.pair()?;
        let config = builder.with_single_cert(chain, key);
        let mut config = config.map_err(|error| self.no_pair(error))?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(config)
    }

    fn verifier(
        file: &Path,
        provider: Arc<CryptoProvider>,
    ) -> Result<Arc<dyn rustls::server::danger::ClientCertVerifier>, BadTls> {
        let roots = Arc::new(roots(file)?);
        let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider);
        verifier.build().map_err(|error| bad(file, error))
    }
}
