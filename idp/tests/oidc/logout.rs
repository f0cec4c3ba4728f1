//! RP-initiated logout: D5, D6, D8, checklist 24.

use idp::model::key::SigningAlg;
use reqwest::Method;
use serde_json::json;
use time::Duration;

use super::{
    ADA, EVE, Office, assert_redirected_error, assert_stays_here, assert_token_error, forgeries, form,
    hidden, part, text,
};
use crate::support::{Answer, Browser, PASSWORD};

const BYE: &str = "https://practice.example.org/bye";

fn path(fields: &[(&str, &str)]) -> String {
    format!("/oidc/logout?{}", form(fields))
}

/// An ID token of the practice for whoever is signed in in this browser.
async fn hint(office: &Office, browser: &Browser) -> String {
    text(&office.practice().tokens(browser, &[]).await, "id_token").to_owned()
}

/// As an application sends a person here.
async fn get(browser: &Browser, fields: &[(&str, &str)]) -> Answer {
    browser.get_with(&path(fields), &[("sec-fetch-site", "cross-site")]).await
}

fn asks(answer: &Answer) -> bool {
    answer.status == 200 && answer.body.contains("action=\"/oidc/logout/confirm\"")
}

async fn confirm(browser: &Browser, page: &Answer) -> Answer {
    assert!(asks(page), "{page:?}");
    browser.post("/oidc/logout/confirm", &[("request", &hidden(page, "request").unwrap())]).await
}

/// D8, checklist 24
#[tokio::test]
async fn an_application_that_proves_whom_it_speaks_of_logs_them_out() {
    let office = Office::open().await;
    let practice = office.practice();
    let tokens = practice.tokens(&office.browser, &[]).await;
    let fields =
        [("id_token_hint", text(&tokens, "id_token")), ("post_logout_redirect_uri", BYE), ("state", "a b&c")];
    let answer = get(&office.browser, &fields).await;
    assert_eq!((answer.status.as_u16(), answer.location()), (303, format!("{BYE}?state=a+b%26c")));

    assert!(!office.browser.is_signed_in().await);
    let silent = practice.authorize(&office.browser, &[("prompt", "none")]).await;
    assert_redirected_error(&silent, &practice, "login_required");
    assert_token_error(&practice.refresh(text(&tokens, "refresh_token")).await, 400, "invalid_grant");
    assert_eq!(practice.userinfo(text(&tokens, "access_token")).await.status, 401);
}

/// D8, S20
#[tokio::test]
async fn logging_out_takes_the_cookies_and_caches_away() {
    let office = Office::open().await;
    let hint = hint(&office, &office.browser).await;
    let answer = get(&office.browser, &[("id_token_hint", &hint)]).await;
    let cookies: Vec<&str> =
        answer.headers.get_all("set-cookie").iter().map(|c| c.to_str().unwrap()).collect();
    for name in ["idp_session=;", "idp_account=;"] {
        assert!(cookies.iter().any(|c| c.starts_with(name) && c.contains("Max-Age=0")), "{cookies:?}");
    }
    assert_eq!(answer.header("clear-site-data"), "\"cache\", \"storage\"");
}

/// D8: the session ends on the server, not only in the browser.
#[tokio::test]
async fn the_session_itself_is_gone() {
    let office = Office::open().await;
    let other = office.browser_of(ADA).await;
    let hint = hint(&office, &office.browser).await;
    get(&office.browser, &[("id_token_hint", &hint)]).await;
    let sid = part(&hint, 1)["sid"].as_str().unwrap().parse().unwrap();
    let found = idp::store::sessions::of_user_by_id(&office.app.app.store, office.ada.id, sid).await.unwrap();
    assert!(found.is_none());
    assert!(other.is_signed_in().await, "the one in another browser goes on");
}

/// D8: by POST, which comes without our cookies and is continued by a GET.
#[tokio::test]
async fn an_application_may_post() {
    let office = Office::open().await;
    let hint = hint(&office, &office.browser).await;
    let body = form(&[("id_token_hint", &hint), ("post_logout_redirect_uri", BYE), ("state", "s")]);
    let headers = [("content-type", "application/x-www-form-urlencoded"), ("sec-fetch-site", "cross-site")];
    let posted = office.app.browser().send(Method::POST, "/oidc/logout", &headers, Some(body)).await;
    assert_eq!(posted.status, 303);
    assert!(
        posted.headers.get("set-cookie").is_none() && posted.location().starts_with("/oidc/logout/resume?")
    );
    let answer = office.browser.get_with(&posted.location(), &[("sec-fetch-site", "cross-site")]).await;
    assert_eq!(answer.location(), format!("{BYE}?state=s"));
    assert!(!office.browser.is_signed_in().await);
    assert_stays_here(&office.browser.get(&posted.location()).await);
}

#[tokio::test]
async fn the_query_of_the_address_stays_as_it_is() {
    let office = Office::open().await;
    for (state, expected) in [
        ("s", "https://practice.example.org/bye?from=idp&state=s"),
        ("", "https://practice.example.org/bye?from=idp"),
    ] {
        let hint = hint(&office, &office.browser_of(ADA).await).await;
        let uri = "https://practice.example.org/bye?from=idp";
        let fields = [("id_token_hint", hint.as_str()), ("post_logout_redirect_uri", uri), ("state", state)];
        assert_eq!(get(&office.app.browser(), &fields).await.location(), expected);
    }
}

/// D5, checklist 24: no parameters, only a state, or an address without proof: the person is asked, and
/// afterwards stays here.
#[tokio::test]
async fn without_proof_the_person_is_asked_and_stays_here() {
    let office = Office::open().await;
    for fields in [
        &[][..],
        &[("state", "s")],
        &[("post_logout_redirect_uri", BYE)],
        &[("post_logout_redirect_uri", BYE), ("state", "s"), ("client_id", "practice")],
        &[("post_logout_redirect_uri", "https://evil.example/")],
        &[("logout_hint", ADA), ("ui_locales", "se de")],
        &[("id_token_hint", "")],
    ] {
        let browser = office.browser_of(ADA).await;
        let page = get(&browser, fields).await;
        assert!(asks(&page) && page.headers.get("location").is_none(), "{fields:?}: {page:?}");
        assert!(browser.is_signed_in().await, "not before it is confirmed");
        let answer = confirm(&browser, &page).await;
        assert_eq!(
            (answer.status.as_u16(), answer.location().as_str()),
            (303, "/login/signed-out"),
            "{fields:?}"
        );
        assert!(!browser.is_signed_in().await);
    }
}

/// D5, C2, checklist 24
#[tokio::test]
async fn a_forged_hint_gets_a_page_and_logs_nobody_out() {
    let (office, other) = (Office::open().await, Office::open().await);
    let good = hint(&office, &office.browser).await;
    let tokens = office.practice().tokens(&office.browser, &[]).await;
    let mut claims = part(&good, 1);
    claims["iss"] = json!("https://other.example");
    let mut bad = forgeries(&good);
    bad.push(hint(&other, &other.browser).await);
    bad.push(office.signed(SigningAlg::Rs256, "JWT", &claims).await);
    bad.push(text(&tokens, "access_token").to_owned());
    bad.extend(["x".to_owned(), "x".repeat(9000)]);
    for hint in bad {
        let fields = [("id_token_hint", hint.as_str()), ("post_logout_redirect_uri", BYE), ("state", "s")];
        assert_stays_here(&get(&office.browser, &fields).await);
        assert_stays_here(&get(&office.app.browser(), &fields).await);
    }
    assert!(office.browser.is_signed_in().await);
}

/// D5, checklist 24
#[tokio::test]
async fn an_address_that_is_not_registered_gets_a_page() {
    let office = Office::open().await;
    let hint = hint(&office, &office.browser).await;
    for uri in [
        "https://evil.example/",
        "https://practice.example.org/bye/",
        "https://practice.example.org/bye#",
        "https://practice.example.org/bye?",
        "https://practice.example.org/bye?from=idp&x=1",
        "https://practice.example.org/BYE",
        "HTTPS://practice.example.org/bye",
        "https://practice.example.org:443/bye",
        "https://practice.example.org@evil.example/bye",
        "https://practice.example.org.evil.example/bye",
        "https://practice.example.org/cb",
        "https://pharmacy.example.org/bye",
        "javascript:alert(1)",
        "//practice.example.org/bye",
        "/bye",
        " ",
        "https://practice.example.org/bye ",
        "https://practice.example.org/bye\r\nx: y",
        "https://practice.example.org\\bye",
        "http://practice.example.org/bye",
        "https://practice.example.org/bye/../bye",
        "https://practice.example.org/%62ye",
    ] {
        let fields = [("id_token_hint", hint.as_str()), ("post_logout_redirect_uri", uri), ("state", "s")];
        let here = get(&office.browser, &fields).await;
        assert_stays_here(&here);
        assert!(here.body.contains("You are still logged in"), "{}", here.body);
        assert_stays_here(&get(&office.app.browser(), &fields).await);
    }
    assert!(office.browser.is_signed_in().await);
}

/// RP-Initiated Logout §2: "the OP MUST verify that the Client Identifier matches".
#[tokio::test]
async fn a_hint_for_another_client_gets_a_page() {
    let office = Office::open().await;
    let hint = hint(&office, &office.browser).await;
    for id in ["pharmacy", "nobody", "PRACTICE"] {
        let fields = [("id_token_hint", hint.as_str()), ("client_id", id), ("post_logout_redirect_uri", BYE)];
        assert_stays_here(&get(&office.browser, &fields).await);
    }
    assert!(office.browser.is_signed_in().await);
    let fields =
        [("id_token_hint", hint.as_str()), ("client_id", "practice"), ("post_logout_redirect_uri", BYE)];
    assert_eq!(get(&office.browser, &fields).await.location(), BYE);
}

#[tokio::test]
async fn the_hint_of_a_disabled_client_leads_nowhere() {
    let office = Office::open().await;
    let hint = hint(&office, &office.browser).await;
    super::disable_client(&office.app, "practice").await;
    let fields = [("id_token_hint", hint.as_str()), ("post_logout_redirect_uri", BYE)];
    assert_stays_here(&get(&office.browser, &fields).await);
}

#[tokio::test]
async fn a_parameter_given_twice_gets_a_page() {
    let office = Office::open().await;
    let hint = hint(&office, &office.browser).await;
    for name in ["id_token_hint", "post_logout_redirect_uri", "state"] {
        let mut fields =
            vec![("id_token_hint", hint.as_str()), ("post_logout_redirect_uri", BYE), ("state", "s")];
        let again = *fields.iter().find(|(known, _)| *known == name).unwrap();
        fields.push(again);
        assert_stays_here(&get(&office.browser, &fields).await);
    }
    assert!(office.browser.is_signed_in().await);
}

/// D6: of this very session, as long as the session lives.
#[tokio::test]
async fn an_expired_hint_of_this_session_will_do() {
    let office = Office::open().await;
    let hint = hint(&office, &office.browser).await;
    office.app.advance(Duration::minutes(45));
    assert!(office.browser.is_signed_in().await);
    let fields = [("id_token_hint", hint.as_str()), ("post_logout_redirect_uri", BYE)];
    assert_eq!(get(&office.browser, &fields).await.location(), BYE);
    assert!(!office.browser.is_signed_in().await);
}

/// D6: an old token of somebody else proves nothing about the person who is here now.
#[tokio::test]
async fn a_hint_about_somebody_else_asks_the_person() {
    let office = Office::open().await;
    office.app.person(EVE).await;
    let eves = hint(&office, &office.browser_of(EVE).await).await;
    for later in [Duration::ZERO, Duration::minutes(30)] {
        office.app.advance(later);
        let fields = [("id_token_hint", eves.as_str()), ("post_logout_redirect_uri", BYE), ("state", "s")];
        let page = get(&office.browser, &fields).await;
        assert!(asks(&page), "{page:?}");
        assert!(page.body.contains("Practice Web"), "{}", page.body);
        assert!(office.browser.is_signed_in().await);
    }
}

/// D5: after a hint that fits its client, the confirmed logout returns to that client.
#[tokio::test]
async fn a_confirmed_logout_returns_to_the_hinted_client() {
    let office = Office::open().await;
    office.app.person(EVE).await;
    let eves = hint(&office, &office.browser_of(EVE).await).await;
    let fields = [("id_token_hint", eves.as_str()), ("post_logout_redirect_uri", BYE), ("state", "s")];
    let page = get(&office.browser, &fields).await;
    let policy = page.header("content-security-policy").to_owned();
    assert!(policy.contains("form-action 'self' https://practice.example.org;"), "{policy}");
    assert_eq!(confirm(&office.browser, &page).await.location(), format!("{BYE}?state=s"));
    assert!(!office.browser.is_signed_in().await);
}

/// RP-Initiated Logout §2: somebody who is logged out already is simply sent back.
#[tokio::test]
async fn without_a_session_there_is_nothing_to_ask() {
    let office = Office::open().await;
    let hint = hint(&office, &office.browser).await;
    let nobody = office.app.browser();
    let fields = [("id_token_hint", hint.as_str()), ("post_logout_redirect_uri", BYE), ("state", "s")];
    assert_eq!(get(&nobody, &fields).await.location(), format!("{BYE}?state=s"));
    assert_eq!(get(&nobody, &[]).await.location(), "/login/signed-out");
    assert_eq!(get(&nobody, &[("post_logout_redirect_uri", BYE)]).await.location(), "/login/signed-out");
    assert!(office.browser.is_signed_in().await);
}

/// D8, L3: another site can not press our button.
#[tokio::test]
async fn a_confirmation_comes_from_our_own_page() {
    let office = Office::open().await;
    let page = get(&office.browser, &[]).await;
    let request = hidden(&page, "request").unwrap();
    let csrf = office.browser.csrf().await;
    let content = ("content-type", "application/x-www-form-urlencoded");
    for (site, csrf) in
        [("cross-site", csrf.as_str()), ("same-site", &csrf), ("same-origin", ""), ("same-origin", "wrong")]
    {
        let body = form(&[("csrf", csrf), ("request", &request)]);
        let headers = [content, ("sec-fetch-site", site)];
        let answer = office.browser.send(Method::POST, "/oidc/logout/confirm", &headers, Some(body)).await;
        assert_eq!(answer.status, 403, "{site} {csrf:?}");
    }
    assert!(office.browser.is_signed_in().await);
}

#[tokio::test]
async fn a_question_is_answered_once_and_within_ten_minutes() {
    let office = Office::open().await;
    let page = get(&office.browser, &[]).await;
    office.app.advance(Duration::minutes(11));
    assert_stays_here(&confirm(&office.browser, &page).await);
    assert!(office.browser.is_signed_in().await);
    let page = get(&office.browser, &[]).await;
    assert_eq!(confirm(&office.browser, &page).await.status, 303);
    office.browser.log_in_with_password(ADA, PASSWORD).await;
    assert_stays_here(&confirm(&office.browser, &page).await);
    assert!(office.browser.is_signed_in().await);
}

/// §2.2: an identifier of one store is nothing in another.
#[tokio::test]
async fn the_handle_of_a_posted_request_confirms_nothing() {
    let office = Office::open().await;
    let headers = [("content-type", "application/x-www-form-urlencoded")];
    let posted =
        office.app.browser().send(Method::POST, "/oidc/logout", &headers, Some("state=s".to_owned())).await;
    let request = posted.parameter("request").unwrap();
    let answer = office.browser.post("/oidc/logout/confirm", &[("request", &request)]).await;
    assert_stays_here(&answer);
    assert!(office.browser.is_signed_in().await);
}

/// And the other way round: the handle of a question is no posted request.
#[tokio::test]
async fn the_handle_of_a_question_is_no_request() {
    let office = Office::open().await;
    let page = get(&office.browser, &[]).await;
    let request = hidden(&page, "request").unwrap();
    assert_stays_here(&office.browser.get(&format!("/oidc/logout/resume?request={request}")).await);
    assert!(office.browser.is_signed_in().await);
}

/// M8
#[tokio::test]
async fn logging_out_is_on_record() {
    let office = Office::open().await;
    let hint = hint(&office, &office.browser).await;
    get(&office.browser, &[("id_token_hint", &hint)]).await;
    let records = idp::store::audit::after(&office.app.app.store, 0, 100).await.unwrap();
    assert_eq!(records.iter().filter(|record| record.kind == "signed-out").count(), 1);
}
