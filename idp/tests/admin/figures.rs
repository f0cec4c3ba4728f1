//! The service in numbers: what the first page of the console counts, and whom it lists.

use idp::jobs;
use idp::model::user::ServiceRole;
use idp::store::figures::{self, Count};
use time::Duration;

use super::pages::strong;
use super::people::organization;
use super::service::houses;
use crate::support::{PASSWORD, SoftAuthenticator, TestApp};

const ADA: &str = "ada@example.org";

async fn counted(app: &TestApp, what: Count) -> Vec<(String, u64)> {
    let from = app.app.clock.now().date() - Duration::days(29);
    let found = figures::since(&app.app.store, from).await.unwrap();
    found.into_iter().filter(|figure| figure.what == what).map(|figure| (figure.sort, figure.count)).collect()
}

/// product §6: counted in the transaction that did it, day by day.
#[tokio::test]
async fn log_ins_and_failures_are_counted_by_day_and_sort() {
    for app in houses().await {
        let (_, mut phone) = app.person_with_passkey(ADA).await;
        app.browser().log_in_with_passkey(&mut phone).await;
        app.browser().submit_password(ADA, "wrong").await;
        app.advance(Duration::days(1));
        app.browser().log_in_with_passkey(&mut phone).await;
        let sort = |name: &str, count| (name.to_owned(), count);
        let signed_in = counted(&app, Count::SignedIn).await;
        assert_eq!(signed_in, [sort("passkey", 1), sort("password", 1), sort("passkey", 1)]);
        assert_eq!(counted(&app, Count::SignInFailed).await, [sort("password", 1)]);
    }
}

/// product §3: one passkey that no provider keeps, and nothing else.
#[tokio::test]
async fn whom_one_loss_would_lock_out_is_counted_and_listed_until_they_have_another_way() {
    for app in houses().await {
        let (olive, _) = strong(&app, "olive@example.org", Some(ServiceRole::Operator)).await;
        app.person("berta@example.org").await;
        app.person(ADA).await;
        let desk = app.browser();
        desk.log_in_with_password(ADA, PASSWORD).await;
        let mut first = SoftAuthenticator::new(&app.issuer());
        (first.backup_eligible, first.backup_state) = (false, false);
        desk.create_passkey(&mut first).await;
        let listed = async || {
            let page = olive.get("/admin/risk").await.body;
            [ADA, "berta@example.org", "olive@example.org"].map(|email| page.contains(email))
        };
        let risk = listed().await;
        assert_eq!(
            risk,
            [true, false, false],
            "neither a password alone nor a synced passkey is lost with a device"
        );
        jobs::count(&app.app).await.unwrap();
        let at_risk = counted(&app, Count::AtRisk).await.remove(0).1;
        assert_eq!(at_risk, 1, "the number is that of the list");
        assert_eq!(counted(&app, Count::WithPasskey).await[0].1, 2);
        assert_eq!(counted(&app, Count::People).await[0].1, 3);
        desk.create_passkey(&mut SoftAuthenticator::new(&app.issuer())).await;
        assert!(!listed().await[0]);
        jobs::count(&app.app).await.unwrap();
        assert_eq!(counted(&app, Count::AtRisk).await.len(), 1, "one number for each day");
        let first_page = olive.get("/admin").await.body;
        assert!(first_page.contains("67 %"), "two of three: {first_page}");
    }
}

/// product §5: the numbers are everybody's, and not for whoever looks after some.
#[tokio::test]
async fn an_administrator_of_an_organization_sees_no_numbers_of_the_service() {
    let app = TestApp::init().await;
    let (carla, user) = strong(&app, "carla@example.org", None).await;
    organization(&app.app.store, "lindenhof", &[(user.id, "administrator")]).await;
    let page = carla.get("/admin").await.body;
    assert!(page.contains("lindenhof") && !page.contains("class=\"chart\"") && !page.contains("/admin/keys"));
    let (support, _) = strong(&app, "support@example.org", Some(ServiceRole::Support)).await;
    let page = support.get("/admin").await.body;
    assert!(page.contains("class=\"chart\"") && !page.contains("/admin/keys"), "{page}");
}
