#![no_main]
use fuzz::targets::{house, request};
// Building a house takes longer than an input may.
libfuzzer_sys::fuzz_target!(init: house::open(), |data: &[u8]| request::run(data));
