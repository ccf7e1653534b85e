//! `POST /api/link` and `/api/link/renew`: what a link is good for, told without using it, and a new one.

use domain::link::{LINK_VALID_MINUTES, LinkPurpose, LinkState};
use domain::proof::Action;
use domain::{EncodedProof, MailJob, Refusal, Token};
use platform::function::{Function, Grant, Secret, Share, Size};
use platform::http::{Accepted, Json};
use platform::{Error, Field, Form, Platform, fields, form, route};
use serde::Serialize;
use utoipa::ToSchema;

pub const FUNCTION: Function = Function {
    name: "link",
    routes: &[
        route!(POST "/api/link", show; refuses LinkUnknown),
        route!(POST "/api/link/renew", renew; refuses LinkUnknown, ProofRejected, ProofAlreadyUsed),
    ],
    grants: &[
        Grant::get("LINK#"),
        Grant::get("ACCOUNT#"),
        Grant::get("SIRET#"),
        Grant::put("PROOF#"),
        Grant::put("MAIL#"),
    ],
    secrets: &[Secret::Proof, Secret::Hash],
    size: Size { memory_mb: 512, timeout_seconds: 10, slow_ms: 500, share: Share::Few },
};

#[derive(utoipa::OpenApi)]
#[openapi(paths(show, renew))]
pub struct Document;

form! {
    /// The token of a link that was opened.
    pub struct LinkForm {
        token: Field<Option<Token>>,
    }
}

form! {
    /// The token of a link that serves no longer.
    pub struct RenewLinkForm {
        token: Field<Option<Token>>,
        proof: Field<EncodedProof>,
    }
}

/// What a link is good for.
#[derive(Debug, Serialize, ToSchema)]
pub struct ShownLink {
    /// What it does for its account.
    pub purpose: Purpose,
    /// Whether it can be used.
    pub state: State,
    /// The last moment at which it serves, or served.
    #[schema(format = DateTime)]
    pub until: String,
    /// As the applicant wrote it.
    pub establishment_name: String,
    /// Present when the link serves no longer because somebody else's account was activated first.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, nullable = false)]
    pub account: Option<Overtaken>,
}

/// A new link is on its way, if its account still is.
#[derive(Debug, Serialize, ToSchema)]
pub struct LinkRenewed {
    /// How long it will live, in minutes from when its mail is sent.
    pub valid_minutes: i64,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = LinkPurpose)]
pub enum Purpose {
    /// Activates an application.
    Activation,
    /// Replaces a password.
    Recovery,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = LinkState)]
pub enum State {
    Open,
    Expired,
    /// By itself, or since another of its account was, or since another account came first.
    Used,
}

/// As `check-siret` says it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Overtaken {
    Exists,
}

impl From<LinkPurpose> for Purpose {
    fn from(purpose: LinkPurpose) -> Self {
        match purpose {
            LinkPurpose::Activation => Self::Activation,
            LinkPurpose::PasswordReset => Self::Recovery,
        }
    }
}

impl From<LinkState> for State {
    fn from(state: LinkState) -> Self {
        match state {
            LinkState::Open => Self::Open,
            LinkState::Expired => Self::Expired,
            LinkState::Used => Self::Used,
        }
    }
}

/// Tells what a link is good for, and writes nothing: mail scanners open links, and their pages.
#[utoipa::path(
    post, path = "/api/link", operation_id = "showLink", tag = "account", request_body = LinkForm,
    responses((status = 200, description = "What the link is good for", body = ShownLink))
)]
pub async fn show(platform: &Platform, form: Form<LinkForm>) -> Result<Json<ShownLink>, Error> {
    let (token,) = fields!(form: token)?;
    let now = platform.clock.now();
    let token = token.ok_or(Refusal::LinkUnknown)?;
    let link = platform.links.find(&token.hash(), now).await?.ok_or(Refusal::LinkUnknown)?;
    let is_activation = link.purpose == LinkPurpose::Activation;
    let siret = &link.application.siret;
    let (account, is_taken) = tokio::try_join!(platform.accounts.find(&link.identifier), async {
        Ok(is_activation && platform.accounts.has_account(siret).await?)
    })?;
    let is_active = account.as_ref().is_some_and(|account| account.is_active);
    let is_overtaken = is_taken && !is_active;
    let state = if is_overtaken { LinkState::Used } else { link.state(account.as_ref(), now) };
    Ok(Json(ShownLink {
        purpose: link.purpose.into(),
        state: state.into(),
        until: link.valid_until.to_string(),
        establishment_name: link.application.establishment_name.as_str().to_owned(),
        account: is_overtaken.then_some(Overtaken::Exists),
    }))
}

/// Queues a new link for the account of a link that is known, whatever its state. Who holds a token, dead or
/// alive, was written to at the account's address; the new link goes there and nowhere else, within the same
/// quotas as one that is asked for by the identifier.
#[utoipa::path(
    post, path = "/api/link/renew", operation_id = "renewLink", tag = "recovery",
    request_body = RenewLinkForm,
    responses(
        (
            status = 202,
            description = "A mail is on its way, if there still is such an account",
            body = LinkRenewed
        )
    )
)]
pub async fn renew(platform: &Platform, form: Form<RenewLinkForm>) -> Result<Accepted<LinkRenewed>, Error> {
    let (token, proof) = fields!(form: token, proof)?;
    let proof = platform.proofs.verify(&proof, Action::Recover, &form.body)?;
    let token = token.ok_or(Refusal::LinkUnknown)?;
    let link = platform.links.find(&token.hash(), platform.clock.now()).await?.ok_or(Refusal::LinkUnknown)?;
    let job = MailJob::RecoveryByIdentifier { identifier: link.identifier };
    platform.outbox.accept(&platform.proofs, &proof, &job).await?;
    Ok(Accepted(LinkRenewed { valid_minutes: LINK_VALID_MINUTES }))
}
