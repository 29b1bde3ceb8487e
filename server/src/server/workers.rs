use std::sync::Arc;

use super::catalogue::Catalogue;
use super::flags::Flags;
use super::memory;
use super::pool::Pool;
use super::threads::{Threads, processors};
use crate::model::Weights;

/// Share of the memory limit that instances may fill; requests and their bodies have the rest.
const INSTANCES_SHARE: f64 = 0.8;
/// The most and the least that requests may take by default, in bytes.
const REQUEST_MEMORY_LIMITS: (u64, u64) = (256 << 20, 32 << 20);

/// Bytes that are read of a connection before they are taken: the least window that HTTP/2 has, and the most.
const READ_AHEAD: (usize, usize) = (64 << 10, 128 << 10);

/// Connections of a port, beyond those that may be open, that are asked for probes: the next one ends the first.
pub(super) const EXCESS_CONNECTIONS: usize = 8;
/// Files that are open besides connections and those of the start: ports, certificates that are read again.
const OTHER_OPEN_FILES: usize = 16;

/// Compiles further copies of the models, in turn, until each has as many as are wanted or memory allows.
///
/// # Arguments
///
/// * `first`: how much memory the first copies took, all models together, in bytes.
pub(super) fn grow(catalogue: &Catalogue, flags: &Flags, first: u64) {
    let wanted = Threads::of(flags, processors()).workers;
    let limit = limit(flags).map(|limit| (limit as f64 * INSTANCES_SHARE) as u64);
    let pools: Vec<_> = catalogue.all().map(|servable| &servable.pool).collect();
    let shared = || pools.iter().map(|pool| pool.shared_bytes()).sum::<u64>();
    let mut copies = 1;
    // The second round packs the weights as the first did; all copies then share them.
    let mut cost = first;
    while copies < wanted {
        let before = memory::in_use();
        let expected = before + shared() + cost;
        if let Some(limit) = limit.filter(|&limit| expected > limit) {
            tracing::warn!(copies, wanted, expected, limit, "no memory for a further copy of each model");
            break;
        }
        if !round(&pools) {
            break;
        }
        copies += 1;
        if copies == 2 {
            cost = memory::in_use().saturating_sub(before);
            for pool in &pools {
                pool.share();
            }
        }
    }
    tracing::info!(copies, memory = memory::in_use() + shared(), "all copies compiled");
}

/// Returns the bytes of memory that all requests in flight may take.
pub(super) fn memory_for_requests(flags: &Flags) -> usize {
    let (most, least) = REQUEST_MEMORY_LIMITS;
    let rest = || limit(flags).map_or(most, |limit| (limit as f64 * (1.0 - INSTANCES_SHARE)) as u64).clamp(least, most);
    flags.request_memory_in_mib.map_or_else(rest, |mebibytes| u64::from(mebibytes) << 20) as usize
}

/// Returns the number of connections that may be open: so many that what is read of them ahead takes no more than requests
/// may.
pub(super) fn connections(flags: &Flags) -> usize {
    let memory = memory_for_requests(flags) / READ_AHEAD.0;
    if memory < flags.max_connections {
        tracing::warn!(connections = memory, "the memory for requests allows fewer connections than --max_connections");
    }
    let files = memory::free_files()
        .map_or(usize::MAX, |free| free.saturating_sub(2 * EXCESS_CONNECTIONS + OTHER_OPEN_FILES).max(1));
    if files < flags.max_connections {
        tracing::warn!(connections = files, "the limit of open files allows fewer connections than --max_connections");
    }
    flags.max_connections.min(files).min(memory)
}

/// Returns the bytes that are read of a connection ahead.
pub(super) fn read_ahead(memory: usize, connections: usize) -> usize {
    (memory / connections.max(1)).clamp(READ_AHEAD.0, READ_AHEAD.1)
}

fn limit(flags: &Flags) -> Option<u64> {
    flags.memory_limit_in_mib.map(|mebibytes| mebibytes << 20).or_else(memory::container_limit)
}

fn round(pools: &[&Arc<Pool>]) -> bool {
    pools.iter().all(|pool| match pool.grow(Weights::Shared) {
        Ok(()) => true,
        Err(error) => {
            tracing::error!(%error, "cannot compile a further copy of a model");
            false
        }
    })
}
