use accolade_redis::settings::Settings;
use accolade_redis::sink::start;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};

use crate::house::House;
use crate::keys::{Keys, caught_up, until};
use crate::own_server::OwnServer;

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
fn a_server_is_reached_with_tls_and_its_certificate_is_checked() {
    let server = OwnServer::new(false, false);
    let (certificate, key, authority) = certificate("127.0.0.1");
    let port = server.url().rsplit_once(':').unwrap().1.to_owned();
    let settings = format!(
        "port 0\ntls-port {port}\ntls-auth-clients no\ntls-cert-file server.crt\ntls-key-file server.key\n"
    );
    let folder = server.set(&settings);
    for (name, pem) in [("server.crt", certificate), ("server.key", key)] {
        std::fs::write(folder.join(name), pem).unwrap();
    }
    server.run(&["start"]);
    let house = House::with_races();
    house.load("w", 100, 20);
    let mut keys = Keys::at(&server.url().replace("redis://", "rediss://"));
    is_refused(&house, keys.settings.clone());
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("authorities.pem");
    keys.settings.authorities = Some(file.clone());
    std::fs::write(&file, self::certificate("127.0.0.1").2).unwrap();
    is_refused(&house, keys.settings.clone());
    std::fs::write(&file, authority).unwrap();
    let projection = start(keys.settings.clone(), house.feed()).unwrap();
    caught_up(&projection);
    house.load("over-tls", 40, 20);
    caught_up(&projection);
    assert_eq!(projection.status().trouble, [""; 0]);
    assert!(projection.status().records > 0);
    drop(projection);
}
