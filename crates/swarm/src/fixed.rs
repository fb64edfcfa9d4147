use crate::{NODES_MAX, SwarmId};

/// Puts `nodes` nodes into swarms of exactly `swarm_size`, for scenarios that hold the swarms
/// fixed: node `i` goes to swarm number `i / swarm_size`, and of `s` swarms number `k` has the id
/// `floor(k * 2^64 / s)`, so that all own the same share of the ring to within one place.
///
/// Returns the swarm of each node. Unlike [`Membership`](crate::Membership), this is no rule of the
/// deployed network.
///
/// # Errors
/// [`FixedError`] when the nodes do not divide into such swarms, or are too many.
pub fn assign_fixed(nodes: usize, swarm_size: usize) -> Result<Vec<SwarmId>, FixedError> {
    if swarm_size == 0 {
        return Err(FixedError::EmptySwarms);
    }
    if nodes > NODES_MAX {
        return Err(FixedError::TooManyNodes { nodes });
    }
    if !nodes.is_multiple_of(swarm_size) {
        return Err(FixedError::Remainder { nodes, swarm_size });
    }
    let swarms = nodes / swarm_size;
    Ok((0..nodes)
        .map(|node| even_id(node / swarm_size, swarms))
        .collect())
}

/// `floor(number * 2^64 / count)` for `number < count <= NODES_MAX`. Far below
/// [`SwarmId::UNASSIGNED`], which only a count of 2^64 would reach.
fn even_id(number: usize, count: usize) -> SwarmId {
    let id = ((number as u128) << 64) / count as u128;
    match u64::try_from(id) {
        Ok(id) => SwarmId(id),
        Err(_) => leek_machine::bug!("swarm number {number} of {count}"),
    }
}

/// Nodes do not divide into swarms of the size asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FixedError {
    /// A swarm of no nodes.
    #[error("assign nodes to fixed swarms: a swarm needs at least one node")]
    EmptySwarms,
    /// Some nodes would be left over.
    #[error(
        "assign nodes to fixed swarms: {nodes} nodes do not divide into swarms of {swarm_size}"
    )]
    Remainder {
        /// Nodes given.
        nodes: usize,
        /// Nodes of a swarm.
        swarm_size: usize,
    },
    /// More than [`NODES_MAX`] nodes.
    #[error("assign nodes to fixed swarms: {nodes} nodes, more than {NODES_MAX}")]
    TooManyNodes {
        /// Nodes given.
        nodes: usize,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_share_swarms_and_ids_are_even() {
        let quarter = 1 << 62;
        let swarms = assign_fixed(12, 3).unwrap();
        let expected = [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3].map(|k| SwarmId(k * quarter));
        assert_eq!(swarms, expected);
        assert_eq!(assign_fixed(5, 5).unwrap(), [SwarmId(0); 5]);
        assert_eq!(assign_fixed(0, 5).unwrap(), []);
    }

    #[test]
    fn all_swarms_have_the_same_share_of_the_ring() {
        for count in [1, 2, 3, 7, 100, 285, 999, NODES_MAX] {
            let ids = assign_fixed(count, 1).unwrap();
            let share = (1_u128 << 64) / count as u128;
            let ends = ids.iter().map(|id| u128::from(id.0)).chain([1 << 64]);
            let ends: Vec<_> = ends.collect();
            for pair in ends.windows(2) {
                assert!([share, share + 1].contains(&(pair[1] - pair[0])), "{count}");
            }
            assert!(ids.iter().all(|id| *id <= SwarmId::MAX));
        }
    }

    #[test]
    fn what_does_not_divide_is_refused() {
        assert_eq!(assign_fixed(7, 0), Err(FixedError::EmptySwarms));
        let remainder = FixedError::Remainder {
            nodes: 7,
            swarm_size: 3,
        };
        assert_eq!(assign_fixed(7, 3), Err(remainder));
        let nodes = NODES_MAX + 1;
        assert_eq!(
            assign_fixed(nodes, 1),
            Err(FixedError::TooManyNodes { nodes })
        );
    }
}
