//! Randomness, from the operating system's generator and from nowhere else.

use time::OffsetDateTime;

use super::base64url;
use crate::model::attempt::Handle;

/// The source of randomness, handed to whoever needs some.
#[derive(Debug, Clone, Copy)]
pub struct Entropy(());

#[derive(Debug, thiserror::Error)]
#[error("the operating system gave no random bytes")]
pub struct NoEntropy;

impl Entropy {
    #[must_use]
    pub const fn of_the_system() -> Self {
        Self(())
    }

    /// # Errors
    /// When the operating system gives none; whatever was being made must then not be made.
    #[expect(clippy::disallowed_methods, reason = "the one place where random bytes are drawn")]
    pub fn bytes<const N: usize>(self) -> Result<[u8; N], NoEntropy> {
        let mut bytes = [0; N];
        getrandom::fill(&mut bytes).map_err(|_| NoEntropy)?;
        Ok(bytes)
    }

    /// A new name for something ephemeral.
    ///
    /// # Errors
    /// As [`Self::bytes`].
    pub fn handle(self) -> Result<Handle, NoEntropy> {
        Handle::parse(&base64url::encode(self.bytes::<32>()?)).map_err(|_| NoEntropy)
    }

    /// A new time-ordered identifier, by its `new`.
    ///
    /// # Errors
    /// As [`Self::bytes`].
    pub fn id<T>(
        self,
        now: OffsetDateTime,
        new: impl FnOnce(OffsetDateTime, [u8; 10]) -> T,
    ) -> Result<T, NoEntropy> {
        Ok(new(now, self.bytes()?))
    }
}
