//! Where an endpoint is, as its operator says it.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use url::{Host, Url};

use crate::addresses::Allowed;

/// Greatest length of an address in bytes.
pub const URL_BYTES_MAX: usize = 2_048;

/// Why nothing can be sent to an address as it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadTarget {
    /// It is no address of HTTP.
    #[error(
        "expected an address such as https://example.com/hooks, of {URL_BYTES_MAX} bytes at most"
    )]
    Malformed,
    /// Whoever reads it would know how to get in.
    #[error("expected an address without a user's name and password")]
    HasCredentials,
    /// Nobody could prove to be the one behind it.
    #[error("expected `https`: `http` goes to networks alone that whoever runs the node allows")]
    Clear,
    /// It names an address that nothing is sent to.
    #[error(
        "nothing is sent to this address: it is private, of this machine, or of a special purpose"
    )]
    Forbidden,
}

/// An endpoint's address, read as browsers do: every spelling of a number is that number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    url: Url,
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.url.as_str())
    }
}

impl Target {
    /// Reads an address. What can be said against it without asking who is behind a name is said here; the rest, and
    /// all of it again, when something is sent.
    pub fn read(text: &str, allowed: &Allowed) -> Result<Self, BadTarget> {
        let is_plain =
            text.len() <= URL_BYTES_MAX && text.bytes().all(|byte| byte.is_ascii_graphic());
        if !is_plain {
            return Err(BadTarget::Malformed);
        }
        let url = Url::parse(text).map_err(|_| BadTarget::Malformed)?;
        if !matches!(url.scheme(), "http" | "https")
            || url.fragment().is_some()
            || url.as_str().len() > URL_BYTES_MAX
        {
            return Err(BadTarget::Malformed);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(BadTarget::HasCredentials);
        }
        let target = Self { url };
        match target.literal() {
            Some(address) => target.check(address, allowed)?,
            None if !target.is_tls() && allowed.0.is_empty() => return Err(BadTarget::Clear),
            None => {}
        }
        Ok(target)
    }

    /// Refuses an address that is behind the target.
    pub(crate) fn check(&self, address: IpAddr, allowed: &Allowed) -> Result<(), BadTarget> {
        if !allowed.may_be_sent_to(address) {
            return Err(BadTarget::Forbidden);
        }
        if !self.is_tls() && !allowed.names(address) {
            return Err(BadTarget::Clear);
        }
        Ok(())
    }

    /// Whether the receiver proves who it is.
    pub(crate) fn is_tls(&self) -> bool {
        self.url.scheme() == "https"
    }

    fn literal(&self) -> Option<IpAddr> {
        match self.url.host()? {
            Host::Ipv4(four) => Some(four.into()),
            Host::Ipv6(six) => Some(six.into()),
            Host::Domain(_) => None,
        }
    }

    /// Who proves to be behind it: a name, or an address without brackets.
    pub(crate) fn host(&self) -> &str {
        let host = self.url.host_str().expect("an address of HTTP has a host");
        host.trim_start_matches('[').trim_end_matches(']')
    }

    /// The header `host`.
    pub(crate) fn authority(&self) -> &str {
        self.url.authority()
    }

    /// Path and query, as they are asked for.
    pub(crate) fn path(&self) -> &str {
        &self.url[url::Position::BeforePath..url::Position::AfterQuery]
    }

    /// The addresses that are behind it now, each of which may be sent to: one that may not be is reason enough
    /// to trust none.
    pub(crate) async fn resolve(&self, allowed: &Allowed) -> Result<Vec<SocketAddr>, NotResolved> {
        let port = self.url.port_or_known_default().expect("HTTP has a port");
        let found: Vec<_> = match self.literal() {
            Some(address) => vec![SocketAddr::new(address, port)],
            None => tokio::net::lookup_host((self.host(), port))
                .await
                .map_err(|_| NotResolved::Unknown)?
                .collect(),
        };
        for address in &found {
            self.check(address.ip(), allowed).map_err(NotResolved::Refused)?;
        }
        if found.is_empty() { Err(NotResolved::Unknown) } else { Ok(found) }
    }
}

/// Why there is nobody to be dialled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotResolved {
    /// Nobody has the name.
    Unknown,
    /// Somebody has it to whom nothing is sent.
    Refused(BadTarget),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Target, BadTarget> {
        Target::read(text, &Allowed::default())
    }

    #[test]
    fn an_address_of_https_is_read_and_keeps_its_path_and_query() {
        let target = read("https://Example.com:8443/hooks/a?token=b%20c").unwrap();
        assert_eq!(target.to_string(), "https://example.com:8443/hooks/a?token=b%20c");
        assert_eq!(
            (target.authority(), target.path()),
            ("example.com:8443", "/hooks/a?token=b%20c")
        );
        assert_eq!(read("https://example.com").unwrap().path(), "/");
    }

    #[test]
    fn no_spelling_of_a_private_address_is_accepted() {
        for host in [
            "127.0.0.1",
            "2130706433",
            "0x7f000001",
            "0x7f.1",
            "0177.0.0.1",
            "017700000001",
            "127.1",
            "127.0.1",
            "0",
            "0.0.0.0",
            "10.1",
            "0xA9FEA9FE",
            "169.254.169.254",
            "3232235777",
            "[::1]",
            "[::]",
            "[::ffff:127.0.0.1]",
            "[::ffff:7f00:1]",
            "[0:0:0:0:0:ffff:a00:1]",
            "[64:ff9b::7f00:1]",
            "[fe80::1]",
            "[fd00::1]",
            "[2002:7f00:1::]",
            "127.0.0.1.",
            "%31%32%37.0.0.1",
            "１２７.0.0.1",
        ] {
            let text = format!("https://{host}/");
            let expected =
                if host.is_ascii() { BadTarget::Forbidden } else { BadTarget::Malformed };
            assert_eq!(read(&text), Err(expected), "{host}");
        }
    }

    #[test]
    fn what_is_no_plain_address_of_https_is_refused() {
        for (text, expected) in [
            ("", BadTarget::Malformed),
            ("example.com", BadTarget::Malformed),
            ("ftp://example.com", BadTarget::Malformed),
            ("file:///etc/passwd", BadTarget::Malformed),
            ("unix:/run/docker.sock", BadTarget::Malformed),
            ("https://example.com/#part", BadTarget::Malformed),
            ("https://example.com/a b", BadTarget::Malformed),
            ("https://example.com/\r\nhost: other", BadTarget::Malformed),
            ("https://", BadTarget::Malformed),
            ("https://999.1.1.1/", BadTarget::Malformed),
            ("https://user:password@example.com/", BadTarget::HasCredentials),
            ("https://127.0.0.1@example.com/", BadTarget::HasCredentials),
            ("http://example.com/", BadTarget::Clear),
            ("http://1.1.1.1/", BadTarget::Clear),
        ] {
            assert_eq!(read(text), Err(expected), "{text}");
        }
        let long = format!("https://example.com/{}", "a".repeat(URL_BYTES_MAX));
        assert_eq!(read(&long), Err(BadTarget::Malformed));
    }

    #[test]
    fn clear_text_goes_to_what_is_allowed_alone() {
        let allowed = Allowed(Box::new(["127.0.0.0/8".parse().unwrap()]));
        assert!(Target::read("http://127.0.0.1:9/", &allowed).is_ok());
        assert_eq!(Target::read("http://1.1.1.1/", &allowed), Err(BadTarget::Clear));
        assert_eq!(Target::read("http://10.0.0.1/", &allowed), Err(BadTarget::Forbidden));
    }

    #[tokio::test]
    async fn a_name_of_this_machine_resolves_to_nothing_that_is_sent_to() {
        let target = read("https://localhost/").unwrap();
        let resolved = target.resolve(&Allowed::default()).await;
        assert_eq!(resolved, Err(NotResolved::Refused(BadTarget::Forbidden)));
        let allowed =
            Allowed(Box::new(["127.0.0.0/8".parse().unwrap(), "::1/128".parse().unwrap()]));
        assert!(!target.resolve(&allowed).await.unwrap().is_empty());
    }
}
