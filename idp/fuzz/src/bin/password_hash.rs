#![no_main]
use fuzz::targets::{house, password_hash};
// Building a house takes longer than an input may.
libfuzzer_sys::fuzz_target!(init: house::open(), |data: &[u8]| password_hash::run(data));
