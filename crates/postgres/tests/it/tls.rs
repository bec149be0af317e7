use accolade_postgres::settings::Settings;
use accolade_postgres::sink::start;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use tokio_postgres::config::SslMode;

use crate::house::House;
use crate::own_server::OwnServer;
use crate::tables::{Tables, caught_up, until};

/// A certificate for `name` with its key, and the authority that vouches for it.
fn certificate(name: &str) -> (String, String, String) {
    let mut authority = CertificateParams::new(vec![]).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority_key = KeyPair::generate().unwrap();
    let vouching = authority.self_signed(&authority_key).unwrap().pem();
    let key = KeyPair::generate().unwrap();
    let issuer = Issuer::new(authority, authority_key);
    let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    let signed = params.signed_by(&key, &issuer).unwrap();
    (signed.pem(), key.serialize_pem(), vouching)
}

fn is_refused(house: &House, settings: Settings) {
    let projection = start(settings, house.feed()).unwrap();
    until("a projection that names the certificate", &projection, |projection| {
        let status = projection.status();
        assert!(!status.is_connected, "{status:?}");
        status.trouble.iter().any(|trouble| trouble.contains("certificate"))
    });
}

#[test]
fn where_the_server_has_tls_it_is_used_and_the_certificate_is_checked() {
    let server = OwnServer::start();
    let (certificate, key, authority) = certificate("127.0.0.1");
    server.use_tls(&certificate, &key);
    let folder = tempfile::tempdir().unwrap();
    let (house, mut tables) = (House::open(), Tables::at(&server.url(), "tls"));
    house.wagers("w", 200, 20);
    is_refused(&house, tables.settings.clone());
    let (_, _, stranger) = self::certificate("127.0.0.1");
    let file = folder.path().join("authorities.pem");
    tables.settings.authorities = Some(file.clone());
    std::fs::write(&file, stranger).unwrap();
    is_refused(&house, tables.settings.clone());
    std::fs::write(&file, authority).unwrap();
    let watcher = tables.connect();
    for mode in [SslMode::Prefer, SslMode::Require] {
        let mut settings = tables.settings.clone();
        settings.server.ssl_mode(mode);
        let projection = start(settings, house.feed()).unwrap();
        caught_up(&projection);
        let encrypted = "SELECT FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)
                         WHERE ssl AND application_name = $1";
        let found = tables.wait(watcher.query(encrypted, &[&tables.settings.schema])).unwrap();
        assert_eq!(found.len(), 1, "{mode:?}");
    }
    tables.are_exactly(&house);
    drop(tables);
}
