//! Clocks that jump by an hour or a day, and nodes whose clocks differ (T8): no session, code or token lives longer for it,
//! nothing that has ended comes back, nothing that counts once counts twice, and nobody is locked out for as long as the clock was wrong.

use std::collections::BTreeSet;
use std::sync::Arc;

use idp::jobs;
use serde_json::Value;
use time::Duration;

use super::rounds;
use crate::support::cluster::Cluster;
use crate::support::ledger::{Ledger, Outcome, Visitor};
use crate::support::log::Log;
use crate::support::{Application, Browser, Options, PASSWORD, TestApp};

const ADA: &str = "ada@example.org";
const JUMPS: [Duration; 2] = [Duration::hours(1), Duration::days(1)];

/// One client whose refresh tokens are rotated, and one whose are not.
const CLIENTS: &str = r#"
[[clients]]
id = "calendar"
name = "Calendar"
type = "spa"
redirect_uris = ["https://calendar.example.org/cb"]

[[clients]]
id = "practice"
name = "Practice"
type = "web"
secret = "a secret that the practice keeps to itself"
redirect_uris = ["https://practice.example.org/cb"]
"#;

/// A provider on one thread, what it logs, and what must not be there.
struct World {
    app: TestApp,
    log: Log,
    ledger: Arc<Ledger>,
    secrets: Vec<String>,
}

impl World {
    async fn start() -> Self {
        let log = Log::listen();
        let app =
            TestApp::with(Options { config_file: Some(CLIENTS.to_owned()), ..Options::default() }).await;
        app.person(ADA).await;
        Self { app, log, ledger: Arc::default(), secrets: Vec::new() }
    }

    async fn log_in(&self) -> Browser {
        let browser = self.app.browser();
        browser.log_in_with_password(ADA, PASSWORD).await;
        browser
    }

    fn practice(&self) -> Application {
        let secret = Some("a secret that the practice keeps to itself");
        Application::new(&self.app, "practice", secret, "https://practice.example.org/cb")
    }

    fn calendar(&self) -> Application {
        Application::new(&self.app, "calendar", None, "https://calendar.example.org/cb")
    }

    async fn tokens(&mut self, client: &Application, browser: &Browser) -> Value {
        let tokens = client.tokens(browser, &[]).await;
        self.secrets.extend(["access_token", "refresh_token"].map(|name| text(&tokens, name).to_owned()));
        tokens
    }

    /// What happens by itself, at this moment.
    async fn jobs(&self) {
        let app = &self.app.app;
        jobs::purge(app).await.unwrap();
        jobs::tend_keys(app).await.unwrap();
        jobs::tend_audit(app).await.unwrap();
        jobs::deliver(app).await.unwrap();
        jobs::tell(app).await.unwrap();
        jobs::count(app).await.unwrap();
    }

    async fn end(self) {
        self.ledger.spent_codes_stay_spent(&self.practice(), 200).await;
        let secrets = [self.secrets, self.ledger.secrets()].concat();
        self.log.and_data_are_whole(&self.app, &secrets).await;
    }
}

fn text<'a>(tokens: &'a Value, name: &str) -> &'a str {
    tokens[name].as_str().unwrap_or_else(|| panic!("no {name} in {tokens}"))
}

#[tokio::test]
async fn a_session_that_began_while_the_clock_was_ahead_ends_when_it_is_set_back() {
    let mut world = World::start().await;
    let practice = world.practice();
    for ahead in JUMPS {
        world.app.advance(ahead);
        let browser = world.log_in().await;
        let tokens = world.tokens(&practice, &browser).await;
        let code = practice.code(&browser, &[]).await;
        world.app.advance(-ahead);
        let over = async |when: &str| {
            assert!(!browser.is_signed_in().await, "{ahead}, {when}");
            assert_eq!(practice.userinfo(text(&tokens, "access_token")).await.status, 401, "{ahead}, {when}");
            assert_eq!(practice.refresh(text(&tokens, "refresh_token")).await.status, 400, "{ahead}, {when}");
            assert_eq!(practice.redeem(&code).await.status, 400, "{ahead}, {when}");
        };
        over("when the clock is set back").await;
        world.log_in().await;
        world.jobs().await;
        world.app.advance(ahead);
        over("when the clock gets there again").await;
    }
    world.end().await;
}

#[tokio::test]
async fn a_clock_that_is_set_back_prolongs_nothing() {
    let mut world = World::start().await;
    let practice = world.practice();
    for back in JUMPS {
        let browser = world.log_in().await;
        let tokens = world.tokens(&practice, &browser).await;
        let code = practice.code(&browser, &[]).await;
        world.secrets.push(code.clone());
        world.app.advance(Duration::minutes(50));
        assert!(browser.is_signed_in().await);
        // An access token is good for five minutes, a code for one.
        world.app.advance(-back);
        assert!(!browser.is_signed_in().await, "{back}");
        assert_eq!(practice.refresh(text(&tokens, "refresh_token")).await.status, 400, "{back}");
        if back > Duration::minutes(51) {
            assert_eq!(practice.userinfo(text(&tokens, "access_token")).await.status, 401, "{back}");
            assert_eq!(practice.redeem(&code).await.status, 400, "{back}");
        }
        world.app.advance(back);
        assert!(!browser.is_signed_in().await, "{back}: it came back");
    }
    world.end().await;
}

/// A person has only so many sessions, and those of the time to come are not the ones that stay.
#[tokio::test]
async fn whoever_has_many_sessions_of_a_time_to_come_can_sign_in() {
    let world = World::start().await;
    world.app.advance(JUMPS[1]);
    for _ in 0..idp::store::sessions::MAX_PER_USER {
        world.log_in().await;
    }
    world.app.advance(-JUMPS[1]);
    for _ in 0..2 {
        let browser = world.log_in().await;
        assert!(browser.is_signed_in().await);
    }
    world.practice().redeem("idp_code_x").await;
    world.end().await;
}

/// Whatever ended before the clock jumped ahead and back: what is removed meanwhile as too old to matter included.
#[tokio::test]
async fn what_is_revoked_stays_revoked() {
    let mut world = World::start().await;
    let (practice, calendar) = (world.practice(), world.calendar());
    for ahead in JUMPS {
        let (browser, other) = (world.log_in().await, world.log_in().await);
        let tokens = world.tokens(&practice, &browser).await;
        let access = text(&tokens, "access_token");
        assert_eq!(practice.call("/oidc/revoke", &[("token", access)]).await.status, 200);
        let revoked = world.tokens(&practice, &browser).await;
        let refresh = text(&revoked, "refresh_token");
        assert_eq!(practice.call("/oidc/revoke", &[("token", refresh)]).await.status, 200);
        let code = practice.code(&browser, &[]).await;
        assert_eq!(practice.redeem(&code).await.status, 200);
        assert_eq!(other.post("/logout", &[]).await.location(), "/login/signed-out");
        world.app.advance(ahead);
        world.jobs().await;
        world.app.advance(-ahead);
        assert_eq!(practice.userinfo(access).await.status, 401, "{ahead}");
        assert_eq!(practice.refresh(refresh).await.status, 400, "{ahead}");
        assert_eq!(practice.userinfo(text(&revoked, "access_token")).await.status, 401, "{ahead}");
        assert_eq!(practice.redeem(&code).await.status, 400, "{ahead}");
        assert!(!other.is_signed_in().await, "{ahead}");

        // A rotated token gives its successor once more to a client whose answer got lost, for ten seconds.
        let browser = world.log_in().await;
        let first = world.tokens(&calendar, &browser).await;
        world.app.advance(Duration::minutes(2));
        let second = calendar.refresh(text(&first, "refresh_token")).await;
        assert_eq!(second.status, 200);
        world.app.advance(-Duration::minutes(2));
        let again = calendar.refresh(text(&first, "refresh_token")).await;
        assert_eq!(again.status, 400, "a rotated token was good for longer: {again:?}");
    }
    world.end().await;
}

/// H2
#[tokio::test]
async fn a_code_of_a_code_app_counts_once() {
    let world = World::start().await;
    let app = &world.app;
    let browser = world.log_in().await;
    let (code_app, _) = app.code_app(&browser).await;
    let enter = async |code: &str| {
        let browser = app.browser();
        let flow = browser.password_step(ADA, PASSWORD).await;
        let answer = browser.post("/login/code", &[("flow", &flow), ("code", code)]).await;
        assert!(!answer.status.is_server_error(), "{answer:?}");
        browser.is_signed_in().await
    };
    let mut taken = BTreeSet::new();
    for jump in [30, -30, 3_600, -3_600, 86_400, -86_400, 90, -60, 30, 30] {
        app.advance(Duration::seconds(jump));
        let now = app.app.clock.now();
        for step in [now - Duration::seconds(30), now] {
            let step_number = step.unix_timestamp() / 30;
            if enter(&code_app.code(step)).await {
                assert!(taken.insert(step_number), "a step was taken twice");
                assert_eq!(taken.last(), Some(&step_number), "a step before the last one was taken");
            }
        }
    }
    assert!(taken.len() >= 3, "{taken:?}");
    world.practice().redeem("idp_code_x").await;
    world.end().await;
}

/// A wait that began at the wrong time ends when it would have.
#[tokio::test]
async fn nobody_is_locked_out_for_as_long_as_the_clock_was_wrong() {
    let world = World::start().await;
    for ahead in JUMPS {
        world.app.advance(ahead);
        let browser = world.app.browser();
        let mut guesses = 0;
        while !browser.submit_password(ADA, "wrong").await.body.contains("Please wait") {
            guesses += 1;
            assert!(guesses < 50, "guessing went on for ever");
        }
        world.app.advance(-ahead);
        world.app.advance(Duration::minutes(16));
        world.log_in().await;
    }
    // A mail that could not be sent at the wrong time is tried again soon.
    world.app.advance(JUMPS[1]);
    world.app.browser().post("/login/forgot", &[("email", ADA)]).await;
    let put_off = world.app.app.clock.now().unix_timestamp() * 1000 + 60_000;
    world.app.sql(&format!("UPDATE outbox SET attempts = 3, next_try_at = {put_off}")).await;
    world.app.advance(-JUMPS[1]);
    world.app.mail_to(ADA).await;
    world.practice().redeem("idp_code_x").await;
    world.end().await;
}

/// Somebody who signs in at an application again and again, and the jobs, while the clock goes anywhere.
#[tokio::test]
async fn a_clock_that_goes_anywhere_breaks_nothing() {
    let world = World::start().await;
    let seed = if super::is_full() {
        idp::crypto::random::Entropy::of_the_system().bytes().unwrap()
    } else {
        [7; 8]
    };
    let mut random = u64::from_le_bytes(seed) | 1;
    println!("seed {random}");
    let mut signed_in = 0;
    for _ in 0..rounds(12, 400) {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        let jump = [3_600, -3_600, 86_400, -86_400, 30, -30, 5, 600][usize::try_from(random % 8).unwrap()];
        world.app.advance(Duration::seconds(jump));
        let visitor = Visitor {
            browser: Arc::new(world.log_in().await),
            clinic: world.practice(),
            ledger: Arc::clone(&world.ledger),
        };
        assert_eq!(visitor.sign_in().await, Outcome::Done);
        assert!(visitor.browser.is_signed_in().await);
        signed_in += 1;
        for path in ["/account", "/account/sessions", "/account/activity", "/oidc/jwks", "/readyz"] {
            assert_eq!(visitor.browser.get(path).await.status, 200, "{path} after {jump} s");
        }
        world.jobs().await;
        assert!(visitor.browser.is_signed_in().await, "a good session was removed after {jump} s");
    }
    assert_eq!(world.ledger.signed_in(), signed_in);
    world.end().await;
}

/// Whichever of the two is ahead.
#[tokio::test]
async fn two_nodes_half_a_minute_apart_take_what_the_other_made() {
    let Some(cluster) = Cluster::start().await else {
        return;
    };
    let log = Log::listen();
    cluster.first().person(ADA).await;
    cluster.nodes[1].advance(Duration::seconds(30));
    let mut secrets = Vec::new();
    for (here, there) in [(0, 1), (1, 0)] {
        let node = cluster.only(here);
        let clinic = Application::clinic(node);
        let browser = node.browser();
        let asked = clinic.authorize(&browser, &[]).await;
        let attempt = asked.parameter("attempt").unwrap();

        cluster.only(there);
        let fields = [("attempt", attempt.as_str()), ("email", ADA), ("password", PASSWORD)];
        assert_eq!(browser.post("/login", &fields).await.status, 303);

        cluster.only(here);
        let back = browser.get(&format!("/oidc/authorize/resume?attempt={attempt}")).await;
        let code = back.parameter("code").unwrap_or_else(|| panic!("no code: {back:?}"));
        assert!(browser.is_signed_in().await);

        cluster.only(there);
        assert!(browser.is_signed_in().await);
        let tokens = clinic.redeem(&code).await;
        assert_eq!(tokens.status, 200, "{tokens:?}");
        let tokens = tokens.json();
        let (access, refresh) = (text(&tokens, "access_token"), text(&tokens, "refresh_token"));

        cluster.only(here);
        assert_eq!(clinic.userinfo(access).await.status, 200);
        let again = clinic.refresh(refresh).await;
        assert_eq!(again.status, 200, "{again:?}");
        let again = again.json();

        cluster.only(there);
        assert_eq!(clinic.userinfo(text(&again, "access_token")).await.status, 200);
        assert_eq!(clinic.redeem(&code).await.status, 400, "a code was redeemed twice");

        let (one, other) = (node.browser(), node.browser());
        one.log_in_with_password(ADA, PASSWORD).await;
        cluster.only(here);
        other.log_in_with_password(ADA, PASSWORD).await;
        assert!(one.is_signed_in().await);
        assert_eq!(one.post("/logout", &[]).await.location(), "/login/signed-out");
        cluster.only(there);
        assert!(!one.is_signed_in().await && other.is_signed_in().await);
        secrets.extend([code, access.to_owned(), refresh.to_owned()]);
    }
    log.and_data_are_whole(cluster.first(), &secrets).await;
}
