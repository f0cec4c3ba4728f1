//! `prompt=select_account`: whoever is signed in is asked whether to go on as they are (checklist 8, OIDC Core
//! §3.1.2.1).

use time::Duration;

use super::{
    ADA, EVE, Office, assert_redirected_error, assert_stays_here, decide, hidden, is_consent_page, part,
    sign_in, text,
};
use crate::support::{Answer, Application, Browser};

const SELECT: (&str, &str) = ("prompt", "select_account");

/// An office a while after Ada signed in.
async fn office() -> Office {
    let office = Office::open().await;
    office.app.advance(Duration::seconds(30));
    office
}

async fn subject(client: &Application, answer: &Answer) -> String {
    let code = answer.parameter("code").unwrap_or_else(|| panic!("no code: {answer:?}"));
    text(&part(text(&client.redeem(&code).await.json(), "id_token"), 1), "sub").to_owned()
}

/// Follows to the page and returns it.
async fn chooser(browser: &Browser, led_here: &Answer) -> Answer {
    assert!(led_here.location().starts_with("/login/choose?attempt="), "{led_here:?}");
    let page = browser.get(&led_here.location()).await;
    assert!(page.status == 200 && page.body.contains("Choose an account"), "{page:?}");
    page
}

/// Presses a button of the page; the answer says where it leads.
async fn press(browser: &Browser, page: &Answer, account: &str) -> Answer {
    let attempt = hidden(page, "attempt").unwrap();
    browser.post("/login/choose", &[("attempt", &attempt), ("account", account)]).await
}

#[tokio::test]
async fn the_person_who_is_signed_in_goes_on_with_the_session_there_is() {
    let office = office().await;
    let practice = office.practice();
    let before = practice.tokens(&office.browser, &[]).await;
    let page = chooser(&office.browser, &practice.authorize(&office.browser, &[SELECT]).await).await;
    for shown in ["Practice Web", "Ada Lovelace", ADA, "Continue as Ada Lovelace", "Use another account"] {
        assert!(page.body.contains(shown), "{shown}: {}", page.body);
    }
    let chosen = press(&office.browser, &page, "here").await;
    let answer = office.browser.get(&chosen.location()).await;
    let code = answer.parameter("code").unwrap_or_else(|| panic!("{answer:?}"));
    let after = practice.redeem(&code).await.json();
    let (before, after) = (part(text(&before, "id_token"), 1), part(text(&after, "id_token"), 1));
    for same in ["sub", "sid", "auth_time"] {
        assert_eq!(before[same], after[same], "{same}");
    }
}

#[tokio::test]
async fn another_account_begins_a_sign_in_of_its_own() {
    let office = office().await;
    let eve = office.app.person(EVE).await;
    let practice = office.practice();
    let led_here = practice.authorize(&office.browser, &[SELECT, ("login_hint", ADA)]).await;
    let page = chooser(&office.browser, &led_here).await;
    let chosen = press(&office.browser, &page, "another").await;
    let form = office.browser.get(&chosen.location()).await;
    assert!(form.body.contains("name=\"email\" type=\"email\" value=\"\""), "{}", form.body);
    let attempt = hidden(&page, "attempt").unwrap();
    let resumed = office.browser.get(&format!("/oidc/authorize/resume?attempt={attempt}")).await;
    assert!(resumed.location().starts_with("/login?attempt="), "Ada's session does not answer: {resumed:?}");
    let answer = sign_in(&office.browser, &chosen, EVE).await;
    assert_eq!(subject(&practice, &answer).await, eve.id.to_string());
}

/// Whoever presses the one button and then, back in the browser, the other, means the last.
#[tokio::test]
async fn a_choice_can_be_made_again() {
    let office = office().await;
    let practice = office.practice();
    let page = chooser(&office.browser, &practice.authorize(&office.browser, &[SELECT]).await).await;
    press(&office.browser, &page, "another").await;
    let chosen = press(&office.browser, &page, "here").await;
    let answer = office.browser.get(&chosen.location()).await;
    assert_eq!(subject(&practice, &answer).await, office.ada.id.to_string());
}

/// Step-up still holds: the choice is no proof.
#[tokio::test]
async fn going_on_as_one_is_does_not_replace_a_proof() {
    let office = office().await;
    let practice = office.practice();
    for more in [
        &[("prompt", "login select_account")][..],
        &[SELECT, ("max_age", "5")],
        &[SELECT, ("acr_values", "phr")],
    ] {
        let page = chooser(&office.browser, &practice.authorize(&office.browser, more).await).await;
        let chosen = press(&office.browser, &page, "here").await;
        let resumed = office.browser.get(&chosen.location()).await;
        assert!(resumed.location().starts_with("/login?attempt="), "{more:?}: {resumed:?}");
        let form = office.browser.get(&resumed.location()).await;
        assert!(form.body.contains(&format!("value=\"{ADA}\"")), "who was chosen: {}", form.body);
    }
}

#[tokio::test]
async fn consent_is_asked_for_after_the_choice() {
    let office = office().await;
    let changes = [("prompt", "consent select_account")];
    let page = chooser(&office.browser, &office.practice().authorize(&office.browser, &changes).await).await;
    let chosen = press(&office.browser, &page, "here").await;
    let asked = office.browser.get(&chosen.location()).await;
    assert!(is_consent_page(&asked), "{asked:?}");
    assert!(decide(&office.browser, &asked, "allow").await.parameter("code").is_some());
}

#[tokio::test]
async fn where_nobody_is_signed_in_the_sign_in_page_is_the_choice() {
    let office = office().await;
    let nobody = office.app.browser();
    let led_here = office.practice().authorize(&nobody, &[SELECT]).await;
    let answer = sign_in(&nobody, &led_here, ADA).await;
    assert!(answer.parameter("code").is_some(), "and whoever has just signed in has chosen: {answer:?}");
}

/// OIDC Core §3.1.2.1: "If this parameter contains none with any other value, an error is returned."
#[tokio::test]
async fn none_excludes_a_choice() {
    let office = office().await;
    let practice = office.practice();
    for prompt in ["none select_account", "select_account none"] {
        let answer = practice.authorize(&office.browser, &[("prompt", prompt)]).await;
        assert_redirected_error(&answer, &practice, "invalid_request");
    }
}

/// `login_hint` is a hint: it puts another account first, fills its address in, and forces nobody.
#[tokio::test]
async fn a_hint_about_somebody_else_preselects_another_account() {
    let office = office().await;
    let practice = office.practice();
    let position = |page: &Answer, text: &str| page.body.find(text).unwrap();
    let other_first = |page: &Answer| position(page, "value=\"another\"") < position(page, "value=\"here\"");
    for (hint, expected) in [(ADA, false), ("ADA@example.org", false), (EVE, true), ("nobody at all", true)] {
        let changes = [SELECT, ("login_hint", hint)];
        let page = chooser(&office.browser, &practice.authorize(&office.browser, &changes).await).await;
        assert_eq!(other_first(&page), expected, "{hint}: {}", page.body);
    }
    let led_here = practice.authorize(&office.browser, &[SELECT, ("login_hint", EVE)]).await;
    let page = chooser(&office.browser, &led_here).await;
    let form = office.browser.get(&press(&office.browser, &page, "another").await.location()).await;
    assert!(form.body.contains(&format!("value=\"{EVE}\"")), "{}", form.body);
    let chosen = press(&office.browser, &page, "here").await;
    assert!(office.browser.get(&chosen.location()).await.parameter("code").is_some());
}

/// Nobody but the person of `id_token_hint` can answer, so where somebody else is signed in nothing is left to
/// choose; where it is that person, they are asked as always.
#[tokio::test]
async fn an_id_token_of_somebody_else_leads_straight_to_the_sign_in_page() {
    let office = office().await;
    let eve = office.app.person(EVE).await;
    let practice = office.practice();
    let eves = practice.tokens(&office.browser_of(EVE).await, &[]).await;
    let adas = practice.tokens(&office.browser, &[]).await;
    let own = [SELECT, ("id_token_hint", text(&adas, "id_token"))];
    chooser(&office.browser, &practice.authorize(&office.browser, &own).await).await;
    let hint = [SELECT, ("id_token_hint", text(&eves, "id_token"))];
    let led_here = practice.authorize(&office.browser, &hint).await;
    let answer = sign_in(&office.browser, &led_here, EVE).await;
    assert_eq!(subject(&practice, &answer).await, eve.id.to_string());
}

/// No state-changing GET; the page asks only where the application did.
#[tokio::test]
async fn looking_at_the_page_chooses_nothing() {
    let office = office().await;
    let practice = office.practice();
    let led_here = practice.authorize(&office.browser, &[SELECT]).await;
    let attempt = led_here.parameter("attempt").unwrap();
    for query in ["", "&account=here", "&account=another"] {
        chooser(&office.browser, &led_here).await;
        office.browser.get(&format!("/login/choose?attempt={attempt}{query}")).await;
    }
    let resume = format!("/oidc/authorize/resume?attempt={attempt}");
    assert!(office.browser.get(&resume).await.location().starts_with("/login/choose"));
    let led_here = practice.authorize(&office.browser, &[("prompt", "login")]).await;
    let attempt = led_here.parameter("attempt").unwrap();
    let elsewhere = office.browser.get(&format!("/login/choose?attempt={attempt}")).await;
    assert_eq!(elsewhere.location(), format!("/oidc/authorize/resume?attempt={attempt}"));
    let pressed = [("attempt", attempt.as_str()), ("account", "here")];
    office.browser.post("/login/choose", &pressed).await;
    let resumed = office.browser.get(&format!("/oidc/authorize/resume?attempt={attempt}")).await;
    assert!(resumed.location().starts_with("/login?attempt="), "prompt=login stands: {resumed:?}");
}

/// J6: another browser's request is nobody else's to go on with, and a page that showed one person does not
/// go on as the next.
#[tokio::test]
async fn a_choice_belongs_to_the_browser_and_the_person_it_was_shown_to() {
    let office = office().await;
    office.app.person(EVE).await;
    let practice = office.practice();
    let led_here = practice.authorize(&office.browser, &[SELECT]).await;
    let page = chooser(&office.browser, &led_here).await;
    let eve = office.browser_of(EVE).await;
    assert_stays_here(&eve.get(&led_here.location()).await);
    assert_stays_here(&press(&eve, &page, "here").await);

    let fields = [("csrf", page.csrf()), ("attempt", hidden(&page, "attempt").unwrap())];
    office.browser.submit_password(EVE, crate::support::PASSWORD).await;
    let body = format!("{}&account=here", serde_urlencoded::to_string(fields).unwrap());
    let headers = [("content-type", "application/x-www-form-urlencoded"), ("sec-fetch-site", "same-origin")];
    let stale = office.browser.send(reqwest::Method::POST, "/login/choose", &headers, Some(body)).await;
    assert_eq!(stale.status, 403, "{stale:?}");
}

/// What was cancelled stays cancelled.
#[tokio::test]
async fn a_choice_does_not_revive_a_request() {
    let office = office().await;
    let practice = office.practice();
    let page = chooser(&office.browser, &practice.authorize(&office.browser, &[SELECT]).await).await;
    let attempt = hidden(&page, "attempt").unwrap();
    let cancelled = office.browser.post("/login/cancel", &[("attempt", &attempt)]).await;
    let answer = office.browser.get(&cancelled.location()).await;
    assert_redirected_error(&answer, &practice, "access_denied");
    assert_stays_here(&press(&office.browser, &page, "here").await);
}
