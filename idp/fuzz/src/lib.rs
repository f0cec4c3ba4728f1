//! What is fuzzed. The programs beside this hand the inputs of libFuzzer to it; the tests of `idp` compile the same
//! files and hand it what is kept in `seeds`.

pub mod targets;
