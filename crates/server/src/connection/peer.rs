//! Whose connection it is: the address at the other end, or the one that a named proxy tells.

use std::fmt;
use std::io;
use std::net::IpAddr;

use axum::http::{HeaderMap, HeaderName, header::FORWARDED};
use ipnet::IpNet;
use proxy_header::{ParseConfig, ProxyHeader};
use tokio::io::{AsyncRead, AsyncReadExt};

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
/// The signature of the PROXY protocol's second version.
const SIGNATURE: &[u8; 12] = b"\r\n\r\n\0\r\nQUIT\n";
/// Bytes of the first version's line.
const LINE_BYTES_MAX: usize = 107;
/// Bytes of the second version's addresses and extensions.
const EXTENSION_BYTES_MAX: usize = 512;
/// Proxies of a request that are looked at, from the last on.
const HOPS_MAX: usize = 32;

/// The address that a request comes from; among the extensions of every request that came over TCP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer(pub IpAddr);

/// How a proxy tells for whom it connects.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Way {
    /// In front of the connection, by version 1 or 2 of the PROXY protocol.
    #[default]
    ProxyProtocol,
    /// By `Forwarded` (RFC 7239).
    Forwarded,
    /// By `X-Forwarded-For`.
    XForwardedFor,
}

/// The proxies whose word on a peer's address is taken, and how they give it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Proxies {
    networks: Vec<IpNet>,
    way: Way,
}

/// Proxies that make no sense.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BadProxies {
    /// Neither an address nor a network.
    Network(String),
    /// No way that there is.
    Way(String),
}

impl fmt::Display for BadProxies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Network(given) => write!(
                f,
                "`{given}`: expected an address or a network, such as 10.0.0.5 or 10.0.0.0/8, with \
                 commas between"
            ),
            Self::Way(given) => {
                write!(f, "`{given}`: expected proxy, forwarded or x-forwarded-for")
            }
        }
    }
}

impl std::error::Error for BadProxies {}

/// A network, or a single address.
pub(crate) fn network(text: &str) -> Option<IpNet> {
    text.parse().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
}

impl Proxies {
    /// The proxies in `networks`, which tell addresses by `way`.
    pub fn new(networks: &str, way: &str) -> Result<Self, BadProxies> {
        let network =
            |text: &str| network(text).ok_or_else(|| BadProxies::Network(text.to_owned()));
        let named = networks.split(',').map(str::trim).filter(|text| !text.is_empty());
        let networks = named.map(network).collect::<Result<_, _>>()?;
        let way = match way {
            "proxy" => Way::ProxyProtocol,
            "forwarded" => Way::Forwarded,
            "x-forwarded-for" => Way::XForwardedFor,
            other => return Err(BadProxies::Way(other.to_owned())),
        };
        Ok(Self { networks, way })
    }

    /// Whether a named proxy is there.
    pub(crate) fn have(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.networks.iter().any(|network| network.contains(&address))
    }

    /// Whether whoever connects from `address` has to begin with a header of the PROXY protocol.
    pub(crate) fn announce(&self, address: IpAddr) -> bool {
        self.way == Way::ProxyProtocol && self.have(address)
    }

    /// The address that a request comes from, over a connection from `address`.
    pub(crate) fn peer(&self, address: IpAddr, headers: &HeaderMap) -> Peer {
        let address = address.to_canonical();
        if self.networks.is_empty() || !self.have(address) {
            return Peer(address);
        }
        let told = match self.way {
            Way::ProxyProtocol => return Peer(address),
            Way::Forwarded => hops(headers, &FORWARDED, forwarded_for),
            Way::XForwardedFor => hops(headers, &X_FORWARDED_FOR, address_of),
        };
        // Each proxy adds the one that it heard from at the end: what a stranger wrote stands before.
        let mut peer = address;
        for hop in told {
            let Some(hop) = hop else { break };
            peer = hop;
            if !self.have(hop) {
                break;
            }
        }
        Peer(peer)
    }
}

/// The hops of a request, the last first.
fn hops(
    headers: &HeaderMap,
    name: &HeaderName,
    read: fn(&str) -> Option<IpAddr>,
) -> Vec<Option<IpAddr>> {
    let values: Vec<&str> =
        headers.get_all(name).iter().map(|value| value.to_str().unwrap_or("")).collect();
    let elements = values.iter().rev().flat_map(|value| value.rsplit(','));
    elements.take(HOPS_MAX).map(|element| read(element.trim())).collect()
}

/// The address of an element of `Forwarded`.
fn forwarded_for(element: &str) -> Option<IpAddr> {
    element.split(';').find_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        name.trim()
            .eq_ignore_ascii_case("for")
            .then(|| address_of(value.trim().trim_matches('"')))?
    })
}

/// An address, with a port or without.
fn address_of(text: &str) -> Option<IpAddr> {
    let address = text.strip_prefix('[').and_then(|rest| rest.split_once(']'));
    let address = match address {
        Some((address, _)) => address.parse(),
        None => text.parse().or_else(|bad| match text.rsplit_once(':') {
            Some((address, _)) => address.parse(),
            None => Err(bad),
        }),
    };
    address.ok().map(|address: IpAddr| address.to_canonical())
}

fn bad(why: impl fmt::Display) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("no header of the PROXY protocol: {why}"))
}

/// Reads a header of the PROXY protocol and not a byte more; nothing where the proxy speaks for itself.
pub(crate) async fn announced(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<IpAddr>> {
    let mut header = vec![0; SIGNATURE.len()];
    // No header is shorter.
    stream.read_exact(&mut header).await?;
    if header == SIGNATURE {
        header.resize(SIGNATURE.len() + 4, 0);
        stream.read_exact(&mut header[SIGNATURE.len()..]).await?;
        let rest = usize::from(u16::from_be_bytes([header[14], header[15]]));
        if rest > EXTENSION_BYTES_MAX {
            return Err(bad(format!("{rest} bytes of addresses and extensions")));
        }
        header.resize(SIGNATURE.len() + 4 + rest, 0);
        stream.read_exact(&mut header[SIGNATURE.len() + 4..]).await?;
    } else {
        while header.starts_with(b"PROXY ")
            && !header.ends_with(b"\r\n")
            && header.len() < LINE_BYTES_MAX
        {
            header.push(stream.read_u8().await?);
        }
    }
    let config = ParseConfig { include_tlvs: false, ..ParseConfig::default() };
    let (read, _) = ProxyHeader::parse(&header, config).map_err(bad)?;
    Ok(read.proxied_address().map(|address| address.source.ip().to_canonical()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn peer(way: &str, name: &str, values: &[&str], from: &str) -> String {
        let proxies = Proxies::new("10.0.0.0/8, 192.0.2.1, fd00::/8", way).unwrap();
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(HeaderName::try_from(name).unwrap(), value.parse().unwrap());
        }
        proxies.peer(ip(from), &headers).0.to_string()
    }

    #[test]
    fn a_stranger_s_word_on_its_address_is_not_taken() {
        assert_eq!(peer("forwarded", "forwarded", &["for=1.2.3.4"], "8.8.8.8"), "8.8.8.8");
        assert_eq!(peer("x-forwarded-for", "x-forwarded-for", &["1.2.3.4"], "8.8.8.8"), "8.8.8.8");
        // One way is configured, and a stranger may have written the other.
        assert_eq!(peer("x-forwarded-for", "forwarded", &["for=1.2.3.4"], "10.0.0.1"), "10.0.0.1");
        assert_eq!(peer("proxy", "forwarded", &["for=1.2.3.4"], "10.0.0.1"), "10.0.0.1");
    }

    #[test]
    fn the_last_address_that_is_no_named_proxy_s_is_the_peer_s() {
        let forwarded = |values: &[&str]| peer("forwarded", "forwarded", values, "::ffff:10.0.0.1");
        assert_eq!(forwarded(&["for=6.6.6.6, for=1.2.3.4;proto=https, FOR=10.9.9.9"]), "1.2.3.4");
        assert_eq!(forwarded(&["for=6.6.6.6", "by=x; for=\"[2001:db8::7]:443\""]), "2001:db8::7");
        assert_eq!(forwarded(&["for=6.6.6.6, for=_hidden"]), "10.0.0.1", "it may not be said");
        assert_eq!(forwarded(&["for=6.6.6.6, for=10.1.1.1:80"]), "6.6.6.6");
        assert_eq!(forwarded(&[]), "10.0.0.1");
        let listed = |value: &str| peer("x-forwarded-for", "x-forwarded-for", &[value], "fd00::1");
        assert_eq!(listed("6.6.6.6, 1.2.3.4, 192.0.2.1"), "1.2.3.4");
        assert_eq!(listed("6.6.6.6, nonsense"), "fd00::1");
        assert_eq!(listed(&"10.0.0.2,".repeat(10_000)), "fd00::1", "an empty hop says nothing");
    }

    #[test]
    fn bad_proxies_are_refused() {
        let refused = |networks, way| Proxies::new(networks, way).unwrap_err().to_string();
        assert!(refused("10.0.0.0/40", "proxy").starts_with("`10.0.0.0/40`: expected an address"));
        assert!(refused("", "both").starts_with("`both`: expected proxy"));
    }

    async fn read(bytes: &[u8]) -> Result<(Option<String>, usize), String> {
        let mut stream = bytes;
        let address = announced(&mut stream).await.map_err(|error| error.to_string())?;
        Ok((address.map(|address| address.to_string()), stream.len()))
    }

    #[tokio::test]
    async fn both_versions_of_the_header_are_read_to_their_last_byte() {
        let told = |address: &str| Ok((Some(address.to_owned()), 3));
        assert_eq!(read(b"PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\nGET").await, told("1.2.3.4"));
        assert_eq!(read(b"PROXY TCP6 2001:db8::1 ::1 1 2\r\nGET").await, told("2001:db8::1"));
        assert_eq!(read(b"PROXY UNKNOWN\r\nGET").await, Ok((None, 3)));
        let mut second = SIGNATURE.to_vec();
        second.extend([0x21, 0x11, 0, 12 + 4, 1, 2, 3, 4, 5, 6, 7, 8, 0, 1, 0, 2]);
        second.extend([4, 0, 1, 0]);
        second.extend(b"GET");
        assert_eq!(read(&second).await, told("1.2.3.4"));
        let local = [&SIGNATURE[..], &[0x20, 0, 0, 0], b"GET"].concat();
        assert_eq!(read(&local).await, Ok((None, 3)));
    }

    #[tokio::test]
    async fn what_is_no_header_is_refused_before_it_costs_anything() {
        let line = [b"PROXY TCP4 ".as_slice(), &[b'1'; 1_000]].concat();
        let mut long = SIGNATURE.to_vec();
        long.extend([0x21, 0x11, 0xff, 0xff]);
        for bytes in [b"GET / HTTP/1.1\r\n\r\n".as_slice(), &line, &long, b"PROXY TCP4 x y 1 2\r\n"]
        {
            assert!(read(bytes).await.unwrap_err().starts_with("no header"), "{bytes:?}");
        }
        assert!(read(b"PROXY TCP4 1.2.3.4").await.is_err(), "it was cut");
    }
}
