//! Mails: their words in every language, and that each is sent once, however the server behaves.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use idp::crypto::token::{Token, TokenKind};
use idp::jobs;
use idp::mail::{Circumstances, Invite, SignUpRequest};
use idp::model::credential::Factor;
use idp::model::ids::{InvitationId, OrganizationId};
use idp::model::organization::{Invitation, OrganizationName, Roles};
use idp::model::user::{Email, Language, PersonName, ServiceRole};
use idp::store::users::{self, Profile};
use idp::store::{Tx, outbox};
use time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Mutex;

use crate::support::{Options, PASSWORD, TestApp};

const ADA: &str = "ada@example.org";

/// Every message there is, written for one person.
async fn write_all(app: &TestApp, tx: &Tx, user: &idp::model::user::User) -> usize {
    let (mail, new) = (&app.app.mail, Email::parse("new@example.org").unwrap());
    let happened =
        Circumstances { at: app.app.clock.now(), browser: "Firefox on Linux", network: "192.0.2.7" };
    let token = Token::generate(TokenKind::ConfirmEmail, app.app.entropy).unwrap();
    mail.confirm_email(tx, user, &token, &happened).await.unwrap();
    mail.reset_password(tx, user, &token, &happened).await.unwrap();
    mail.password_changed(tx, user, &happened).await.unwrap();
    mail.passkey_added(tx, user, "My <phone>", &happened).await.unwrap();
    mail.passkey_upgraded(tx, user, "My <phone>", &happened).await.unwrap();
    mail.passkey_removed(tx, user, "My <phone>", &happened).await.unwrap();
    mail.passkey_renamed(tx, user, ("My <phone>", "Old phone"), &happened).await.unwrap();
    mail.passkeys_reset(tx, user, &happened).await.unwrap();
    mail.code_app_turned_on(tx, user, &happened).await.unwrap();
    mail.code_app_turned_off(tx, user, &happened).await.unwrap();
    mail.recovery_codes_made(tx, user, &happened).await.unwrap();
    for left in [0, 1, 7] {
        mail.recovery_code_used(tx, user, left, &happened).await.unwrap();
    }
    mail.two_factor_reset(tx, user, &happened).await.unwrap();
    mail.password_unlocked(tx, user, &happened).await.unwrap();
    for factor in [Factor::Password, Factor::CodeApp, Factor::RecoveryCodes] {
        mail.factor_stopped(tx, user, factor, &happened).await.unwrap();
    }
    mail.new_device(tx, user, &happened).await.unwrap();
    mail.sign_in_requested(tx, user, "Reception <desk>", &happened).await.unwrap();
    mail.change_email_old(tx, user, (&new, &token), &happened).await.unwrap();
    mail.change_email_new(tx, user, (&new, &token), &happened).await.unwrap();
    mail.email_changed(tx, user, (&new, &new), &happened).await.unwrap();
    let on_the_host = Circumstances::on_the_host(app.app.clock.now());
    mail.access_link_issued(tx, user, (30, None), &on_the_host).await.unwrap();
    mail.access_link_issued(tx, user, (30, Some(&token)), &happened).await.unwrap();
    for enabled in [false, true] {
        mail.account_enabled(tx, user, enabled, &happened).await.unwrap();
    }
    for role in [Some(ServiceRole::Support), None] {
        mail.service_role_set(tx, user, role, &happened).await.unwrap();
    }
    mail.access_link_used(tx, user, &happened).await.unwrap();
    let request = SignUpRequest {
        email: new,
        language: user.language.clone(),
        attempt: None,
        browser: happened.browser.to_owned(),
        network: happened.network.to_owned(),
    };
    mail.sign_up(tx, &request, &token, &happened).await.unwrap();
    mail.sign_up_again(tx, user, &happened).await.unwrap();
    mail.account_made(tx, user, &happened).await.unwrap();
    let organization = OrganizationName::parse("Lindenhof <b>").unwrap();
    let now = app.app.clock.now();
    let invitation = Invitation {
        id: app.app.entropy.id(now, InvitationId::new).unwrap(),
        organization_id: app.app.entropy.id(now, OrganizationId::new).unwrap(),
        email: user.email.clone(),
        roles: Roles::parse("practitioner").unwrap(),
        invited_by: None,
        invitee: None,
        client: None,
        created_at: now,
        expires_at: now + Duration::days(7),
        ended: None,
    };
    for (inviter, invitee) in [(None, Some(user)), (Some("Carla <b>"), None)] {
        let language = user.language.as_ref();
        let invite =
            Invite { invitation: &invitation, organization: &organization, inviter, invitee, language };
        mail.invited(tx, &invite, &token).await.unwrap();
    }
    mail.joined(tx, user, &organization, &happened).await.unwrap();
    37
}

#[tokio::test]
async fn every_message_is_written_in_every_language() {
    let app = TestApp::init().await;
    let user = app.person(ADA).await;
    for language in ["en", "de"] {
        let profile = Profile {
            given_name: PersonName::parse("Ada <b>").unwrap(),
            family_name: user.family_name.clone(),
            language: Some(Language::parse(language).unwrap()),
            time_zone: None,
        };
        let tx = app.app.store.begin().await.unwrap();
        users::set_profile(&tx, user.id, &profile, app.app.clock.now()).await.unwrap();
        let user = users::by_id(&tx, user.id).await.unwrap().unwrap();
        let before = app.mails().await.len();
        let written = write_all(&app, &tx, &user).await;
        tx.commit().await.unwrap();
        let mails = app.mails().await.split_off(before);
        assert_eq!(mails.len(), written);
        for mail in mails {
            assert!(!mail.subject.is_empty() && !mail.text.contains("mail-"), "{mail:?}");
            let html = mail.raw.split("Content-Type: text/html").nth(1).unwrap();
            assert!(
                !html.contains("<b>") && !html.contains("<phone>") && !html.contains("<desk>"),
                "escaped: {html}"
            );
            let when = if language == "en" { "When:" } else { "Wann:" };
            assert!(mail.text.contains(when), "{}", mail.text);
        }
    }
}

/// Class 2.2, E2: a name can not break out of its header.
#[tokio::test]
async fn a_name_adds_no_header() {
    for name in ["Ada\r\nBcc: eve@example.org", "Ada\nX: y"] {
        assert!(PersonName::parse(name).is_err(), "{name:?}");
        assert!(Email::parse(name).is_err(), "{name:?}");
        assert!(idp::model::credential::PasskeyName::parse(name).is_err(), "{name:?}");
    }
}

/// S1: what waits is sealed, so that a link in it is of no use to a reader of the database.
#[tokio::test]
async fn what_waits_in_the_outbox_is_sealed() {
    let app = TestApp::init().await;
    let user = app.person(ADA).await;
    let token = Token::generate(TokenKind::ResetPassword, app.app.entropy).unwrap();
    let happened = Circumstances::on_the_host(app.app.clock.now());
    let tx = app.app.store.begin().await.unwrap();
    app.app.mail.reset_password(&tx, &user, &token, &happened).await.unwrap();
    tx.commit().await.unwrap();
    let folder = &app.app.config.data_dir;
    for name in ["idp.db", "idp.db-wal"] {
        let bytes = std::fs::read(folder.join(name)).unwrap_or_default();
        let secret = token.expose().as_bytes();
        assert!(!bytes.windows(secret.len()).any(|window| window == secret), "{name}");
    }
}

/// A mail server that can be told to refuse.
struct Server {
    url: String,
    refuses: Arc<AtomicBool>,
    received: Arc<Mutex<Vec<String>>>,
}

impl Server {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("smtp://{}", listener.local_addr().unwrap());
        let (refuses, received) = (Arc::new(AtomicBool::new(false)), Arc::new(Mutex::new(Vec::new())));
        let (told, kept) = (Arc::clone(&refuses), Arc::clone(&received));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(Self::talk(stream, Arc::clone(&told), Arc::clone(&kept)));
            }
        });
        Self { url, refuses, received }
    }

    async fn talk(stream: TcpStream, refuses: Arc<AtomicBool>, received: Arc<Mutex<Vec<String>>>) {
        let mut stream = BufReader::new(stream);
        stream.write_all(b"220 test\r\n").await.unwrap();
        let mut line = String::new();
        while stream.read_line(&mut line).await.is_ok_and(|length| length > 0) {
            let verb = line.get(..4).unwrap_or_default().to_uppercase();
            let answer = match verb.as_str() {
                "RCPT" if refuses.load(Ordering::SeqCst) => "451 <ada@example.org> later\r\n",
                "DATA" => {
                    stream.write_all(b"354 go\r\n").await.unwrap();
                    let mut letter = String::new();
                    while !letter.ends_with("\r\n.\r\n") {
                        stream.read_line(&mut letter).await.unwrap();
                    }
                    received.lock().await.push(letter);
                    "250 ok\r\n"
                }
                _ => "250 ok\r\n",
            };
            stream.write_all(answer.as_bytes()).await.unwrap();
            line.clear();
        }
    }
}

/// T26: with the mail server out, people sign in as ever; what waits is sent when it is back, once.
#[tokio::test]
async fn mail_waits_for_its_server_and_is_sent_once() {
    let server = Server::start().await;
    let environment = vec![("IDP_MAIL__URL", server.url.clone())];
    let app = TestApp::with(Options { environment, ..Options::default() }).await;
    app.person(ADA).await;
    server.refuses.store(true, Ordering::SeqCst);
    app.browser().log_in_with_password(ADA, PASSWORD).await;
    app.browser().log_in_with_password(ADA, PASSWORD).await;
    jobs::deliver(&app.app).await.unwrap();
    assert_eq!(outbox::waiting(&app.app.store).await.unwrap(), (1, 1), "it waits, and says why");
    server.refuses.store(false, Ordering::SeqCst);
    jobs::deliver(&app.app).await.unwrap();
    assert!(server.received.lock().await.is_empty(), "not at once again");
    app.advance(Duration::seconds(15));
    for _ in 0..3 {
        jobs::deliver(&app.app).await.unwrap();
    }
    assert_eq!(server.received.lock().await.len(), 1);
    assert_eq!(outbox::waiting(&app.app.store).await.unwrap(), (0, 0));
    let letter = server.received.lock().await[0].clone();
    assert!(letter.contains("Subject: A log-in with a new device") && letter.contains("To: ada@example.org"));
}

/// What a server says of its addressee is kept nowhere.
#[tokio::test]
async fn the_words_of_a_mail_server_are_not_kept() {
    let server = Server::start().await;
    server.refuses.store(true, Ordering::SeqCst);
    let environment = vec![("IDP_MAIL__URL", server.url.clone())];
    let app = TestApp::with(Options { environment, ..Options::default() }).await;
    let user = app.person(ADA).await;
    let tx = app.app.store.begin().await.unwrap();
    let happened = Circumstances::on_the_host(app.app.clock.now());
    app.app.mail.password_changed(&tx, &user, &happened).await.unwrap();
    tx.commit().await.unwrap();
    jobs::deliver(&app.app).await.unwrap();
    let said: Vec<String> = app.texts("SELECT last_error FROM outbox").await;
    assert_eq!(said, ["the mail server did not take it: it answered 451"]);
}

/// What can not be opened, such as a row written with another master key, waits alone.
#[tokio::test]
async fn a_damaged_message_holds_up_no_other() {
    let app = TestApp::init().await;
    let user = app.person(ADA).await;
    let happened = Circumstances::on_the_host(app.app.clock.now());
    for round in 0..3 {
        let tx = app.app.store.begin().await.unwrap();
        app.app.mail.password_changed(&tx, &user, &happened).await.unwrap();
        tx.commit().await.unwrap();
        if round == 0 {
            app.sql("UPDATE outbox SET sealed_content = x'00'").await;
        }
    }
    app.advance(Duration::milliseconds(1));
    jobs::deliver(&app.app).await.unwrap();
    assert_eq!(app.mails().await.len(), 2);
    assert_eq!(outbox::waiting(&app.app.store).await.unwrap(), (1, 1));
}

/// Several nodes share an outbox: each message is sent by one of them.
#[tokio::test]
async fn of_many_senders_one_sends_a_message() {
    let server = Server::start().await;
    let environment = vec![("IDP_MAIL__URL", server.url.clone())];
    let app = TestApp::with(Options { environment, ..Options::default() }).await;
    let user = app.person(ADA).await;
    let tx = app.app.store.begin().await.unwrap();
    let happened = Circumstances::on_the_host(app.app.clock.now());
    for _ in 0..5 {
        app.app.mail.password_changed(&tx, &user, &happened).await.unwrap();
    }
    tx.commit().await.unwrap();
    let sent = futures_util::future::join_all((0..8).map(|_| jobs::deliver(&app.app))).await;
    assert!(sent.into_iter().all(|sent| sent.is_ok()));
    assert_eq!(server.received.lock().await.len(), 5);
}

#[tokio::test]
async fn settings_that_can_not_be_used_stop_the_start() {
    use idp::config::Config;
    for (name, value, why) in [
        ("IDP_MAIL__URL", "mail.example.org", "mail.url must look like"),
        ("IDP_MAIL__URL", "https://mail.example.org", "mail.url must look like"),
        ("IDP_MAIL__FROM", "nobody", "is not an address"),
    ] {
        let dir = crate::support::TempDir::new("mail");
        let data = ("IDP_DATA_DIR".to_owned(), dir.0.join("idp").display().to_string());
        let problems = Config::from_sources(None, [data, (name.to_owned(), value.to_owned())]).unwrap_err();
        assert!(problems.to_string().contains(why), "{value}: {problems}");
    }
}

/// What nobody could deliver for days is of no use to its reader any more.
#[tokio::test]
async fn a_message_that_never_leaves_is_given_up_after_days() {
    let server = Server::start().await;
    server.refuses.store(true, Ordering::SeqCst);
    let environment = vec![("IDP_MAIL__URL", server.url.clone())];
    let app = TestApp::with(Options { environment, ..Options::default() }).await;
    let user = app.person(ADA).await;
    let tx = app.app.store.begin().await.unwrap();
    app.app
        .mail
        .password_changed(&tx, &user, &Circumstances::on_the_host(app.app.clock.now()))
        .await
        .unwrap();
    tx.commit().await.unwrap();
    jobs::deliver(&app.app).await.unwrap();
    app.advance(Duration::days(4));
    jobs::purge(&app.app).await.unwrap();
    assert_eq!(outbox::waiting(&app.app.store).await.unwrap(), (1, 1));
    app.advance(Duration::days(1));
    jobs::purge(&app.app).await.unwrap();
    assert_eq!(outbox::waiting(&app.app.store).await.unwrap(), (0, 0));
}
