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
use simple_dns::rdata::RData;
use simple_dns::{CLASS, Packet, PacketFlag, RCODE, TYPE};
use tokio::net::UdpSocket;

/// Timeout of a lookup; the mail is sent then.
const LOOKUP_TIME_MAX: Duration = Duration::from_millis(1_500);
/// The largest answer over UDP without EDNS (RFC 1035, 2.3.4).
const ANSWER_BYTES_MAX: usize = 512;
/// The flag of a recursive query.
const RECURSION_DESIRED: u16 = 0x0100;
const PORT: u16 = 53;
const RESOLV_CONF: &str = "/etc/resolv.conf";

type Answer = Pin<Box<dyn Future<Output = bool> + Send>>;

/// Looks up which domains accept no mail. Injected: tests decide, and one machine sends no query.
#[derive(Clone)]
pub struct MailDomains(Arc<dyn Fn(String) -> Answer + Send + Sync>);

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
enum Records {
    /// NXDOMAIN.
    NoDomain,
    /// No record of that type.
    None,
    /// A null MX (RFC 7505): no mail is accepted.
    NullMx,
    Some,
}

async fn has_no_mail(server: SocketAddr, random: &Random, domain: &str) -> io::Result<bool> {
    for kind in [TYPE::MX, TYPE::A, TYPE::AAAA] {
        match ask(server, random, domain, kind).await? {
            Records::NoDomain | Records::NullMx => return Ok(true),
            Records::Some => return Ok(false),
            Records::None => {}
        }
    }
    Ok(true)
}

async fn ask(server: SocketAddr, random: &Random, domain: &str, kind: TYPE) -> io::Result<Records> {
    let id = u16::from_be_bytes(random.bytes());
    let from: IpAddr =
        if server.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let socket = UdpSocket::bind((from, 0)).await?;
    socket.connect(server).await?;
    socket.send(&query(id, domain, kind)).await?;
    let mut bytes = [0; ANSWER_BYTES_MAX];
    let length = socket.recv(&mut bytes).await?;
    let answer = Packet::parse(&bytes[..length]).map_err(io::Error::other)?;
    if answer.id() != id || answer.has_flags(PacketFlag::TRUNCATION) {
        return Err(io::Error::other("no whole answer to this question"));
    }
    read(&answer, kind)
}

/// A recursive query (RFC 1035, 4.1). Written by hand: the library's encoder brings every other type into the
/// binary.
fn query(id: u16, domain: &str, kind: TYPE) -> Vec<u8> {
    let words = |words: &[u16]| words.iter().flat_map(|word| word.to_be_bytes()).collect::<Vec<u8>>();
    let labels = domain.split('.').flat_map(|label| {
        // An address has labels of 63 characters at the most.
        let length = u8::try_from(label.len()).unwrap_or(u8::MAX);
        std::iter::once(length).chain(label.bytes())
    });
    let mut query = words(&[id, RECURSION_DESIRED, 1, 0, 0, 0]);
    query.extend(labels.chain([0]));
    query.extend(words(&[kind.into(), CLASS::IN as u16]));
    query
}

fn read(answer: &Packet<'_>, kind: TYPE) -> io::Result<Records> {
    // A CNAME comes with the records that it leads to: only those of the type count.
    let mut records = answer.answers.iter().filter(|record| record.match_qtype(kind.into())).peekable();
    match answer.rcode() {
        RCODE::NameError => Ok(Records::NoDomain),
        RCODE::NoError if records.peek().is_none() => Ok(Records::None),
        RCODE::NoError if records.all(|record| is_null_mx(&record.rdata)) => Ok(Records::NullMx),
        RCODE::NoError => Ok(Records::Some),
        _ => Err(io::Error::other("the name server does not know")),
    }
}

fn is_null_mx(data: &RData<'_>) -> bool {
    matches!(data, RData::MX(mx) if mx.exchange.get_labels().is_empty())
}
