//! The drill (T23): a backup under load, the loss of everything, and the service again elsewhere. Prints what was lost and
//! how long it took.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use idp::crypto::token::{Token, TokenKind};

use super::{json, number, out, person, private_folder, refused, sqlite, succeed};
use crate::support::process::Installation;
use crate::support::{Application, Browser, PASSWORD, TempDir};

const WORKERS: usize = 4;

/// Refresh tokens that were acknowledged, and when.
type Ledger = Arc<Mutex<Vec<(Instant, String)>>>;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_under_load_becomes_the_service_again_elsewhere() {
    let dir = TempDir::new("drill");
    let installation = Installation::new(&dir.0.join("data"));
    let process = installation.start();
    let (ledger, stop) = (Ledger::default(), Arc::new(AtomicBool::new(false)));
    let mut work = Vec::new();
    for worker in 0..WORKERS {
        let email = format!("person{worker}@example.org");
        person(&installation, &email);
        let browser = process.browser();
        browser.log_in_with_password(&email, PASSWORD).await;
        let (clinic, ledger, stop) = (process.clinic(), Arc::clone(&ledger), Arc::clone(&stop));
        work.push(tokio::spawn(sign_in_and_refresh(browser, clinic, ledger, stop)));
    }
    tokio::time::sleep(Duration::from_secs(1)).await;

    let file = dir.0.join("backup.db");
    let begun = Instant::now();
    let told = tokio::task::spawn_blocking({
        let (installation, file) = (installation.clone(), file.clone());
        move || json(&installation.run(&["backup", &file.display().to_string(), "--json"], ""))
    })
    .await
    .unwrap();
    let written = Instant::now();
    tokio::time::sleep(Duration::from_secs(1)).await;
    stop.store(true, Ordering::Relaxed);
    // The machine is gone with its disk; the key was kept in another place.
    process.kill();
    let lost_at = Instant::now();
    for worker in work {
        worker.await.unwrap();
    }
    let ledger = ledger.lock().unwrap().clone();
    let key = std::fs::read(installation.data_dir.join("master.key")).unwrap();
    std::fs::remove_dir_all(&installation.data_dir).unwrap();

    let there = Installation { data_dir: dir.0.join("elsewhere"), ..installation.clone() };
    private_folder(&there.data_dir);
    let restore = ["restore", &file.display().to_string(), "--json"];
    private(&there, "A".repeat(43).as_bytes());
    let wrong = refused(&there.run(&restore, ""));
    assert!(wrong.contains("was made with another master key"), "{wrong}");
    assert!(!there.data_dir.join("idp.db").exists());

    let recovery = Instant::now();
    private(&there, &key);
    let restored = json(&there.run(&restore, ""));
    let in_place = recovery.elapsed();
    let process = there.start();
    let back = recovery.elapsed();
    assert_eq!(restored["through"], told["description"]["audit"]["sequence"]);

    let db = sqlite(&there.data_dir.join("idp.db")).await;
    let (mut kept, mut lost) = (0, 0);
    for (at, token) in &ledger {
        let hash = Token::parse(TokenKind::RefreshToken, token).unwrap().hash().0;
        let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        let sql = format!("SELECT count(*) FROM refresh_token WHERE token_hash = x'{hash}'");
        if number(&db, &sql).await == 1 {
            kept += 1;
            assert!(*at < written, "what was acknowledged after the backup can not be in it");
        } else {
            lost += 1;
            assert!(*at > begun, "what was acknowledged before the backup is in it");
        }
    }
    assert!(kept > 20 && lost > 0, "there was no load: {kept} kept, {lost} lost");
    // Nothing of before opens anything, whether it is in the backup or not.
    for (_, token) in ledger.iter().step_by(7) {
        assert_eq!(process.clinic().refresh(token).await.status, 400);
    }
    for worker in 0..WORKERS {
        process.browser().log_in_with_password(&format!("person{worker}@example.org"), PASSWORD).await;
    }
    assert!(process.terminate().success());
    succeed(&there.run(&["audit", "verify"], ""));
    let doctor = there.run(&["doctor"], "");
    assert!(doctor.status.success(), "{}", out(&doctor));

    eprintln!(
        "drill: backup of {} bytes in {:.2} s under load; RPO {:.2} s since the backup ({lost} of {} acknowledged grants \
         lost); RTO {:.2} s ({:.2} s to restore)",
        told["description"]["bytes"],
        written.duration_since(begun).as_secs_f64(),
        lost_at.duration_since(begun).as_secs_f64(),
        ledger.len(),
        back.as_secs_f64(),
        in_place.as_secs_f64(),
    );
}

fn private(installation: &Installation, key: &[u8]) {
    use std::os::unix::fs::PermissionsExt;
    let path = installation.data_dir.join("master.key");
    std::fs::write(&path, key).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
}

/// Codes, tokens and refreshes until it is told to stop, or nobody answers any more.
async fn sign_in_and_refresh(browser: Browser, clinic: Application, ledger: Ledger, stop: Arc<AtomicBool>) {
    let authorize = Application::authorize_path(&clinic.request());
    while !stop.load(Ordering::Relaxed) {
        let Some(code) = browser.try_get(&authorize).await.and_then(|answer| answer.parameter("code")) else {
            return;
        };
        let Some(answer) = clinic.try_redeem(&code).await else { return };
        assert_eq!(answer.status, 200, "{}", answer.body);
        let token = answer.json()["refresh_token"].as_str().unwrap().to_owned();
        ledger.lock().unwrap().push((Instant::now(), token));
    }
}
