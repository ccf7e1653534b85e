//! The desk: agents log in at the provider that the site names, one answers and proposes to hand an account
//! over, neither approves before its time, and the holder objects by one click.

use serde_json::{Value, json};
use testkit::provider;

use crate::site::{Site, siret, token};
use crate::{PASSWORD, open_account, request_for};

const ANSWER: &str = "Nous avons bien votre lettre.";

/// Somebody of the agency who has logged in.
struct Agent<'a> {
    site: &'a Site,
    cookie: String,
}

impl<'a> Agent<'a> {
    /// Through the whole login. The provider of one machine is told by its page's own address who it is, the
    /// one beside the emulator by a cookie.
    async fn logs_in(site: &'a Site, who: &str) -> Self {
        let (begun, asked) = site.go("/api/agents/login", "").await;
        let address = asked.replace("/provider/authorize?", "/provider/choose?");
        let address = if address == asked { asked } else { format!("{address}&who={who}") };
        let back = provider::pass(&address, &site.origin(), &[("who", who)]).await.unwrap();
        let (ended, landed) = site.go(&back, &begun.cookie()).await;
        assert_eq!(landed, "/agents/");
        Self { site, cookie: ended.cookie() }
    }

    async fn gets(&self, path: &str) -> Value {
        let answer = self.site.send("GET", path, Some(&self.cookie), None).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        answer.body
    }

    async fn posts(&self, path: &str, body: Value) -> (u16, Value) {
        let answer = self.site.send("POST", path, Some(&self.cookie), Some(&body)).await;
        (answer.status, answer.body)
    }
}

#[tokio::test]
async fn an_agent_answers_and_proposes_and_the_holder_objects() {
    let site = Site::open().await;
    let (siret, email, heir) = (siret(), site.address("partie"), site.address("reprise"));
    let identifier = open_account(&site, &siret, &email).await;
    let asked = site.post_proven("/api/submit-ticket", "submit-ticket", &request_for(&siret, &heir)).await;
    let reference = asked.body["reference"].as_str().unwrap().to_owned();
    let one = Agent::logs_in(&site, "demo-agent-1").await;
    assert_eq!(one.gets("/api/agents/me").await["name"], "Camille Moreau");

    let listed = one.gets(&format!("/api/agents/cases?siret={siret}")).await;
    assert_eq!(listed["cases"][0]["reference"], reference);
    let case = format!("/api/agents/cases/{reference}");
    assert_eq!(one.posts(&format!("{case}/take"), json!({})).await.0, 200);
    assert_eq!(one.posts(&format!("{case}/answer"), json!({"text": ANSWER})).await.0, 200);
    let answered = site.mail(|mail| mail["to"] == json!([heir]) && said(mail, ANSWER), 1).await;
    let request = site.post("/api/request", &json!({"token": token(&answered, "ma-demande")})).await;
    assert_eq!((request.status, &request.body["state"]), (200, &json!("answered")));

    let proposal = json!({
        "reference": reference, "siret": siret, "email": heir,
        "evidence": [{"kind": "letter", "text": "Lettre signée de la gérante."}],
    });
    let (status, proposed) = one.posts("/api/agents/successions", proposal).await;
    assert_eq!(status, 201, "{proposed}");
    let approve = format!("/api/agents/successions/{}/approve", proposed["succession"].as_str().unwrap());
    let two = Agent::logs_in(&site, "demo-agent-2").await;
    for (agent, refusal) in [(&one, "two-persons"), (&two, "succession-state")] {
        let (_, refused) = agent.posts(&approve, json!({})).await;
        assert_eq!(refused["type"], format!("/problems/{refusal}"), "{refused}");
    }

    let notice = site.mail(|mail| mail["to"] == json!([email]) && said(mail, "/contester/"), 1).await;
    let contested = site.post("/api/contest", &json!({"token": token(&notice, "contester")})).await;
    assert_eq!((contested.status, &contested.body["siret"]), (200, &json!(siret)), "{}", contested.body);
    assert_eq!(two.gets(&case).await["succession"]["state"], "contested");
    let login = json!({"identifier": identifier, "password": PASSWORD});
    assert_eq!(site.post("/api/session", &login).await.status, 200, "nothing has changed");
}

fn said(mail: &Value, what: &str) -> bool {
    mail["text"].as_str().is_some_and(|text| text.contains(what))
}
