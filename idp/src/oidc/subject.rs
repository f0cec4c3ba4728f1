//! Under which names an application knows people and their sessions (OIDC Core §8). Pairwise ones follow from
//! a key of ours: nobody else can make them, nobody can compare those of two sectors, and none is stored.

use crate::crypto::base64url;
use crate::crypto::seal::Sealer;
use crate::model::client::{Client, Subject};
use crate::model::ids::{SessionId, UserId};

/// The person's name for this client.
#[must_use]
pub fn of(sealer: &Sealer, client: &Client, user: UserId) -> String {
    named(sealer, client, ("subject", user.uuid())).unwrap_or_else(|| user.to_string())
}

/// The session's name for this client (`sid`): by a common one, two clients could tell that they know the
/// same person.
#[must_use]
pub fn of_session(sealer: &Sealer, client: &Client, session: SessionId) -> String {
    named(sealer, client, ("session of subject", session.uuid())).unwrap_or_else(|| session.to_string())
}

/// Whether somebody could have this name.
#[must_use]
pub fn is_one(text: &str) -> bool {
    text.parse::<UserId>().is_ok() || base64url::decode(text).is_some_and(|bytes| bytes.len() == 32)
}

fn named(sealer: &Sealer, client: &Client, (what, id): (&str, uuid::Uuid)) -> Option<String> {
    match &client.settings.subject {
        Subject::Public => None,
        Subject::Pairwise { sector } => {
            // A host has no NUL in it, so that the two can not run into each other.
            let both = [sector.as_bytes(), b"\0", id.as_bytes()].concat();
            Some(base64url::encode(sealer.lookup(what, &both)))
        }
    }
}
