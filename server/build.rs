//! Compiles the .proto files of the server, without protoc.

fn main() {
    #[cfg(feature = "server")]
    protocols();
}

#[cfg(feature = "server")]
fn protocols() {
    use std::path::PathBuf;

    use prost::Message;

    println!("cargo:rerun-if-changed=proto");
    let directory = PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo sets it"));
    let api = protox::compile(["serving.proto", "inference.proto", "health.proto"], ["proto"]).expect("our own files");
    std::fs::write(directory.join("services.bin"), api.encode_to_vec()).expect("cargo's own directory");
    tonic_prost_build::configure()
        .build_client(false)
        .build_transport(false)
        .bytes(".tensorflow.TensorProto")
        .bytes(".inference")
        .compile_fds(api)
        .expect("files that protox compiled");
    let configuration = protox::compile(["model_config.proto"], ["proto"]).expect("our own file");
    std::fs::write(directory.join("model_config.bin"), configuration.encode_to_vec()).expect("cargo's own directory");
}
