//! Signing in.

mod access_link;
mod invitation;
mod invitation_ends;
mod policies;
mod reset;
mod second_factor;
mod sign_in_table;
mod sign_up;
mod timing;
