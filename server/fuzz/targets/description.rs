#![no_main]

libfuzzer_sys::fuzz_target!(|text: &[u8]| model_server_fuzz::description::check(text));
