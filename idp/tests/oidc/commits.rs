//! How often the database has to make something last: once for a code and for a refresh, never for what only
//! reads. Counted in the write-ahead log, where SQLite marks the last frame of every transaction.

use super::{Office, text};
use crate::support::Application;

/// The transactions that were committed since the log was begun.
fn commits(office: &Office) -> usize {
    let path = office.app.app.config.sqlite_path().with_extension("db-wal");
    let log = std::fs::read(path).unwrap();
    let number = |at: usize| u32::from_be_bytes(log[at..at + 4].try_into().unwrap());
    let (page, salts) = (number(8) as usize, (number(16), number(20)));
    let frames = (32..).step_by(24 + page).take_while(|frame| frame + 24 + page <= log.len());
    // Frames of an earlier round of the log have other salts; only the last of a transaction has a size.
    frames.filter(|frame| (number(frame + 8), number(frame + 12)) == salts && number(frame + 4) > 0).count()
}

async fn counted<T>(office: &Office, what: impl Future<Output = T>) -> (usize, T) {
    let before = commits(office);
    let outcome = what.await;
    (commits(office) - before, outcome)
}

#[tokio::test]
async fn a_code_and_a_refresh_are_one_commit_each() {
    let office = Office::open().await;
    for client in [office.practice(), office.calendar()] {
        let (asked, code) = counted(&office, client.code(&office.browser, &[])).await;
        assert_eq!(asked, 0, "a code leaves no trace before it is redeemed");
        let (redeemed, tokens) = counted(&office, client.redeem(&code)).await;
        assert_eq!((redeemed, tokens.status.as_u16()), (1, 200), "{}", client.client_id);
        let tokens = tokens.json();
        let (refreshed, answer) = counted(&office, client.refresh(text(&tokens, "refresh_token"))).await;
        assert_eq!(answer.status, 200);
        // The token of a client that keeps a secret stays as it is.
        assert_eq!(refreshed, usize::from(client.secret.is_none()), "{}", client.client_id);
        let (read, answer) = counted(&office, client.userinfo(text(&tokens, "access_token"))).await;
        assert_eq!((read, answer.status.as_u16()), (0, 200));
    }
}

/// The key under which the audit trail seals what is personal is made in the same transaction.
#[tokio::test]
async fn a_sign_in_with_a_passkey_is_one_commit() {
    let office = Office::open().await;
    let (_, mut authenticator) = office.app.person_with_passkey("grace@example.org").await;
    for _ in 0..2 {
        let browser = office.app.browser();
        let (commits, ()) = counted(&office, browser.log_in_with_passkey(&mut authenticator)).await;
        assert_eq!(commits, 1);
    }
}

#[tokio::test]
async fn what_only_reads_commits_nothing() {
    let office = Office::open().await;
    let slots: Application = office.slots();
    let (machine, answer) = counted(&office, slots.token(&[("grant_type", "client_credentials")])).await;
    assert_eq!((machine, answer.status.as_u16()), (0, 200));
    let token = answer.json();
    for path in ["/.well-known/openid-configuration", "/oidc/jwks"] {
        let (read, answer) = counted(&office, slots.get(path, &[])).await;
        assert_eq!((read, answer.status.as_u16()), (0, 200), "{path}");
    }
    let fields = [("token", text(&token, "access_token"))];
    let (read, answer) = counted(&office, slots.call("/oidc/introspect", &fields)).await;
    assert_eq!((read, answer.json()["active"].as_bool()), (0, Some(true)));
    let (refused, answer) = counted(&office, slots.redeem("idp_co_x")).await;
    assert_eq!((refused, answer.status.as_u16()), (0, 400));
}

/// The measure itself: it does count.
#[tokio::test]
async fn every_commit_is_counted() {
    let office = Office::open().await;
    for expected in [1, 2] {
        let (counted, ()) = counted(&office, async {
            for _ in 0..expected {
                office.app.advance(time::Duration::seconds(1));
                let tx = office.app.app.store.begin().await.unwrap();
                idp::store::sessions::touch(&tx, session(&office).await, office.app.app.clock.now());
                tx.commit().await.unwrap();
            }
        })
        .await;
        assert_eq!(counted, expected);
    }
}

async fn session(office: &Office) -> idp::model::ids::SessionId {
    idp::store::sessions::of_user(&office.app.app.store, office.ada.id).await.unwrap()[0].id
}
