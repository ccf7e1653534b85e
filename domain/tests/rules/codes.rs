//! Tests of the codes beside links: as people type them, and derived so that none is told by another.

use std::collections::HashSet;

use domain::code::link_code;
use domain::time::Timestamp;
use domain::{Code, FieldCode, Identifier, MailId, SecretKey};

#[test]
fn a_code_is_read_as_people_type_it() {
    for typed in ["7K3M-Q2FD", "7k3mq2fd", " 7K3M Q2FD ", "7k3m–q2fd", "7-K-3-M-Q-2-F-D"] {
        assert_eq!(Code::parse(typed).map(|code| code.to_string()), Ok("7K3M-Q2FD".to_owned()), "{typed}");
    }
    assert_eq!(Code::parse("OIL0-1111").unwrap().as_str(), "01101111");
    for typed in ["", "7K3M-Q2F", "7K3M-Q2FDD", "7K3M-Q2FU", "AP-7K3M-Q2FD", &"7".repeat(65)] {
        assert_eq!(Code::parse(typed).err(), Some(FieldCode::CodeFormat), "{typed}");
    }
    // As long as a field takes, with what is ignored, and no longer.
    let spaced = |length: usize| format!("7K3MQ2FD{}", " ".repeat(length - 8));
    assert!(Code::parse(&spaced(64)).is_ok());
    assert_eq!(Code::parse(&spaced(65)).err(), Some(FieldCode::CodeFormat));
    assert_eq!(format!("{:?}", Code::parse("7K3M-Q2FD")), "Ok(Code(•••))");
}

#[test]
fn every_link_has_a_code_of_its_own() {
    let mut codes = HashSet::new();
    for key in ["a", "b"].map(|key| SecretKey::new(key.to_owned())) {
        for mail in 0..20 {
            for last in 0..20 {
                let mail = MailId::new(Timestamp::UNIX_EPOCH, [mail; 10]);
                let identifier = Identifier::from_random([1, 2, 3, 4, 5, 6, last]);
                let code = link_code(&key, mail, &identifier);
                assert_eq!(code, link_code(&key, mail, &identifier), "a mail sent twice carries the same");
                assert_eq!(Code::parse(&code.to_string()).as_ref(), Ok(&code));
                codes.insert(code.as_str().to_owned());
            }
        }
    }
    assert_eq!(codes.len(), 800);
}
