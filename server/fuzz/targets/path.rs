#![no_main]

libfuzzer_sys::fuzz_target!(|line: &str| model_server_fuzz::path::check(line));
