//! THE table of routes: the portal serves it, the deployment and the API document are compared to it.

use platform::http::Handler;
use platform::problems::{Kind, Problem};

/// One method of one path, and who answers it.
#[derive(Debug, Clone, Copy)]
pub struct Route {
    /// `GET`, `POST` or `DELETE`.
    pub method: &'static str,
    /// Without the site: `/api/…`.
    pub path: &'static str,
    /// The function that answers; none for the API document, a file beside the pages.
    pub function: Option<&'static str>,
    /// What answers in process.
    pub handler: Handler,
}

macro_rules! route {
    ($method:literal $path:literal => $function:literal, $handle:path) => {
        Route {
            method: $method,
            path: $path,
            function: Some($function),
            handler: |platform, request| Box::pin($handle(platform, request)),
        }
    };
}

/// Every route of the service.
pub const ROUTES: [Route; 12] = [
    route!("GET" "/api/challenge" => "challenge", challenge::handle),
    route!("POST" "/api/check-siret" => "check-siret", check_siret::handle),
    route!("POST" "/api/create-account" => "create-account", create_account::handle),
    route!("POST" "/api/set-password" => "set-password", set_password::handle),
    route!("POST" "/api/recover/identifier" => "recover", recover::handle),
    route!("POST" "/api/recover/password" => "recover", recover::handle),
    route!("POST" "/api/submit-ticket" => "submit-ticket", submit_ticket::handle),
    route!("POST" "/api/session" => "session", session::handle),
    route!("GET" "/api/session" => "session", session::handle),
    route!("DELETE" "/api/session" => "session", session::handle),
    route!("GET" "/api/notices" => "notices", notices::handle),
    Route {
        method: "GET",
        path: crate::openapi::PATH,
        function: None,
        handler: |platform, request| Box::pin(crate::openapi::handle(platform, request)),
    },
];

/// What answers a path, whatever the method: the handlers know their own methods.
#[must_use]
pub fn handler_of(path: &str) -> Handler {
    let found = ROUTES.iter().find(|route| route.path == path);
    found
        .map_or(|_, _| Box::pin(std::future::ready(Err(Problem::new(Kind::NotFound)))), |route| route.handler)
}
