//! What every database has to do for second factors, guesses, links and the outbox: of any number of
//! takers at the same time, one gets it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use idp::crypto::token::{Token, TokenKind};
use idp::model::attempt::BrowserId;
use idp::model::ids::{LinkId, OutboxId, RecoveryCodeId};
use idp::model::link::{Link, LinkPurpose};
use idp::model::sign_up::SignUpLink;
use idp::model::user::{Email, Policy};
use idp::store::email_changes::{self, Mailbox};
use idp::store::guesses::{self, Guessed, Turn};
use idp::store::outbox::{self, Kind};
use idp::store::{browsers, links, passkeys, passwords, recovery, sign_ups, totp, users};
use sea_orm::ConnectionTrait;
use time::Duration;

use super::contract::{passkey, raw_connection, winners};
use super::{ENTROPY, now, on_both, stored_user};

fn email() -> Email {
    Email::parse("ada@example.org").unwrap()
}

on_both! {
    /// H2, T20
    a_step_of_a_code_app_is_spent_once(test) {
        let ada = stored_user(&test.store, "ada@example.org").await.id;
        let tx = test.store.begin().await.unwrap();
        assert!(totp::propose(&tx, ada, &[7; 20], now()).await.unwrap());
        assert!(totp::confirm(&tx, ada, 100, now()).await.unwrap());
        tx.commit().await.unwrap();
        let won = winners(test, move |store| async move {
            let tx = store.begin().await.unwrap();
            let spent = totp::spend_step(&tx, ada, 101).await.unwrap();
            tx.commit().await.unwrap();
            spent
        });
        assert_eq!(won.await, 1);
        let tx = test.store.begin().await.unwrap();
        for step in [99, 100, 101] {
            assert!(!totp::spend_step(&tx, ada, step).await.unwrap(), "{step}");
        }
        assert!(totp::spend_step(&tx, ada, 102).await.unwrap());
    }

    /// H4, S1: a secret waits for its first code, is confirmed once, and can not be replaced or read
    /// by somebody with the database alone afterwards.
    a_code_app_is_confirmed_once_and_its_secret_sealed(test) {
        let ada = stored_user(&test.store, "ada@example.org").await.id;
        let tx = test.store.begin().await.unwrap();
        assert!(totp::propose(&tx, ada, b"first secret 1234567", now()).await.unwrap());
        assert!(totp::propose(&tx, ada, b"canary secret 123456", now()).await.unwrap());
        assert_eq!(&**totp::proposed(&tx, ada).await.unwrap().unwrap(), b"canary secret 123456");
        assert!(totp::begin_attempt(&tx, ada).await.unwrap().is_none(), "it is no factor yet");
        tx.commit().await.unwrap();
        let won = winners(test, move |store| async move {
            let tx = store.begin().await.unwrap();
            let confirmed = totp::confirm(&tx, ada, 5, now()).await.unwrap();
            tx.commit().await.unwrap();
            confirmed
        });
        assert_eq!(won.await, 1);
        let tx = test.store.begin().await.unwrap();
        assert!(totp::proposed(&tx, ada).await.unwrap().is_none(), "never shown again");
        assert!(!totp::propose(&tx, ada, &[1; 20], now()).await.unwrap());
        assert_eq!(&**totp::begin_attempt(&tx, ada).await.unwrap().unwrap(), b"canary secret 123456");
        tx.commit().await.unwrap();
        let raw = raw_connection(test).await;
        let query = "SELECT sealed_secret FROM totp";
        let statement = sea_orm::Statement::from_string(raw.get_database_backend(), query);
        let row = raw.query_one_raw(statement).await.unwrap().unwrap();
        let sealed: Vec<u8> = row.try_get("", "sealed_secret").unwrap();
        assert!(!sealed.windows(6).any(|window| window == b"canary"));
    }

    /// G1: a code app is disabled by a hundred wrong codes, and a right one begins the count anew.
    no_more_codes_are_evaluated_than_allowed(test) {
        let ada = stored_user(&test.store, "ada@example.org").await.id;
        let tx = test.store.begin().await.unwrap();
        totp::propose(&tx, ada, &[7; 20], now()).await.unwrap();
        totp::confirm(&tx, ada, 1, now()).await.unwrap();
        for _ in 0..totp::MAX_FAILURES - 10 {
            assert!(totp::begin_attempt(&tx, ada).await.unwrap().is_some());
        }
        tx.commit().await.unwrap();
        let won = winners(test, move |store| async move {
            let tx = store.begin().await.unwrap();
            let evaluated = totp::begin_attempt(&tx, ada).await.unwrap().is_some();
            tx.commit().await.unwrap();
            evaluated
        });
        assert_eq!(won.await, 10);
        assert!(!totp::is_usable(&test.store, ada).await.unwrap());
        let tx = test.store.begin().await.unwrap();
        assert!(totp::spend_step(&tx, ada, 2).await.unwrap());
        assert!(totp::begin_attempt(&tx, ada).await.unwrap().is_some());
    }

    /// H5, T20
    a_recovery_code_is_spent_once_and_by_its_person_only(test) {
        let ada = stored_user(&test.store, "ada@example.org").await.id;
        let eve = stored_user(&test.store, "eve@example.org").await.id;
        let set = |codes: [&str; 2]| codes.map(|code| (ENTROPY.id(now(), RecoveryCodeId::new).unwrap(), code.to_owned()));
        let tx = test.store.begin().await.unwrap();
        recovery::replace(&tx, ada, &set(["aaaa", "bbbb"]), now()).await.unwrap();
        recovery::replace(&tx, eve, &set(["aaaa", "cccc"]), now()).await.unwrap();
        tx.commit().await.unwrap();
        let won = winners(test, move |store| async move {
            let tx = store.begin().await.unwrap();
            let spent = recovery::spend(&tx, ada, "aaaa", now()).await.unwrap();
            tx.commit().await.unwrap();
            spent
        });
        assert_eq!(won.await, 1);
        assert_eq!(recovery::left(&test.store, ada).await.unwrap(), 1);
        assert_eq!(recovery::left(&test.store, eve).await.unwrap(), 2);
        let tx = test.store.begin().await.unwrap();
        assert!(!recovery::spend(&tx, ada, "cccc", now()).await.unwrap());
        recovery::replace(&tx, ada, &set(["dddd", "eeee"]), now()).await.unwrap();
        assert!(!recovery::spend(&tx, ada, "bbbb", now()).await.unwrap(), "replaced as a set");
    }

    /// K3, T20
    a_link_is_spent_once_for_its_purpose_in_time(test) {
        let ada = stored_user(&test.store, "ada@example.org").await.id;
        let token = Token::generate(TokenKind::ResetPassword, ENTROPY).unwrap();
        let hash = token.hash();
        let link = Link {
            id: ENTROPY.id(now(), LinkId::new).unwrap(),
            user_id: ada,
            purpose: LinkPurpose::ResetPassword,
            address: "ada@example.org".to_owned(),
            created_at: now(),
            expires_at: now() + Duration::minutes(15),
        };
        let tx = test.store.begin().await.unwrap();
        links::insert(&tx, &link, hash).await.unwrap();
        assert!(links::spend(&tx, LinkPurpose::Access, hash, now()).await.unwrap().is_none(), "another purpose");
        let late = now() + Duration::minutes(15);
        assert!(links::spend(&tx, link.purpose, hash, late).await.unwrap().is_none(), "too late");
        assert_eq!(links::unused(&tx, link.purpose, hash, now()).await.unwrap(), Some(link.clone()));
        tx.commit().await.unwrap();
        let won = winners(test, move |store| async move {
            let tx = store.begin().await.unwrap();
            let spent = links::spend(&tx, LinkPurpose::ResetPassword, hash, now()).await.unwrap();
            tx.commit().await.unwrap();
            spent.is_some()
        });
        assert_eq!(won.await, 1);
        let tx = test.store.begin().await.unwrap();
        assert!(links::unused(&tx, link.purpose, hash, now()).await.unwrap().is_none());
        assert_eq!(links::purge(&tx, late, 10).await.unwrap(), 1);
    }

    /// K3, T20
    a_link_for_a_new_account_is_spent_once_in_time(test) {
        let hash = Token::generate(TokenKind::SignUp, ENTROPY).unwrap().hash();
        let other = Token::generate(TokenKind::SignUp, ENTROPY).unwrap().hash();
        let late = now() + Duration::hours(1);
        let link = || SignUpLink {
            id: ENTROPY.id(now(), LinkId::new).unwrap(),
            email: email(),
            created_at: now(),
            expires_at: late,
        };
        let tx = test.store.begin().await.unwrap();
        for token in [hash, other] {
            sign_ups::insert(&tx, &link(), token).await.unwrap();
        }
        assert!(sign_ups::spend(&tx, hash, late).await.unwrap().is_none(), "too late");
        assert_eq!(sign_ups::unused(&tx, hash, now()).await.unwrap().unwrap().email, email());
        tx.commit().await.unwrap();
        let won = winners(test, move |store| async move {
            let tx = store.begin().await.unwrap();
            let spent = sign_ups::spend(&tx, hash, now()).await.unwrap();
            tx.commit().await.unwrap();
            spent.is_some()
        });
        assert_eq!(won.await, 1);
        let tx = test.store.begin().await.unwrap();
        assert!(sign_ups::unused(&tx, hash, now()).await.unwrap().is_none());
        assert_eq!(sign_ups::purge(&tx, late, 1).await.unwrap(), 1);
        sign_ups::end_of_address(&tx, &email()).await.unwrap();
        assert!(sign_ups::unused(&tx, other, now()).await.unwrap().is_none());
    }

    /// G1, G2, class 2.7: four guesses are free, then one at a time, however many come at once.
    guesses_side_by_side_do_not_outrun_the_wait(test) {
        let won = winners(test, |store| async move {
            let tx = store.begin().await.unwrap();
            let turn = guesses::take_turn(&tx, Guessed::Password(&email()), now()).await.unwrap();
            tx.commit().await.unwrap();
            turn == Turn::Now
        });
        assert_eq!(won.await, 5, "the fifth is made, and has to be waited out");
        let tx = test.store.begin().await.unwrap();
        let what = Guessed::Password(&email());
        let until = now() + guesses::delay(5);
        assert_eq!(guesses::take_turn(&tx, what, now()).await.unwrap(), Turn::Wait(until));
        assert_eq!(guesses::take_turn(&tx, what, until).await.unwrap(), Turn::Now);
        let next = until + guesses::delay(6);
        assert_eq!(guesses::take_turn(&tx, what, until).await.unwrap(), Turn::Wait(next));
        guesses::forget(&tx, what).await.unwrap();
        assert_eq!(guesses::take_turn(&tx, what, until).await.unwrap(), Turn::Now);
        let earlier = until - Duration::milliseconds(5);
        let turn = guesses::take_turn(&tx, what, earlier).await.unwrap();
        assert_eq!(turn, Turn::Now, "who came a moment before the last one, and is served after it, waits for nothing");
        let rested = until + guesses::RESET_AFTER + Duration::SECOND;
        assert_eq!(guesses::purge(&tx, rested, 10).await.unwrap(), 1);
    }

    a_message_is_claimed_by_one_and_comes_back_if_that_one_dies(test) {
        let ada = stored_user(&test.store, "ada@example.org").await.id;
        let id = ENTROPY.id(now(), OutboxId::new).unwrap();
        let tx = test.store.begin().await.unwrap();
        outbox::add(&tx, id, (Kind::Mail, Some(ada)), b"a letter", now()).await.unwrap();
        tx.commit().await.unwrap();
        let lease = Duration::minutes(2);
        let won = winners(test, move |store| async move {
            let tx = store.begin().await.unwrap();
            let claimed = outbox::claim(&tx, id, now(), lease).await.unwrap();
            tx.commit().await.unwrap();
            claimed.is_some()
        });
        assert_eq!(won.await, 1);
        assert!(outbox::due(&test.store, &[Kind::Mail, Kind::ResetRequest], now(), 10).await.unwrap().is_empty());
        let later = now() + lease;
        assert_eq!(outbox::due(&test.store, &[Kind::Mail, Kind::ResetRequest], later, 10).await.unwrap(), [id]);
        let tx = test.store.begin().await.unwrap();
        let again = outbox::claim(&tx, id, later, lease).await.unwrap().unwrap();
        assert_eq!((again.attempts, again.content.as_slice(), again.user_id), (2, b"a letter".as_slice(), Some(ada)));
        outbox::postpone(&tx, id, later + lease, "refused").await.unwrap();
        assert_eq!(outbox::waiting(&tx).await.unwrap(), (1, 1));
        outbox::done(&tx, id).await.unwrap();
        assert_eq!(outbox::waiting(&tx).await.unwrap(), (0, 0));
    }

    an_address_changes_when_both_mailboxes_have_agreed_and_it_is_free(test) {
        let ada = stored_user(&test.store, "ada@example.org").await.id;
        stored_user(&test.store, "eve@example.org").await;
        let (new, taken) = (Email::parse("new@example.org").unwrap(), Email::parse("eve@example.org").unwrap());
        let tx = test.store.begin().await.unwrap();
        email_changes::begin(&tx, ada, &new, now()).await.unwrap();
        let one = email_changes::confirm(&tx, ada, Mailbox::New, now()).await.unwrap().unwrap();
        assert!(one.new_confirmed_at.is_some() && one.old_confirmed_at.is_none());
        email_changes::begin(&tx, ada, &new, now()).await.unwrap();
        let other = email_changes::confirm(&tx, ada, Mailbox::Old, now()).await.unwrap().unwrap();
        assert!(other.new_confirmed_at.is_none(), "a new change begins anew");
        assert!(!users::set_email(&tx, ada, &taken, now()).await.unwrap());
        assert!(users::set_email(&tx, ada, &new, now()).await.unwrap());
        let user = users::by_id(&tx, ada).await.unwrap().unwrap();
        assert!(user.email == new && user.email_verified);
        assert!(!users::verify_email(&tx, ada, "ada@example.org", now()).await.unwrap(), "D4");
    }

    a_browser_is_new_once_and_snoozes_for_one_person(test) {
        let ada = stored_user(&test.store, "ada@example.org").await.id;
        let eve = stored_user(&test.store, "eve@example.org").await.id;
        let (desk, phone) = (BrowserId([1; 32]), BrowserId([2; 32]));
        let tx = test.store.begin().await.unwrap();
        let first = browsers::note(&tx, ada, desk, now()).await.unwrap();
        assert!(first.new && !first.had_others);
        assert!(!browsers::note(&tx, ada, desk, now()).await.unwrap().new);
        let second = browsers::note(&tx, ada, phone, now()).await.unwrap();
        assert!(second.new && second.had_others);
        let until = now() + Duration::days(30);
        browsers::snooze(&tx, ada, desk, until).await.unwrap();
        assert_eq!(browsers::note(&tx, ada, desk, now()).await.unwrap().offer_snoozed_until, Some(until));
        assert_eq!(browsers::note(&tx, ada, phone, now()).await.unwrap().offer_snoozed_until, None);
        assert_eq!(browsers::note(&tx, eve, desk, now()).await.unwrap().offer_snoozed_until, None);
        tx.commit().await.unwrap();
        assert!(browsers::is_known(&test.store, phone).await.unwrap());
        assert!(!browsers::is_known(&test.store, BrowserId([3; 32])).await.unwrap());
    }

    /// T20: whoever deletes holds the account, so two deletions side by side never take both ways in.
    the_last_two_ways_in_are_not_both_taken(test) {
        let ada = stored_user(&test.store, "ada@example.org").await;
        let (one, two) = (passkey(ada.id, b"one"), passkey(ada.id, b"two"));
        let tx = test.store.begin().await.unwrap();
        assert!(passkeys::insert(&tx, &one).await.unwrap() && passkeys::insert(&tx, &two).await.unwrap());
        tx.commit().await.unwrap();
        assert!(!passwords::exists(&test.store, ada.id).await.unwrap());
        let turn = Arc::new(AtomicU64::new(0));
        let won = winners(test, move |store| {
            let id = if turn.fetch_add(1, Ordering::SeqCst).is_multiple_of(2) { one.id } else { two.id };
            let ada = ada.clone();
            async move {
                let tx = store.begin().await.unwrap();
                users::lock(&tx, ada.id).await.unwrap();
                let deleted = passkeys::delete(&tx, ada.id, id).await.unwrap();
                let kept = idp::account::proof::way_in_is_left(&tx, &ada, Policy::Free).await.unwrap();
                if deleted && kept {
                    tx.commit().await.unwrap();
                    return true;
                }
                false
            }
        });
        assert_eq!(won.await, 1);
    }
}
