//! Mails of mandates, for either side.

use askama::Template;
use domain::journal::MandateEvent;
use domain::time::Timestamp;
use domain::{Mandate, Name, Scope, Side, Siret};

use super::{Content, Words, about, content, date_in_words, filters, in_words};

const AGAIN: &str = "Un titulaire peut proposer un autre mandat.";
const SURPRISING: &str = "Cela vous surprend\u{a0}?";

/// What one side of a mandate did, for the other.
#[derive(Debug, Clone, Copy)]
pub struct MandateNews<'a> {
    pub event: MandateEvent,
    /// The side that is told.
    pub side: Side,
    pub mandate: &'a Mandate,
    /// The establishment of that side.
    pub name: &'a Name,
    /// That of the side that did it.
    pub other_name: &'a Name,
    /// When it happened.
    pub at: Timestamp,
}

impl MandateNews<'_> {
    fn by_side<T>(&self, client: T, cabinet: T) -> T {
        match self.side {
            Side::Client => client,
            Side::Cabinet => cabinet,
        }
    }

    fn words(&self) -> Words {
        let (who, at) = (self.by_side("Le cabinet", "L'établissement"), in_words(self.at));
        match self.event {
            MandateEvent::Offered => self.offered(),
            MandateEvent::Accepted => self.accepted(who, &at),
            MandateEvent::Declined => Words {
                subject: "Un mandat est refusé",
                said: format!("{who} a refusé ce mandat le {at}."),
                then: "Il ne permet rien. Les autres mandats restent les mêmes.".to_owned(),
                doubt: SURPRISING,
                advice: AGAIN,
            },
            MandateEvent::Ended if self.mandate.accepted_at.is_none() => Words {
                subject: "Une proposition de mandat a pris fin",
                said: format!("{who} a mis fin à cette proposition de mandat le {at}."),
                then: "Elle n'attend plus de réponse.".to_owned(),
                doubt: SURPRISING,
                advice: AGAIN,
            },
            MandateEvent::Ended => Words {
                subject: "Un mandat a pris fin",
                said: format!("{who} a mis fin à ce mandat le {at}."),
                then: "Depuis cet instant, il ne permet plus rien.".to_owned(),
                doubt: SURPRISING,
                advice: AGAIN,
            },
            MandateEvent::FirstUsed => self.first_used(&at),
        }
    }

    fn offered(&self) -> Words {
        let said = self.by_side(
            "Un cabinet propose d'agir pour votre établissement.",
            "Un établissement propose à votre cabinet d'agir pour lui.",
        );
        let until = in_words(self.mandate.live_until());
        Words {
            subject: self
                .by_side("Un cabinet vous propose un mandat", "Un établissement vous propose un mandat"),
            said: said.to_owned(),
            then: format!(
                "Un titulaire lit ce mandat dans «\u{a0}Mon espace\u{a0}», puis l'accepte ou le refuse. \
                 Sans réponse, la proposition prend fin le {until}."
            ),
            doubt: self.by_side(
                "Vous ne connaissez pas ce cabinet\u{a0}?",
                "Vous ne connaissez pas cet établissement\u{a0}?",
            ),
            advice: "Refusez, ou ne faites rien\u{a0}: sans l'accord d'un titulaire, ce mandat ne permet \
                     rien. Les noms ci-dessus n'ont pas été vérifiés par Sésame.",
        }
    }

    fn accepted(&self, who: &str, at: &str) -> Words {
        let then = self.by_side(
            "Le cabinet peut agir pour votre établissement, du premier au dernier jour du mandat.",
            "Votre cabinet peut agir pour l'établissement, du premier au dernier jour du mandat.",
        );
        Words {
            subject: "Un mandat est accepté",
            said: format!("{who} a accepté ce mandat le {at}."),
            then: then.to_owned(),
            doubt: SURPRISING,
            advice: "Un titulaire peut y mettre fin à tout moment, avec effet immédiat.",
        }
    }

    fn first_used(&self, at: &str) -> Words {
        let who = self.by_side("Le cabinet a agi pour votre établissement", "Votre cabinet a agi");
        Words {
            subject: "Un mandat a servi pour la première fois",
            said: format!("{who} par ce mandat pour la première fois, le {at}."),
            then: "Il peut le faire de nouveau jusqu'au dernier jour du mandat.".to_owned(),
            doubt: SURPRISING,
            advice: "Un titulaire peut mettre fin au mandat à tout moment, avec effet immédiat.",
        }
    }
}

/// What happened to a mandate: an offer, its answer, its end, its first use.
pub fn mandate(site: &str, news: &MandateNews<'_>) -> Result<Content, askama::Error> {
    let MandateNews { side, mandate, name, other_name, .. } = *news;
    let (words, own) = (news.words(), mandate.siret_of(side));
    content!(about(words.subject, own), "mandate.txt", "mandate.html", {
        site: str = site,
        words: Words = &words,
        other_label: str = news.by_side("Cabinet", "Établissement"),
        other: Name = other_name,
        other_siret: Siret = mandate.siret_of(side.other()),
        own_label: str = news.by_side("Votre établissement", "Votre cabinet"),
        establishment: Name = name,
        siret: Siret = own,
        from: str = &date_in_words(mandate.term.from()),
        until: str = &date_in_words(mandate.term.until()),
        scopes: [&'static str] = &mandate.scopes.iter().map(Scope::label).collect::<Vec<_>>(),
    })
}
