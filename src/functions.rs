//! The list of functions. The portal, the template, the API document and the tests are made from it.

use domain::proof::Action;
use platform::function::{Function, Route};
use utoipa::OpenApi;

/// Lists functions by the names of their crates, each with its part of the API document.
macro_rules! functions {
    (http: [$($http:ident),* $(,)?], others: [$($other:ident),* $(,)?] $(,)?) => {
        pub const ALL: &[&Function] = &[$(&$http::FUNCTION,)* $(&$other::FUNCTION,)*];

        /// The parts of the API document, one for each function that has routes.
        pub(crate) fn documents() -> Vec<utoipa::openapi::OpenApi> {
            vec![$($http::Document::openapi(),)*]
        }
    };
}

functions! {
    http: [
        challenge,
        check_siret,
        create_account,
        set_password,
        link,
        mail,
        recover,
        submit_ticket,
        session,
        space,
        invitation,
        mandates,
        me,
        journal,
        notices,
        request,
        agents,
        desk,
        successions,
        contest,
    ],
    others: [mail_sender, mail_tracker, presence, desk_watch],
}

/// Every route, with its function.
pub fn routes() -> impl Iterator<Item = (&'static Function, &'static Route)> {
    ALL.iter().flat_map(|function| function.routes.iter().map(move |route| (*function, route)))
}

/// The action of the proofs that a function takes: that of its name, of an application to be corrected, or a
/// recovery.
#[must_use]
pub fn action_of(function: &Function) -> Action {
    match function.name {
        "mail" => Action::CreateAccount,
        "me" => Action::Session,
        name => Action::parse(name).unwrap_or(Action::Recover),
    }
}
