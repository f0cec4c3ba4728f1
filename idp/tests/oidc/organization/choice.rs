//! Which organization it is: named, chosen, or the only one.

use serde_json::json;

use super::super::{EVE, assert_redirected_error, assert_stays_here, decide, is_consent_page, part, sign_in};
use super::{ADA, SCOPE, choose, code_of, hidden, is_chooser, is_refusal, text, worlds, worlds_with_two};

/// product §5, checklist 10: claims by scope come from userinfo and are not in the ID token.
#[tokio::test]
async fn the_only_organization_is_taken_without_a_question() {
    for world in worlds().await {
        world.join(world.office.ada.id, world.lindenhof, "practitioner reception").await;
        let rounds = world.rounds();
        let tokens = rounds.tokens(world.browser(), &[SCOPE]).await;
        let told = world.told(&rounds, &tokens).await;
        assert_eq!(told["org_id"], json!(world.lindenhof));
        assert_eq!(told["org_name"], "Klinik lindenhof");
        assert_eq!(told["roles"], json!(["practitioner", "reception"]));
        let id = part(text(&tokens, "id_token"), 1);
        for name in ["org_id", "org_name", "roles"] {
            assert!(id.get(name).is_none(), "{name} in {id}");
        }
    }
}

#[tokio::test]
async fn a_member_without_roles_has_an_empty_list_of_them() {
    for world in worlds().await {
        world.join(world.office.ada.id, world.lindenhof, "").await;
        let tokens = world.rounds().tokens(world.browser(), &[SCOPE]).await;
        assert_eq!(world.told(&world.rounds(), &tokens).await["roles"], json!([]));
    }
}

/// D3: what was not asked for is not told.
#[tokio::test]
async fn without_the_scope_nothing_is_asked_and_nothing_told() {
    for world in worlds_with_two().await {
        let rounds = world.rounds();
        let tokens = rounds.tokens(world.browser(), &[("scope", "openid profile")]).await;
        let told = world.told(&rounds, &tokens).await;
        let access = part(text(&tokens, "access_token"), 1);
        for name in ["org_id", "org_name", "roles"] {
            assert!(told.get(name).is_none() && access.get(name).is_none(), "{name}: {told} {access}");
        }
        // A client that is not registered for it is as one that did not ask.
        let plain = world.client("plain").tokens(world.browser(), &[SCOPE]).await;
        assert_eq!(plain["scope"], "openid");
    }
}

/// product §5: a chooser when there are several, and the choice is the grant's alone.
#[tokio::test]
async fn of_several_organizations_the_person_chooses_each_time() {
    for world in worlds_with_two().await {
        world.join(world.office.ada.id, world.elsewhere, "").await;
        world.set_enabled(world.elsewhere, false).await;
        let rounds = world.rounds();
        for (chosen, roles) in [
            (world.seeblick, json!(["administrator", "reception"])),
            (world.lindenhof, json!(["practitioner"])),
        ] {
            let page = rounds.authorize(world.browser(), &[SCOPE]).await;
            assert!(is_chooser(&page), "{page:?}");
            for shown in ["Choose an organization", "Rounds", "Klinik lindenhof", "Klinik seeblick", ADA] {
                assert!(page.body.contains(shown), "{shown}: {}", page.body);
            }
            assert!(!page.body.contains("elsewhere"), "disabled: {}", page.body);
            let answer = choose(world.browser(), &page, chosen).await;
            let tokens = rounds.redeem(&code_of(&answer)).await.json();
            let told = world.told(&rounds, &tokens).await;
            assert_eq!((&told["org_id"], &told["roles"]), (&json!(chosen), &roles));
        }
    }
}

#[tokio::test]
async fn a_name_is_an_identifier_or_a_slug_and_asks_nothing() {
    for world in worlds_with_two().await {
        let id = world.seeblick.to_string();
        for name in [id.as_str(), &id.to_uppercase(), "seeblick"] {
            let tokens = world.rounds().tokens(world.browser(), &[SCOPE, ("organization", name)]).await;
            assert_eq!(world.told(&world.rounds(), &tokens).await["org_id"], json!(id), "{name}");
        }
    }
}

/// security part 2: no oracle. Unknown, disabled and somebody else's are one answer.
#[tokio::test]
async fn whoever_does_not_belong_to_it_learns_nothing_about_it() {
    for world in worlds_with_two().await {
        world.set_enabled(world.lindenhof, false).await;
        let rounds = world.rounds();
        let elsewhere = world.elsewhere.to_string();
        let mut pages = Vec::new();
        for name in [elsewhere.as_str(), "elsewhere", "lindenhof", "no-such-clinic", "<b>", &"x".repeat(100)]
        {
            let asked = [SCOPE, ("organization", name)];
            let page = rounds.authorize(world.browser(), &asked).await;
            assert!(is_refusal(&page), "{name}: {page:?}");
            let attempt = hidden(&page, "attempt").unwrap();
            let nonces: Vec<_> = page
                .body
                .split("nonce=\"")
                .skip(1)
                .map(|rest| rest.split('"').next().unwrap().to_owned())
                .collect();
            let mut body = page.body.replace(&attempt, "");
            for nonce in nonces {
                body = body.replace(&nonce, "");
            }
            pages.push(body.replace(&page.csrf(), ""));
            let cancelled = world.browser().post("/login/cancel", &[("attempt", &attempt)]).await;
            let answer = world.browser().get(&cancelled.location()).await;
            assert_redirected_error(&answer, &rounds, "access_denied");
            assert_eq!(answer.parameter("state").as_deref(), Some("the state"));
            let silent = rounds.authorize(world.browser(), &[asked[0], asked[1], ("prompt", "none")]).await;
            assert_redirected_error(&silent, &rounds, "access_denied");
        }
        pages.dedup();
        assert_eq!(pages.len(), 1, "{pages:#?}");
    }
}

#[tokio::test]
async fn whoever_does_not_belong_to_it_can_use_another_account() {
    for world in worlds_with_two().await {
        let eve = world.app().person(EVE).await;
        world.join(eve.id, world.elsewhere, "reception").await;
        let rounds = world.rounds();
        let page = rounds.authorize(world.browser(), &[SCOPE, ("organization", "elsewhere")]).await;
        let attempt = hidden(&page, "attempt").unwrap();
        let fields = [("attempt", attempt.as_str()), ("account", "another")];
        let sent = world.browser().post("/login/choose", &fields).await;
        let answer = sign_in(world.browser(), &sent, EVE).await;
        let tokens = rounds.redeem(&code_of(&answer)).await.json();
        let told = world.told(&rounds, &tokens).await;
        assert_eq!((&told["sub"], &told["org_id"]), (&json!(eve.id), &json!(world.elsewhere)));
    }
}

/// Checklist 8, A13: where nothing may be shown, nobody is asked to choose.
#[tokio::test]
async fn with_prompt_none_a_choice_is_interaction_required() {
    for world in worlds_with_two().await {
        let rounds = world.rounds();
        let none = ("prompt", "none");
        let answer = rounds.authorize(world.browser(), &[SCOPE, none]).await;
        assert_redirected_error(&answer, &rounds, "interaction_required");
        assert_eq!(answer.parameter("state").as_deref(), Some("the state"));
        let named = rounds.authorize(world.browser(), &[SCOPE, none, ("organization", "seeblick")]).await;
        code_of(&named);
        world.set_enabled(world.lindenhof, false).await;
        code_of(&rounds.authorize(world.browser(), &[SCOPE, none]).await);
        let nobody = world.app().browser();
        let answer = rounds.authorize(&nobody, &[SCOPE, none]).await;
        assert_redirected_error(&answer, &rounds, "login_required");
    }
}

/// An application that asks and names none gets the person as they are.
#[tokio::test]
async fn whoever_belongs_to_none_is_told_about_without_one() {
    for world in worlds().await {
        let rounds = world.rounds();
        let tokens = rounds.tokens(world.browser(), &[SCOPE]).await;
        let told = world.told(&rounds, &tokens).await;
        assert!(told.get("org_id").is_none() && told.get("roles").is_none(), "{told}");
        let named = rounds.authorize(world.browser(), &[SCOPE, ("organization", "lindenhof")]).await;
        assert!(is_refusal(&named), "{named:?}");
        // Not even when they join one: nothing was chosen.
        world.join(world.office.ada.id, world.lindenhof, "practitioner").await;
        let refreshed = rounds.refresh(text(&tokens, "refresh_token")).await.json();
        assert!(world.told(&rounds, &refreshed).await.get("org_id").is_none());
    }
}

/// The form is ours, and what it sends is anybody's: it chooses of one's own and of nothing else.
#[tokio::test]
async fn a_choice_is_one_of_the_persons_own() {
    for world in worlds_with_two().await {
        let rounds = world.rounds();
        let page = rounds.authorize(world.browser(), &[SCOPE]).await;
        let again = choose(world.browser(), &page, world.elsewhere).await;
        assert!(is_chooser(&again), "{again:?}");
        let attempt = hidden(&page, "attempt").unwrap();
        let fields = [("attempt", attempt.as_str()), ("organization", "seeblick")];
        assert_stays_here(&world.browser().post("/oidc/organization", &fields).await);
        // Nor does it reach over the one that the application named.
        let named = rounds.authorize(world.browser(), &[SCOPE, ("organization", "elsewhere")]).await;
        let still = choose(world.browser(), &named, world.lindenhof).await;
        assert!(is_refusal(&still), "{still:?}");
    }
}

/// J6: what one person chose is not chosen for the next.
#[tokio::test]
async fn a_choice_belongs_to_its_browser_and_its_person() {
    for world in worlds_with_two().await {
        let eve = world.app().person(EVE).await;
        world.join(eve.id, world.lindenhof, "reception").await;
        world.join(eve.id, world.seeblick, "reception").await;
        let rounds = world.rounds();
        let page = rounds.authorize(world.browser(), &[SCOPE, ("prompt", "consent")]).await;
        assert!(is_consent_page(&choose(world.browser(), &page, world.seeblick).await));
        let attempt = hidden(&page, "attempt").unwrap();
        let fields = [("attempt", attempt.as_str()), ("organization", &world.lindenhof.to_string())];
        let eves = world.office.browser_of(EVE).await;
        assert_stays_here(&eves.post("/oidc/organization", &fields).await);
        world.browser().submit_password(EVE, crate::support::PASSWORD).await;
        let resumed = world.browser().get(&format!("/oidc/authorize/resume?attempt={attempt}")).await;
        assert!(is_chooser(&resumed), "Eve chooses for herself: {resumed:?}");
    }
}

#[tokio::test]
async fn what_was_cancelled_is_not_revived_by_a_choice() {
    for world in worlds_with_two().await {
        let rounds = world.rounds();
        let page = rounds.authorize(world.browser(), &[SCOPE]).await;
        let attempt = hidden(&page, "attempt").unwrap();
        let cancelled = world.browser().post("/login/cancel", &[("attempt", &attempt)]).await;
        let answer = world.browser().get(&cancelled.location()).await;
        assert_redirected_error(&answer, &rounds, "access_denied");
        let fields = [("attempt", attempt.as_str()), ("organization", &world.lindenhof.to_string())];
        assert_stays_here(&world.browser().post("/oidc/organization", &fields).await);
    }
}

/// Consent comes after the choice, and says for which organization it is.
#[tokio::test]
async fn consent_names_the_organization() {
    for world in worlds_with_two().await {
        let asking = world.client("asking");
        let page = asking.authorize(world.browser(), &[SCOPE]).await;
        let asked = choose(world.browser(), &page, world.seeblick).await;
        for shown in ["See your organization and your roles in it", "You act for Klinik seeblick"] {
            assert!(asked.body.contains(shown), "{shown}: {}", asked.body);
        }
        let tokens = asking.redeem(&code_of(&decide(world.browser(), &asked, "allow").await)).await.json();
        assert_eq!(world.told(&asking, &tokens).await["org_id"], json!(world.seeblick));
        // The consent is remembered, the organization is not.
        assert!(is_chooser(&asking.authorize(world.browser(), &[SCOPE]).await));
    }
}

/// Class 2.6: an application that was never allowed anything is told nothing, not even where somebody works.
#[tokio::test]
async fn before_consent_prompt_none_tells_nothing_about_organizations() {
    for world in worlds_with_two().await {
        let asking = world.client("asking");
        let none = ("prompt", "none");
        for named in ["", "seeblick", "elsewhere", "no-such-clinic"] {
            let answer = asking.authorize(world.browser(), &[SCOPE, none, ("organization", named)]).await;
            assert_redirected_error(&answer, &asking, "consent_required");
        }
    }
}

/// What was allowed for one organization was not for another.
#[tokio::test]
async fn a_remembered_consent_is_for_the_organization_it_was_given_for() {
    for world in worlds_with_two().await {
        let asking = world.client("asking");
        let page = asking.authorize(world.browser(), &[SCOPE, ("organization", "lindenhof")]).await;
        let code = code_of(&decide(world.browser(), &page, "allow").await);
        assert_eq!(asking.redeem(&code).await.status, 200);
        let none = ("prompt", "none");
        code_of(&asking.authorize(world.browser(), &[SCOPE, none, ("organization", "lindenhof")]).await);
        let other = [SCOPE, none, ("organization", "seeblick")];
        assert_redirected_error(
            &asking.authorize(world.browser(), &other).await,
            &asking,
            "consent_required",
        );
        let page = asking.authorize(world.browser(), &[SCOPE, ("organization", "seeblick")]).await;
        assert!(is_consent_page(&page) && page.body.contains("Klinik seeblick"), "{page:?}");
    }
}

/// Whoever leaves the organization they chose is not moved to another one on the way.
#[tokio::test]
async fn a_choice_that_is_gone_is_made_again() {
    for world in worlds_with_two().await {
        let rounds = world.rounds();
        let page = rounds.authorize(world.browser(), &[SCOPE, ("prompt", "consent")]).await;
        let consent = choose(world.browser(), &page, world.seeblick).await;
        assert!(is_consent_page(&consent), "{consent:?}");
        world.leave(world.office.ada.id, world.seeblick).await;
        let next = decide(world.browser(), &consent, "allow").await;
        assert!(is_chooser(&next), "{next:?}");
    }
}
