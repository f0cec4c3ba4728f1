#![no_main]
use fuzz::targets::{house, request_object};
// Building a house takes longer than an input may.
libfuzzer_sys::fuzz_target!(init: house::open(), |data: &[u8]| request_object::run(data));
