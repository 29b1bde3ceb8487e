//! Mounts a prefix of a bucket until it is unmounted.
//!
//! No published crate has Mountpoint's command line, but `mountpoint-s3-fs` is its whole file system. Credentials come from
//! the default chain of AWS.

mod options;

use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;
use mountpoint_s3_fs::data_cache::DataCacheConfig;
use mountpoint_s3_fs::fuse::session::FuseSession;
use mountpoint_s3_fs::memory::{CandidateSize, MINIMUM_MEM_LIMIT, PagedPool};
use mountpoint_s3_fs::{MountpointConfig, Runtime, Superblock, SuperblockConfig};
use options::Options;

fn main() -> ExitCode {
    tracing_subscriber::fmt().with_max_level(tracing::Level::WARN).with_ansi(false).with_writer(std::io::stderr).init();
    let ended = match Options::try_parse() {
        Ok(options) => mount(&options).and_then(FuseSession::join).map_err(|error| format!("{error:#}")),
        Err(error) => Err(error.to_string()),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            // One line, so that the last line of the log is all that the pod's event needs.
            eprintln!("{}", problem.split_whitespace().collect::<Vec<_>>().join(" "));
            ExitCode::FAILURE
        }
    }
}

fn mount(options: &Options) -> Result<FuseSession> {
    let path = options.s3_path()?;
    let client = options.client(MINIMUM_MEM_LIMIT)?;
    let pool = PagedPool::config()
        .with_candidate_sizes([CandidateSize::new(client.part_config.read_size_bytes)])
        .with_memory_limit(MINIMUM_MEM_LIMIT)
        .build();
    // Lists the prefix, and so fails here for a role that may not.
    let client = client.create_client(pool.clone(), Some(&path))?;
    let runtime = Runtime::new(client.event_loop_group());
    let filesystem = options.filesystem();
    let superblock =
        SuperblockConfig { cache_config: filesystem.cache_config.clone(), s3_personality: filesystem.s3_personality };
    MountpointConfig::new(options.fuse_session()?, filesystem, DataCacheConfig::default())?.create_fuse_session(
        Superblock::new(client.clone(), path, superblock),
        client,
        runtime,
        pool,
    )
}
