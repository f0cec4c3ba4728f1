//! What the operating system says about this process, where it is Linux.

/// Bytes in memory, as the kernel counts them.
pub(super) fn resident_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: u64 = line.trim().trim_end_matches(" kB").parse().ok()?;
    Some(kibibytes * 1024)
}

/// Files and connections that are open.
pub(super) fn open_files() -> Option<u64> {
    let count = std::fs::read_dir("/proc/self/fd").ok()?.count();
    // Looking takes one itself.
    u64::try_from(count.saturating_sub(1)).ok()
}
