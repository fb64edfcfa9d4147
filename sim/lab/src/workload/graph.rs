//! Who knows whom.

use std::collections::BTreeSet;

use leek_machine::{Seed, Stream};

use super::draw_u32;
use crate::scenario::Graph;

/// Contacts of each client.
pub(super) enum Contacts {
    /// Everybody else, of so many.
    Everyone(u32),
    /// A list for each client; none is empty.
    Lists(Vec<Vec<u32>>),
}

impl Contacts {
    /// A uniform contact of `from`.
    pub(super) fn pick(&self, from: u32, stream: &mut Stream) -> u32 {
        match self {
            Self::Everyone(count) => {
                let other = draw_u32(stream, count - 1);
                other + u32::from(other >= from)
            }
            Self::Lists(lists) => {
                let list = &lists[from as usize];
                let len = u32::try_from(list.len()).unwrap_or(u32::MAX);
                list[draw_u32(stream, len) as usize]
            }
        }
    }
}

/// Builds the contacts of `count` clients.
pub(super) fn contacts(graph: Graph, count: u32, seed: &Seed) -> Contacts {
    match graph {
        Graph::Everyone {} => Contacts::Everyone(count),
        Graph::SmallWorld { contacts, rewire } => {
            let mut stream = seed.child("graph", 0).stream();
            Contacts::Lists(small_world(count, contacts, rewire.get(), &mut stream))
        }
    }
}

/// Watts and Strogatz (1998): each of the `contacts / 2` clockwise edges of each vertex moves its
/// far end, with probability `rewire`, to a uniform vertex that is not yet a neighbour.
fn small_world(count: u32, contacts: u32, rewire: f64, stream: &mut Stream) -> Vec<Vec<u32>> {
    let mut edges: Vec<BTreeSet<u32>> = vec![BTreeSet::new(); count as usize];
    let link = |edges: &mut Vec<BTreeSet<u32>>, a: u32, b: u32| {
        edges[a as usize].insert(b);
        edges[b as usize].insert(a);
    };
    for step in 1..=contacts / 2 {
        for a in 0..count {
            link(&mut edges, a, (a + step) % count);
        }
    }
    for step in 1..=contacts / 2 {
        for a in 0..count {
            let b = (a + step) % count;
            // A vertex linked to all others has nowhere to move an edge to; one with a single
            // contact left keeps it, so that nobody is without contacts.
            let full = edges[a as usize].len() + 1 >= count as usize;
            if stream.unit() >= rewire || full || edges[b as usize].len() < 2 {
                continue;
            }
            let new = loop {
                let drawn = draw_u32(stream, count);
                if drawn != a && !edges[a as usize].contains(&drawn) {
                    break drawn;
                }
            };
            edges[a as usize].remove(&b);
            edges[b as usize].remove(&a);
            link(&mut edges, a, new);
        }
    }
    edges
        .into_iter()
        .map(|set| set.into_iter().collect())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_world_keeps_its_edges_and_leaves_nobody_alone() {
        let mut stream = Seed::from_u64(2).stream();
        let lists = small_world(200, 8, 0.2, &mut stream);
        assert_eq!(lists.iter().map(Vec::len).sum::<usize>(), 200 * 8);
        for (a, list) in lists.iter().enumerate() {
            assert!(!list.is_empty());
            for b in list {
                assert_ne!(a, *b as usize);
                assert!(lists[*b as usize].iter().any(|back| *back as usize == a));
            }
        }
        let far = lists
            .iter()
            .enumerate()
            .flat_map(|(a, list)| list.iter().map(move |b| (a as i64 - i64::from(*b)).abs()))
            .filter(|d| (*d).min(200 - *d) > 4)
            .count();
        // A fifth of 1,600 edge ends, less those drawn near by chance: 4 % of them.
        assert!((240..380).contains(&far), "{far}");
    }

    #[test]
    fn without_rewiring_it_is_a_ring() {
        let lists = small_world(10, 4, 0.0, &mut Seed::from_u64(2).stream());
        assert_eq!(lists[0], [1, 2, 8, 9]);
    }

    #[test]
    fn everyone_means_everyone_else() {
        let everyone = Contacts::Everyone(3);
        let mut stream = Seed::from_u64(1).stream();
        let mut seen = [0; 3];
        for _ in 0..300 {
            seen[everyone.pick(1, &mut stream) as usize] += 1;
        }
        assert_eq!(seen[1], 0);
        assert!(seen[0] > 100 && seen[2] > 100);
    }
}
