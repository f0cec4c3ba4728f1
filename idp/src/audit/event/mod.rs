//! What the audit trail can say. Never a secret, and never a name or address: people are their
//! identifiers.

mod kinds;

use serde::Serialize;
use serde_json::Value;

use crate::model::authorization::TypeNames;
use crate::model::claims::NamedClaims;
use crate::model::client::ClientId;
use crate::model::credential::Factor;
use crate::model::ids::{
    ClientSecretId, GrantId, InvitationId, OrganizationId, PasskeyId, RegistrationTokenId, SessionId,
};
use crate::model::session::Method;
use crate::model::user::{Policy, ServiceRole};

pub use kinds::KINDS;

/// What happened. The serialised form is what is kept and hashed, so fields may be added and never
/// renamed.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Event {
    OperatorSetUp,
    UserCreated {
        role: Option<&'static str>,
    },
    /// Made from what another system knew, as it said.
    UserImported,
    UserDisabled {
        sessions_ended: u64,
    },
    UserEnabled,
    /// Rights over the whole service, given or (with none) taken.
    ServiceRoleSet {
        role: Option<ServiceRole>,
    },
    OrganizationCreated {
        organization: OrganizationId,
    },
    OrganizationChanged {
        organization: OrganizationId,
        policy: Option<Policy>,
    },
    /// How an organization looks, or with none the service.
    BrandChanged {
        organization: Option<OrganizationId>,
        changed: &'static str,
    },
    /// How everybody has to sign in at least.
    ServicePolicySet {
        policy: Policy,
        previous: Policy,
    },
    OrganizationEnabled {
        organization: OrganizationId,
        enabled: bool,
    },
    MemberAdded {
        organization: OrganizationId,
        roles: String,
    },
    MemberRolesSet {
        organization: OrganizationId,
        roles: String,
    },
    MemberRemoved {
        organization: OrganizationId,
    },
    /// An address was asked to join.
    InvitationMade {
        organization: OrganizationId,
        invitation: InvitationId,
        roles: String,
    },
    InvitationWithdrawn {
        organization: OrganizationId,
        invitation: InvitationId,
    },
    InvitationAccepted {
        organization: OrganizationId,
        invitation: InvitationId,
    },
    /// By whoever was asked.
    InvitationRefused {
        organization: OrganizationId,
        invitation: InvitationId,
    },
    /// Somebody wanted to make an account with the address of one that there is.
    SignUpRequested,
    SignedIn {
        method: Method,
        session: SessionId,
        passkey: Option<PasskeyId>,
        browser: String,
    },
    SignInFailed {
        why: &'static str,
    },
    /// An application asked for somebody who is somewhere else, with these words.
    SignInRequested {
        client: ClientId,
        message: Option<String>,
    },
    /// They said no.
    SignInDenied {
        client: ClientId,
    },
    SignedOut {
        session: SessionId,
    },
    PasskeyAdded {
        passkey: PasskeyId,
        aaguid: uuid::Uuid,
        synced: bool,
        /// Of weak sessions elsewhere, which must not change it in turn.
        sessions_ended: u64,
    },
    PasskeyRenamed {
        passkey: PasskeyId,
    },
    PasskeyDeleted {
        passkey: PasskeyId,
        sessions_ended: u64,
    },
    PasskeyCounterStoodStill {
        passkey: PasskeyId,
        stored: u32,
        presented: u32,
    },
    /// It said at registration whether it may be copied to other devices, and now says otherwise.
    PasskeyEligibilityChanged {
        passkey: PasskeyId,
        eligible: bool,
    },
    /// It did not check who touched it, although it was asked to.
    PasskeyDidNotVerify {
        passkey: PasskeyId,
    },
    PasskeysReset {
        passkeys: u64,
    },
    /// By an administrator: the code app and the recovery codes, as far as there were any.
    TwoFactorReset {
        code_app: bool,
        recovery_codes: bool,
    },
    /// So many wrong guesses in a row that it works no more.
    FactorStopped {
        factor: Factor,
    },
    CodeAppTurnedOn {
        sessions_ended: u64,
    },
    CodeAppTurnedOff,
    RecoveryCodesMade,
    RecoveryCodeUsed {
        left: u64,
    },
    PasswordChanged {
        by_link: bool,
        sessions_ended: u64,
    },
    PasswordResetRequested,
    PasswordUnlocked,
    EmailChangeRequested,
    EmailChanged,
    EmailConfirmed,
    ProfileChanged,
    PolicySet {
        policy: Policy,
    },
    SessionsEnded {
        sessions: u64,
    },
    AppDisconnected {
        client: ClientId,
    },
    AccessLinkIssued {
        minutes: i64,
    },
    AccessLinkUsed {
        sessions_ended: u64,
    },
    /// A session that may only add a way in.
    EnrolmentBegun {
        session: SessionId,
    },
    ConsentGranted {
        client: ClientId,
        scopes: String,
        resources: String,
        /// Asked for by name.
        claims: NamedClaims,
        /// The types of what was asked for in detail; the rest of it stands in the grant.
        #[serde(skip_serializing_if = "TypeNames::is_empty")]
        details: TypeNames,
    },
    /// One signing key took over from another.
    KeyRotated {
        kid: String,
    },
    /// In an emergency: all of them, and what they signed is worth nothing.
    KeysReplaced {
        kids: Vec<String>,
    },
    TokensRevoked {
        client: ClientId,
        /// With everything that came from it; otherwise one access token.
        grant: Option<GrantId>,
    },
    TokensIssued {
        client: ClientId,
        grant: GrantId,
        scopes: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        organization: Option<OrganizationId>,
    },
    /// An API that was called for somebody may call others for them.
    TokenExchanged {
        client: ClientId,
        grant: GrantId,
        audience: String,
    },
    /// Somebody whom a client trusts vouched for a person, and it acts for them.
    PersonVouchedFor {
        client: ClientId,
        issuer: String,
        scopes: String,
        audience: String,
    },
    CodeReplayed {
        client: ClientId,
        grant: GrantId,
    },
    RefreshTokenReplayed {
        client: ClientId,
        grant: GrantId,
    },
    ClientCreated {
        client: ClientId,
    },
    /// An application registered itself.
    ClientRegistered {
        client: ClientId,
    },
    /// Its registration was changed, by itself or by an administrator.
    ClientChanged {
        client: ClientId,
    },
    /// Its registration ended, and with it all that it had been given.
    ClientRemoved {
        client: ClientId,
    },
    ClientEnabled {
        client: ClientId,
        enabled: bool,
    },
    ClientSecretMade {
        client: ClientId,
        secret_id: ClientSecretId,
    },
    /// A secret is good no longer than this moment, in seconds.
    ClientSecretExpires {
        client: ClientId,
        secret_id: ClientSecretId,
        at: i64,
    },
    ClientSecretRemoved {
        client: ClientId,
        secret_id: ClientSecretId,
    },
    /// Somebody looked at what an application would be told about a person.
    ClaimsPreviewed {
        client: ClientId,
    },
    /// Somebody tried out signing in to an application, which was told nothing.
    SignInTried {
        client: ClientId,
    },
    RegistrationTokenMade {
        token: RegistrationTokenId,
        uses: i32,
    },
    RegistrationTokenRemoved {
        token: RegistrationTokenId,
    },
    /// Somebody looked at the trail itself.
    AuditRead {
        how: &'static str,
        /// What they asked for.
        filter: Value,
    },
    /// What could not be sent is tried again now, by an operator.
    DeliveryRetried {
        delivery: &'static str,
        client: Option<ClientId>,
    },
    /// What could not be sent is not sent any more, by an operator.
    DeliveryGivenUp {
        delivery: &'static str,
        client: Option<ClientId>,
    },
    /// An operator sent one to themselves, to see whether mail arrives.
    MailTried {
        mail: &'static str,
    },
    /// The records up to here were older than they are kept.
    AuditTrimmed {
        through: i64,
    },
    /// A copy of the whole database was written, with the records up to here.
    BackupMade {
        through: i64,
    },
    /// The database is one that was put back: what it had handed out was ended.
    DatabaseRestored {
        /// The last record of then.
        through: i64,
        /// When the copy was made, in seconds, if it says so.
        at: Option<i64>,
        /// Whether the records up to there were as they had been written.
        whole: bool,
        sessions_ended: u64,
        grants_ended: u64,
        links_ended: u64,
        invitations_ended: u64,
        tokens_ended: u64,
        deliveries_dropped: u64,
    },
    /// Everything was moved from one database to another.
    StoreMoved {
        from: &'static str,
        to: &'static str,
    },
    /// The configuration file changed it, brought it back, or no longer declares it.
    ClientDeclared {
        client: ClientId,
        enabled: bool,
    },
}
