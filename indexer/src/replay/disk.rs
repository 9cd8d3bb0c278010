//! Whether there is room for a replay.

use store::replay::size::Need;
use tracing::info;

use super::ReplayError;

/// Says how much disk it takes, and refuses where that is plainly not there.
pub(super) fn hold_disk(need: &Need) -> Result<(), ReplayError> {
    let megabytes = |bytes: u64| bytes.div_ceil(1 << 20);
    let free = need.data_directory.as_deref().and_then(|directory| rustix::fs::statvfs(directory).ok());
    let free = free.map(|disk| disk.f_bavail.saturating_mul(disk.f_frsize));
    info!(needed_mb = megabytes(need.bytes), free_mb = free.map(megabytes), "a replay takes disk until it is done");
    match free {
        Some(free) if free < need.bytes => Err(ReplayError::Missing(format!(
            "a replay takes up to {} MB of disk until it is done, and {} has {} MB left: make room, or move the data \
             directory to a larger disk",
            megabytes(need.bytes),
            need.data_directory.as_deref().unwrap_or("/".as_ref()).display(),
            megabytes(free)
        ))),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    #[test]
    fn a_disk_that_is_too_small_is_known_before() {
        let need = |bytes, directory: Option<&str>| Need { bytes, data_directory: directory.map(PathBuf::from) };
        assert!(hold_disk(&need(0, Some("/"))).is_ok());
        assert!(hold_disk(&need(u64::MAX, None)).is_ok(), "nobody knows");
        let refused = hold_disk(&need(u64::MAX, Some("/"))).unwrap_err().to_string();
        assert!(refused.contains("MB left: make room"), "{refused}");
    }
}
