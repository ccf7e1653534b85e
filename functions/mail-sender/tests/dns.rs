//! Which domains take mail, as a name server says it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::future::{pending, ready};
use std::net::Ipv4Addr;

use domain::time::Timestamp;
use mail_sender::dns::MailDomains;
use platform::clock::Clock;
use platform::random::Random;
use simple_dns::rdata::{A, CNAME, MX, RData};
use simple_dns::{CLASS, Name, Packet, PacketFlag, RCODE, ResourceRecord, TYPE};
use tokio::net::UdpSocket;

fn record(name: &str, data: RData<'static>) -> ResourceRecord<'static> {
    ResourceRecord::new(Name::new(name).unwrap().into_owned(), CLASS::IN, 60, data)
}

fn mx(exchange: &'static str) -> RData<'static> {
    RData::MX(MX { preference: 0, exchange: Name::new(exchange).unwrap() })
}

/// What the name server answers to a question about a domain.
fn answer(query: &Packet<'_>) -> Option<Vec<u8>> {
    let question = &query.questions[0];
    let is_about = |kind: TYPE| question.qtype == kind.into();
    let mut answer = Packet::new_reply(query.id());
    answer.questions = query.questions.clone();
    let name = question.qname.to_string();
    let address = || RData::A(A::from(Ipv4Addr::LOCALHOST));
    match &*name {
        "exchange.example" if is_about(TYPE::MX) => answer.answers.push(record(&name, mx("mail.example"))),
        "alias.example" if is_about(TYPE::MX) => {
            let target = Name::new("exchange.example").unwrap();
            answer.answers.push(record(&name, RData::CNAME(CNAME(target))));
            answer.answers.push(record("exchange.example", mx("mail.example")));
        }
        "address.example" if is_about(TYPE::A) => answer.answers.push(record(&name, address())),
        "null.example" if is_about(TYPE::MX) => answer.answers.push(record(&name, mx(""))),
        "null.example" => answer.answers.push(record(&name, address())),
        "unknown.example" => *answer.rcode_mut() = RCODE::NameError,
        "broken.example" => *answer.rcode_mut() = RCODE::ServerFailure,
        "long.example" => answer.set_flags(PacketFlag::TRUNCATION),
        "forged.example" => answer.set_id(query.id().wrapping_add(1)),
        "cut.example" => answer.answers.push(record(&name, mx(""))),
        "silent.example" => return None,
        _ => {}
    }
    let mut bytes = answer.build_bytes_vec_compressed().unwrap();
    match &*name {
        "cut.example" => bytes.truncate(bytes.len() - 1),
        "query.example" => bytes[2] &= 0x7F,
        "short.example" => bytes.truncate(11),
        _ => {}
    }
    Some(bytes)
}

async fn serve(socket: UdpSocket) {
    let mut bytes = [0; 512];
    loop {
        let (length, asker) = socket.recv_from(&mut bytes).await.unwrap();
        let query = Packet::parse(&bytes[..length]).unwrap();
        assert!(query.has_flags(PacketFlag::RECURSION_DESIRED));
        if let Some(answer) = answer(&query) {
            socket.send_to(&answer, asker).await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_domain_takes_no_mail_when_a_name_server_says_so_and_never_when_it_does_not_know() {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let server = socket.local_addr().unwrap();
    tokio::spawn(serve(socket));
    // Time stands still: what is slow here is only this machine.
    let patient = Clock::new(|| Timestamp::UNIX_EPOCH).with_sleep(|_| Box::pin(pending()));
    let domains = MailDomains::ask(server, patient, Random::system());
    for (domain, has_no_mail) in [
        ("exchange.example", false),
        ("alias.example", false),
        ("address.example", false),
        ("null.example", true),
        ("nothing.example", true),
        ("unknown.example", true),
        ("broken.example", false),
        ("long.example", false),
        ("forged.example", false),
        ("cut.example", false),
        ("query.example", false),
        ("short.example", false),
    ] {
        assert_eq!(domains.has_no_mail(domain).await, has_no_mail, "{domain}");
    }
    let impatient = Clock::new(|| Timestamp::UNIX_EPOCH).with_sleep(|_| Box::pin(ready(())));
    let domains = MailDomains::ask(server, impatient, Random::system());
    assert!(!domains.has_no_mail("silent.example").await, "time is up");
}
