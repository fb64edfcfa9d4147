use crate::SwarmId;

/// The id of the next swarm: in the middle of the largest gap of a ring of 2^64-1 places, from 0 to
/// [`SwarmId::MAX`]. Of equal gaps the first one counts, the one that wraps being the last.
///
/// `ids` come sorted. Without any, the id is 0.
pub(super) fn new_id(ids: impl ExactSizeIterator<Item = SwarmId> + Clone) -> SwarmId {
    let Some(first) = ids.clone().next() else {
        return SwarmId(0);
    };
    let mut start = first.0;
    let mut best_start = start;
    let mut best_gap = 0;
    for id in ids.skip(1) {
        let gap = id.0 - start;
        if gap > best_gap {
            (best_start, best_gap) = (start, gap);
        }
        start = id.0;
    }
    let wrap_gap = SwarmId::MAX.0 - start + first.0 + 1;
    if wrap_gap > best_gap {
        (best_start, best_gap) = (start, wrap_gap);
    }
    let half = best_gap / 2;
    let to_max = SwarmId::MAX.0 - best_start;
    if half > to_max {
        SwarmId(half - to_max - 1)
    } else {
        SwarmId(best_start + half)
    }
}

#[cfg(test)]
mod tests {
    use rand_mt::Mt64;

    use super::*;

    fn next(ids: &[u64]) -> u64 {
        new_id(ids.iter().copied().map(SwarmId)).0
    }

    #[test]
    fn first_ids() {
        let mut ids = Vec::new();
        for expected in [
            0,
            0x7fff_ffff_ffff_ffff,
            0xbfff_ffff_ffff_ffff,
            0x3fff_ffff_ffff_ffff,
            0x5fff_ffff_ffff_ffff,
            0x9fff_ffff_ffff_ffff,
            0xdfff_ffff_ffff_ffff,
            0x1fff_ffff_ffff_ffff,
            0x2fff_ffff_ffff_ffff,
        ] {
            assert_eq!(next(&ids), expected, "{expected:016x}");
            ids.push(expected);
            ids.sort_unstable();
        }
    }

    #[test]
    fn published_ids() {
        let max = SwarmId::MAX.0;
        let middle = max / 2;
        assert_eq!(next(&[middle - 100, middle + 100]), max);
        assert_eq!(next(&[middle - 100, middle + 101]), 0);
        assert_eq!(next(&[middle - 101, middle + 101]), max);
        assert_eq!(next(&[middle - 101, middle + 102]), 0);
        assert_eq!(next(&[max / 4]), max / 2 + max / 4);
        let start = 12_345_678_901_234_567_890;
        assert_eq!(next(&[start]), start - max / 2 - 1);
    }

    #[test]
    fn published_random_walk() {
        let mut rng = Mt64::new(12_345);
        let mut ids: Vec<u64> = Vec::new();
        for _ in 0..10_000 {
            let drawn = rng.next_u64();
            if drawn < 1 << 62 && !ids.is_empty() {
                let at = drawn % ids.len() as u64;
                ids.remove(usize::try_from(at).unwrap());
            } else {
                let id = next(&ids);
                let at = ids.binary_search(&id).expect_err("new ids are new");
                ids.insert(at, id);
            }
        }
        assert_eq!(ids.len(), 5048);
        for (at, id) in [
            (0, 1_548_112_371_908_607),
            (1, 4_398_046_511_103_999),
            (404, 1_203_745_330_089_164_798),
            (999, 3_243_154_681_660_178_430),
            (3333, 11_669_248_846_982_021_118),
            (5047, 18_445_442_251_942_264_830),
        ] {
            assert_eq!(ids[at], id, "{at}");
        }
    }
}
