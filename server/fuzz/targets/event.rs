#![no_main]

libfuzzer_sys::fuzz_target!(|event: &[u8]| model_server_fuzz::event::check(event));
