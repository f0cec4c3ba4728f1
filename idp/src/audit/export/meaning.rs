//! What a kind of record is in the words of others: in OCSF a class and an activity, in FHIR codes of DICOM. Each kind
//! is named here, so that a new one is not sorted by accident.

/// Of what class of OCSF a record is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    AccountChange,
    Authentication,
    AuthorizeSession,
    EntityManagement,
    UserAccess,
}

impl Class {
    pub(super) const fn uid(self) -> u32 {
        match self {
            Self::AccountChange => 3001,
            Self::Authentication => 3002,
            Self::AuthorizeSession => 3003,
            Self::EntityManagement => 3004,
            Self::UserAccess => 3005,
        }
    }
}

/// As FHIR has it: created, read, updated, deleted, executed.
pub(super) type Action = &'static str;

/// What a record says, as far as others have words for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Meaning {
    pub(super) class: Class,
    /// Of this class; 99 is any other.
    pub(super) activity: u32,
    pub(super) action: Action,
    pub(super) failed: bool,
    /// Somebody should look at it.
    pub(super) alarming: bool,
}

/// `None` for a kind that nobody has sorted.
pub(super) fn meaning(kind: &str) -> Option<Meaning> {
    use Class::{AccountChange, Authentication, AuthorizeSession, EntityManagement, UserAccess};
    let (class, activity, action) = match kind {
        "operator-set-up" | "user-created" | "user-imported" => (AccountChange, 1, "C"),
        "user-enabled" => (AccountChange, 2, "U"),
        "password-changed" => (AccountChange, 3, "U"),
        "password-reset-requested" => (AccountChange, 4, "E"),
        "user-disabled" => (AccountChange, 5, "U"),
        "policy-set" => (AccountChange, 7, "U"),
        "factor-stopped" => (AccountChange, 9, "U"),
        "passkey-added" | "code-app-turned-on" | "recovery-codes-made" => (AccountChange, 10, "C"),
        "passkey-deleted" | "passkeys-reset" | "code-app-turned-off" | "two-factor-reset" => {
            (AccountChange, 11, "D")
        }
        "sign-up-requested"
        | "email-change-requested"
        | "access-link-issued"
        | "enrolment-begun"
        | "invitation-made"
        | "invitation-withdrawn"
        | "invitation-refused" => (AccountChange, 99, "E"),
        "passkey-renamed"
        | "passkey-counter-stood-still"
        | "passkey-eligibility-changed"
        | "passkey-did-not-verify"
        | "password-unlocked"
        | "email-changed"
        | "email-confirmed"
        | "profile-changed" => (AccountChange, 99, "U"),
        "signed-in" | "sign-in-failed" => (Authentication, 1, "E"),
        "signed-out" | "sessions-ended" => (Authentication, 2, "E"),
        "recovery-code-used" | "access-link-used" | "person-vouched-for" | "sign-in-requested"
        | "sign-in-denied" => (Authentication, 99, "E"),
        "consent-granted" | "tokens-issued" | "token-exchanged" => (AuthorizeSession, 1, "E"),
        "tokens-revoked" | "app-disconnected" | "code-replayed" | "refresh-token-replayed" => {
            (AuthorizeSession, 99, "E")
        }
        "service-role-set" | "member-added" | "member-roles-set" | "invitation-accepted" => {
            (UserAccess, 1, "U")
        }
        "member-removed" => (UserAccess, 2, "U"),
        "organization-created"
        | "client-created"
        | "client-registered"
        | "client-secret-made"
        | "registration-token-made" => (EntityManagement, 1, "C"),
        "audit-read" | "claims-previewed" | "sign-in-tried" | "backup-made" => (EntityManagement, 2, "R"),
        "organization-changed"
        | "brand-changed"
        | "service-policy-set"
        | "organization-enabled"
        | "client-changed"
        | "client-enabled"
        | "client-secret-expires"
        | "client-declared"
        | "key-rotated"
        | "keys-replaced"
        | "database-restored"
        | "store-moved" => (EntityManagement, 3, "U"),
        "client-removed" | "client-secret-removed" | "registration-token-removed" | "audit-trimmed" => {
            (EntityManagement, 4, "D")
        }
        "delivery-retried" | "delivery-given-up" | "mail-tried" => (EntityManagement, 99, "E"),
        _ => return None,
    };
    let failed = matches!(kind, "sign-in-failed" | "code-replayed" | "refresh-token-replayed");
    let alarming = matches!(
        kind,
        "factor-stopped"
            | "code-replayed"
            | "refresh-token-replayed"
            | "passkey-counter-stood-still"
            | "passkey-eligibility-changed"
            | "passkey-did-not-verify"
            | "keys-replaced"
            | "database-restored"
    );
    Some(Meaning { class, activity, action, failed, alarming })
}

/// What a kind that nobody has sorted is taken for.
pub(super) const UNSORTED: Meaning =
    Meaning { class: Class::EntityManagement, activity: 99, action: "E", failed: false, alarming: false };

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::KINDS;

    #[test]
    fn every_kind_is_sorted() {
        let unsorted: Vec<&str> = KINDS.into_iter().filter(|kind| meaning(kind).is_none()).collect();
        assert!(unsorted.is_empty(), "{unsorted:?}");
    }
}
