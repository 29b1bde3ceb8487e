use std::sync::Arc;

use super::catalogue::Catalogue;
use super::flags::Flags;
use super::memory;
use super::pool::Pool;

/// Of the memory limit that copies may fill; requests and their bodies have the rest.
const SHARE: f64 = 0.8;

/// Compiles further copies of the models, in turn, until each has as many as are wanted or memory allows.
///
/// # Arguments
///
/// * `first`: how much memory the first copies took, all models together, in bytes.
pub(super) fn grow(catalogue: &Catalogue, flags: &Flags, first: u64) {
    let wanted = flags.workers.unwrap_or_else(processors);
    let given = flags.memory_limit_in_mib.map(|mebibytes| mebibytes << 20);
    let limit = given.or_else(memory::container_limit).map(|limit| (limit as f64 * SHARE) as u64);
    let pools: Vec<_> = catalogue.all().map(|servable| &servable.pool).collect();
    let mut copies = 1;
    while copies < wanted {
        // Each round compiles what the first one did.
        let expected = memory::in_use() + first;
        if let Some(limit) = limit.filter(|&limit| expected > limit) {
            tracing::warn!(copies, wanted, expected, limit, "no memory for a further copy of each model");
            break;
        }
        if !round(&pools) {
            break;
        }
        copies += 1;
    }
    tracing::info!(copies, memory = memory::in_use(), "all copies compiled");
}

/// The processors that this process may use, which a container's limit can make fewer.
pub(super) fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

fn round(pools: &[&Arc<Pool>]) -> bool {
    pools.iter().all(|pool| match pool.grow() {
        Ok(()) => true,
        Err(error) => {
            tracing::error!(%error, "cannot compile a further copy of a model");
            false
        }
    })
}
