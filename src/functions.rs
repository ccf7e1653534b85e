//! The list of functions. The portal, the template, the API document and the tests are made from it.

use platform::function::Function;
use utoipa::OpenApi;

/// Lists functions by the names of their crates, each with its part of the API document.
macro_rules! functions {
    (http: [$($http:ident),* $(,)?], queue: [$($queue:ident),* $(,)?] $(,)?) => {
        pub const ALL: &[&Function] = &[$(&$http::FUNCTION,)* $(&$queue::FUNCTION,)*];

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
        recover,
        submit_ticket,
        session,
        notices,
    ],
    queue: [mail_sender],
}
