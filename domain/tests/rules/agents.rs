//! Agents of the agency, and the networks that they may come from.

use domain::agent::{
    AGENT_IDLE_MAX, AGENT_IDLE_STEP, AGENT_LOGIN_VALID, AGENT_SESSION_VALID, AgentRole, AgentSub,
    SUB_LENGTH_MAX,
};
use domain::network::Network;

#[test]
fn a_subject_is_what_a_provider_may_name_and_a_key_may_hold() {
    let longest = "a".repeat(SUB_LENGTH_MAX);
    for good in ["1", "agent-7", "f:9c2e:jeanne", "auth0|5f7c", &longest] {
        let sub = AgentSub::parse(good).unwrap();
        assert_eq!((sub.as_str(), sub.to_string()), (good, good.to_owned()));
    }
    for bad in ["", " ", "a b", "a#b", "jeanne\n", "é", &format!("{longest}a")] {
        assert_eq!(AgentSub::parse(bad), None, "{bad:?}");
    }
}

#[test]
fn a_supervisor_is_an_agent_too_and_roles_are_read_as_they_are_written() {
    for role in [AgentRole::Agent, AgentRole::Supervisor] {
        assert_eq!(AgentRole::parse(&role.names().join(",")), Some(role));
        assert!(role.names().contains(&"agent"));
    }
    for bad in ["", "supervisor", "supervisor,agent", "agent,", "Agent", "agent,administrator"] {
        assert_eq!(AgentRole::parse(bad), None, "{bad:?}");
    }
}

#[test]
fn an_idle_session_ends_long_before_a_busy_one_and_a_login_before_both() {
    assert!(AGENT_IDLE_STEP < AGENT_LOGIN_VALID && AGENT_LOGIN_VALID < AGENT_IDLE_MAX);
    assert!(AGENT_IDLE_MAX < AGENT_SESSION_VALID);
}

#[test]
fn a_network_has_the_addresses_of_its_prefix() {
    for (network, inside, outside) in [
        ("192.0.2.0/24", "192.0.2.255", "192.0.3.0"),
        ("192.0.2.77/24", "192.0.2.1", "192.0.1.255"),
        ("192.0.2.7", "192.0.2.7", "192.0.2.6"),
        ("192.0.2.7", "::ffff:192.0.2.7", "::ffff:192.0.2.8"),
        ("10.0.0.0/8", "10.255.0.1", "11.0.0.1"),
        ("0.0.0.0/0", "203.0.113.9", "2001:db8::1"),
        ("2001:db8::/32", "2001:db8:ffff::1", "2001:db9::1"),
        ("2001:db8::1", "2001:db8::1", "2001:db8::2"),
        ("::/0", "2001:db8::1", "192.0.2.1"),
    ] {
        let parsed = Network::parse(network).unwrap();
        assert!(parsed.has(inside.parse().unwrap()), "{inside} in {network}");
        assert!(!parsed.has(outside.parse().unwrap()), "{outside} not in {network}");
    }
    for bad in
        ["", "192.0.2", "192.0.2.0/33", "192.0.2.0/", "192.0.2.0/+8", "::/129", "intranet", "1.2.3.4/a"]
    {
        assert_eq!(Network::parse(bad), None, "{bad:?}");
    }
}

#[test]
fn networks_are_listed_between_commas_or_spaces() {
    let list = |text: &str| Network::parse_list(text).map(|networks| networks.len());
    assert_eq!(list(""), Some(0));
    assert_eq!(list(" , "), Some(0));
    assert_eq!(list("192.0.2.0/24, 2001:db8::/32 198.51.100.7"), Some(3));
    assert_eq!(list("192.0.2.0/24, everywhere"), None);
}
