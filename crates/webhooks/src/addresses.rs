//! Which addresses a message may be sent to: those of the public internet, and what whoever runs the node allows.
//!
//! An address is judged as what it is, however it is written: one of IPv4 inside one of IPv6 is that of IPv4.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

/// What nobody on the internet has (IANA's registries of special-purpose addresses, RFC 6890).
const SPECIAL_V4: [Ipv4Net; 15] = [
    v4([0, 0, 0, 0], 8),
    v4([10, 0, 0, 0], 8),
    v4([100, 64, 0, 0], 10),
    v4([127, 0, 0, 0], 8),
    v4([169, 254, 0, 0], 16),
    v4([172, 16, 0, 0], 12),
    v4([192, 0, 0, 0], 24),
    v4([192, 0, 2, 0], 24),
    v4([192, 88, 99, 0], 24),
    v4([192, 168, 0, 0], 16),
    v4([198, 18, 0, 0], 15),
    v4([198, 51, 100, 0], 24),
    v4([203, 0, 113, 0], 24),
    v4([224, 0, 0, 0], 4),
    v4([240, 0, 0, 0], 4),
];

/// Of IPv6 only this is given out, but for some of it.
const GLOBAL_V6: Ipv6Net = v6([0x2000, 0], 3);
const SPECIAL_V6: [Ipv6Net; 4] = [
    // Protocols, tunnels (Teredo) and benchmarks.
    v6([0x2001, 0], 23),
    v6([0x2001, 0xdb8], 32),
    // 6to4: an address of IPv4 behind a relay of anybody's.
    v6([0x2002, 0], 16),
    v6([0x3fff, 0], 20),
];

const fn v4([a, b, c, d]: [u8; 4], prefix: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), prefix)
}

const fn v6([a, b]: [u16; 2], prefix: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::new(a, b, 0, 0, 0, 0, 0, 0), prefix)
}

/// The networks that messages may go to beside the public internet.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Allowed(pub Box<[IpNet]>);

impl Allowed {
    /// Whether a message may be sent to an address.
    pub fn may_be_sent_to(&self, address: IpAddr) -> bool {
        let address = plain(address);
        is_public(address) || self.names(address)
    }

    /// Whether the address is in one of the networks, and not merely public.
    pub fn names(&self, address: IpAddr) -> bool {
        let address = plain(address);
        self.0.iter().any(|network| network.contains(&address))
    }
}

/// The address of IPv4 that one of IPv6 stands for: mapped, or behind the well-known prefix of NAT64 (RFC 6052).
fn plain(address: IpAddr) -> IpAddr {
    let address = address.to_canonical();
    let IpAddr::V6(six) = address else { return address };
    match six.segments() {
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
            let [[a, b], [c, d]] = [high.to_be_bytes(), low.to_be_bytes()];
            Ipv4Addr::new(a, b, c, d).into()
        }
        _ => address,
    }
}

fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(four) => !SPECIAL_V4.iter().any(|network| network.contains(&four)),
        IpAddr::V6(six) => {
            GLOBAL_V6.contains(&six) && !SPECIAL_V6.iter().any(|network| network.contains(&six))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn may_be(allowed: &Allowed, address: &str) -> bool {
        allowed.may_be_sent_to(address.parse().unwrap())
    }

    #[test]
    fn what_is_public_may_be_sent_to() {
        for address in [
            "1.1.1.1",
            "93.184.216.34",
            "172.15.0.1",
            "172.32.0.1",
            "2606:4700::1111",
            "64:ff9b::101:101",
        ] {
            assert!(may_be(&Allowed::default(), address), "{address}");
        }
    }

    #[test]
    fn what_is_not_is_refused_however_it_is_written() {
        for address in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "100.64.0.1",
            "127.0.0.1",
            "127.255.255.254",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.170",
            "192.0.2.1",
            "192.168.1.1",
            "198.18.0.1",
            "203.0.113.9",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::127.0.0.1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::ffff:a9fe:a9fe",
            "64:ff9b::7f00:1",
            "64:ff9b::10.0.0.1",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "3fff::1",
            "fc00::1",
            "fd12:3456::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "4000::1",
        ] {
            assert!(!may_be(&Allowed::default(), address), "{address}");
        }
    }

    #[test]
    fn whoever_runs_the_node_may_allow_more() {
        let allowed =
            Allowed(Box::new(["10.1.0.0/16".parse().unwrap(), "fd00::/8".parse().unwrap()]));
        for address in ["10.1.2.3", "::ffff:10.1.2.3", "64:ff9b::a01:203", "fd00::1", "1.1.1.1"] {
            assert!(may_be(&allowed, address), "{address}");
        }
        for address in ["10.2.0.1", "127.0.0.1", "fe80::1"] {
            assert!(!may_be(&allowed, address), "{address}");
        }
        assert!(
            allowed.names("10.1.2.3".parse().unwrap())
                && !allowed.names("1.1.1.1".parse().unwrap())
        );
    }
}
