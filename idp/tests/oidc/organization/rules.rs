//! How somebody has to sign in for an organization whose rule is stricter than their session.

use idp::model::user::Policy;

use super::super::{assert_redirected_error, assert_token_error};
use super::{ADA, SCOPE, choose, code_of, hidden, text, worlds_with_two};
use crate::support::{PASSWORD, SoftAuthenticator};

/// product §1: whoever has less than the rule asks for is led to add it, and only for this organization.
#[tokio::test]
async fn a_session_that_is_too_weak_for_the_organization_is_led_to_enrol() {
    for world in worlds_with_two().await {
        let rounds = world.rounds();
        world.set(world.seeblick, "Seeblick", Some(Policy::RequirePasskey)).await;
        let silent = [SCOPE, ("organization", "seeblick"), ("prompt", "none")];
        let answer = rounds.authorize(world.browser(), &silent).await;
        assert_redirected_error(&answer, &rounds, "interaction_required");
        let page = rounds.authorize(world.browser(), &[SCOPE]).await;
        let attempt = hidden(&page, "attempt").unwrap();
        let led = choose(world.browser(), &page, world.seeblick).await;
        assert_eq!(led.location(), format!("/login?attempt={attempt}&notice=too-weak"));
        let fields = [("attempt", attempt.as_str()), ("email", ADA), ("password", PASSWORD)];
        let enrol = world.browser().post("/login", &fields).await;
        assert!(enrol.location().starts_with("/account/passkeys/create?from=policy&attempt="), "{enrol:?}");
        let mut authenticator = SoftAuthenticator::new(&world.app().issuer());
        world.browser().create_passkey(&mut authenticator).await;
        world.browser().log_in_with_passkey(&mut authenticator).await;
        let resumed = world.browser().get(&format!("/oidc/authorize/resume?attempt={attempt}")).await;
        code_of(&resumed);
    }
}

#[tokio::test]
async fn the_other_organization_is_as_open_as_before() {
    for world in worlds_with_two().await {
        world.set(world.seeblick, "Seeblick", Some(Policy::RequirePasskey)).await;
        let other = [SCOPE, ("organization", "lindenhof"), ("prompt", "none")];
        code_of(&world.rounds().authorize(world.browser(), &other).await);
    }
}

/// Somebody who has what it takes shows it.
#[tokio::test]
async fn whoever_has_what_the_rule_asks_for_logs_in_with_it() {
    for world in worlds_with_two().await {
        let rounds = world.rounds();
        let mut authenticator = SoftAuthenticator::new(&world.app().issuer());
        world.browser().create_passkey(&mut authenticator).await;
        world.set(world.seeblick, "Seeblick", Some(Policy::PasskeyOnly)).await;
        let named = [SCOPE, ("organization", "seeblick")];
        let silent = [named[0], named[1], ("prompt", "none")];
        let answer = rounds.authorize(world.browser(), &silent).await;
        assert_redirected_error(&answer, &rounds, "login_required");
        let led = rounds.authorize(world.browser(), &named).await;
        assert!(led.location().ends_with("&notice=too-weak"), "{led:?}");
        world.browser().log_in_with_passkey(&mut authenticator).await;
        code_of(&rounds.authorize(world.browser(), &silent).await);
    }
}

/// C6, "group rule": what a weaker sign-in was given rests while the rule asks for more.
#[tokio::test]
async fn a_refresh_rests_while_the_rule_asks_for_more() {
    for world in worlds_with_two().await {
        let rounds = world.rounds();
        let tokens = world.tokens_for(world.seeblick).await;
        world.set(world.seeblick, "Seeblick", Some(Policy::RequireSecondFactor)).await;
        assert_token_error(&rounds.refresh(text(&tokens, "refresh_token")).await, 400, "invalid_grant");
        world.set(world.seeblick, "Seeblick", None).await;
        assert!(rounds.can_refresh(&tokens).await, "a rule that was set by mistake ends nothing");
    }
}
