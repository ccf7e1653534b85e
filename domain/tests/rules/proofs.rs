//! Tests of proofs of work: one action each, and one request that may be asked again.

use domain::proof::{Action, PROOF_VALID_MINUTES, same_request};
use domain::{FieldCode, Refusal};
use proptest::prelude::*;

use crate::common;

#[test]
fn the_actions_are_those_of_the_contract() {
    let names = Action::ALL.map(Action::as_str);
    assert_eq!(names, ["check-siret", "create-account", "recover", "submit-ticket", "session"]);
    assert_eq!(PROOF_VALID_MINUTES, 20);
}

#[test]
fn an_action_is_read_by_its_exact_name() {
    for action in Action::ALL {
        assert_eq!(Action::parse(action.as_str()), Ok(action));
    }
    for typed in ["", "Session", " session", "session ", "check_siret", "set-password"] {
        assert_eq!(Action::parse(typed), Err(FieldCode::ActionUnknown), "{typed:?}");
    }
}

#[test]
fn the_same_request_gets_its_answer_again_and_another_is_refused() {
    assert_eq!(same_request("body", "body", "answer"), Ok("answer"));
    assert_eq!(same_request("another", "body", "answer"), Err(Refusal::ProofAlreadyUsed));
    assert_eq!(same_request("", "body", "answer"), Err(Refusal::ProofAlreadyUsed));
}

proptest! {
    #![proptest_config(common::config())]

    #[test]
    fn any_text_is_no_action_unless_it_is_its_name(typed in common::any_text()) {
        match Action::parse(&typed) {
            Ok(action) => prop_assert_eq!(action.as_str(), typed),
            Err(code) => prop_assert_eq!(code, FieldCode::ActionUnknown),
        }
    }
}
