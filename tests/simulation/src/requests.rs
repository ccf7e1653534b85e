//! Requests of «Mon espace», each with what the model is to know of it.

use domain::mandate::Transition;
use domain::membership::Change;
use domain::time::Date;
use domain::{MandateText, Role, Scopes, Side};
use serde_json::json;

use crate::known::{self, KnownPresence};
use crate::model::{KnownChange, KnownInvitation, What, Who, session_id};
use crate::people::{Credentials, Person};
use crate::visits::{Insider, Place, Request};
use crate::world::{Answer, World};

/// Of every colleague; the last name tells them apart.
pub const FIRST_NAME: &str = "Ali";
/// Of every colleague who opens an account.
const PHONE: &str = "06 12 34 56 78";

/// Who is invited, as what.
#[derive(Debug, Clone)]
pub struct Invited<'a> {
    pub to: &'a str,
    pub last_name: &'a str,
    pub role: Role,
    pub is_successor: bool,
}

/// What is offered to another establishment, by the side of who offers it.
#[derive(Debug, Clone)]
pub struct Offered<'a> {
    pub side: Side,
    pub other: &'a str,
    /// Where the offer is sent; to the other's holders without it.
    pub contact: Option<&'a str>,
    pub scopes: Scopes,
    pub from: Date,
    pub until: Date,
}

impl Insider {
    /// What they may do for an establishment.
    pub async fn access(&mut self, siret: &str) -> Option<Answer> {
        let what = What::Access { by: self.who, siret: siret.to_owned() };
        self.act(&Request::plain("GET", format!("/api/access?siret={siret}"), what)).await
    }

    /// What they are in an establishment, by what they may do for it.
    pub async fn find_place(&mut self, siret: &str) -> Place {
        let answer = self.access(siret).await.filter(|answer| answer.body["through"] == "member");
        let may = answer.map(|answer| answer.body["may"].to_string());
        self.place = match may {
            Some(may) if may.contains("manage") => Place::Holder,
            Some(_) => Place::Member,
            None => Place::Nobody,
        };
        self.place
    }

    pub async fn see(&mut self) -> Option<Answer> {
        let what = What::See { by: self.who };
        self.act(&Request::plain("GET", "/api/space", what)).await
    }

    pub async fn read_journal(&mut self, siret: &str) -> Option<Answer> {
        let what = What::Journal { by: self.who, siret: siret.to_owned() };
        self.act(&Request::plain("GET", format!("/api/space/journal?siret={siret}"), what)).await
    }

    /// Invites, and gives the invitation's rank.
    pub async fn invite(&mut self, siret: &str, invited: &Invited<'_>) -> Option<usize> {
        let form = json!({
            "siret": siret, "email": invited.to, "first_name": FIRST_NAME, "last_name": invited.last_name,
            "role": invited.role.as_str(), "is_successor": invited.is_successor,
        });
        let what = What::Invite {
            by: self.who,
            siret: siret.to_owned(),
            to: invited.to.to_owned(),
            last_name: invited.last_name.to_owned(),
            role: invited.role,
            is_successor: invited.is_successor,
        };
        let answer = self.act(&Request::new("POST", "/api/space/invitations", form, what)).await?;
        self.invitation_of(&answer)
    }

    fn invitation_of(&self, answer: &Answer) -> Option<usize> {
        let id = answer.body["invitation"].as_str().filter(|_| answer.status == 202)?;
        self.person.world.model.borrow().invitation_by_id(id)
    }

    /// Sends an invitation to another address, and gives the rank of the new one.
    pub async fn correct(&mut self, siret: &str, former: usize, to: &str) -> Option<usize> {
        let id = self.person.world.model.borrow().id_of_invitation(former)?;
        let what = What::Correct { by: self.who, siret: siret.to_owned(), former, to: to.to_owned() };
        let form = json!({"siret": siret, "email": to});
        let path = format!("/api/space/invitations/{id}/address");
        let answer = self.act(&Request::new("POST", path, form, what)).await?;
        self.invitation_of(&answer)
    }

    pub async fn withdraw(&mut self, siret: &str, invitation: usize) -> Option<Answer> {
        let id = self.person.world.model.borrow().id_of_invitation(invitation)?;
        let what = What::Withdraw { by: self.who, siret: siret.to_owned(), invitation };
        self.act(&Request::plain("DELETE", format!("/api/space/invitations/{id}?siret={siret}"), what)).await
    }

    /// Accepts by the account of the session.
    pub async fn accept(&mut self, known: &KnownInvitation) -> Option<Answer> {
        let invitation = noted(&self.person.world, known)?;
        let what = What::Accept { by: self.who, invitation, until: known.until, password: None };
        let form = json!({"token": known.token});
        self.act(&Request::new("POST", "/api/invitation/accept", form, what)).await
    }

    /// Changes somebody, who is named by the account's identifier: themselves, or another.
    pub async fn change(
        &mut self,
        siret: &str,
        (who, identifier): (Who, &str),
        change: Change,
    ) -> Option<Answer> {
        let member = self.person.world.member_id(siret, identifier)?;
        // The end of one's own membership is a leave.
        let change = if who == self.who && change == Change::Remove { Change::Leave } else { change };
        let (method, path, form) = match change {
            Change::Leave | Change::Remove => {
                ("DELETE", format!("/api/space/members/{member}?siret={siret}"), serde_json::Value::Null)
            }
            _ => {
                let (field, value) = match change {
                    Change::Demote => ("role", "member"),
                    Change::Suspend => ("state", "suspended"),
                    Change::Resume => ("state", "active"),
                    _ => ("role", "holder"),
                };
                ("PATCH", format!("/api/space/members/{member}"), json!({"siret": siret, field: value}))
            }
        };
        let what = What::Change { by: self.who, who, siret: siret.to_owned(), change };
        self.act(&Request::new(method, path, form, what)).await
    }

    pub async fn change_other(&mut self, siret: &str, other: &Named, change: Change) -> Option<Answer> {
        self.change(siret, (other.who, &*other.identifier), change).await
    }

    /// Names whoever is to take over one day, or nobody.
    pub async fn name_heir(&mut self, siret: &str, last_name: Option<&str>) -> Option<Answer> {
        let what =
            What::NameHeir { by: self.who, siret: siret.to_owned(), heir: last_name.map(str::to_owned) };
        let request = match last_name {
            Some(last_name) => {
                let form = json!({
                    "siret": siret, "first_name": FIRST_NAME, "last_name": last_name,
                    "email": "releve@exemple.fr",
                });
                Request::new("POST", "/api/space/successor", form, what)
            }
            None => Request::plain("DELETE", format!("/api/space/successor?siret={siret}"), what),
        };
        self.act(&request).await
    }

    pub async fn leave(&mut self, siret: &str) -> Option<Answer> {
        let identifier = self.credentials.identifier.clone();
        self.change(siret, (self.who, &*identifier), Change::Leave).await
    }

    /// As others name them.
    #[must_use]
    pub fn named(&self) -> Named {
        Named { who: self.who, identifier: self.credentials.identifier.clone() }
    }

    /// Offers a mandate, and gives its name.
    pub async fn offer(&mut self, siret: &str, offered: &Offered<'_>) -> Option<String> {
        let Offered { side, other, contact, scopes, from, until } = offered;
        let mut form = json!({
            "as": side.as_str(), "siret": siret, "other_siret": other, "scopes": scopes.names(),
            "from": from.to_string(), "until": until.to_string(),
            "text_version": MandateText::CURRENT.version,
        });
        if let Some(contact) = contact {
            form["other_email"] = (*contact).into();
        }
        let what = What::Offer {
            by: self.who,
            side: *side,
            siret: siret.to_owned(),
            other: (*other).to_owned(),
            scopes: *scopes,
        };
        let answer = self.act(&Request::new("POST", "/api/space/mandates", form, what)).await?;
        answer.body["mandate"].as_str().filter(|_| answer.status == 202).map(str::to_owned)
    }

    /// Offers the same mandate to each establishment of a list, as a cabinet.
    pub async fn offer_many(
        &mut self,
        siret: &str,
        list: &[String],
        (from, until): (Date, Date),
    ) -> Option<Answer> {
        let form = json!({
            "siret": siret, "scopes": Scopes::all().names(), "from": from.to_string(),
            "until": until.to_string(), "text_version": MandateText::CURRENT.version,
            "list": format!("SIRET\n{}\n", list.join("\n")),
        });
        let what = What::OfferMany { by: self.who, siret: siret.to_owned(), others: list.to_vec() };
        self.act(&Request::new("POST", "/api/space/mandates/batch", form, what)).await
    }

    /// Accepts, declines or ends a mandate.
    pub async fn answer(
        &mut self,
        siret: &str,
        (mandate, name): (usize, &str),
        transition: Transition,
    ) -> Option<Answer> {
        let mut form = json!({"siret": siret});
        if transition == Transition::Accept {
            form["text_version"] = MandateText::CURRENT.version.into();
        }
        let what = What::Answer { by: self.who, siret: siret.to_owned(), mandate, transition };
        let path = format!("/api/space/mandates/{name}/{}", transition.as_str());
        self.act(&Request::new("POST", path, form, what)).await
    }

    pub async fn list_mandates(&mut self, siret: &str, side: Side) -> Option<Answer> {
        let what = What::ListMandates { by: self.who, siret: siret.to_owned() };
        let path = format!("/api/space/mandates?siret={siret}&as={}", side.as_str());
        self.act(&Request::plain("GET", path, what)).await
    }

    pub async fn ask_address(&mut self, to: &str) -> Option<Answer> {
        let password = self.credentials.password.clone();
        let form = json!({"email": to, "password": password});
        let what = What::AskAddress { by: self.who, to: to.to_owned(), password };
        self.act_proven(Request::new("POST", "/api/space/email", form, what)).await
    }

    /// Chooses another password, and goes on with it.
    pub async fn set_password(&mut self) -> Option<Answer> {
        let (former, password) = (self.credentials.password.clone(), self.person.new_password());
        let form = json!({"password": former, "new_password": password});
        let what = What::SetPassword { by: self.who, former, password: password.clone() };
        let answer = self.act_proven(Request::new("POST", "/api/space/password", form, what)).await;
        let is_set = answer.as_ref().is_some_and(|answer| answer.status == 200);
        // Set perhaps by an attempt whose answer was lost: then the new password opens.
        if is_set || self.opens_with(&password).await {
            self.credentials.password = password;
        }
        answer
    }

    /// Whether a password opens the account; the session goes on.
    async fn opens_with(&mut self, password: &str) -> bool {
        let identifier = self.credentials.identifier.clone();
        let tried = Credentials { identifier, password: password.to_owned() };
        let cookie = Box::pin(self.person.log_in(&tried)).await;
        let is_open = cookie.is_some();
        self.goes_on_with(cookie);
        is_open
    }

    pub async fn close_space(&mut self, siret: &str) -> Option<Answer> {
        let password = self.credentials.password.clone();
        let form = json!({"password": password});
        let what = What::CloseSpace { by: self.who, siret: siret.to_owned(), password };
        let path = format!("/api/space/establishments/{siret}/close");
        self.act_proven(Request::new("POST", path, form, what)).await
    }

    pub async fn close_account(&mut self) -> Option<Answer> {
        let password = self.credentials.password.clone();
        let form = json!({"password": password});
        let what = What::CloseAccount { by: self.who, password };
        self.act_proven(Request::new("POST", "/api/space/close", form, what)).await
    }

    /// Ends a session of their own, of this device or another.
    pub async fn end_session(&mut self, cookie: &str) -> Option<Answer> {
        let what = What::EndSession { ended: cookie.to_owned() };
        let path = format!("/api/space/sessions/{}", session_id(cookie)?);
        self.act(&Request::plain("DELETE", path, what)).await
    }
}

/// An account, as the requests of others name it.
#[derive(Debug, Clone)]
pub struct Named {
    pub who: Who,
    pub identifier: String,
}

/// The rank of an invitation whose link is known.
pub fn noted(world: &World, known: &KnownInvitation) -> Option<usize> {
    let noted = world.model.borrow_mut().invitation_of(known);
    if noted.is_none() {
        world.violation(format!("an invitation into {} that nobody has sent", known.siret));
    }
    noted
}

impl Person {
    /// What the link of an invitation says.
    pub async fn show_invitation(&self, known: &KnownInvitation) -> Option<Answer> {
        let invitation = noted(&self.world, known)?;
        let what = What::Show { invitation, until: known.until };
        let form = json!({"token": known.token});
        self.insist(&Request::new("POST", "/api/invitation", form, what), None).await
    }

    /// Accepts by a new account with that password.
    pub async fn accept_anew(&self, known: &KnownInvitation, password: &str) -> Option<(Who, Answer)> {
        let invitation = noted(&self.world, known)?;
        let who = self.world.model.borrow_mut().newcomer(invitation)?;
        let (until, chosen) = (known.until, Some(password.to_owned()));
        let what = What::Accept { by: who, invitation, until, password: chosen };
        let form = json!({"token": known.token, "password": password, "phone": PHONE});
        let request = Request::new("POST", "/api/invitation/accept", form, what);
        Some((who, Box::pin(self.insist(&request, None)).await?))
    }

    /// Makes a new address the account's. A mail that was sent twice has begun the link's hour anew.
    pub async fn confirm(&self, known: &KnownChange) -> Option<Answer> {
        let known = known::change(&self.world, &known.token).await?;
        let change = self.world.model.borrow_mut().change_of(&known);
        let what = What::Confirm { change, until: known.until };
        let form = json!({"token": known.token});
        self.insist(&Request::new("POST", "/api/address/confirm", form, what), None).await
    }

    /// Says that a holder is still there, by the link of a mail.
    pub async fn answer_presence(&self, known: &KnownPresence) -> Option<Answer> {
        let who = self.world.model.borrow_mut().who(&known.identifier);
        let what = What::AnswerPresence { who, siret: known.siret.clone(), until: known.until };
        let form = json!({"token": known.token});
        self.insist(&Request::new("POST", "/api/presence", form, what), None).await
    }

    /// Brings the address before back.
    pub async fn restore(&self, known: &KnownChange) -> Option<Answer> {
        let change = self.world.model.borrow_mut().change_of(known);
        let what = What::Restore { change, until: known.until };
        let form = json!({"token": known.token});
        self.insist(&Request::new("POST", "/api/address/restore", form, what), None).await
    }
}

/// The rank of a mandate that an answer names.
pub async fn mandate(world: &World, name: &str) -> Option<usize> {
    let known = known::mandate(world, name).await?;
    let noted = world.model.borrow_mut().mandate(&known);
    noted.map_err(|what| world.violation(what)).ok()
}
