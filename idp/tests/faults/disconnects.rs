//! Clients that hang up at any moment (T33): no half state, no place that stays taken, no panic.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use super::rounds;
use crate::support::ledger::{Ledger, Outcome, Visitor};
use crate::support::process::Installation;
use crate::support::{Application, PASSWORD, TempDir};

const ADA: &str = "ada@example.org";
/// Somebody else, because a person has only so many sessions.
const BEN: &str = "ben@example.org";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_hangs_up_leaves_nothing_behind() {
    let dir = TempDir::new("hang-up");
    let mut installation = Installation::new(&dir.0.join("data"));
    // Few of everything, so that what is not given back is missed soon.
    for (name, value) in
        [("IDP_HTTP__MAX_CONNECTIONS", "12"), ("IDP_PASSWORDS__WORKERS", "1"), ("IDP_PASSWORDS__QUEUE", "3")]
    {
        installation.environment.push((name.to_owned(), value.to_owned()));
    }
    let process = installation.start();
    installation.person(ADA);
    installation.person(BEN);
    let browser = Arc::new(process.browser());
    browser.log_in_with_password(ADA, PASSWORD).await;
    let visitor = Visitor { browser, clinic: process.clinic(), ledger: Arc::new(Ledger::default()) };
    let rounds = rounds(60, 1_000);
    for round in 0..rounds {
        let share = f64::from(round) / f64::from(rounds);
        hang_up_in(40.0 * share, exchange(&visitor)).await;
        let there = process.browser();
        let csrf = there.csrf().await;
        let fields = [("csrf", csrf.as_str()), ("email", BEN), ("password", PASSWORD)];
        let body = serde_urlencoded::to_string(fields).unwrap();
        let headers =
            [("content-type", "application/x-www-form-urlencoded"), ("sec-fetch-site", "same-origin")];
        hang_up_in(400.0 * share, there.send(reqwest::Method::POST, "/login", &headers, Some(body))).await;
        hang_up_in(
            30.0 * share,
            there.call(
                "/login/passkey/options",
                &json!({ "attempt": null, "flow": null, "mediation": "modal" }),
            ),
        )
        .await;
        let fields = [("given_name", format!("Name {round}")), ("family_name", "W".to_owned())];
        let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        hang_up_in(60.0 * share, visitor.browser.post("/account/profile", &fields)).await;
    }
    // Whoever stays is served, as many at once as there are places.
    let all: Vec<_> = (0..8)
        .map(|_| {
            let visitor = visitor.clone();
            tokio::spawn(async move { visitor.sign_in().await })
        })
        .collect();
    for one in all {
        assert_eq!(one.await.unwrap(), Outcome::Done);
    }
    process.browser().log_in_with_password(BEN, PASSWORD).await;
    visitor.ledger.holds(&visitor.clinic, 200).await;
    visitor.ledger.doubtful_codes_open_little(&visitor.clinic, false).await;
    visitor.ledger.spent_codes_stay_spent(&visitor.clinic, 200).await;
    assert!(process.terminate().success());
    installation.is_whole(&visitor.ledger.secrets());
}

/// Asks for a code, which is noted as doubtful before it is sent.
async fn exchange(visitor: &Visitor) {
    let path = Application::authorize_path(&visitor.clinic.request());
    if let Some(code) = visitor.browser.try_get(&path).await.and_then(|answer| answer.parameter("code")) {
        visitor.ledger.doubt(&code);
        visitor.clinic.try_redeem(&code).await;
    }
}

async fn hang_up_in<T>(milliseconds: f64, request: impl Future<Output = T>) {
    let _ = tokio::time::timeout(Duration::from_secs_f64(milliseconds / 1000.0), request).await;
}
