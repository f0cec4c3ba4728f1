//! Identifiers of rows. Time-ordered (UUID version 7), so that they index well; never secret and
//! never accepted as proof of anything.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use uuid::Uuid;

use super::Invalid;

macro_rules! id_type {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// A new identifier from the moment and ten random bytes.
            #[must_use]
            pub fn new(now: OffsetDateTime, random: [u8; 10]) -> Self {
                Self(time_ordered(now, random))
            }

            #[must_use]
            pub const fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }

            #[must_use]
            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }

        impl FromStr for $name {
            type Err = Invalid;
            fn from_str(text: &str) -> Result<Self, Invalid> {
                Uuid::parse_str(text)
                    .map(Self)
                    .map_err(|_| Invalid::new(stringify!($name), "must be a UUID"))
            }
        }
    };
}

id_type!(
    /// A person. Also the `sub` of their tokens; never reused.
    UserId
);
id_type!(
    /// A passkey of ours; not the authenticator's credential id.
    PasskeyId
);
id_type!(
    /// A signed-in browser; the `sid` of ID tokens.
    SessionId
);
id_type!(
    /// What one completed authorization gave to one client.
    GrantId
);
id_type!(
    /// One refresh token of a grant.
    RefreshTokenId
);
id_type!(
    /// One of the secrets of a client.
    ClientSecretId
);

id_type!(
    /// One recovery code of a person.
    RecoveryCodeId
);
id_type!(
    /// A link that is used once.
    LinkId
);
id_type!(
    /// Something that waits to be sent.
    OutboxId
);
id_type!(
    /// A search that an administrator keeps.
    SearchId
);

id_type!(
    /// What an application asks somebody who is somewhere else.
    SignInRequestId
);
id_type!(
    /// A token with which applications may register.
    RegistrationTokenId
);

id_type!(
    /// A clinic or practice group.
    OrganizationId
);
id_type!(
    /// That somebody is asked to join an organization.
    InvitationId
);

fn time_ordered(now: OffsetDateTime, random: [u8; 10]) -> Uuid {
    let millis = u64::try_from(now.unix_timestamp_nanos() / 1_000_000).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn later_identifiers_sort_after_earlier_ones() {
        let early = UserId::new(OffsetDateTime::UNIX_EPOCH, [0xff; 10]);
        let late = UserId::new(OffsetDateTime::UNIX_EPOCH + time::Duration::SECOND, [0; 10]);
        assert!(early < late);
    }
}
