#![no_main]
use fuzz::targets::{client_auth, house};
// Building a house takes longer than an input may.
libfuzzer_sys::fuzz_target!(init: house::open(), |data: &[u8]| client_auth::run(data));
