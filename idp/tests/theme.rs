//! Every page renders with every sample in every language: no text is missing, and what a person
//! typed never becomes markup.

use std::collections::BTreeSet;
use std::path::Path;

use idp::account::pages as account;
use idp::admin::pages as admin;
use idp::login::{invitation, pages as login, setup, sign_up};
use idp::oidc::{authorize, ciba, consent, device, logout, organization, trial};
use idp::theme::{BackCard, BrandCard, LogoCard, Page, PersonCard, Shell, Theme};
use idp::web::{error, page};

fn shell(lang: &str, signed_in: bool) -> Shell {
    let card = PersonCard { name: "Ada <b>Lovelace</b>".to_owned(), email: "ada@example.org".to_owned() };
    Shell {
        lang: lang.to_owned(),
        brand: BrandCard {
            name: "Brand & Co <script>".to_owned(),
            logo: signed_in
                .then(|| LogoCard { light: "/brand/logo/x".to_owned(), dark: "/brand/logo/y".to_owned() }),
            stylesheet: signed_in.then(|| "/brand/0f4c55-8ccfca.css".to_owned()),
        },
        csrf: "csrf".to_owned(),
        nonce: "nonce".to_owned(),
        person: signed_in.then_some(card),
        section: "account",
        administers: signed_in,
        service: signed_in,
        development: signed_in,
        back: signed_in.then(|| BackCard {
            name: "Lindenhof <Clinic>".to_owned(),
            url: "https://practice.example.org/".to_owned(),
        }),
    }
}

fn check<P: Page>(theme: &Theme, seen: &mut BTreeSet<&'static str>) {
    let samples = P::samples();
    assert!(!samples.is_empty(), "{} has no samples", P::TEMPLATE);
    for lang in ["en", "de"] {
        for (index, sample) in samples.iter().enumerate() {
            for signed_in in [false, true] {
                let html = theme.render(&shell(lang, signed_in), sample);
                let html = html.unwrap_or_else(|error| {
                    let source = std::error::Error::source(&error).map(ToString::to_string);
                    panic!("{} sample {index} in {lang}: {source:?}", P::TEMPLATE)
                });
                look_at(&html, P::TEMPLATE, lang);
            }
        }
    }
    seen.insert(P::TEMPLATE);
}

fn look_at(html: &str, template: &str, lang: &str) {
    let context = || format!("{template} in {lang}: {html}");
    assert!(html.contains(&format!("<html lang=\"{lang}\">")), "{}", context());
    assert_eq!(html.matches("<h1").count(), 1, "one heading: {}", context());
    assert!(!html.contains("style=\"") && !html.contains("<style"), "inline style: {}", context());
    for tag in html.split("<script").skip(1) {
        assert!(tag.contains("nonce=\"nonce\"") && tag.contains(" src=\""), "inline script: {}", context());
    }
    for handler in [" onclick=", " onload=", "javascript:"] {
        assert!(!html.contains(handler), "{handler}: {}", context());
    }
    // Every sample has markup in the places that people can fill in.
    for typed in ["<b>", "<Clinic>", "<Lovelace>", "<key>", "<script>alert", "<script>\""] {
        assert!(!html.contains(typed), "{typed} was not escaped: {}", context());
    }
}

#[test]
fn every_page_renders_with_every_sample_in_every_language() {
    let theme = Theme::load().unwrap();
    let mut seen = BTreeSet::new();
    check::<idp::admin::api::ApiPage>(&theme, &mut seen);
    check::<login::SignInPage>(&theme, &mut seen);
    check::<login::UsePasskeyPage>(&theme, &mut seen);
    check::<login::UsePasswordPage>(&theme, &mut seen);
    check::<login::ChoosePage>(&theme, &mut seen);
    check::<login::OfferPage>(&theme, &mut seen);
    check::<login::SignedOutPage>(&theme, &mut seen);
    check::<login::CodePage>(&theme, &mut seen);
    check::<login::RecoveryCodePage>(&theme, &mut seen);
    check::<login::EnrolPage>(&theme, &mut seen);
    check::<login::ForgotPage>(&theme, &mut seen);
    check::<login::ResetPage>(&theme, &mut seen);
    check::<login::AccessPage>(&theme, &mut seen);
    check::<invitation::pages::InvitationPage>(&theme, &mut seen);
    check::<sign_up::pages::CreatePage>(&theme, &mut seen);
    check::<sign_up::pages::CreateNamePage>(&theme, &mut seen);
    check::<sign_up::pages::FirstPasskeyPage>(&theme, &mut seen);
    check::<setup::pages::SetUpPage>(&theme, &mut seen);
    check::<account::OverviewPage>(&theme, &mut seen);
    check::<account::PasskeysPage>(&theme, &mut seen);
    check::<account::CreatePage>(&theme, &mut seen);
    check::<account::NamePage>(&theme, &mut seen);
    check::<account::DeletePage>(&theme, &mut seen);
    check::<account::PasskeyGonePage>(&theme, &mut seen);
    check::<account::LostPage>(&theme, &mut seen);
    check::<account::ProfilePage>(&theme, &mut seen);
    check::<account::EmailPage>(&theme, &mut seen);
    check::<account::EmailLinkPage>(&theme, &mut seen);
    check::<account::PasswordPage>(&theme, &mut seen);
    check::<account::TwoFactorPage>(&theme, &mut seen);
    check::<account::CodeAppPage>(&theme, &mut seen);
    check::<account::CodeAppOffPage>(&theme, &mut seen);
    check::<account::RecoveryCodesPage>(&theme, &mut seen);
    check::<account::SessionsPage>(&theme, &mut seen);
    check::<account::AppsPage>(&theme, &mut seen);
    check::<account::ActivityPage>(&theme, &mut seen);
    check::<account::HelpPage>(&theme, &mut seen);
    check::<admin::OverviewPage>(&theme, &mut seen);
    check::<admin::OrganizationsPage>(&theme, &mut seen);
    check::<admin::OrganizationPage>(&theme, &mut seen);
    check::<admin::OrganizationDeedPage>(&theme, &mut seen);
    check::<admin::BrandingPage>(&theme, &mut seen);
    check::<admin::PolicyPage>(&theme, &mut seen);
    check::<admin::PeoplePage>(&theme, &mut seen);
    check::<admin::InvitePage>(&theme, &mut seen);
    check::<admin::NewOrganizationPage>(&theme, &mut seen);
    check::<admin::NewPersonPage>(&theme, &mut seen);
    check::<admin::person::PersonPage>(&theme, &mut seen);
    check::<admin::person::PersonPasskeysPage>(&theme, &mut seen);
    check::<admin::person::PersonSessionsPage>(&theme, &mut seen);
    check::<admin::person::PersonAppsPage>(&theme, &mut seen);
    check::<admin::person::PersonOrganizationsPage>(&theme, &mut seen);
    check::<admin::person::PersonActivityPage>(&theme, &mut seen);
    check::<admin::person::PersonRawPage>(&theme, &mut seen);
    check::<admin::DeedPage>(&theme, &mut seen);
    check::<admin::applications::ApplicationsPage>(&theme, &mut seen);
    check::<admin::applications::KindsPage>(&theme, &mut seen);
    check::<admin::applications::ApplicationFormPage>(&theme, &mut seen);
    check::<admin::applications::MadePage>(&theme, &mut seen);
    check::<admin::applications::ApplicationPage>(&theme, &mut seen);
    check::<admin::applications::ApplicationDeedPage>(&theme, &mut seen);
    check::<admin::applications::PreviewPage>(&theme, &mut seen);
    check::<admin::applications::TryPage>(&theme, &mut seen);
    check::<admin::AuditPage>(&theme, &mut seen);
    check::<admin::RecordPage>(&theme, &mut seen);
    check::<admin::VerifyPage>(&theme, &mut seen);
    check::<admin::ActPage>(&theme, &mut seen);
    check::<admin::KeysPage>(&theme, &mut seen);
    check::<admin::JobsPage>(&theme, &mut seen);
    check::<admin::MailsPage>(&theme, &mut seen);
    check::<admin::MailSamplePage>(&theme, &mut seen);
    check::<admin::RiskPage>(&theme, &mut seen);
    check::<admin::HealthPage>(&theme, &mut seen);
    check::<consent::pages::ConsentPage>(&theme, &mut seen);
    check::<trial::pages::TrialPage>(&theme, &mut seen);
    check::<trial::pages::TrialErrorPage>(&theme, &mut seen);
    check::<organization::pages::ChooseOrganizationPage>(&theme, &mut seen);
    check::<organization::pages::NoMemberPage>(&theme, &mut seen);
    check::<device::pages::DevicePage>(&theme, &mut seen);
    check::<device::pages::DeviceConsentPage>(&theme, &mut seen);
    check::<device::pages::DeviceDonePage>(&theme, &mut seen);
    check::<ciba::pages::RequestsPage>(&theme, &mut seen);
    check::<ciba::pages::RequestPage>(&theme, &mut seen);
    check::<ciba::pages::RequestDonePage>(&theme, &mut seen);
    check::<logout::pages::LogoutPage>(&theme, &mut seen);
    check::<logout::pages::FarewellPage>(&theme, &mut seen);
    check::<authorize::respond::FormPostPage>(&theme, &mut seen);
    check::<page::ContinuePage>(&theme, &mut seen);
    check::<error::ErrorPage>(&theme, &mut seen);
    assert_eq!(seen, pages_of_the_theme(), "a page without a test, or a test without a page");
}

/// Templates that are pages: not the layouts they extend and the parts they include.
fn pages_of_the_theme() -> BTreeSet<&'static str> {
    const PARTS: [&str; 8] = [
        "layout.html",
        "stage.html",
        "ui.html",
        "icons.html",
        "account/layout.html",
        "admin/layout.html",
        "admin/person/layout.html",
        "account/passkey_card.html",
    ];
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../themes/default");
    let mut pages = BTreeSet::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "html")
                && !name.starts_with("parts/")
                // Not a page: rendered by the test of the mails.
                && !name.starts_with("mail/")
                && !PARTS.contains(&name.as_str())
            {
                pages.insert(&*name.leak());
            }
        }
    }
    pages
}

/// Both languages have the same texts, and every failure that code can name has one.
#[test]
fn the_languages_have_the_same_texts() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../themes/default/locales");
    let ids = |name: &str| -> BTreeSet<String> {
        let text = std::fs::read_to_string(root.join(name)).unwrap();
        let lines = text.lines().filter(|line| line.starts_with(|c: char| c.is_ascii_alphabetic()));
        lines.filter_map(|line| line.split_once(" =").map(|(id, _)| id.to_owned())).collect()
    };
    let (english, german) = (ids("en.ftl"), ids("de.ftl"));
    let missing: Vec<_> = english.symmetric_difference(&german).collect();
    assert!(missing.is_empty(), "in one language only: {missing:?}");
    let theme = Theme::load().unwrap();
    for failure in [
        "passkey-unknown",
        "passkey-rejected",
        "passkey-expired",
        "passkey-exists",
        "passkey-limit",
        "link-expired",
        "email-domain",
        "attempt-expired",
        "too-busy",
        "unavailable",
        "wrong-credentials",
    ] {
        let id = format!("failure-{failure}");
        assert!(english.contains(&id), "{id}");
        assert_ne!(theme.text(theme.catalogues().fallback(), &id), id);
    }
}
