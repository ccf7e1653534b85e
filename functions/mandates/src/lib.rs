//! `/api/space/mandates` and `/api/access`: mandates of a cabinet and its clients, and what they allow.

mod asked;
mod parameters;
mod shown;

use domain::mandate::{Transition, check_sides};
use domain::time::{Date, paris_day};
use domain::{Email, MandateText, Refusal, Scopes, Side, Siret, Term};
use platform::function::{Function, Grant, Share, Size};
use platform::http::{self, Accepted, IntoResponse, Json, Request, Response};
use platform::mandates::{MandateName, Offer, ShownMandate};
use platform::people::Person;
use platform::{Error, Field, Form, Platform, fields, form, route};

use crate::asked::{Asked, ClientList, ShownVersion};
use crate::parameters::{ListQuery, MandatePath, SiretQuery};
use crate::shown::{Access, BatchOffered, CurrentText, MandateList, MandateOffered, WholeMandate};

pub const FUNCTION: Function = Function {
    name: "mandates",
    routes: &[
        route!(GET "/api/space/mandates", list; refuses NoSession, NotAllowed, InvalidForm),
        route!(POST "/api/space/mandates", offer; refuses NoSession, NotAllowed, MandateState),
        // Before `{mandate}`, which would take them for names.
        route!(GET "/api/space/mandates/text", text),
        route!(POST "/api/space/mandates/batch", offer_many; refuses NoSession, NotAllowed),
        route!(GET "/api/space/mandates/{mandate}", show; refuses NoSession, NotAllowed, InvalidForm),
        route!(
            POST "/api/space/mandates/{mandate}/accept", accept;
            refuses NoSession, NotAllowed, MandateState
        ),
        route!(
            POST "/api/space/mandates/{mandate}/decline", decline;
            refuses NoSession, NotAllowed, MandateState
        ),
        route!(POST "/api/space/mandates/{mandate}/end", end; refuses NoSession, NotAllowed, MandateState),
        route!(GET "/api/access", access; refuses NoSession, NotAllowed, InvalidForm),
    ],
    grants: &[
        Grant::get("ACCOUNT#"),
        Grant::get("SESSION#"),
        Grant::get_many("SIRET#"),
        Grant::query("SIRET#"),
        Grant::check("LIVE#"),
        Grant::check("SIRET#"),
        Grant::put("JOURNAL#"),
        Grant::put("MAIL#"),
        Grant::put("SIRET#"),
        Grant::update("LIVE#"),
        Grant::update("OFFERS#"),
        Grant::update("SIRET#"),
        Grant::delete("LIVE#"),
    ],
    secrets: &[],
    size: Size { memory_mb: 512, timeout_seconds: 10, slow_ms: 800, share: Share::Space },
};

#[derive(utoipa::OpenApi)]
#[openapi(paths(list, offer, text, offer_many, show, accept, decline, end, access))]
pub struct Document;

/// Which part of the path is the mandate's name.
const NAME: usize = 3;
/// How long a page may keep the text: a new one is asked for by its version.
const CACHE_CONTROL: &str = "public, max-age=60";

form! {
    /// A mandate between one's own establishment and another. The offer is sent to the address, if one is
    /// given, else to the other's holders.
    pub struct OfferMandateForm {
        r#as: Field<Side>,
        siret: Field<Siret>,
        other_siret: Field<Siret>,
        other_email: Option<Field<Email>>,
        scopes: Field<Scopes>,
        from: Field<Date>,
        until: Field<Date>,
        text_version: Field<MandateText>,
    }
}

form! {
    /// The same mandate offered by a cabinet to each establishment of a list.
    pub struct OfferMandatesForm {
        siret: Field<Siret>,
        scopes: Field<Scopes>,
        from: Field<Date>,
        until: Field<Date>,
        text_version: Field<MandateText>,
        list: Field<ClientList>,
    }
}

form! {
    /// One's own establishment, and the version of the text that was shown: the one that was offered.
    pub struct AcceptMandateForm {
        siret: Field<Siret>,
        text_version: Option<Field<ShownVersion>>,
    }
}

form! {
    /// One's own establishment, which refuses an offer.
    pub struct DeclineMandateForm {
        siret: Field<Siret>,
    }
}

form! {
    /// One's own establishment, which ends a mandate or takes its offer back.
    pub struct EndMandateForm {
        siret: Field<Siret>,
    }
}

/// Lists the mandates of an establishment, a page at a time: those that it gives as a client, those that it
/// holds as a cabinet, or both. A search by name may give a page with few or none, and where to go on.
#[utoipa::path(
    get, path = "/api/space/mandates", operation_id = "listMandates", tag = "mandates",
    security(("session" = [])),
    params(SiretQuery, ListQuery),
    responses((status = 200, description = "A page of mandates", body = MandateList))
)]
pub async fn list(platform: &Platform, request: Request) -> Result<Json<MandateList>, Error> {
    let Asked { siret, side, search, after } = Asked::read(&request)?;
    let Person { account, .. } = Person::of(platform, &request).await?;
    let page = platform.mandates.list(&account, &siret, (side, &search), after.as_deref()).await?;
    Ok(Json(MandateList::of(&siret, &page, platform.clock.now())))
}

/// Offers a mandate to another establishment, in the name of one's own: a holder of the other accepts it. The
/// same offer twice is one.
#[utoipa::path(
    post, path = "/api/space/mandates", operation_id = "offerMandate", tag = "mandates",
    security(("session" = [])),
    request_body = OfferMandateForm,
    responses((status = 202, description = "It is offered; a mail is on its way", body = MandateOffered))
)]
pub async fn offer(
    platform: &Platform,
    (request, form): (Request, Form<OfferMandateForm>),
) -> Result<Accepted<MandateOffered>, Error> {
    let (side, siret, other, contact, scopes, from, until, text) =
        fields!(form: r#as, siret, other_siret, other_email, scopes, from, until, text_version)?;
    let term = Term::offered(from, until, paris_day(platform.clock.now()));
    let term = match (check_sides(&siret, &other), term) {
        (Ok(()), Ok(term)) => term,
        (sides, term) => {
            return Err(Refusal::InvalidForm(sides.err().into_iter().chain(term.err()).collect()).into());
        }
    };
    let Person { account, .. } = Person::of(platform, &request).await?;
    let offer = Offer { side, siret, scopes, term, text, contact };
    let name = platform.mandates.offer(&account, &offer, &other).await?;
    Ok(Accepted(MandateOffered { mandate: name.to_string() }))
}

/// The text that an offer shows, and both sides agree to.
#[utoipa::path(
    get, path = "/api/space/mandates/text", operation_id = "mandateText", tag = "mandates",
    responses((status = 200, description = "The text of new mandates", body = CurrentText))
)]
pub async fn text(_: &Platform, _: Request) -> Result<Response, Error> {
    Ok(Json(CurrentText::now()).with_header(http::CACHE_CONTROL, CACHE_CONTROL))
}

/// Offers a mandate to each establishment of a list, as a cabinet, and tells what became of each line. The
/// same list twice offers nothing twice.
#[utoipa::path(
    post, path = "/api/space/mandates/batch", operation_id = "offerMandates", tag = "mandates",
    security(("session" = [])),
    request_body = OfferMandatesForm,
    responses((status = 200, description = "What became of each line", body = BatchOffered))
)]
pub async fn offer_many(
    platform: &Platform,
    (request, form): (Request, Form<OfferMandatesForm>),
) -> Result<Json<BatchOffered>, Error> {
    let (siret, scopes, from, until, text, list) =
        fields!(form: siret, scopes, from, until, text_version, list)?;
    let term = Term::offered(from, until, paris_day(platform.clock.now()));
    let term = term.map_err(|error| Refusal::InvalidForm(vec![error]))?;
    let Person { account, .. } = Person::of(platform, &request).await?;
    let others = list.others(&siret);
    let offer = Offer { side: Side::Cabinet, siret, scopes, term, text, contact: None };
    let offered = platform.mandates.offer_all(&account, &offer, &others).await?;
    Ok(Json(BatchOffered::of(&list, &others, &offered)))
}

/// Shows one mandate with its text, also when it is over.
#[utoipa::path(
    get, path = "/api/space/mandates/{mandate}", operation_id = "showMandate", tag = "mandates",
    security(("session" = [])),
    params(MandatePath, SiretQuery),
    responses((status = 200, description = "The mandate, its text and its moments", body = WholeMandate))
)]
pub async fn show(platform: &Platform, request: Request) -> Result<Json<WholeMandate>, Error> {
    let siret = asked::siret(&request).map_err(|code| Refusal::field("siret", code))?;
    let Person { account, .. } = Person::of(platform, &request).await?;
    let (held, openings) = platform.mandates.show(&account, &siret, &name_of(&request)?).await?;
    let state = held.mandate.state(&openings, platform.clock.now());
    Ok(Json(WholeMandate::of(&siret, &held, state).ok_or(Refusal::NotAllowed)?))
}

/// Accepts an offer, by a holder of the side that did not make it.
#[utoipa::path(
    post, path = "/api/space/mandates/{mandate}/accept", operation_id = "acceptMandate", tag = "mandates",
    security(("session" = [])),
    params(MandatePath), request_body = AcceptMandateForm,
    responses((status = 200, description = "It is active", body = ShownMandate))
)]
pub async fn accept(
    platform: &Platform,
    (request, form): (Request, Form<AcceptMandateForm>),
) -> Result<Json<ShownMandate>, Error> {
    let (siret, version) = fields!(form: siret, text_version)?;
    apply(platform, &request, &siret, (Transition::Accept, version.as_ref().map(ShownVersion::as_str))).await
}

/// Refuses an offer, by a holder of the side that did not make it.
#[utoipa::path(
    post, path = "/api/space/mandates/{mandate}/decline", operation_id = "declineMandate", tag = "mandates",
    security(("session" = [])),
    params(MandatePath), request_body = DeclineMandateForm,
    responses((status = 200, description = "It is refused", body = ShownMandate))
)]
pub async fn decline(
    platform: &Platform,
    (request, form): (Request, Form<DeclineMandateForm>),
) -> Result<Json<ShownMandate>, Error> {
    let (siret,) = fields!(form: siret)?;
    apply(platform, &request, &siret, (Transition::Decline, None)).await
}

/// Ends a mandate at once, or takes an offer back, by a holder of either side. No use of it that begins after
/// the answer is allowed.
#[utoipa::path(
    post, path = "/api/space/mandates/{mandate}/end", operation_id = "endMandate", tag = "mandates",
    security(("session" = [])),
    params(MandatePath), request_body = EndMandateForm,
    responses((status = 200, description = "It has ended", body = ShownMandate))
)]
pub async fn end(
    platform: &Platform,
    (request, form): (Request, Form<EndMandateForm>),
) -> Result<Json<ShownMandate>, Error> {
    let (siret,) = fields!(form: siret)?;
    apply(platform, &request, &siret, (Transition::End, None)).await
}

/// What the session's person may do for an establishment now, and through what: read at each use.
#[utoipa::path(
    get, path = "/api/access", operation_id = "access", tag = "mandates",
    security(("session" = [])),
    params(SiretQuery),
    responses((status = 200, description = "What they may do", body = Access))
)]
pub async fn access(platform: &Platform, request: Request) -> Result<Json<Access>, Error> {
    let siret = asked::siret(&request).map_err(|code| Refusal::field("siret", code))?;
    let Person { account, .. } = Person::of(platform, &request).await?;
    let access = platform.mandates.access(&account, &siret).await?;
    Ok(Json(Access::of(&siret, &access)))
}

async fn apply(
    platform: &Platform,
    request: &Request,
    siret: &Siret,
    transition: (Transition, Option<&str>),
) -> Result<Json<ShownMandate>, Error> {
    let Person { account, .. } = Person::of(platform, request).await?;
    let name = name_of(request)?;
    let (held, openings) = platform.mandates.apply(&account, siret, &name, transition).await?;
    let state = held.mandate.state(&openings, platform.clock.now());
    Ok(Json(ShownMandate::of(siret, &held, state).ok_or(Refusal::NotAllowed)?))
}

/// A name that cannot be read is refused like that of another's mandate.
fn name_of(request: &Request) -> Result<MandateName, Refusal> {
    MandateName::parse(http::path_part(request, NAME)).ok_or(Refusal::NotAllowed)
}
