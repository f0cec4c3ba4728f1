//! Pulling the plug in the middle of work (T1): whatever was acknowledged is there afterwards, and no
//! code gives tokens twice.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::support::process::{Installation, Process};
use crate::support::{Answer, Application, Browser, PASSWORD, TempDir};

const ROUNDS: u64 = 6;
const WORKERS: usize = 4;

/// What the provider has acknowledged to one worker.
#[derive(Clone, Default)]
struct Ledger {
    refresh_tokens: Vec<String>,
    spent_codes: Vec<String>,
    /// Sent for redemption, and no answer came.
    doubtful_codes: Vec<String>,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_and_no_code_is_redeemed_twice() {
    let dir = TempDir::new("crash");
    let installation = Installation::new(&dir.0.join("data"));
    let mut process = installation.start();
    let mut browsers = Vec::new();
    for worker in 0..WORKERS {
        let email = format!("person{worker}@example.org");
        let arguments = [
            "user",
            "create",
            "--email",
            &email,
            "--given-name",
            "P",
            "--family-name",
            "W",
            "--password-stdin",
        ];
        assert!(installation.run(&arguments, PASSWORD).status.success());
        let browser = process.browser();
        browser.log_in_with_password(&email, PASSWORD).await;
        browsers.push(Arc::new(browser));
    }
    let ledger = Arc::new(Mutex::new(Ledger::default()));
    for round in 0..ROUNDS {
        let work: Vec<_> = browsers
            .iter()
            .map(|browser| {
                tokio::spawn(sign_in_for_ever(Arc::clone(browser), process.clinic(), Arc::clone(&ledger)))
            })
            .collect();
        tokio::time::sleep(Duration::from_millis(300 + 97 * round)).await;
        process.kill();
        for worker in work {
            worker.await.unwrap();
        }
        process = installation.start();
        let so_far = ledger.lock().unwrap().clone();
        check(&process, &browsers, &so_far).await;
    }
    let exchanges = ledger.lock().unwrap().spent_codes.clone();
    assert!(exchanges.len() > 50, "only {} exchanges were made", exchanges.len());
    // Spent codes stay spent, and using one again ends what it gave.
    for code in &exchanges {
        assert_eq!(process.clinic().redeem(code).await.status, 400, "a code was redeemed twice");
    }
    assert!(process.terminate().success());
    let doctor = installation.run(&["doctor"], "");
    assert!(doctor.status.success(), "{}", String::from_utf8_lossy(&doctor.stdout));
}

/// Asks for codes and redeems them until the provider is gone.
async fn sign_in_for_ever(browser: Arc<Browser>, clinic: Application, ledger: Arc<Mutex<Ledger>>) {
    let authorize = Application::authorize_path(&clinic.request());
    loop {
        let Some(code) = browser.try_get(&authorize).await.and_then(|answer| answer.parameter("code")) else {
            return;
        };
        match clinic.try_redeem(&code).await {
            Some(Answer { status, body, .. }) if status == 200 => {
                let tokens: serde_json::Value = serde_json::from_str(&body).unwrap();
                let mut ledger = ledger.lock().unwrap();
                ledger.refresh_tokens.push(tokens["refresh_token"].as_str().unwrap().to_owned());
                ledger.spent_codes.push(code);
            }
            Some(answer) => panic!("{answer:?}"),
            None => {
                ledger.lock().unwrap().doubtful_codes.push(code);
                return;
            }
        }
    }
}

async fn check(process: &Process, browsers: &[Arc<Browser>], ledger: &Ledger) {
    let clinic = process.clinic();
    for token in &ledger.refresh_tokens {
        let answer = clinic.refresh(token).await;
        assert_eq!(answer.status, 200, "an acknowledged grant is gone: {}", answer.body);
    }
    for browser in browsers {
        assert!(browser.is_signed_in().await, "an acknowledged session is gone");
    }
    for code in &ledger.doubtful_codes {
        assert_eq!(clinic.redeem(code).await.status, 400, "a code came back to life");
    }
}
