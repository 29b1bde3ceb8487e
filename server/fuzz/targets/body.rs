#![no_main]

libfuzzer_sys::fuzz_target!(|body: &[u8]| model_server_fuzz::body::check(body));
