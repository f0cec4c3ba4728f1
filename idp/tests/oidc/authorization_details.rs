//! Rich authorization requests: RFC 9396, A15, A18, C7, C18.

use serde_json::{Value, json};
use time::Duration;

use super::{
    ADA, EVE, Office, SECRET, assert_redirected_error, assert_token_error, decide, hidden, is_consent_page,
    part, text, tokens_with_consent, verified,
};
use crate::support::{Answer, Application, Browser, Signer};
use idp::model::key::SigningAlg;

const PAYMENTS: &str = "https://payments.example.org";
const LEDGER: &str = "https://ledger.example.org";
const SLOTS: &str = "https://slots.example.org";

pub(super) const TYPES: &str = r#"
[[authorization_types]]
type = "payment"
title = { en = "Make a payment", de = "Eine Zahlung auslösen" }
description = { en = "Once, from your account." }
resources = ["https://payments.example.org", "https://ledger.example.org"]
actions = ["initiate", "status"]

[authorization_types.words]
initiate = { en = "start it", de = "sie auslösen" }

[[authorization_types.members]]
name = "amount"
kind = "money"
required = true
values = ["EUR", "CHF"]
label = { en = "Amount", de = "Betrag" }

[[authorization_types.members]]
name = "creditor"
kind = "text"
required = true
max_length = 60
label = { en = "Paid to", de = "Empfänger" }

[[authorization_types.members]]
name = "urgent"
kind = "boolean"
label = { en = "Urgent", de = "Eilig" }

[[authorization_types]]
type = "slots"
title = { en = "See appointments" }
resources = ["https://slots.example.org"]
datatypes = ["free", "taken"]
identifier = true
required = ["datatypes"]
registration = true
"#;

const CLIENTS: &str = r#"
[[clients]]
id = "shop"
name = "Shop"
type = "web"
secret = "a secret that the practice keeps to itself"
authorization_details_types = ["payment", "slots"]
redirect_uris = ["https://shop.example.org/cb"]

[[clients]]
id = "saver"
name = "Saver"
type = "web"
consent = "remember"
secret = "a secret that the practice keeps to itself"
authorization_details_types = ["payment"]
legacy_flows = ["id_token", "code id_token token"]
redirect_uris = ["https://saver.example.org/cb"]

[[clients]]
id = "kiosk"
name = "Kiosk"
type = "device"
authorization_details_types = ["payment"]

[[clients]]
id = "batch"
name = "Batch"
type = "machine"
secret = "a secret that the practice keeps to itself"
grants = ["client_credentials", "token_exchange"]
resources = ["https://letters.example.org"]
serves = ["https://payments.example.org"]
authorization_details_types = ["payment"]

[[clients]]
id = "ledger"
name = "Ledger"
type = "machine"
secret = "a secret that the practice keeps to itself"
serves = ["https://ledger.example.org"]
"#;

async fn open() -> Office {
    Office::with(&format!("{TYPES}{CLIENTS}")).await
}

fn shop(office: &Office) -> Application {
    office.client("shop", Some(SECRET), "https://shop.example.org/cb")
}

fn saver(office: &Office) -> Application {
    office.client("saver", Some(SECRET), "https://saver.example.org/cb")
}

fn machine(office: &Office, id: &str) -> Application {
    office.client(id, Some(SECRET), "")
}

pub(super) fn payment(amount: &str) -> Value {
    json!({
        "type": "payment",
        "actions": ["initiate", "status"],
        "amount": { "currency": "EUR", "amount": amount },
        "creditor": "Lindenhof",
    })
}

/// A payment that only the ledger hears of.
fn booking() -> Value {
    let mut booking = payment("7");
    booking["locations"] = json!([LEDGER]);
    booking
}

fn slots() -> Value {
    json!({ "type": "slots", "datatypes": ["free"], "identifier": "room 3" })
}

async fn granted(client: &Application, browser: &Browser, details: &Value) -> Value {
    tokens_with_consent(client, browser, &[("authorization_details", &details.to_string())]).await
}

/// Tokens by a code that is redeemed with more fields than usual.
async fn redeem(office: &Office, details: &Value, more: &[(&str, &str)]) -> Answer {
    let shop = shop(office);
    let page = shop.authorize(&office.browser, &[("authorization_details", &details.to_string())]).await;
    let code = decide(&office.browser, &page, "allow").await.parameter("code").unwrap();
    let mut fields = shop.redemption(&code);
    fields.extend(more);
    shop.token(&fields).await
}

async fn introspect(client: &Application, token: &str) -> Value {
    client.call("/oidc/introspect", &[("token", token)]).await.json()
}

/// §7, §9.1: in the answer and in the token, for the APIs of the types and for us.
#[tokio::test]
async fn what_was_allowed_in_detail_is_in_the_token_and_beside_it() {
    let office = open().await;
    let asked = json!([payment("123.50"), slots()]);
    let tokens = granted(&shop(&office), &office.browser, &asked).await;
    assert_eq!(tokens["authorization_details"], asked);
    let access = verified(&shop(&office), text(&tokens, "access_token")).await;
    assert_eq!(access["authorization_details"], asked);
    assert_eq!(access["aud"], json!([office.app.issuer(), LEDGER, PAYMENTS, SLOTS]));
    let id_token = part(text(&tokens, "id_token"), 1);
    assert!(id_token.get("authorization_details").is_none(), "{id_token}");
    let plain = shop(&office).tokens(&office.browser, &[]).await;
    assert!(plain.get("authorization_details").is_none(), "{plain}");
    let access = part(text(&plain, "access_token"), 1);
    assert!(
        access.get("authorization_details").is_none() && access["aud"] == office.app.issuer(),
        "{access}"
    );
}

/// §5: every refusal, at the authorization endpoint.
#[tokio::test]
async fn what_no_type_allows_is_refused() {
    let office = open().await;
    let shop = shop(&office);
    let with = |name: &str, value: Value| {
        let mut changed = payment("1");
        changed[name] = value;
        json!([changed]).to_string()
    };
    let mut without = payment("1");
    without.as_object_mut().unwrap().remove("creditor");
    let twice =
        json!([payment("1")]).to_string().replace("\"creditor\"", "\"creditor\":\"Eve\",\"creditor\"");
    for details in [
        "x".to_owned(),
        "{}".to_owned(),
        "[]".to_owned(),
        "[1]".to_owned(),
        payment("1").to_string(),
        json!([{ "creditor": "x" }]).to_string(),
        json!([{ "type": "unknown" }]).to_string(),
        json!([without]).to_string(),
        json!([payment("1"), payment("1")]).to_string(),
        json!((0..11).map(|n| payment(&n.to_string())).collect::<Vec<_>>()).to_string(),
        twice,
        with("extra", json!("x")),
        with("type", json!(["payment"])),
        with("creditor", json!(7)),
        with("creditor", json!("")),
        with("creditor", json!("x".repeat(61))),
        with("creditor", json!("Lindenhof\u{202e}")),
        with("amount", json!("1 EUR")),
        with("amount", json!({ "currency": "USD", "amount": "1" })),
        with("amount", json!({ "currency": "EUR", "amount": 1 })),
        with("urgent", json!("yes")),
        with("actions", json!("initiate")),
        with("actions", json!(["refund"])),
        with("locations", json!(["https://elsewhere.example.org"])),
        with("identifier", json!("x")),
        with("urgent", json!([[[[true]]]])),
        format!("[{}{}]", payment("1"), " ".repeat(4096)),
    ] {
        let answer = shop.authorize(&office.browser, &[("authorization_details", &details)]).await;
        assert_redirected_error(&answer, &shop, "invalid_authorization_details");
        assert_eq!(answer.parameter("state").as_deref(), Some("the state"));
    }
    let told = shop.authorize(&office.browser, &[("authorization_details", &with("extra", json!(1)))]).await;
    let told = told.parameter("error_description").unwrap();
    assert_eq!(told, "authorization_details: payment: extra is no member of this type");
}

/// §5, A18: of a type that this client was not given, or any where there are none.
#[tokio::test]
async fn a_type_that_the_client_may_not_use_is_refused() {
    let office = open().await;
    let details = json!([slots()]).to_string();
    for client in [saver(&office), office.practice()] {
        let answer = client.authorize(&office.browser, &[("authorization_details", &details)]).await;
        assert_redirected_error(&answer, &client, "invalid_authorization_details");
    }
    let batch = machine(&office, "batch");
    let fields = [("grant_type", "client_credentials"), ("authorization_details", &details)];
    assert_token_error(&batch.token(&fields).await, 400, "invalid_authorization_details");
    let none = Office::open().await;
    let answer = none.practice().authorize(&none.browser, &[("authorization_details", &details)]).await;
    assert_redirected_error(&answer, &none.practice(), "invalid_authorization_details");
}

/// What comes in the address of the browser is for no API.
#[tokio::test]
async fn a_flow_without_a_code_has_no_details() {
    let office = open().await;
    let saver = saver(&office);
    let details = json!([payment("1")]).to_string();
    let changes = [("response_type", "id_token"), ("authorization_details", details.as_str())];
    let answer = saver.authorize(&office.browser, &changes).await;
    assert!(answer.location().contains("#error=invalid_authorization_details"), "{}", answer.location());
    let changes = [("response_type", "code id_token token"), ("authorization_details", details.as_str())];
    let page = saver.authorize(&office.browser, &changes).await;
    let answer = decide(&office.browser, &page, "allow").await;
    let (_, fragment) = answer.location().split_once('#').map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
    let fields: std::collections::BTreeMap<String, String> = serde_urlencoded::from_str(&fragment).unwrap();
    let front = part(&fields["access_token"], 1);
    assert!(front.get("authorization_details").is_none() && front["aud"] == office.app.issuer(), "{front}");
    let tokens = saver.redeem(&fields["code"]).await.json();
    assert_eq!(tokens["authorization_details"], json!([payment("1")]));
}

/// A15: also of a client that the operator vouches for, also a second time, also where it was remembered.
#[tokio::test]
async fn a_person_is_asked_each_time() {
    let office = open().await;
    let details = json!([payment("1")]).to_string();
    for client in [shop(&office), saver(&office)] {
        for _ in 0..2 {
            let silent = [("prompt", "none"), ("authorization_details", details.as_str())];
            let answer = client.authorize(&office.browser, &silent).await;
            assert_redirected_error(&answer, &client, "consent_required");
            granted(&client, &office.browser, &json!([payment("1")])).await;
        }
        assert!(
            client.authorize(&office.browser, &[]).await.parameter("code").is_some(),
            "and no more than that"
        );
    }
    let page = shop(&office).authorize(&office.browser, &[("authorization_details", &details)]).await;
    let denied = decide(&office.browser, &page, "deny").await;
    assert_redirected_error(&denied, &shop(&office), "access_denied");
}

/// The APIs of the details are not opened for later requests.
#[tokio::test]
async fn details_open_no_api_by_themselves() {
    let office = open().await;
    granted(&saver(&office), &office.browser, &json!([payment("1")])).await;
    let answer = saver(&office).authorize(&office.browser, &[("resource", PAYMENTS)]).await;
    assert_redirected_error(&answer, &saver(&office), "invalid_target");
    let plain = saver(&office).tokens(&office.browser, &[]).await;
    assert_eq!(part(text(&plain, "access_token"), 1)["aud"], office.app.issuer());
}

/// J6: what one person allowed in an attempt is not the next one's.
#[tokio::test]
async fn the_next_person_at_the_browser_is_asked_too() {
    let office = open().await;
    office.app.person(EVE).await;
    let details = json!([payment("1")]).to_string();
    let page = shop(&office).authorize(&office.browser, &[("authorization_details", &details)]).await;
    let attempt = hidden(&page, "attempt").unwrap();
    office.browser.post("/oidc/consent", &[("attempt", &attempt), ("decision", "allow")]).await;
    office.log_out().await;
    let fields = [("attempt", attempt.as_str()), ("email", EVE), ("password", crate::support::PASSWORD)];
    office.browser.post("/login", &fields).await;
    let answer = office.browser.get(&format!("/oidc/authorize/resume?attempt={attempt}")).await;
    assert!(is_consent_page(&answer) && answer.body.contains("Make a payment"), "{answer:?}");
}

/// §11: all of it, in words, in the language of the reader, and never as markup.
#[tokio::test]
async fn the_page_says_all_of_it_in_words() {
    let office = open().await;
    let mut odd = payment("123.50");
    odd["creditor"] = json!("<script>alert(\"1\")</script> & Söhne");
    odd["urgent"] = json!(true);
    let details = json!([odd, slots(), booking()]).to_string();
    let page = shop(&office).authorize(&office.browser, &[("authorization_details", &details)]).await;
    assert!(is_consent_page(&page), "{page:?}");
    for expected in [
        "<h3>Make a payment</h3>",
        "Once, from your account.",
        "<dt>Amount</dt><dd>123.50 EUR</dd>",
        "<dt>Paid to</dt><dd>&lt;script&gt;alert(&quot;1&quot;)&lt;&#x2f;script&gt; &amp; Söhne</dd>",
        "<dt>Urgent</dt><dd>yes</dd>",
        "<dt>May</dt><dd>start it<br>status</dd>",
        "<dt>Where</dt><dd><code>https:&#x2f;&#x2f;ledger.example.org</code><br><code>https:&#x2f;&#x2f;payments.example.org</code></dd>",
        "<h3>See appointments</h3>",
        "<dt>Kinds of data</dt><dd>free</dd>",
        "<dt>Concerns</dt><dd>room 3</dd>",
        "<dt>Where</dt><dd><code>https:&#x2f;&#x2f;ledger.example.org</code></dd>",
        ADA,
    ] {
        assert!(page.body.contains(expected), "{expected:?} is not in: {}", page.body);
    }
    assert!(!page.body.contains("<script>alert"), "{}", page.body);
    let german = [("authorization_details", details.as_str()), ("ui_locales", "de")];
    let page = shop(&office).authorize(&office.browser, &german).await;
    for expected in ["Eine Zahlung auslösen", "<dt>Eilig</dt><dd>ja</dd>", "sie auslösen", "See appointments"]
    {
        assert!(page.body.contains(expected), "{expected:?} is not in: {}", page.body);
    }
}

/// §6.1: when the code is redeemed. The grant keeps the rest.
#[tokio::test]
async fn a_client_may_take_less_at_the_token_endpoint() {
    let office = open().await;
    let all = json!([payment("5"), slots()]);
    let mut less = payment("5");
    less["actions"] = json!(["status"]);
    let wanted = json!([less]).to_string();
    let answer = redeem(&office, &all, &[("authorization_details", &wanted)]).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let tokens = answer.json();
    assert_eq!(tokens["authorization_details"], json!([less]));
    let access = part(text(&tokens, "access_token"), 1);
    assert_eq!(access["authorization_details"], json!([less]));
    assert_eq!(access["aud"], json!([office.app.issuer(), LEDGER, PAYMENTS]));
    let refreshed = shop(&office).refresh(text(&tokens, "refresh_token")).await.json();
    assert_eq!(refreshed["authorization_details"], all);
}

/// §6.1, C7
#[tokio::test]
async fn a_client_may_not_take_more_at_the_token_endpoint() {
    let office = open().await;
    let held = json!([payment("5")]);
    let mut urgent = payment("5");
    urgent["urgent"] = json!(true);
    let mut elsewhere = payment("5");
    elsewhere["creditor"] = json!("Eve");
    for more in [
        json!([payment("6")]),
        json!([urgent]),
        json!([elsewhere]),
        json!([slots()]),
        json!([payment("5"), slots()]),
        json!([payment("5"), { "type": "other" }]),
        json!([]),
    ] {
        let answer = redeem(&office, &held, &[("authorization_details", &more.to_string())]).await;
        assert_token_error(&answer, 400, "invalid_authorization_details");
    }
    let tokens = granted(&shop(&office), &office.browser, &held).await;
    let more = json!([payment("6")]).to_string();
    let refresh = [
        ("grant_type", "refresh_token"),
        ("refresh_token", text(&tokens, "refresh_token")),
        ("authorization_details", more.as_str()),
    ];
    assert_token_error(&shop(&office).token(&refresh).await, 400, "invalid_authorization_details");
    let plain = shop(&office).tokens(&office.browser, &[]).await;
    let refresh = [
        ("grant_type", "refresh_token"),
        ("refresh_token", text(&plain, "refresh_token")),
        ("authorization_details", more.as_str()),
    ];
    assert_token_error(&shop(&office).token(&refresh).await, 400, "invalid_authorization_details");
}

/// §6.2, C7
#[tokio::test]
async fn a_refresh_keeps_what_was_allowed_and_may_take_less() {
    let office = open().await;
    let shop = shop(&office);
    let all = json!([payment("5"), slots()]);
    let tokens = granted(&shop, &office.browser, &all).await;
    let refresh = text(&tokens, "refresh_token").to_owned();
    let wanted = json!([slots()]);
    let sent = wanted.to_string();
    let fields = [
        ("grant_type", "refresh_token"),
        ("refresh_token", refresh.as_str()),
        ("authorization_details", sent.as_str()),
    ];
    let less = shop.token(&fields).await.json();
    assert_eq!(less["authorization_details"], wanted);
    let again = shop.refresh(&refresh).await.json();
    assert_eq!(again["authorization_details"], all);
    assert_eq!(part(text(&again, "access_token"), 1)["authorization_details"], all);
}

/// The same of a client whose consents are remembered: the details of its grant are not in what is remembered.
#[tokio::test]
async fn a_refresh_needs_no_remembered_details() {
    let office = open().await;
    let tokens = granted(&saver(&office), &office.browser, &json!([payment("5")])).await;
    let again = saver(&office).refresh(text(&tokens, "refresh_token")).await.json();
    assert_eq!(again["authorization_details"], json!([payment("5")]));
}

/// RFC 8707 §2.2, RFC 9396 §7: a token for one API says nothing that is for another.
#[tokio::test]
async fn a_token_has_what_is_for_its_audience() {
    let office = open().await;
    let all = json!([payment("5"), booking(), slots()]);
    for (api, meant) in [
        (PAYMENTS, json!([payment("5")])),
        (LEDGER, json!([payment("5"), booking()])),
        (SLOTS, json!([slots()])),
    ] {
        let tokens = redeem(&office, &all, &[("resource", api)]).await.json();
        assert_eq!(tokens["authorization_details"], meant, "{api}");
        let access = part(text(&tokens, "access_token"), 1);
        assert_eq!((&access["aud"], &access["authorization_details"]), (&json!(api), &meant));
    }
    let wanted = json!([slots()]).to_string();
    let crossed = [("resource", PAYMENTS), ("authorization_details", wanted.as_str())];
    assert_token_error(&redeem(&office, &all, &crossed).await, 400, "invalid_target");
    let wanted = json!([payment("5"), slots()]).to_string();
    let crossed = [("resource", PAYMENTS), ("authorization_details", wanted.as_str())];
    assert_token_error(&redeem(&office, &all, &crossed).await, 400, "invalid_authorization_details");
    let elsewhere = redeem(&office, &json!([slots()]), &[("resource", PAYMENTS)]).await;
    assert_token_error(&elsewhere, 400, "invalid_target");
}

/// §9.2, C18: an API learns what is for it, the client all of it, others nothing.
#[tokio::test]
async fn introspection_tells_each_api_its_own() {
    let office = open().await;
    let all = json!([payment("5"), booking(), slots()]);
    let tokens = granted(&shop(&office), &office.browser, &all).await;
    let access = text(&tokens, "access_token");
    for (id, meant) in [
        ("batch", json!([payment("5")])),
        ("ledger", json!([payment("5"), booking()])),
        ("slots", json!([slots()])),
    ] {
        let known = introspect(&machine(&office, id), access).await;
        assert_eq!((&known["active"], &known["authorization_details"]), (&json!(true), &meant), "{id}");
    }
    assert_eq!(introspect(&shop(&office), access).await["authorization_details"], all);
    assert_eq!(
        introspect(&shop(&office), text(&tokens, "refresh_token")).await["authorization_details"],
        all
    );
    assert_eq!(introspect(&office.practice(), access).await, json!({ "active": false }));
    let basic = crate::support::client::basic_auth("slots", SECRET);
    let headers = [("authorization", basic.as_str()), ("accept", "application/token-introspection+jwt")];
    let answer = office.slots().post("/oidc/introspect", &headers, &super::form(&[("token", access)])).await;
    let signed = verified(&office.slots(), &answer.body).await;
    assert_eq!(signed["token_introspection"]["authorization_details"], json!([slots()]));
}

/// A18, C6: what an operator takes away from a client is gone at its next refresh.
#[tokio::test]
async fn a_type_that_a_client_may_no_longer_use_is_gone_at_the_next_refresh() {
    let office = open().await;
    let tokens = granted(&shop(&office), &office.browser, &json!([payment("5"), slots()])).await;
    let change = "UPDATE client SET settings = \
         json_set(settings, '$.authorization_details_types', json('[\"slots\"]')) WHERE id = 'shop'";
    office.app.sql(change).await;
    let refreshed = shop(&office).refresh(text(&tokens, "refresh_token")).await.json();
    assert_eq!(refreshed["authorization_details"], json!([slots()]));
    assert_eq!(part(text(&refreshed, "access_token"), 1)["aud"], json!([office.app.issuer(), SLOTS]));
}

/// RFC 9126 §2.1: judged when it is pushed, asked for when the person comes.
#[tokio::test]
async fn details_may_be_pushed() {
    let office = open().await;
    let shop = shop(&office);
    let push = async |details: &str| {
        let request = shop.request_with(&[("authorization_details", details)]);
        let fields: Vec<(&str, &str)> =
            request.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        shop.call("/oidc/par", &fields).await
    };
    let wrong = push(&json!([{ "type": "unknown" }]).to_string()).await;
    assert_token_error(&wrong, 400, "invalid_authorization_details");
    let pushed = push(&json!([payment("5")]).to_string()).await.json();
    let beside = json!([payment("1")]).to_string();
    let query = [
        ("client_id", "shop"),
        ("request_uri", text(&pushed, "request_uri")),
        ("authorization_details", beside.as_str()),
    ];
    let query = serde_urlencoded::to_string(query).unwrap();
    let page = office.browser.get(&format!("/oidc/authorize?{query}")).await;
    let code = decide(&office.browser, &page, "allow").await.parameter("code").unwrap();
    let tokens = shop.redeem(&code).await.json();
    assert_eq!(tokens["authorization_details"], json!([payment("5")]), "what stands beside does not count");
}

/// RFC 9101 §4: as JSON inside of the object, as the claim of a JWT is.
#[tokio::test]
async fn details_may_be_signed() {
    let key = Signer::new(SigningAlg::Es256);
    let settings = format!(
        "type = \"spa\"\nredirect_uris = [\"https://lab.example.org/cb\"]\n\
         authorization_details_types = [\"payment\"]\n{TYPES}"
    );
    let (office, lab) = Office::with_lab(&key, &settings).await;
    let now = office.app.app.clock.now().unix_timestamp();
    let mut claims = json!({ "iss": "lab", "aud": office.app.issuer(), "exp": now + 300 });
    for (name, value) in lab.request() {
        claims[name] = value.into();
    }
    let send = async |claims: &Value| {
        let object = key.sign(&json!({}), claims);
        let beside = json!([payment("1")]).to_string();
        let query = [
            ("client_id", "lab"),
            ("request", object.as_str()),
            ("redirect_uri", "https://lab.example.org/cb"),
            ("authorization_details", beside.as_str()),
        ];
        let query = serde_urlencoded::to_string(query).unwrap();
        office.browser.get(&format!("/oidc/authorize?{query}")).await
    };
    assert!(send(&claims).await.parameter("code").is_some(), "what stands beside does not count");
    for details in [json!([payment("5")]), json!(json!([payment("5")]).to_string())] {
        claims["authorization_details"] = details;
        let code = decide(&office.browser, &send(&claims).await, "allow").await.parameter("code").unwrap();
        let tokens = lab.redeem(&code).await.json();
        assert_eq!(tokens["authorization_details"], json!([payment("5")]));
    }
    claims["authorization_details"] = json!([slots()]);
    assert_redirected_error(&send(&claims).await, &lab, "invalid_authorization_details");
}

/// OIDC Core §3.1.2.1: by POST as by GET; given twice it is refused (RFC 6749 §3.1).
#[tokio::test]
async fn details_may_be_posted_and_stand_there_once() {
    let office = open().await;
    let shop = shop(&office);
    let details = json!([payment("5")]).to_string();
    let request = shop.request_with(&[("authorization_details", &details)]);
    let body = serde_urlencoded::to_string(&request).unwrap();
    let headers = [("content-type", "application/x-www-form-urlencoded"), ("sec-fetch-site", "cross-site")];
    let led =
        office.browser.send(reqwest::Method::POST, "/oidc/authorize", &headers, Some(body.clone())).await;
    let page = office.browser.get(&led.location()).await;
    assert!(is_consent_page(&page) && page.body.contains("5 EUR"), "{page:?}");
    let twice = serde_urlencoded::to_string([("authorization_details", &details)]).unwrap();
    let answer = office.browser.get(&format!("/oidc/authorize?{body}&{twice}")).await;
    assert_redirected_error(&answer, &shop, "invalid_request");
}

/// RFC 8628 §3.1
#[tokio::test]
async fn a_device_asks_in_detail() {
    let office = open().await;
    let kiosk = office.client("kiosk", None, "");
    let ask = async |details: &Value| {
        let details = details.to_string();
        let fields = [("scope", "openid"), ("authorization_details", details.as_str())];
        kiosk.call("/oidc/device_authorization", &fields).await
    };
    assert_token_error(&ask(&json!([slots()])).await, 400, "invalid_authorization_details");
    let begun = ask(&json!([payment("5"), payment("6")])).await.json();
    let user = text(&begun, "user_code");
    let page = office.browser.post("/device", &[("user_code", user)]).await.body;
    for shown in ["Make a payment", "<dd>5 EUR</dd>", "<dd>6 EUR</dd>", "<dd>Lindenhof</dd>"] {
        assert!(page.contains(shown), "{shown}: {page}");
    }
    office.browser.post("/device/decide", &[("user_code", user), ("decision", "allow")]).await;
    office.app.advance(Duration::seconds(5));
    let wanted = json!([payment("6")]).to_string();
    let fields = [
        ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
        ("device_code", text(&begun, "device_code")),
        ("authorization_details", wanted.as_str()),
    ];
    let tokens = kiosk.token(&fields).await.json();
    assert_eq!(tokens["authorization_details"], json!([payment("6")]), "{tokens}");
    let refreshed = kiosk.refresh(text(&tokens, "refresh_token")).await.json();
    assert_eq!(refreshed["authorization_details"], json!([payment("5"), payment("6")]));
}

/// RFC 6749 §4.4: nobody is there to be asked, so the operator's word counts.
#[tokio::test]
async fn a_machine_asks_for_itself() {
    let office = open().await;
    let batch = machine(&office, "batch");
    let details = json!([payment("5")]).to_string();
    let fields = [
        ("grant_type", "client_credentials"),
        ("resource", PAYMENTS),
        ("authorization_details", details.as_str()),
    ];
    let tokens = batch.token(&fields).await.json();
    assert_eq!(tokens["authorization_details"], json!([payment("5")]));
    let access = verified(&batch, text(&tokens, "access_token")).await;
    assert_eq!((&access["sub"], &access["aud"]), (&json!("batch"), &json!(PAYMENTS)));
    assert_eq!(access["authorization_details"], json!([payment("5")]));
    let plain = batch.token(&[("grant_type", "client_credentials")]).await.json();
    assert!(plain.get("authorization_details").is_none(), "{plain}");
    let none = batch.token(&[("grant_type", "client_credentials"), ("resource", PAYMENTS)]).await;
    assert_token_error(&none, 400, "invalid_target");
    let wrong = [("grant_type", "client_credentials"), ("authorization_details", "[{\"type\":\"payment\"}]")];
    assert_token_error(&batch.token(&wrong).await, 400, "invalid_authorization_details");
}

/// RFC 8693: what a person allowed one application is not passed on, and nothing can be asked for in their place.
#[tokio::test]
async fn an_exchange_carries_no_details() {
    let office = open().await;
    let tokens = granted(&shop(&office), &office.browser, &json!([payment("5")])).await;
    let batch = machine(&office, "batch");
    let details = json!([payment("5")]).to_string();
    let mut fields = vec![
        ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
        ("subject_token", text(&tokens, "access_token")),
        ("subject_token_type", "urn:ietf:params:oauth:token-type:access_token"),
        ("resource", "https://letters.example.org"),
    ];
    let exchanged = batch.token(&fields).await.json();
    assert!(exchanged.get("authorization_details").is_none(), "{exchanged}");
    assert!(part(text(&exchanged, "access_token"), 1).get("authorization_details").is_none());
    fields.push(("authorization_details", &details));
    assert_token_error(&batch.token(&fields).await, 400, "invalid_authorization_details");
    let fields = [
        ("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"),
        ("assertion", "x"),
        ("authorization_details", details.as_str()),
    ];
    assert_token_error(&batch.token(&fields).await, 400, "invalid_authorization_details");
}

/// A code and a grant are their client's, with what was allowed in detail.
#[tokio::test]
async fn another_client_gets_nothing_of_it() {
    let office = open().await;
    let details = json!([payment("5")]).to_string();
    let page = shop(&office).authorize(&office.browser, &[("authorization_details", &details)]).await;
    let code = decide(&office.browser, &page, "allow").await.parameter("code").unwrap();
    assert_token_error(&saver(&office).redeem(&code).await, 400, "invalid_grant");
    let tokens = granted(&shop(&office), &office.browser, &json!([payment("5")])).await;
    let stolen = saver(&office).refresh(text(&tokens, "refresh_token")).await;
    assert_token_error(&stolen, 400, "invalid_grant");
}

/// The trail says of which types, and no names and amounts.
#[tokio::test]
async fn the_record_of_a_consent_names_the_types() {
    let office = open().await;
    granted(&shop(&office), &office.browser, &json!([payment("5"), slots()])).await;
    let records = office.app.texts("SELECT detail FROM audit_event WHERE kind = 'consent-granted'").await;
    let record: Value = serde_json::from_str(records.last().unwrap()).unwrap();
    assert!(record.to_string().contains("[\"payment\",\"slots\"]"), "{record}");
    assert!(!record.to_string().contains("Lindenhof"), "{record}");
}

/// §10: the types there are, where there are any.
#[tokio::test]
async fn the_metadata_names_the_types() {
    let member = "authorization_details_types_supported";
    let metadata =
        async |office: &Office| office.practice().get("/.well-known/openid-configuration", &[]).await.json();
    assert_eq!(metadata(&open().await).await[member], json!(["payment", "slots"]));
    assert!(metadata(&Office::open().await).await.get(member).is_none());
}

/// §10, A18: an application that registers itself chooses among the types that the operator has opened to it.
#[tokio::test]
async fn an_application_registers_for_open_types() {
    let office = Office::with(&format!("[registration]\nopen = true\n{TYPES}{CLIENTS}")).await;
    let register = async |types: Value| {
        let body =
            json!({ "redirect_uris": ["https://new.example.org/cb"], "authorization_details_types": types });
        let request = office.practice().http.post(office.app.url("/oidc/register")).json(&body);
        Answer::of(request.send().await.unwrap()).await
    };
    for types in [json!(["payment"]), json!(["slots", "unknown"]), json!([""]), json!("slots")] {
        let answer = register(types).await;
        assert_eq!(
            (answer.status.as_u16(), &answer.json()["error"]),
            (400, &json!("invalid_client_metadata"))
        );
    }
    let registered = register(json!(["slots"])).await.json();
    assert_eq!(registered["authorization_details_types"], json!(["slots"]));
    let secret = Some(text(&registered, "client_secret"));
    let new = office.client(text(&registered, "client_id"), secret, "https://new.example.org/cb");
    let tokens = granted(&new, &office.browser, &json!([slots()])).await;
    assert_eq!(tokens["authorization_details"], json!([slots()]));
    let none = register(json!([])).await.json();
    assert!(none.get("authorization_details_types").is_none(), "{none}");
}
