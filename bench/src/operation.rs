//! What is measured: each operation, its irreducible work and its goal. Says nothing about how.

use serde::Serialize;

/// One row of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Operation {
    Discovery,
    Jwks,
    ClientCredentials,
    Authorize,
    CodeExchange,
    Refresh,
    Userinfo,
    IntrospectRefresh,
    IntrospectAccess,
    Passkey,
    Password,
}

impl Operation {
    pub const ALL: [Self; 11] = [
        Self::Discovery,
        Self::Jwks,
        Self::ClientCredentials,
        Self::Authorize,
        Self::CodeExchange,
        Self::Refresh,
        Self::Userinfo,
        Self::IntrospectRefresh,
        Self::IntrospectAccess,
        Self::Passkey,
        Self::Password,
    ];

    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Discovery => "discovery",
            Self::Jwks => "jwks",
            Self::ClientCredentials => "client-credentials",
            Self::Authorize => "authorize",
            Self::CodeExchange => "code-exchange",
            Self::Refresh => "refresh",
            Self::Userinfo => "userinfo",
            Self::IntrospectRefresh => "introspect-refresh",
            Self::IntrospectAccess => "introspect-access",
            Self::Passkey => "passkey",
            Self::Password => "password",
        }
    }

    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|operation| operation.name() == name)
    }

    /// What nobody can do without: all that the floor does.
    #[must_use]
    pub const fn irreducible(self) -> &'static str {
        match self {
            Self::Discovery | Self::Jwks => "cached bytes",
            Self::ClientCredentials => "1 signature",
            Self::CodeExchange => "2 signatures, 1 commit",
            Self::Refresh => "2 signatures, 1 look-up",
            Self::Userinfo | Self::IntrospectAccess => "1 verification, 1 look-up",
            Self::Authorize | Self::IntrospectRefresh => "1 look-up",
            Self::Passkey => "1 verification, 1 commit",
            Self::Password => "1 Argon2id hash",
        }
    }

    /// The least that the provider's throughput may be of the floor's.
    #[must_use]
    pub const fn goal(self) -> f64 {
        match self {
            Self::Discovery | Self::Jwks => 0.9,
            Self::ClientCredentials => 0.8,
            Self::Password => 0.95,
            _ => 0.7,
        }
    }

    /// The most that p99 may be at half of what it can do, in milliseconds. A password takes what a hash takes.
    #[must_use]
    pub const fn patience(self) -> Option<f64> {
        match self {
            Self::Password => None,
            _ => Some(20.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Operation;

    #[test]
    fn every_operation_is_found_by_its_name() {
        for operation in Operation::ALL {
            assert_eq!(Operation::named(operation.name()), Some(operation));
        }
        assert_eq!(Operation::named("nothing"), None);
    }
}
