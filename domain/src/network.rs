//! Networks of addresses: an address and the length of its prefix (CIDR; RFC 4632, RFC 4291).

use std::net::IpAddr;

/// The bits of an address.
const IPV4_BITS: u32 = 32;
const IPV6_BITS: u32 = 128;

/// The addresses that begin as this one, for so many bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    prefix_bits: u32,
}

impl Network {
    /// Parses `192.0.2.0/24`, `2001:db8::/32`, or an address alone.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().ok()?;
        let bits = if address.is_ipv4() { IPV4_BITS } else { IPV6_BITS };
        let prefix_bits = match prefix {
            None => bits,
            Some(prefix) if prefix.bytes().all(|b| b.is_ascii_digit()) => prefix.parse().ok()?,
            Some(_) => return None,
        };
        (prefix_bits <= bits).then_some(Self { address, prefix_bits })
    }

    /// Parses networks between commas or white space. An empty list is none at all.
    #[must_use]
    pub fn parse_list(text: &str) -> Option<Vec<Self>> {
        let words = text.split(|c: char| c == ',' || c.is_whitespace()).filter(|word| !word.is_empty());
        words.map(Self::parse).collect()
    }

    /// Whether an address is in it. An IPv4 address is one also when it is written as an IPv6 address.
    #[must_use]
    pub fn has(&self, address: IpAddr) -> bool {
        let (own, asked, bits) = match (self.address, address.to_canonical()) {
            (IpAddr::V4(own), IpAddr::V4(asked)) => {
                (u128::from(u32::from(own)), u128::from(u32::from(asked)), IPV4_BITS)
            }
            (IpAddr::V6(own), IpAddr::V6(asked)) => (u128::from(own), u128::from(asked), IPV6_BITS),
            _ => return false,
        };
        // A prefix of no bits holds every address.
        (own ^ asked).checked_shr(bits - self.prefix_bits).unwrap_or(0) == 0
    }
}
