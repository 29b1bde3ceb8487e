#![no_main]

libfuzzer_sys::fuzz_target!(|message: &[u8]| model_server_fuzz::grpc::check(message));
