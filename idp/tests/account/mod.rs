//! A person's own account.

mod details;
mod email;
mod new_passkeys;
mod passkeys;
mod password;
mod two_factor;
mod whereabouts;
