//! The way to the server, with TLS unless the URL says `sslmode=disable`.
//!
//! Where TLS is used the server's certificate is always checked. `prefer`, the default, goes on without
//! TLS only where the server has none.

use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use tokio_postgres::config::SslMode;
use tokio_postgres::{Client, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::error::{Error, Result};
use crate::settings::Settings;

/// How long the server may take to let us in.
const PATIENCE: Duration = Duration::from_secs(15);

/// Connects. The connection ends with the client.
pub(crate) async fn connect(settings: &Settings) -> Result<Client> {
    let connecting = async {
        if settings.server.get_ssl_mode() == SslMode::Disable {
            let (client, connection) = settings.server.connect(NoTls).await?;
            tokio::spawn(async { note(connection.await) });
            return Ok(client);
        }
        let tls = MakeRustlsConnect::new(trust(settings)?);
        let (client, connection) = settings.server.connect(tls).await?;
        tokio::spawn(async { note(connection.await) });
        Ok(client)
    };
    let timed_out = |_| Error::TimedOut(PATIENCE.as_secs());
    tokio::time::timeout(PATIENCE, connecting).await.map_err(timed_out)?
}

fn note(ended: std::result::Result<(), tokio_postgres::Error>) {
    if let Err(error) = ended {
        // Whoever waits for an answer hears of it as well.
        tracing::debug!(%error, "the connection to PostgreSQL ended");
    }
}

fn trust(settings: &Settings) -> Result<ClientConfig> {
    let bad = |error: &dyn std::fmt::Display| Error::Settings(format!("TLS: {error}"));
    let mut roots = RootCertStore::empty();
    match &settings.authorities {
        None => {
            // Some that cannot be read do not matter as long as the right one can.
            let (_, _) =
                roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
        Some(file) => {
            let name = file.display();
            let certificates = CertificateDer::pem_file_iter(file)
                .map_err(|error| bad(&format_args!("`{name}`: {error}")))?;
            for certificate in certificates {
                let certificate =
                    certificate.map_err(|error| bad(&format_args!("`{name}`: {error}")))?;
                roots.add(certificate).map_err(|error| bad(&format_args!("`{name}`: {error}")))?;
            }
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| bad(&error))?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}
