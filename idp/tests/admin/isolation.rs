//! Two organizations that must not know of each other: who administers one sees nothing of the other's people, invitations
//! and records, wherever they look (security: M1, §2.18; product §5).

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use idp::admin::{invitations, members};
use idp::model::ids::{OrganizationId, UserId};
use idp::model::organization::Roles;
use idp::model::user::{Email, PersonName, Policy, ServiceRole};
use idp::store::users::{self, Profile};
use idp::store::{memberships, organizations, passkeys};

use super::api::{Clinic, EVERYTHING, operations};
use super::people::acting;
use crate::store::Backend;
use crate::support::{Answer, Browser};

/// What is asked for is the beginning of what must not be found: whatever page repeats what was typed does no harm.
const ASKED: &str = "quarz";

/// Whatever tells of the other organization: its names, and all that anything of it is called by.
struct Secrets(BTreeMap<String, &'static str>);

impl Secrets {
    fn add(&mut self, text: &impl ToString, what: &'static str) {
        self.0.insert(text.to_string().to_lowercase(), what);
    }

    /// But for what whoever asked has named in the address.
    fn in_none_of(&self, answer: &Answer, path: &str) {
        let headers = format!("{:?}", answer.headers);
        let told = format!("{headers} {}", answer.body).to_lowercase();
        for (secret, what) in &self.0 {
            let named = path.to_lowercase().contains(secret);
            assert!(named || !told.contains(secret), "{path} tells {what}, {secret}: {told}");
        }
    }
}

struct World {
    clinic: Clinic,
    carla: Browser,
    secrets: Secrets,
    /// The other organization, its member, that member's passkey, and an invitation to it.
    other: (OrganizationId, UserId, String, String),
}

/// Two organizations. Carla administers the one. Of the other everything is called something with `quarz`, and Dora
/// belongs to both.
async fn world(backend: Backend) -> Option<World> {
    let clinic = Clinic::on(backend, Vec::new()).await?;
    let (app, store) = (&clinic.app, &clinic.app.app.store);
    let (carla, administrator) = clinic.somebody("carla@example.org", None).await;
    let (otto_there, otto) = clinic.somebody("otto@quarzberg.example", None).await;
    let (_, bob) = clinic.somebody("bob@quarzberg.example", None).await;
    let (_, dora) = clinic.somebody("dora@example.org", None).await;
    let now = app.app.clock.now();
    for (user, given, family) in [(otto.id, "Quarzotto", "Quarzkopf"), (bob.id, "Quarzbob", "Quarzmann")] {
        let name = |text| PersonName::parse(text).unwrap();
        let profile =
            Profile { given_name: name(given), family_name: name(family), language: None, time_zone: None };
        let tx = store.begin().await.unwrap();
        users::set_profile(&tx, user, &profile, now).await.unwrap();
        tx.commit().await.unwrap();
    }
    clinic.organization("lindenhof", &[(administrator.id, "administrator"), (dora.id, "practitioner")]).await;
    let there = [(otto.id, "administrator"), (bob.id, "practitioner")];
    let other = clinic.organization("quarzwerk", &there).await;
    // A role and a rule of their own, which show at whoever belongs to both, if anything does.
    let settings = organizations::Settings {
        name: idp::model::organization::OrganizationName::parse("Quarzhaus").unwrap(),
        policy: Some(Policy::RequirePasskey),
        roles: Roles::parse("practitioner quarzwart").unwrap(),
    };
    let (office, run) = (app.office(), acting(app, &otto).await);
    idp::admin::organizations::change(&office, &run, (other, &settings)).await.unwrap().unwrap();
    let host = idp::admin::AdminActor::of_the_host();
    let roles = Roles::parse("quarzwart").unwrap();
    members::add(&office, &host, (other, dora.id, &roles)).await.unwrap().unwrap();
    let new = invitations::New {
        email: Email::parse("quarzgast@example.org").unwrap(),
        roles: Roles::default(),
        client: None,
        days: 7,
        language: None,
    };
    let invitation = invitations::invite(&office, &run, (other, new)).await.unwrap().unwrap().id;
    otto_there.get("/admin/people").await;
    let key = passkeys::of_user(store, bob.id).await.unwrap()[0].id;
    let mut secrets = Secrets(BTreeMap::new());
    for text in ["quarzotto", "quarzkopf", "quarzbob", "quarzmann"] {
        secrets.add(&text, "the name of somebody");
    }
    secrets.add(&"quarzberg", "the address of somebody");
    secrets.add(&"quarzhaus", "the name of the organization");
    secrets.add(&"quarzwerk", "the short name of the organization");
    secrets.add(&"quarzwart", "a role there");
    secrets.add(&"quarzgast", "who is invited");
    for (id, what) in [(otto.id, "who administers it"), (bob.id, "who belongs to it")] {
        secrets.add(&id, what);
    }
    secrets.add(&other, "the organization");
    secrets.add(&invitation, "an invitation");
    secrets.add(&key, "a passkey");
    let other = (other, bob.id, key.to_string(), invitation.to_string());
    assert_eq!(memberships::count(store, other.0).await.unwrap(), 3);
    Some(World { clinic, carla, secrets, other })
}

/// What a page leads to within the console.
fn links(body: &str) -> Vec<String> {
    let body = body.replace("&#x2f;", "/").replace("&amp;", "&");
    let all = body.split('"').filter(|part| part.starts_with("/admin"));
    all.map(|part| part.split('#').next().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn no_page_of_the_console_tells_an_administrator_of_another_organization() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let Some(World { clinic: _clinic, carla, secrets, other }) = world(backend).await else { continue };
        let (organization, person, passkey, invitation) = &other;
        let mut waiting: VecDeque<String> =
            ["/admin", "/admin/people", "/admin/organizations"].into_iter().map(ToOwned::to_owned).collect();
        // Every list that is searched, by the beginning and by all that could be typed.
        for list in ["people", "organizations", "find", "applications", "audit", "risk", "jobs"] {
            for query in [ASKED, "bob", "@", "otto@", "q", "%25", "_"] {
                waiting.push_back(format!("/admin/{list}?q={query}"));
                waiting.push_back(format!("/admin/{list}?q={query}&state=disabled"));
            }
            for place in [person.to_string(), organization.to_string()] {
                waiting.push_back(format!("/admin/{list}?after={place}"));
                waiting.push_back(format!("/admin/{list}?organization={organization}&person={place}"));
            }
        }
        // What is not hers, by its address.
        let there = format!("/admin/organizations/{organization}");
        for path in ["", "/invite", "/change", "/disable", "/enable"] {
            waiting.push_back(format!("{there}{path}"));
        }
        waiting.push_back(format!("{there}/members/{person}/roles"));
        waiting.push_back(format!("{there}/invitations/{invitation}/resend"));
        for path in ["", "/reset-passkeys", "/disable", "/role", &format!("/passkeys/{passkey}")] {
            waiting.push_back(format!("/admin/people/{person}{path}"));
        }
        for sequence in 1..20 {
            waiting.push_back(format!("/admin/audit/{sequence}"));
        }
        let mut seen = BTreeSet::new();
        let mut shown = 0;
        while let Some(path) = waiting.pop_front() {
            if !seen.insert(path.clone()) {
                continue;
            }
            let answer = carla.get(&path).await;
            assert!(answer.status.as_u16() < 500, "{path}: {answer:?}");
            secrets.in_none_of(&answer, &path);
            shown += usize::from(answer.status == 200);
            if path.starts_with("/admin/find") {
                continue;
            }
            waiting.extend(links(&answer.body));
        }
        assert!(shown > 40, "only {shown} pages of {seen:?}");
        assert!(seen.iter().any(|path| path.ends_with("/roles")), "the walk went into her own organization");
    }
}

/// What is refused tells as little, and what she invites is answered in the same way whoever it is.
#[tokio::test]
async fn no_form_of_the_console_tells_an_administrator_of_another_organization() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let Some(World { clinic, carla, secrets, other }) = world(backend).await else { continue };
        let (organization, person, passkey, invitation) = &other;
        let there = format!("/admin/organizations/{organization}");
        for path in [
            format!("{there}/invite"),
            format!("{there}/change"),
            format!("{there}/members/{person}/roles"),
            format!("{there}/members/{person}/remove"),
            format!("{there}/invitations/{invitation}/resend"),
            format!("{there}/invitations/{invitation}/withdraw"),
            format!("/admin/people/{person}/disable"),
            format!("/admin/people/{person}/link"),
            format!("/admin/people/{person}/passkeys/{passkey}"),
        ] {
            let fields = [("email", "x@example.org"), ("days", "7"), ("name", "X"), ("minutes", "30")];
            let answer = carla.post(&path, &fields).await;
            assert_eq!(answer.status, 404, "{path}");
            secrets.in_none_of(&answer, &path);
        }
        let page = carla.get("/admin/organizations").await.body.replace("&#x2f;", "/");
        let own = page.split('"').find(|part| part.starts_with("/admin/organizations/0")).unwrap().to_owned();
        let mut answers = Vec::new();
        let invited = ["bob@quarzberg.example", "nobody@elsewhere.example"];
        for email in invited {
            let made = carla.post(&format!("{own}/invite"), &[("email", email), ("days", "7")]).await;
            let page = carla.get(&made.location()).await;
            let body = invited.iter().fold(page.body, |body, email| body.replace(email, "EMAIL"));
            assert!(body.contains("EMAIL"), "{body}");
            secrets
                .in_none_of(&Answer { body, headers: page.headers, status: page.status }, &made.location());
            answers.push((made.status, made.location()));
        }
        assert_eq!(answers[0], answers[1], "whether somebody has an account is not told");
        assert_eq!(memberships::count(&clinic.app.app.store, *organization).await.unwrap(), 3);
    }
}

#[tokio::test]
async fn no_operation_of_the_api_tells_an_administrator_of_another_organization() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let Some(World { clinic, carla, secrets, other }) = world(backend).await else { continue };
        let (organization, person, passkey, invitation) = &other;
        let token = clinic.token(&carla, EVERYTHING).await;
        let document = clinic.document().await;
        let mut asked = 0;
        for (method, path, _) in operations(&document).into_iter().filter(|(method, ..)| method == "GET") {
            let of_people = path.starts_with("/people");
            let id = if of_people { person.to_string() } else { organization.to_string() };
            let path = path.replace("/applications/{id}", "/applications/desk").replace("{id}", &id);
            let path = path.replace("{person}", &person.to_string()).replace("{passkey}", passkey);
            let path = path.replace("{invitation}", invitation);
            let path = path.split('/').map(|part| if part.starts_with('{') { "1" } else { part });
            let path = path.collect::<Vec<_>>().join("/");
            let mut queries = vec![String::new()];
            for name in ["q", "search", "text", "filter", "name", "email", "slug"] {
                queries.push(format!("?{name}={ASKED}"));
            }
            for name in ["person", "actor", "organization", "after", "before", "cursor", "page"] {
                queries.push(format!("?{name}={person}"));
                queries.push(format!("?{name}={organization}"));
            }
            for query in queries {
                let path = format!("{path}{query}");
                let answer = clinic.get(&token, &path).await;
                assert!(answer.status.as_u16() < 500, "{method} {path}: {answer:?}");
                secrets.in_none_of(&answer, &path);
                asked += 1;
            }
        }
        assert!(asked > 100, "{asked}");
        // She who sees everything is told all of it: the strings are there to be found.
        let (olive, _) = clinic.somebody("olive@example.org", Some(ServiceRole::Operator)).await;
        let all = clinic.token(&olive, EVERYTHING).await;
        let mut told = String::new();
        for path in ["/people", "/organizations", &format!("/organizations/{organization}/members")] {
            told += &clinic.get(&all, path).await.body;
        }
        for known in ["Quarzmann", "Quarzhaus", "quarzwerk", "quarzwart", &person.to_string()] {
            assert!(told.contains(known), "{known}: {told}");
        }
    }
}
