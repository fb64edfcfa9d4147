//! The free space of a node's disk, watched while it runs.

use std::time::{Duration, Instant};

use crate::{DataDir, DataDirError};

/// Time between two looks: a disk that takes 500 MB a second does not lose its reserve in between
/// by this node alone, which stores at most a few MB a second.
const PERIOD: Duration = Duration::from_secs(1);

/// Decides whether the messages of a node may take more of the disk.
///
/// Deleting needs room too (a database writes before it frees), so a node stops growing while
/// there is some left.
#[derive(Debug)]
pub(crate) struct DiskGuard {
    min_free: u64,
    low: bool,
    looked: Option<Instant>,
}

impl DiskGuard {
    pub(crate) const fn new(min_free: u64) -> Self {
        Self {
            min_free,
            low: false,
            looked: None,
        }
    }

    /// Looks if it is time to; `Some(low)` when that changed. Of the free space `taken` bytes are
    /// as good as taken.
    ///
    /// # Errors
    /// [`DataDirError::Io`] when the disk cannot be looked at.
    pub(crate) fn look(
        &mut self,
        data: &DataDir,
        taken: u64,
        now: Instant,
    ) -> Result<Option<bool>, DataDirError> {
        if self
            .looked
            .is_some_and(|then| now.duration_since(then) < PERIOD)
        {
            return Ok(None);
        }
        self.looked = Some(now);
        Ok(self.judge(data.free_bytes()?.saturating_sub(taken)))
    }

    /// An eighth more must be free before messages are taken again, so that a disk at the edge
    /// does not change its mind every second.
    fn judge(&mut self, free: u64) -> Option<bool> {
        let needed = if self.low {
            self.min_free + self.min_free / 8
        } else {
            self.min_free
        };
        let low = free < needed;
        if low == self.low {
            return None;
        }
        self.low = low;
        Some(low)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_at_the_edge_changes_its_mind_once() {
        let mut guard = DiskGuard::new(800);
        let judged = [900, 800, 799, 801, 899, 900, 801, 0].map(|free| guard.judge(free));
        let expected = [
            None,
            None,
            Some(true),
            None,
            None,
            Some(false),
            None,
            Some(true),
        ];
        assert_eq!(judged, expected);
    }

    #[test]
    fn the_disk_is_looked_at_once_a_second() {
        let outer = tempfile::tempdir().unwrap();
        let data = DataDir::open(&outer.path().join("data")).unwrap();
        let mut guard = DiskGuard::new(u64::MAX / 2);
        let start = Instant::now();
        assert_eq!(guard.look(&data, 0, start).unwrap(), Some(true));
        guard.low = false;
        let soon = start + Duration::from_millis(900);
        assert_eq!(guard.look(&data, 0, soon).unwrap(), None);
        let later = start + Duration::from_secs(1);
        assert_eq!(guard.look(&data, 0, later).unwrap(), Some(true));
    }
}
