//! An organization that is disabled, on every road at once (C6, product §5).

use idp::admin::{AdminActor, invitations, organizations as logic};
use idp::model::user::Email;

use super::super::token_exchange::exchange;
use super::{ADA, Roles, World, text, worlds_with_two};
use crate::support::{Answer, Browser, SoftAuthenticator};

const CHARTS: &str = "https://charts.example.org";

/// What was begun and given for an organization that Ada administers.
struct Begun {
    browser: Browser,
    tokens: serde_json::Value,
    for_charts: serde_json::Value,
    code: String,
    invitation: String,
}

impl Begun {
    async fn of(world: &World) -> Self {
        let (app, rounds) = (world.app(), world.rounds());
        let mut phone = SoftAuthenticator::new(&app.issuer());
        world.browser().create_passkey(&mut phone).await;
        let browser = app.browser();
        browser.log_in_with_passkey(&mut phone).await;
        let new = invitations::New {
            email: Email::parse("newcomer@example.org").unwrap(),
            roles: Roles::default(),
            client: None,
            days: 7,
            language: None,
        };
        let host = AdminActor::of_the_host();
        invitations::invite(&app.office(), &host, (world.seeblick, new)).await.unwrap().unwrap();
        let invitation = app.mail_to("newcomer@example.org").await.link();
        let own = world.seeblick.to_string();
        let asked = [
            ("scope", "openid organizations charts:read"),
            ("resource", CHARTS),
            ("organization", own.as_str()),
        ];
        Self {
            tokens: world.tokens_for(world.seeblick).await,
            for_charts: rounds.tokens(&browser, &asked).await,
            code: rounds.code(&browser, &asked).await,
            invitation,
            browser,
        }
    }

    /// Whether each road is open.
    async fn roads(&self, world: &World) -> Vec<(&'static str, bool)> {
        let (rounds, charts) = (world.rounds(), world.client("charts"));
        let own = world.seeblick.to_string();
        let asked = [("scope", "openid organizations"), ("organization", own.as_str())];
        let access = text(&self.for_charts, "access_token");
        let known = charts.call("/oidc/introspect", &[("token", access)]).await;
        let console = format!("/admin/organizations/{own}");
        let removed = format!("{console}/members/{}/roles", world.office.ada.id);
        let handed_on = exchange(&charts, access, &[("resource", "https://archive.example.org")]).await;
        let has_code = |answer: &Answer| {
            answer.headers.get("location").is_some_and(|to| to.to_str().unwrap().contains("code="))
        };
        vec![
            ("a log-in for it", has_code(&rounds.authorize(&self.browser, &asked).await)),
            ("a code", rounds.redeem(&self.code).await.status == 200),
            ("userinfo", rounds.userinfo(text(&self.tokens, "access_token")).await.status == 200),
            ("introspection", known.json()["active"] == true),
            ("token exchange", handed_on.status == 200),
            ("a refresh token", rounds.can_refresh(&self.tokens).await),
            ("its page in the console", self.browser.get(&console).await.status == 200),
            ("a deed there", self.browser.get(&removed).await.status == 200),
            ("an invitation", world.app().browser().get(&self.invitation).await.status == 200),
        ]
    }
}

#[tokio::test]
async fn an_organization_that_is_disabled_is_closed_on_every_road() {
    for by_an_operator in [Some(true), Some(false), None] {
        for world in worlds_with_two().await {
            let begun = Begun::of(&world).await;
            let other = world.tokens_for(world.lindenhof).await;
            match by_an_operator {
                // As it is done, with all that ends by it.
                Some(true) => {
                    let (office, host) = (world.app().office(), AdminActor::of_the_host());
                    logic::set_enabled(&office, &host, world.seeblick, false).await.unwrap().unwrap();
                }
                // Each road asks for itself.
                Some(false) => world.set_enabled(world.seeblick, false).await,
                None => {}
            }
            let roads = begun.roads(&world).await;
            let wrong: Vec<_> = roads.iter().filter(|(_, open)| *open != by_an_operator.is_none()).collect();
            assert!(wrong.is_empty(), "{by_an_operator:?}: {wrong:?}");
            assert!(world.rounds().can_refresh(&other).await, "the other clinic has nothing to do with it");
            assert!(
                begun.browser.is_signed_in().await
                    && world.app().user(world.office.ada.id).await.is_enabled()
            );
            assert_eq!(world.office.ada.email.as_str(), ADA);
        }
    }
}
