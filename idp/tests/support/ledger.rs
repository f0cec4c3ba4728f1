//! What the provider has acknowledged to its users while something was failing, and the question afterwards whether it
//! keeps to that.

use std::sync::{Arc, Mutex};

use reqwest::StatusCode;

use super::{Answer, Application, Browser};

#[derive(Default)]
pub struct Ledger {
    entries: Mutex<Entries>,
}

#[derive(Default, Clone)]
struct Entries {
    refresh_tokens: Vec<String>,
    spent_codes: Vec<String>,
    /// Sent for redemption, and nobody knows what became of them.
    doubtful_codes: Vec<String>,
    access_tokens: Vec<String>,
}

/// How one sign-in at the application ended.
#[derive(Debug, PartialEq, Eq)]
pub enum Outcome {
    Done,
    /// The provider said that it can not do it at the moment.
    Busy,
    /// No answer came.
    Gone,
    /// What it had begun is not known any more.
    Forgotten,
}

/// Somebody who is signed in and comes to an application again and again.
#[derive(Clone)]
pub struct Visitor {
    pub browser: Arc<Browser>,
    pub clinic: Application,
    pub ledger: Arc<Ledger>,
}

impl Visitor {
    /// Asks for a code and redeems it.
    ///
    /// # Panics
    /// On any answer that nobody could explain.
    pub async fn sign_in(&self) -> Outcome {
        let path = Application::authorize_path(&self.clinic.request());
        let Some(asked) = self.browser.try_get(&path).await else {
            return Outcome::Gone;
        };
        if is_busy(&asked) {
            return Outcome::Busy;
        }
        let Some(code) = asked.parameter("code") else {
            assert_eq!(asked.parameter("error").as_deref(), Some("temporarily_unavailable"), "{asked:?}");
            return Outcome::Busy;
        };
        let answer = self.clinic.try_redeem(&code).await;
        let mut entries = self.ledger.entries.lock().unwrap();
        match answer {
            None => {
                entries.doubtful_codes.push(code);
                Outcome::Gone
            }
            Some(answer) if answer.status == StatusCode::OK => {
                let tokens = answer.json();
                let token = |name: &str| tokens[name].as_str().unwrap().to_owned();
                entries.refresh_tokens.push(token("refresh_token"));
                entries.access_tokens.push(token("access_token"));
                entries.spent_codes.push(code);
                Outcome::Done
            }
            Some(answer) if is_busy(&answer) => {
                entries.doubtful_codes.push(code);
                Outcome::Busy
            }
            Some(answer) => {
                assert_eq!(answer.json()["error"], "invalid_grant", "{answer:?}");
                Outcome::Forgotten
            }
        }
    }
}

/// An honest "not now" says when to come back.
fn is_busy(answer: &Answer) -> bool {
    let busy = answer.status == StatusCode::SERVICE_UNAVAILABLE;
    assert!(!busy || !answer.header("retry-after").is_empty(), "no word of when to come back: {answer:?}");
    assert!(busy || !answer.status.is_server_error(), "{answer:?}");
    busy
}

impl Ledger {
    pub fn signed_in(&self) -> usize {
        self.entries.lock().unwrap().spent_codes.len()
    }

    pub fn doubtful(&self) -> usize {
        self.entries.lock().unwrap().doubtful_codes.len()
    }

    /// A code that is sent without waiting for what becomes of it.
    pub fn doubt(&self, code: &str) {
        self.entries.lock().unwrap().doubtful_codes.push(code.to_owned());
    }

    /// What must be in no log.
    pub fn secrets(&self) -> Vec<String> {
        let entries = self.entries.lock().unwrap().clone();
        [entries.refresh_tokens, entries.spent_codes, entries.doubtful_codes, entries.access_tokens].concat()
    }

    /// Every grant that was acknowledged is there, at most `limit` of them being asked for.
    pub async fn holds(&self, clinic: &Application, limit: usize) {
        let tokens = self.entries.lock().unwrap().refresh_tokens.clone();
        for token in some_of(&tokens, limit) {
            let answer = clinic.refresh(token).await;
            assert_eq!(answer.status, 200, "an acknowledged grant is gone: {}", answer.body);
        }
    }

    /// Whatever became of codes that got no answer, each of them opens at most one grant; none, where codes do not
    /// outlive what happened.
    pub async fn doubtful_codes_open_little(&self, clinic: &Application, lost: bool) {
        let codes = std::mem::take(&mut self.entries.lock().unwrap().doubtful_codes);
        for code in codes {
            let first = clinic.redeem(&code).await;
            assert!(first.status == 400 || (first.status == 200 && !lost), "a code came back: {first:?}");
            assert_eq!(clinic.redeem(&code).await.status, 400, "a code was redeemed twice");
        }
    }

    /// Spent codes stay spent. Using one again ends what it gave: so this comes last.
    pub async fn spent_codes_stay_spent(&self, clinic: &Application, limit: usize) {
        let codes = self.entries.lock().unwrap().spent_codes.clone();
        for code in some_of(&codes, limit) {
            assert_eq!(clinic.redeem(code).await.status, 400, "a code was redeemed twice");
        }
    }
}

/// As many, from the first to the last.
fn some_of(all: &[String], limit: usize) -> impl Iterator<Item = &String> {
    all.iter().step_by(all.len().div_ceil(limit).max(1))
}
