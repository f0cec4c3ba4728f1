#![no_main]
use fuzz::targets::{dpop, house};
// Building a house takes longer than an input may.
libfuzzer_sys::fuzz_target!(init: house::open(), |data: &[u8]| dpop::run(data));
