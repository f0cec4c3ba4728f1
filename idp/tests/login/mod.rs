//! Signing in.

mod sign_in_table;
