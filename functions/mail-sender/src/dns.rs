//! Looks up whether a domain accepts mail: MX, else addresses (RFC 5321, 5.1); not with a null MX (RFC 7505).

use std::fmt;
use std::fs;
use std::future::ready;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use platform::clock::Clock;
use platform::random::Random;
use tokio::net::UdpSocket;

/// Timeout of a lookup; the mail is sent then.
const LOOKUP_TIME_MAX: Duration = Duration::from_millis(1_500);
/// The largest answer over UDP without EDNS (RFC 1035, 2.3.4).
const ANSWER_BYTES_MAX: usize = 512;
/// Flags of the header, and the bits of the response code.
const RESPONSE: u16 = 0x8000;
const TRUNCATED: u16 = 0x0200;
const RECURSION_DESIRED: u16 = 0x0100;
const RESPONSE_CODE: u16 = 0x000F;
const NO_ERROR: u16 = 0;
const NXDOMAIN: u16 = 3;
const CLASS_INTERNET: u16 = 1;
/// The label that ends a name.
const ROOT: u8 = 0;
/// The bits of a length that make it a pointer.
const POINTER: u8 = 0xC0;
/// Parts of a message that are skipped.
const NAME_SERVER_AND_ADDITIONAL_COUNTS_BYTES: usize = 4;
const TYPE_AND_CLASS_BYTES: usize = 4;
const CLASS_AND_TTL_BYTES: usize = 6;
const PREFERENCE_BYTES: usize = 2;
const PORT: u16 = 53;
const RESOLV_CONF: &str = "/etc/resolv.conf";

type Lookup = Pin<Box<dyn Future<Output = bool> + Send>>;

/// Looks up which domains accept no mail. Injected: tests decide, and one machine sends no query.
#[derive(Clone)]
pub struct MailDomains(Arc<dyn Fn(String) -> Lookup + Send + Sync>);

impl MailDomains {
    /// Decides by a function.
    #[must_use]
    pub fn new(has_no_mail: impl Fn(&str) -> bool + Send + Sync + 'static) -> Self {
        Self(Arc::new(move |domain| Box::pin(ready(has_no_mail(&domain)))))
    }

    /// Queries this name server.
    #[must_use]
    pub fn ask(server: SocketAddr, clock: Clock, random: Random) -> Self {
        Self(Arc::new(move |domain| {
            let (clock, random) = (clock.clone(), random.clone());
            Box::pin(async move {
                tokio::select! {
                    biased;
                    answer = has_no_mail(server, &random, &domain) => answer.unwrap_or(false),
                    () = clock.sleep(LOOKUP_TIME_MAX) => false,
                }
            })
        }))
    }

    /// Queries the name server of this machine, if it has one.
    #[must_use]
    pub fn of_machine(clock: Clock, random: Random) -> Self {
        match name_server(&fs::read_to_string(RESOLV_CONF).unwrap_or_default()) {
            Some(server) => Self::ask(SocketAddr::new(server, PORT), clock, random),
            None => Self::new(|_| false),
        }
    }

    /// Whether a domain is known to accept no mail.
    pub async fn has_no_mail(&self, domain: &str) -> bool {
        (self.0)(domain.to_owned()).await
    }
}

impl fmt::Debug for MailDomains {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MailDomains")
    }
}

/// The first name server of a `resolv.conf`.
fn name_server(resolv_conf: &str) -> Option<IpAddr> {
    let mut servers = resolv_conf.lines().filter_map(|line| line.trim().strip_prefix("nameserver"));
    servers.find_map(|address| address.trim().parse().ok())
}

/// The answer to a query for one type.
#[derive(Debug, PartialEq, Eq)]
pub enum Records {
    /// NXDOMAIN.
    NoDomain,
    /// No record of that type.
    None,
    /// A null MX (RFC 7505): no mail is accepted.
    NullMx,
    Some,
}

/// The types of records that say whether mail can be delivered (RFC 1035, 3.2.2; RFC 3596, 2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u16)]
pub enum Kind {
    Mx = 15,
    A = 1,
    Aaaa = 28,
}

impl Kind {
    /// In the order in which they are asked for.
    pub const ALL: [Self; 3] = [Self::Mx, Self::A, Self::Aaaa];
}

async fn has_no_mail(server: SocketAddr, random: &Random, domain: &str) -> io::Result<bool> {
    for kind in Kind::ALL {
        match ask(server, random, domain, kind).await? {
            Records::NoDomain | Records::NullMx => return Ok(true),
            Records::Some => return Ok(false),
            Records::None => {}
        }
    }
    Ok(true)
}

async fn ask(server: SocketAddr, random: &Random, domain: &str, kind: Kind) -> io::Result<Records> {
    let id = u16::from_be_bytes(random.bytes());
    let from: IpAddr =
        if server.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let socket = UdpSocket::bind((from, 0)).await?;
    socket.connect(server).await?;
    socket.send(&query(id, domain, kind)).await?;
    let mut bytes = [0; ANSWER_BYTES_MAX];
    let length = socket.recv(&mut bytes).await?;
    let answer = bytes.get(..length).and_then(|bytes| read(bytes, id, kind));
    answer.ok_or_else(|| io::Error::other("no whole answer to this question"))
}

/// A recursive query (RFC 1035, 4.1). Query and answer are written and read by hand: a DNS library brings
/// every record type into the binary.
fn query(id: u16, domain: &str, kind: Kind) -> Vec<u8> {
    let words = |words: &[u16]| words.iter().flat_map(|word| word.to_be_bytes()).collect::<Vec<u8>>();
    let labels = domain.split('.').flat_map(|label| {
        // An address has labels of 63 characters at the most.
        let length = u8::try_from(label.len()).unwrap_or(u8::MAX);
        std::iter::once(length).chain(label.bytes())
    });
    let mut query = words(&[id, RECURSION_DESIRED, 1, 0, 0, 0]);
    query.extend(labels.chain([0]));
    query.extend(words(&[kind as u16, CLASS_INTERNET]));
    query
}

/// Reads the answer to a query (RFC 1035, 4.1). None for one that is malformed, truncated, of another query,
/// or whose server does not know.
#[must_use]
pub fn read(answer: &[u8], id: u16, kind: Kind) -> Option<Records> {
    let mut bytes = Reader(answer);
    let (answered_id, flags) = (bytes.word()?, bytes.word()?);
    if answered_id != id || flags & RESPONSE == 0 || flags & TRUNCATED != 0 {
        return None;
    }
    let (questions, answers) = (bytes.word()?, bytes.word()?);
    bytes.take(NAME_SERVER_AND_ADDITIONAL_COUNTS_BYTES)?;
    for _ in 0..questions {
        bytes.skip_name()?;
        bytes.take(TYPE_AND_CLASS_BYTES)?;
    }
    let (mut is_any, mut is_null_mx) = (false, true);
    for _ in 0..answers {
        bytes.skip_name()?;
        let record_kind = bytes.word()?;
        bytes.take(CLASS_AND_TTL_BYTES)?;
        let length = bytes.word()?;
        let data = bytes.take(length.into())?;
        // A CNAME comes with the records that it leads to: only those of the type count.
        if record_kind == kind as u16 {
            is_any = true;
            is_null_mx &= kind == Kind::Mx && data.get(PREFERENCE_BYTES..) == Some(&[ROOT]);
        }
    }
    match flags & RESPONSE_CODE {
        NXDOMAIN => Some(Records::NoDomain),
        NO_ERROR if !is_any => Some(Records::None),
        NO_ERROR if is_null_mx => Some(Records::NullMx),
        NO_ERROR => Some(Records::Some),
        _ => None,
    }
}

/// The bytes of an answer that are not read yet.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn word(&mut self) -> Option<u16> {
        self.take(2).map(|bytes| u16::from_be_bytes([bytes[0], bytes[1]]))
    }

    /// Skips a name: labels up to the root, or up to a pointer to the rest of it (RFC 1035, 4.1.4).
    fn skip_name(&mut self) -> Option<()> {
        loop {
            match self.take(1)?[0] {
                ROOT => return Some(()),
                length if length & POINTER == POINTER => return self.take(1).map(drop),
                length => self.take(length.into()).map(drop)?,
            }
        }
    }
}
