//! A person's own account.

mod passkeys;
