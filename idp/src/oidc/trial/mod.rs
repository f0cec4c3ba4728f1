//! Trying out an application: the whole way of a sign-in, with the checks and pages that an application's own request
//! meets, and at its end a page instead of an answer. No code is made, nothing is signed and nothing is granted. Who may
//! try is judged where it begins, in the console; this only follows the handle that was made there.

pub mod pages;
