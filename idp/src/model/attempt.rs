//! What is under way: an authorization request that waits for its person, and a sign-in that has
//! been begun. Both live in ephemeral storage under a random handle; sign-in and the protocol meet
//! here and nowhere else.

use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};

use super::client::{ClientId, LegacyFlow};
use super::grant::Permission;
use super::ids::{OrganizationId, PasskeyId, SessionId, UserId};
use super::key::{SigningAlg, Thumbprint};
use super::redirect_uri::RedirectUri;
use super::session::{Assurance, Method, Session};
use super::user::Policy;
use super::{Invalid, text_type};

/// An authorization request left alone this long has to be begun again.
pub const ATTEMPT_LIFETIME: Duration = Duration::minutes(30);
/// A sign-in between its steps.
pub const SIGN_IN_LIFETIME: Duration = Duration::minutes(10);

text_type!(
    /// A random name for something ephemeral: 43 characters of base64url, 256 bits.
    Handle,
    |text| {
        let legal = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if text.len() != 43 || !text.chars().all(legal) {
            return Err(Invalid::new("handle", "must be 43 characters of base64url"));
        }
        Ok(text.to_owned())
    }
);

text_type!(
    /// A page of our own that a person may be sent to after signing in.
    LocalPath,
    |text| {
        let legal = |c: char| c.is_ascii_alphanumeric() || "/-_?=&.%~:+".contains(c);
        let rooms = ["/account", "/admin", "/device", "/login/invitation", "/requests"];
        let room = rooms.into_iter().any(|room| {
            text.strip_prefix(room).is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?']))
        });
        // What follows a question mark is data and leads nowhere by itself.
        let path = text.split('?').next().unwrap_or_default();
        let plain = !["//", "/.", "..", "%"].iter().any(|odd| path.contains(odd));
        if !room || text.len() > 500 || !plain || !text.chars().all(legal) {
            return Err(Invalid::new("destination", "must be a path of our own pages for people"));
        }
        Ok(text.to_owned())
    }
);

/// The application as people see it while they sign in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppCard {
    pub name: String,
    pub host: String,
    pub logo_uri: Option<String>,
    pub policy_uri: Option<String>,
    pub tos_uri: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResponseMode {
    Query,
    FormPost,
    /// Behind the `#`: for answers with tokens in them.
    Fragment,
    /// JARM: one signed answer.
    QueryJwt,
    FormPostJwt,
    FragmentJwt,
}

/// OIDC Core §3.1.2.1 `prompt`.
#[expect(clippy::struct_excessive_bools, reason = "words of the specification, any of which may be there")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Prompt {
    pub none: bool,
    pub login: bool,
    pub consent: bool,
    pub select_account: bool,
    /// Initiating User Registration via OpenID Connect 1.0 §4.
    pub create: bool,
}

/// Whom somebody chose where an application asked them to choose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Choice {
    /// The person who was signed in.
    Here(UserId),
    /// Somebody who still has to sign in.
    Another,
}

/// A checked authorization request, on its way from `/oidc/authorize` to its answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    pub client_id: ClientId,
    pub app: AppCard,
    pub redirect_uri: RedirectUri,
    pub response_mode: ResponseMode,
    /// What the answer is signed with, where it is.
    pub response_alg: SigningAlg,
    pub state: Option<String>,
    pub nonce: Option<String>,
    /// RFC 7636 S256 challenge: the 43 characters as sent.
    pub code_challenge: Option<String>,
    /// What the answer consists of, when it is more than a code or something else.
    #[serde(default)]
    pub flow: Option<LegacyFlow>,
    pub permission: Permission,
    /// RFC 9449 §10: the key that whoever redeems the code has to prove.
    pub key: Option<Thumbprint>,
    /// What the request was pushed under, to be spent with the answer (RFC 9126).
    pub pushed: Option<[u8; 32]>,
    pub prompt: Prompt,
    pub max_age: Option<u32>,
    /// How certain the application wants to be; less does not answer the request.
    pub assurance: Option<Assurance>,
    pub login_hint: Option<String>,
    /// The person named by `id_token_hint`, as the client knows them: nobody else may answer this request.
    pub hinted: Option<String>,
    pub ui_locales: Vec<String>,
    pub begun_at: OffsetDateTime,
    /// The browser that first showed it (see [`BrowserId`]); nobody else may go on with it.
    pub browser: Option<BrowserId>,
    /// The person allowed it on the consent page, in this attempt.
    pub consented_by: Option<UserId>,
    /// What was chosen on the page "Choose an account", in this attempt.
    #[serde(default)]
    pub chosen: Option<Choice>,
    /// How people have to sign in for this application at least.
    #[serde(default)]
    pub policy: Option<Policy>,
    /// The organization that the application named, as it was sent.
    #[serde(default)]
    pub organization: Option<String>,
    /// The one that somebody chose on the page "Choose an organization", in this attempt.
    #[serde(default)]
    pub acts_for: Option<(UserId, OrganizationId)>,
    /// Somebody tries out what the application would be answered: it is shown to the person who signs in, and nobody
    /// is answered.
    #[serde(default)]
    pub trial: bool,
}

/// An administrator is about to try out signing in to an application.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trial {
    pub client_id: ClientId,
    /// Who tries, in their session: nobody else may.
    pub session_id: SessionId,
    /// What is asked for, as an application would write it.
    pub scope: String,
    pub organization: String,
    /// Log in anew, whoever is logged in.
    pub anew: bool,
}

/// SHA-256 of the cookie that tells browsers apart before anyone has signed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct BrowserId(pub [u8; 32]);

/// Where a completed sign-in leads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Destination {
    /// On with an authorization request.
    Attempt(Handle),
    Page(LocalPath),
    Account,
}

/// Which of a person's passwords it was: a new one makes what was proven with the old one worthless.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PasswordVersion(pub [u8; 32]);

/// What one person has proven so far, in one browser, between the steps of signing in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignIn {
    pub browser: BrowserId,
    pub user_id: UserId,
    pub password: Option<PasswordVersion>,
    pub passkey: Option<PasskeyProof>,
    /// A code of the person's code app.
    pub code: bool,
    pub recovery_code: bool,
}

impl SignIn {
    /// Somebody who has proven nothing yet.
    #[must_use]
    pub const fn of(browser: BrowserId, user_id: UserId) -> Self {
        Self { browser, user_id, password: None, passkey: None, code: false, recovery_code: false }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PasskeyProof {
    pub id: PasskeyId,
    pub user_verified: bool,
    /// It claims to have verified its person, which it has never shown together with another factor
    /// (Level 3 §7.2 step 23).
    pub verification_unproven: bool,
    /// Whether it may be copied, when it says otherwise than its record.
    pub new_eligibility: Option<bool>,
    /// It answered from another device than this one.
    pub cross_device: bool,
}

/// What a WebAuthn ceremony was begun for. A challenge made for one purpose is worth nothing for
/// another (WebAuthn §13.4.3).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum CeremonyPurpose {
    /// Anyone's passkey, at the sign-in page.
    SignIn,
    /// This person's passkey, after their password.
    SecondFactor(UserId),
    /// A new passkey for this person.
    Registration(UserId),
    /// The first passkey of somebody who has no account yet.
    SignUp(UserId),
    /// A new passkey that the browser makes by itself, right after a password (Level 3 §5.1.3).
    ConditionalRegistration(UserId),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ceremony {
    pub purpose: CeremonyPurpose,
    pub browser: BrowserId,
    pub challenge: [u8; 32],
    /// Allowed (sign-in) or excluded (registration) credential ids.
    pub credentials: Vec<Vec<u8>>,
}

/// Everything that a redeemed authorization code stands for (RFC 6749 §4.1.3, RFC 9700 §4.5).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeGrant {
    pub client_id: ClientId,
    pub redirect_uri: RedirectUri,
    /// `None`: the client was not asked for one, and then must not know a verifier either.
    pub code_challenge: Option<String>,
    pub nonce: Option<String>,
    pub permission: Permission,
    pub key: Option<Thumbprint>,
    pub approval: Approval,
}

/// Who allowed something, by which sign-in, and for which organization of theirs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    pub user_id: UserId,
    pub session_id: SessionId,
    pub passkey_id: Option<PasskeyId>,
    pub method: Method,
    pub authenticated_at: OffsetDateTime,
    #[serde(default)]
    pub organization: Option<OrganizationId>,
}

impl From<&Session> for Approval {
    fn from(session: &Session) -> Self {
        Self {
            user_id: session.user_id,
            session_id: session.id,
            passkey_id: session.passkey_id,
            method: session.method,
            authenticated_at: session.authenticated_at,
            organization: None,
        }
    }
}

impl Approval {
    /// The same, for an organization.
    #[must_use]
    pub fn for_organization(self, organization: Option<OrganizationId>) -> Self {
        Self { organization, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_destination_stays_on_our_own_pages() {
        for text in [
            "/account",
            "/account/passkeys?x=1",
            "/admin/people",
            "/account?return_to=https://a.example/x",
            "/device",
            "/requests",
        ] {
            assert!(LocalPath::parse(text).is_ok(), "{text:?}");
        }
        for text in [
            "",
            "/",
            "//evil.example",
            "/account//evil.example",
            "https://evil.example",
            "/accountant",
            "/requestsx",
            "/account/../oidc/authorize",
            "/account/./passkeys",
            "/account/.",
            "/account/%2e%2e/oidc/logout",
            "/account\\evil",
            "/account/\r\nx",
            "/login",
            "/oidc/authorize",
        ] {
            assert!(LocalPath::parse(text).is_err(), "{text:?}");
        }
    }
}
