//! Lists: clients that are offered many at once, and mandates page by page.

use super::*;

#[tokio::test]
async fn a_list_of_clients_is_offered_at_once_and_again_without_doing_it_twice() {
    let app = App::new();
    let (client, cabinet) = both(&app).await;
    let other = siret(11);
    Person::open(&app, &other, "Crèmerie du Pont", "zoe@exemple.fr").await;
    let scopes = ["read", "declare"];
    given(&app, (&client, &cabinet), &scopes, (0, 30)).await;
    mails(&app).await;
    let mut form = terms(&app, &scopes, (0, 30));
    form["siret"] = CABINET.into();
    let rows = [
        "SIRET;Nom".to_owned(),
        format!("{other};Crèmerie"),
        format!("{SIRET};Boulangerie"),
        format!("{UNKNOWN};"),
        "12345678901234;".to_owned(),
        format!("{other};encore"),
        format!("{CABINET};moi"),
    ];
    form["list"] = rows.join("\r\n").into();
    let wanted = json!({"results": [
        {"line": 2, "siret": other, "result": "offered"},
        {"line": 3, "siret": SIRET, "result": "already-active"},
        {"line": 4, "siret": UNKNOWN, "result": "unknown-here"},
        {"line": 5, "siret": null, "result": "invalid"},
        {"line": 6, "siret": other, "result": "offered"},
        {"line": 7, "siret": CABINET, "result": "invalid"},
    ]});
    let path = "/api/space/mandates/batch";
    let first = cabinet.post(&app, path, &form).await;
    assert_eq!((first.status, &first.body), (200, &wanted));
    let sent = mails(&app).await;
    assert!(is_one(&sent, "zoe@exemple.fr", "propose un mandat"), "{sent:?}");
    let before = app.rows("");
    let again = cabinet.post(&app, path, &form).await;
    assert_eq!((again.status, &again.body), (200, &wanted));
    assert_eq!(app.rows(""), before, "nothing is written twice");
    assert_eq!(listed(&app, &cabinet, &format!("siret={CABINET}")).await.len(), 2);

    // Another offer in the way: with other days.
    form["from"] = day(&app, 5).into();
    form["list"] = other.clone().into();
    let in_the_way = cabinet.post(&app, path, &form).await;
    let wanted = json!({"results": [{"line": 1, "siret": other, "result": "already-active"}]});
    assert_eq!((in_the_way.status, in_the_way.body), (200, wanted));
    assert_eq!(app.rows(""), before);
}

#[tokio::test]
async fn a_list_has_one_to_eight_lines() {
    let app = App::new();
    let (client, cabinet) = both(&app).await;
    let path = "/api/space/mandates/batch";
    let mut form = terms(&app, &["read"], (0, 30));
    form["siret"] = CABINET.into();
    let lines = |count: u64| (20..20 + count).map(siret).collect::<Vec<_>>().join("\n");
    let before = app.rows("");
    for (list, fault) in [
        (lines(9), "list:too-long"),
        (String::new(), "list:required"),
        ("\n \n".to_owned(), "list:required"),
        ("SIRET\n".to_owned(), "list:required"),
    ] {
        form["list"] = list.into();
        let refused = cabinet.post(&app, path, &form).await;
        assert_eq!((refused.status, refused.faults()), (422, vec![fault.to_owned()]));
    }
    form["list"] = format!("SIRET\n{}", lines(8)).into();
    let results = cabinet.post(&app, path, &form).await.body["results"].clone();
    let results = results.as_array().unwrap();
    assert_eq!(results.len(), 8);
    assert!(results.iter().all(|line| line["result"] == "unknown-here"));
    let theirs = client.post(&app, path, &form).await;
    assert_eq!((theirs.status, theirs.problem()), (403, "not-allowed"), "another's establishment");
    form["list"] = "12345678901234".into();
    assert_eq!(client.post(&app, path, &form).await.problem(), "not-allowed", "whatever is on it");
    assert_eq!(app.rows(""), before);
}

#[tokio::test]
async fn eight_clients_are_offered_in_one_request() {
    let app = App::new();
    let cabinet = Person::open(&app, CABINET, "Cabinet Durand", CABINET_EMAIL).await;
    for rank in 0..8 {
        Person::open(&app, &siret(20 + rank), "Boulangerie", &format!("client{rank}@exemple.fr")).await;
    }
    let mut form = terms(&app, &["read", "declare", "indemnify"], (0, 30));
    form["siret"] = CABINET.into();
    form["list"] = (20..28).map(siret).collect::<Vec<_>>().join("\n").into();
    app.table.calls();
    let offered = cabinet.post(&app, "/api/space/mandates/batch", &form).await;
    // The session, its account, the right with every client, the offers with their mails.
    assert_eq!(app.table.calls(), ["GetItem", "GetItem", "BatchGetItem", "TransactWriteItems"]);
    assert!(offered.body["results"].as_array().unwrap().iter().all(|line| line["result"] == "offered"));
    assert_eq!(mails(&app).await.len(), 8);
    assert_eq!(told(&app, CABINET, "a proposé le mandat"), 8);
}

/// A cursor as a page sends it on.
fn encoded(cursor: &str) -> String {
    cursor.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

/// Every mandate of a list, page by page, and the cursors between pages.
async fn all(app: &App, who: &Person, query: &str) -> (Vec<Value>, Vec<String>) {
    let (mut mandates, mut cursors) = (Vec::new(), Vec::<String>::new());
    loop {
        let after = cursors.last().map(|cursor| format!("&after={}", encoded(cursor)));
        let path = format!("/api/space/mandates?siret={CABINET}&{query}{}", after.unwrap_or_default());
        let page = who.get(app, &path).await;
        assert_eq!(page.status, 200, "{}", page.body);
        let shown = page.body["mandates"].as_array().unwrap();
        assert!(shown.len() <= 50);
        mandates.extend(shown.iter().cloned());
        let Some(next) = page.body["next"].as_str() else { return (mandates, cursors) };
        assert!(cursors.len() < 10, "a list without an end");
        cursors.push(next.to_owned());
    }
}

/// A cabinet with as many mandates more, of `Crémerie n° 0` and so on.
async fn cabinet_of(app: &App, clients: u64) -> Person {
    let (client, cabinet) = both(app).await;
    given(app, (&client, &cabinet), &["read"], (0, 30)).await;
    let mut rows = app.rows(&format!("SIRET#{CABINET}"));
    rows.retain(|row| row["mandate"].is_object());
    let mut row = rows.remove(0);
    for rank in 0..clients {
        let (other, id) = (siret(1_000 + rank), format!("{rank:016}"));
        row["sk"]["S"] = format!("POWER#cabinet#{other}#{id}").into();
        row["client"]["S"] = other.into();
        row["client_name"]["S"] = format!("Crémerie n° {rank}").into();
        row["mandate"]["S"] = id.into();
        app.operate("PutItem", &json!({"TableName": TABLE, "Item": row}));
    }
    cabinet
}

#[tokio::test]
async fn a_list_is_paged_and_searched_by_siret_and_by_name() {
    let app = App::new();
    let cabinet = cabinet_of(&app, 120).await;
    let (mandates, cursors) = all(&app, &cabinet, "as=cabinet").await;
    assert_eq!((mandates.len(), cursors.len()), (121, 2));
    let mut sirets: Vec<&str> = mandates.iter().map(|mandate| mandate["siret"].as_str().unwrap()).collect();
    assert!(sirets.is_sorted());
    sirets.dedup();
    assert_eq!(sirets.len(), 121, "each once");
    for (query, found) in [
        ("", 121),
        ("as=", 121),
        ("as=client", 0),
        ("as=cabinet&search=73282932010", 100),
        ("as=cabinet&search=732%20829%20320%2010", 100),
        ("search=73282932010", 100),
        ("search=cremerie+n%C2%B0+11", 11),
        ("as=cabinet&search=CR%C3%89MERIE", 120),
        ("as=cabinet&search=%20march%C3%A9", 1),
        ("as=cabinet&search=nulle%20part", 0),
    ] {
        assert_eq!(all(&app, &cabinet, query).await.0.len(), found, "{query}");
    }
}

#[tokio::test]
async fn five_thousand_clients_are_paged_and_found_two_calls_a_page() {
    let app = App::new();
    let cabinet = cabinet_of(&app, 5_000).await;
    app.table.calls();
    let calls = || {
        let mut calls = app.table.calls();
        calls.sort();
        calls
    };
    let page = ["BatchGetItem", "GetItem", "GetItem", "Query"];
    let path = format!("/api/space/mandates?siret={CABINET}");
    let first = cabinet.get(&app, &path).await;
    assert_eq!(
        (first.body["mandates"].as_array().unwrap().len(), calls()),
        (50, page.map(str::to_owned).into())
    );
    let bytes = first.body.to_string().len();
    assert!(bytes < 40_000, "{bytes} bytes");
    let last = siret(1_000 + 4_999);
    let by_siret = cabinet.get(&app, &format!("{path}&as=cabinet&search={last}")).await;
    assert_eq!((&by_siret.body["mandates"][0]["siret"], calls().len()), (&json!(last), 4));
    // Some hundreds of rows are looked through for a page.
    let mut after = String::new();
    for pages in 1.. {
        let found = cabinet.get(&app, &format!("{path}&search=cremerie+n%C2%B0+4999{after}")).await;
        assert_eq!(calls(), page);
        if found.body["mandates"][0]["siret"] == last {
            break;
        }
        after = format!("&after={}", encoded(found.body["next"].as_str().unwrap()));
        assert!(pages < 11, "5,000 rows, 500 a page");
    }
    assert_eq!(may(&app, &cabinet).await, json!(["read"]));
    assert_eq!(calls().len(), 5, "as of a cabinet with one client; the first use is told");
}

#[tokio::test]
async fn a_cursor_that_was_not_handed_out_for_the_list_is_no_fault_of_ours() {
    let app = App::new();
    let cabinet = cabinet_of(&app, 60).await;
    let (_, cursors) = all(&app, &cabinet, "as=cabinet").await;
    let own = encoded(&cursors[0]);
    for after in ["", "x", "%23", "%00", "POWER%23", "POWER%23cabinet%23", "POWER%23client%23x", own.as_str()]
    {
        for query in ["", "as=client", "as=cabinet", "as=cabinet&search=552", "search=552", "search=zz"] {
            let path = format!("/api/space/mandates?siret={CABINET}&{query}&after={after}");
            assert_eq!(cabinet.get(&app, &path).await.status, 200, "{query} {after}");
        }
    }
    let long = "x".repeat(4_000);
    let path = format!("/api/space/mandates?siret={CABINET}&as=cabinet&after=POWER%23cabinet%23{long}");
    assert_eq!(cabinet.get(&app, &path).await.status, 200);
    let path = format!("/api/space/mandates?as=holder&search={long}");
    let refused = cabinet.get(&app, &path).await;
    assert_eq!(refused.faults(), ["siret:required", "as:side-unknown", "search:too-long"]);
    for path in ["/api/access", "/api/access?siret=", "/api/access?siret=abc", "/api/access?siret=%00"] {
        assert_eq!(cabinet.get(&app, path).await.status, 422, "{path}");
    }
}
