//! Mails of a succession, to who is replaced and to each who may object.

use askama::Template;
use domain::succession::{News, Told};
use domain::time::Timestamp;
use domain::{Name, Siret, Succession, Token};

use super::{Content, Words, about, content, filters, in_words, url_of};

/// A succession is proposed; with the link that objects.
pub fn succession_notice(
    site: &str,
    succession: &Succession,
    to: &Told,
    token: &Token,
) -> Result<Content, askama::Error> {
    let said = if to.is_holder() {
        "L'assistance a reçu une demande pour confier votre place de titulaire à une autre personne."
    } else {
        "L'assistance a reçu une demande pour confier la place d'un titulaire à une autre personne."
    };
    let days = succession.days;
    let until = if days == 1 { "1 jour".to_owned() } else { format!("{days}\u{a0}jours") };
    let subject = about("Une succession est demandée", &succession.siret);
    content!(subject, "succession_notice.txt", "succession_notice.html", {
        site: str = site,
        said: str = said,
        establishment: Name = &succession.establishment_name,
        siret: Siret = &succession.siret,
        holder: str = &succession.holder_name.joined(),
        address: str = &succession.email.masked(),
        asked: str = &in_words(succession.proposed.at),
        until: str = &until,
        link: str = &url_of(site, "contester", token),
    })
}

/// What became of a succession.
pub fn succession_news(
    site: &str,
    succession: &Succession,
    (to, news): (&Told, News),
    at: Timestamp,
) -> Result<Content, askama::Error> {
    let words = words_of(to, news);
    content!(about(words.subject, &succession.siret), "succession_news.txt", "succession_news.html", {
        site: str = site,
        words: Words = &words,
        establishment: Name = &succession.establishment_name,
        siret: Siret = &succession.siret,
        holder: str = &succession.holder_name.joined(),
        changed: str = &in_words(at),
    })
}

fn words_of(to: &Told, news: News) -> Words {
    let (subject, said, then) = match news {
        News::Executed if to.is_holder() => (
            "Votre place de titulaire est confiée",
            "Deux agents de l'assistance ont confié votre place de titulaire à une autre personne.",
            "Votre accès à cet établissement est suspendu, et vos connexions sont fermées. Votre compte \
             reste ouvert.",
        ),
        News::Executed => (
            "La place d'un titulaire est confiée",
            "Deux agents de l'assistance ont confié la place de ce titulaire à une autre personne.",
            "L'accès de ce titulaire est suspendu. La personne qui prend sa suite est invitée.",
        ),
        News::Contested => (
            "Une succession est arrêtée",
            "Une des personnes prévenues s'oppose à la succession\u{a0}: tout est arrêté.",
            "Rien ne change tant que deux agents de l'assistance n'ont pas examiné cette opposition.",
        ),
        News::Dropped => (
            "Une succession n'a pas lieu",
            "La succession qui vous avait été annoncée n'a pas lieu.",
            "Aucun accès ne change. Vous n'avez rien à faire.",
        ),
    };
    Words {
        subject,
        said: said.to_owned(),
        then: then.to_owned(),
        doubt: "Cela vous surprend\u{a0}?",
        advice: "Écrivez à l'assistance sans attendre\u{a0}: elle sait ce qui s'est passé.",
    }
}
