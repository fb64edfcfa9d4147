use std::collections::BTreeMap;

use leek_identity::NodeId;
use leek_machine::Tick;

use super::PathPolicy;

/// Nodes whose strikes are remembered. Strikes come a path at a time and expire: two guards with
/// two rebuilds of two hops in ten minutes make 96 in two hours; the oldest go first.
const STRUCK_NODES_MAX: usize = 128;

/// How many things may still happen in a window of time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Budget {
    since: Tick,
    used: u8,
}

impl Budget {
    /// Takes one, when fewer than `max` were taken in the window of `window_ms` that is open.
    pub(super) fn take(&mut self, now: Tick, max: u8, window_ms: u64) -> bool {
        if self.used == 0 || now >= self.since.after_ms(window_ms) {
            *self = Self {
                since: now,
                used: 0,
            };
        }
        let left = self.used < max;
        self.used += u8::from(left);
        left
    }
}

/// Strikes of nodes that were on replaced paths.
///
/// A preference, never a veto: strikes are under the influence of whoever sits on a path, so a
/// node with all of them is drawn last instead of never.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct NodeStrikes(BTreeMap<NodeId, (u8, Tick)>);

impl NodeStrikes {
    /// Forgets what has expired.
    pub(super) fn expire(&mut self, now: Tick) {
        self.0.retain(|_, (_, until)| *until > now);
    }

    /// Whether a node has all its strikes.
    pub(super) fn set_aside(&self, node: &NodeId, policy: &PathPolicy) -> bool {
        self.0
            .get(node)
            .is_some_and(|(strikes, _)| *strikes >= policy.node_strikes)
    }

    /// Adds strikes to a node; returns until when it is set aside, if it now is.
    pub(super) fn add(
        &mut self,
        node: NodeId,
        strikes: u8,
        policy: &PathPolicy,
        now: Tick,
    ) -> Option<Tick> {
        self.expire(now);
        if self.0.len() >= STRUCK_NODES_MAX && !self.0.contains_key(&node) {
            let oldest = self.0.iter().min_by_key(|(_, (_, until))| *until);
            if let Some(oldest) = oldest.map(|(node, _)| *node) {
                self.0.remove(&oldest);
            }
        }
        let until = now.after_ms(policy.node_strike_ttl_ms);
        let entry = self.0.entry(node).or_insert((0, until));
        entry.0 = entry.0.saturating_add(strikes).min(policy.node_strikes);
        entry.1 = until;
        (entry.0 >= policy.node_strikes).then_some(until)
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_refills_after_its_window() {
        let mut budget = Budget::default();
        let at = |ms| Tick::ZERO.after_ms(ms);
        assert!(budget.take(at(5), 2, 100));
        assert!(budget.take(at(104), 2, 100));
        assert!(!budget.take(at(104), 2, 100));
        assert!(budget.take(at(105), 2, 100));
        assert!(!Budget::default().take(at(0), 0, 100));
    }

    #[test]
    fn strikes_add_up_expire_and_are_bounded() {
        let policy = PathPolicy::SESSION;
        let ttl = policy.node_strike_ttl_ms;
        let at = |ms| Tick::ZERO.after_ms(ms);
        let node = NodeId::from_bytes([1; 32]);
        let mut strikes = NodeStrikes::default();
        assert_eq!(strikes.add(node, 1, &policy, at(0)), None);
        assert_eq!(strikes.add(node, 1, &policy, at(1)), None);
        assert!(!strikes.set_aside(&node, &policy));
        assert_eq!(strikes.add(node, 1, &policy, at(2)), Some(at(2 + ttl)));
        assert!(strikes.set_aside(&node, &policy));
        strikes.expire(at(1 + ttl));
        assert!(strikes.set_aside(&node, &policy));
        strikes.expire(at(2 + ttl));
        assert!(!strikes.set_aside(&node, &policy));

        for n in 0..=255_u8 {
            strikes.add(NodeId::from_bytes([n; 32]), 3, &policy, at(u64::from(n)));
        }
        assert_eq!(strikes.len(), STRUCK_NODES_MAX);
        assert!(strikes.set_aside(&NodeId::from_bytes([255; 32]), &policy));
        assert!(!strikes.set_aside(&NodeId::from_bytes([0; 32]), &policy));
    }
}
