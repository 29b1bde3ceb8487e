//! The command line: those options of Mountpoint's own that volumes and the driver give.

use std::path::PathBuf;

use anyhow::Result;
use clap::Parser;
use mountpoint_s3_client::config::{AddressingStyle, S3ClientAuthConfig};
use mountpoint_s3_client::user_agent::UserAgent;
use mountpoint_s3_fs::S3FilesystemConfig;
use mountpoint_s3_fs::fuse::config::{FuseOptions, FuseSessionConfig, MountPoint};
use mountpoint_s3_fs::s3::config::{ClientConfig, MemoryLimitSetting, PartConfig, Region, TargetThroughputSetting};
use mountpoint_s3_fs::s3::{Bucket, Prefix, S3Path};

const PART_BYTES: usize = 8 << 20;
const FUSE_THREADS: usize = 16;

#[derive(Debug, Parser)]
#[command(disable_help_flag = true)]
pub struct Options {
    bucket: String,
    directory: PathBuf,
    /// Prefix of the keys, with a slash at its end.
    #[arg(long, default_value = "")]
    prefix: String,
    #[arg(long)]
    region: String,
    #[arg(long)]
    endpoint_url: Option<String>,
    #[arg(long)]
    force_path_style: bool,
    /// The owner of all files.
    #[arg(long)]
    uid: Option<u32>,
    #[arg(long)]
    gid: Option<u32>,
    #[arg(long, value_parser = octal)]
    dir_mode: Option<u16>,
    #[arg(long, value_parser = octal)]
    file_mode: Option<u16>,
    /// Let users other than this process's read.
    #[arg(long)]
    allow_other: bool,
    #[arg(long, conflicts_with = "allow_other")]
    allow_root: bool,
    #[arg(long)]
    read_only: bool,
}

fn octal(text: &str) -> Result<u16, String> {
    match u16::from_str_radix(text, 8) {
        Ok(mode) if mode <= 0o777 => Ok(mode),
        _ => Err("permissions are octal, from 0 to 777".to_owned()),
    }
}

impl Options {
    pub fn s3_path(&self) -> Result<S3Path> {
        Ok(S3Path::new(Bucket::new(self.bucket.clone())?, Prefix::new(&self.prefix)?))
    }

    pub fn client(&self, memory_bytes: usize) -> Result<ClientConfig> {
        let style = if self.force_path_style { AddressingStyle::Path } else { AddressingStyle::Automatic };
        Ok(ClientConfig {
            region: Region::new_user_specified(self.region.clone()),
            endpoint_url: self.endpoint_url.clone(),
            addressing_style: style,
            dual_stack: false,
            transfer_acceleration: false,
            auth_config: S3ClientAuthConfig::Default,
            requester_pays: false,
            expected_bucket_owner: None,
            throughput_target: TargetThroughputSetting::Default,
            bind: None,
            part_config: PartConfig::with_part_size(PART_BYTES).validate(MemoryLimitSetting::Default(memory_bytes))?,
            user_agent: UserAgent::new(None),
            tls_config: None,
        })
    }

    pub fn filesystem(&self) -> S3FilesystemConfig {
        let default = S3FilesystemConfig::default();
        S3FilesystemConfig {
            uid: self.uid.unwrap_or(default.uid),
            gid: self.gid.unwrap_or(default.gid),
            dir_mode: self.dir_mode.unwrap_or(default.dir_mode),
            file_mode: self.file_mode.unwrap_or(default.file_mode),
            read_only: self.read_only,
            ..default
        }
    }

    pub fn fuse_session(&self) -> Result<FuseSessionConfig> {
        let options = FuseOptions {
            read_only: self.read_only,
            allow_other: self.allow_other,
            allow_root: self.allow_root,
            ..Default::default()
        };
        FuseSessionConfig::new(MountPoint::new(&self.directory)?, options, FUSE_THREADS)
    }
}
