use std::path::Path;

/// Returns the bytes of memory that only this process uses: files that are mapped can be dropped at any time. Packed weights
/// that instances share are not among them.
pub(super) fn in_use() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let kibibytes = status.lines().find_map(|line| line.strip_prefix("RssAnon:")?.trim().strip_suffix(" kB"));
    kibibytes.and_then(|number| number.trim().parse::<u64>().ok()).unwrap_or(0) * 1024
}

/// Returns how many files this process may open besides those that are open, if there is a limit.
pub(super) fn free_files() -> Option<usize> {
    let limits = std::fs::read_to_string("/proc/self/limits").ok()?;
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    let limit: usize = line.split_whitespace().next()?.parse().ok()?;
    Some(limit.saturating_sub(std::fs::read_dir("/proc/self/fd").ok()?.count()))
}

/// Returns the limit of the control group that this process is in, in bytes, if it has one.
pub(super) fn container_limit() -> Option<u64> {
    let groups = std::fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    let own = groups.lines().find_map(|line| line.strip_prefix("0::")).unwrap_or("/");
    let root = Path::new("/sys/fs/cgroup");
    // In a namespace of its own the group's files are at the root, whatever the path says.
    let unified =
        Path::new(own).ancestors().map(|group| root.join(group.strip_prefix("/").unwrap_or(group)).join("memory.max"));
    let files = unified.chain([root.join("memory/memory.limit_in_bytes")]);
    files.filter_map(|file| limit(&std::fs::read_to_string(file).ok()?)).min()
}

fn limit(text: &str) -> Option<u64> {
    // Version 1 of control groups has a number near the largest for none, version 2 the word "max".
    text.trim().parse().ok().filter(|&bytes| bytes < 1 << 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_limit_is_none() {
        assert_eq!(limit("max\n"), None);
        assert_eq!(limit("9223372036854771712\n"), None);
        assert_eq!(limit("536870912\n"), Some(512 << 20));
    }

    #[test]
    fn memory_in_use_grows_with_what_is_written() {
        let before = in_use();
        let written = vec![1_u8; 64 << 20];
        assert!(in_use() >= before + (32 << 20), "{} {}", before, written[0]);
    }
}
