//! T21: whatever applications and people do in whatever order, the provider agrees with a small model of itself.

use std::collections::BTreeSet;

use serde_json::Value;
use time::Duration;

use super::{ADA, EVE, Office, text};
use crate::support::{Application, Browser, PASSWORD};

/// Numbers that follow from a seed, so that a failure can be looked at again.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % sides as u64).unwrap()
    }
}

/// What a code, or the tokens that it became, are good for.
struct Line {
    client: usize,
    person: usize,
    /// The session it came from.
    session: u32,
    code: String,
    issued_at: Duration,
    redeemed: bool,
    /// Everything that came from it has ended.
    ended: bool,
    /// The newest, and the one before it, with the moment when it was replaced.
    refresh_token: Option<String>,
    previous: Option<(String, Duration)>,
    access_token: Option<(String, Duration)>,
}

/// The world as it should be.
struct World {
    office: Office,
    clients: Vec<Application>,
    browsers: [Browser; 2],
    /// The session that each person's browser knows, if it knows one: a number of our own.
    present: [Option<u32>; 2],
    /// All sessions that have not ended.
    living: BTreeSet<u32>,
    began: u32,
    disabled: [bool; 2],
    clock: Duration,
    lines: Vec<Line>,
    history: Vec<String>,
}

const EMAILS: [&str; 2] = [ADA, EVE];
const ACCESS: Duration = Duration::minutes(5);
const GRACE: Duration = Duration::seconds(10);
const CODE: Duration = Duration::seconds(60);

impl World {
    async fn new() -> Self {
        let office = Office::open().await;
        office.app.person(EVE).await;
        let clients = vec![office.practice(), office.calendar()];
        let browsers = [office.app.browser(), office.app.browser()];
        Self {
            office,
            clients,
            browsers,
            present: [None, None],
            living: BTreeSet::new(),
            began: 0,
            disabled: [false; 2],
            clock: Duration::ZERO,
            lines: Vec::new(),
            history: Vec::new(),
        }
    }

    /// Whether the person and the session behind a line still stand.
    fn stands(&self, line: &Line) -> bool {
        !line.ended && !self.disabled[line.person] && self.living.contains(&line.session)
    }

    #[track_caller]
    fn agree(&self, what: &str, expected: bool, happened: bool) {
        assert_eq!(happened, expected, "{what}\n{}", self.history.join("\n"));
    }

    async fn step(&mut self, dice: &mut Dice) {
        match dice.roll(18) {
            0..=2 => self.log_in(dice.roll(2)).await,
            3 => self.log_out(dice.roll(2)).await,
            4..=7 => self.authorize(dice.roll(2), dice.roll(2)).await,
            8..=10 => self.redeem(dice).await,
            11..=13 => self.refresh(dice).await,
            14 => self.look(dice).await,
            15 => self.revoke(dice).await,
            16 => self.wait(dice),
            _ => self.disable(dice).await,
        }
    }

    async fn log_in(&mut self, person: usize) {
        self.history.push(format!("{} logs in", EMAILS[person]));
        if self.disabled[person] {
            let refused = self.browsers[person].submit_password(EMAILS[person], PASSWORD).await;
            return self.agree("a disabled person logs in", false, refused.status == 303);
        }
        self.browsers[person].log_in_with_password(EMAILS[person], PASSWORD).await;
        if self.present[person].is_none() {
            self.began += 1;
            self.present[person] = Some(self.began);
            self.living.insert(self.began);
        }
    }

    async fn log_out(&mut self, person: usize) {
        self.history.push(format!("{} logs out", EMAILS[person]));
        self.browsers[person].post("/logout", &[]).await;
        let session = self.present[person].take();
        // Somebody who is disabled is nobody here: the browser forgets a session that rests.
        if !self.disabled[person]
            && let Some(session) = session
        {
            self.living.remove(&session);
        }
    }

    async fn authorize(&mut self, person: usize, client: usize) {
        self.history.push(format!("{} goes to {}", EMAILS[person], self.clients[client].client_id));
        let answer = self.clients[client].authorize(&self.browsers[person], &[("prompt", "none")]).await;
        let here = self.present[person].filter(|_| !self.disabled[person]);
        self.agree("a code", here.is_some(), answer.parameter("code").is_some());
        if let (Some(session), Some(code)) = (here, answer.parameter("code")) {
            self.lines.push(Line {
                client,
                person,
                session,
                code,
                issued_at: self.clock,
                redeemed: false,
                ended: false,
                refresh_token: None,
                previous: None,
                access_token: None,
            });
        }
    }

    async fn redeem(&mut self, dice: &mut Dice) {
        if self.lines.is_empty() {
            return;
        }
        let index = dice.roll(self.lines.len());
        // Now and then somebody else tries.
        let client = if dice.roll(6) == 0 { 1 - self.lines[index].client } else { self.lines[index].client };
        self.history.push(format!("{} redeems code {index}", self.clients[client].client_id));
        let line = &self.lines[index];
        let fresh = !line.redeemed && self.clock - line.issued_at < CODE;
        let mine = client == line.client;
        let uri = self.clients[line.client].redirect_uri.clone();
        let fields = [
            ("grant_type", "authorization_code"),
            ("code", line.code.as_str()),
            ("redirect_uri", &uri),
            ("code_verifier", crate::support::client::VERIFIER),
        ];
        let answer = self.clients[client].token(&fields).await;
        let expected = fresh && mine && self.stands(line);
        self.agree(&format!("code {index}: {}", answer.body), expected, answer.status == 200);
        let clock = self.clock;
        let line = &mut self.lines[index];
        // Presented once it is spent, and twice it ends what it gave.
        line.ended |= line.redeemed;
        line.redeemed = true;
        if expected {
            line.take(&answer.json(), clock);
        } else if !line.ended && line.refresh_token.is_none() {
            line.ended = true;
        }
    }

    async fn refresh(&mut self, dice: &mut Dice) {
        let usable: Vec<usize> =
            (0..self.lines.len()).filter(|index| self.lines[*index].refresh_token.is_some()).collect();
        if usable.is_empty() {
            return;
        }
        let index = usable[dice.roll(usable.len())];
        let line = &self.lines[index];
        let old = dice.roll(3) == 0 && line.previous.is_some();
        let client = if dice.roll(6) == 0 { 1 - line.client } else { line.client };
        let mine = client == line.client;
        let (token, replaced_at) = match (&line.previous, old) {
            (Some((token, at)), true) => (token.clone(), Some(*at)),
            _ => (line.refresh_token.clone().unwrap(), None),
        };
        let name = &self.clients[client].client_id;
        self.history.push(format!("{name} refreshes {index} with the {}", if old { "old" } else { "new" }));
        let answer = self.clients[client].refresh(&token).await;
        let late = replaced_at.is_some_and(|at| self.clock - at > GRACE);
        let expected = mine && !late && self.stands(line);
        self.agree(&format!("refresh {index}: {}", answer.body), expected, answer.status == 200);
        let (clock, rotates) = (self.clock, self.clients[line.client].secret.is_none());
        let line = &mut self.lines[index];
        if mine && late && !line.ended {
            // Whoever comes with it now is not who it was given to.
            line.ended = true;
        }
        if expected {
            let before = line.refresh_token.clone().unwrap();
            line.take(&answer.json(), clock);
            if rotates && !old {
                assert_ne!(line.refresh_token.as_ref(), Some(&before), "{}", self.history.join("\n"));
                line.previous = Some((before, clock));
            } else {
                assert_eq!(line.refresh_token.as_ref(), Some(&before), "{}", self.history.join("\n"));
            }
        }
    }

    /// Whether an access token opens userinfo.
    async fn look(&mut self, dice: &mut Dice) {
        let held: Vec<usize> =
            (0..self.lines.len()).filter(|index| self.lines[*index].access_token.is_some()).collect();
        if held.is_empty() {
            return;
        }
        let index = held[dice.roll(held.len())];
        self.history.push(format!("the access token of {index} is used"));
        let line = &self.lines[index];
        let (token, at) = line.access_token.clone().unwrap();
        let answer = self.clients[line.client].userinfo(&token).await;
        let expected = self.stands(line) && self.clock - at < ACCESS;
        self.agree(&format!("userinfo {index}"), expected, answer.status == 200);
    }

    async fn revoke(&mut self, dice: &mut Dice) {
        let held: Vec<usize> =
            (0..self.lines.len()).filter(|index| self.lines[*index].refresh_token.is_some()).collect();
        if held.is_empty() {
            return;
        }
        let index = held[dice.roll(held.len())];
        let line = &self.lines[index];
        let client = if dice.roll(4) == 0 { 1 - line.client } else { line.client };
        self.history.push(format!("{} revokes {index}", self.clients[client].client_id));
        let token = line.refresh_token.clone().unwrap();
        let answer = self.clients[client].call("/oidc/revoke", &[("token", &token)]).await;
        let mine = client == line.client;
        self.agree("a revocation", mine || line.ended, answer.status == 200 || line.ended);
        self.lines[index].ended |= mine;
    }

    fn wait(&mut self, dice: &mut Dice) {
        let by = [1, 5, 11, 30, 61, 200][dice.roll(6)];
        self.history.push(format!("{by} s pass"));
        self.office.app.advance(Duration::seconds(by));
        self.clock += Duration::seconds(by);
    }

    async fn disable(&mut self, dice: &mut Dice) {
        let person = dice.roll(2);
        // Rather on than off, so that there is something to see.
        let disabled = dice.roll(3) == 0;
        self.history.push(format!("{} is disabled: {disabled}", EMAILS[person]));
        let at = if disabled { "1" } else { "NULL" };
        let email = EMAILS[person];
        self.office.app.sql(&format!("UPDATE user SET disabled_at = {at} WHERE email = '{email}'")).await;
        self.disabled[person] = disabled;
    }
}

impl Line {
    fn take(&mut self, tokens: &Value, clock: Duration) {
        self.refresh_token = Some(text(tokens, "refresh_token").to_owned());
        self.access_token = Some((text(tokens, "access_token").to_owned(), clock));
    }
}

/// T21
#[tokio::test]
async fn the_provider_agrees_with_a_small_model_of_itself() {
    for seed in [3, 1815, 1984, 65_537] {
        let mut world = World::new().await;
        let mut dice = Dice(seed * 0x9e37_79b9_7f4a_7c15_u64.wrapping_shr(20));
        world.history.push(format!("seed {seed}"));
        world.log_in(0).await;
        world.log_in(1).await;
        for _ in 0..300 {
            world.step(&mut dice).await;
        }
        assert!(world.lines.len() > 10, "only {} codes", world.lines.len());
    }
}
