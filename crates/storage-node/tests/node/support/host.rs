use std::sync::Arc;

use leek_identity::{NodeAddress, NodeKeys, NodeRecord};
use leek_machine::{Cx, Machine as _, Now, OUTPUTS_MAX, Seed, Stream};
use leek_storage_node::{NodeConfig, NodeInput, NodePrep, StorageNode};
use leek_wire::{
    CallId, Event, Input, NodeEvent, Output, ReadView, Refusal, Response, StoreError, WriteId,
};

use super::TestStore;

/// An answer: the call, what it waits for, and its body.
pub(crate) type Answer = (CallId, Option<WriteId>, Result<Response, Refusal>);

/// One node with its store, clocks, and what it said.
#[derive(Clone)]
pub(crate) struct Host {
    pub(crate) node: StorageNode,
    pub(crate) prep: Arc<NodePrep>,
    pub(crate) record: NodeRecord,
    pub(crate) store: TestStore,
    pub(crate) now: Now,
    entropy: Stream,
    pub(crate) calls: Vec<Output>,
    pub(crate) answers: Vec<Answer>,
    pub(crate) events: Vec<Event>,
    /// Outputs of the newest call.
    pub(crate) last_outputs: usize,
}

impl Host {
    pub(crate) fn new(number: u8, config: NodeConfig, now: Now) -> Self {
        let keys = NodeKeys::from_seed([number; 32]);
        let record = keys.record(NodeAddress {
            ip: [10, 0, number, 1].into(),
            port: 22_021,
        });
        let prep = Arc::new(NodePrep::new(leek_crypto::pure().suite(), keys));
        Self {
            node: StorageNode::new(config, Arc::clone(&prep)),
            prep,
            record,
            store: TestStore::default(),
            now,
            entropy: Seed::from_u64(9).child("node", number.into()).stream(),
            calls: Vec::new(),
            answers: Vec::new(),
            events: Vec::new(),
            last_outputs: 0,
        }
    }

    /// Gives one input, prepared as an interpreter would, and takes all outputs.
    pub(crate) fn give(&mut self, input: Input) {
        let input = StorageNode::prepare(&self.prep, NodeInput::from(input));
        let mut cx = Cx {
            now: self.now,
            entropy: &mut self.entropy,
            view: &self.store as &dyn ReadView,
        };
        // The view borrows the store, which the outputs change: so first handle, then drain.
        self.node.handle(&mut cx, input);
        self.drain();
    }

    pub(crate) fn wake(&mut self) {
        let mut cx = Cx {
            now: self.now,
            entropy: &mut self.entropy,
            view: &self.store as &dyn ReadView,
        };
        self.node.handle_timeout(&mut cx);
        self.drain();
    }

    fn drain(&mut self) {
        self.last_outputs = 0;
        while let Some(output) = self.node.poll_output() {
            self.last_outputs += 1;
            match output {
                Output::Call { .. } => self.calls.push(output),
                Output::Answer { call, after, body } => self.answers.push((call, after, body)),
                Output::Write { write, batch } => self.store.hand_out(write, batch),
                Output::Event(event) => self.events.push(event),
            }
        }
        assert!(self.last_outputs <= OUTPUTS_MAX, "{}", self.last_outputs);
    }

    /// Commits the oldest batch and tells the node; `false` if there is none.
    pub(crate) fn commit(&mut self) -> bool {
        let Some(write) = self.store.commit() else {
            return false;
        };
        self.give(Input::Written {
            write,
            result: Ok(()),
        });
        true
    }

    /// Fails all pending batches and tells the node.
    pub(crate) fn fail_writes(&mut self) {
        for (i, write) in self.store.fail().into_iter().enumerate() {
            let error = if i == 0 {
                StoreError::Full
            } else {
                StoreError::Aborted
            };
            self.give(Input::Written {
                write,
                result: Err(error),
            });
        }
    }

    pub(crate) fn node_events(&self) -> Vec<NodeEvent> {
        self.events
            .iter()
            .filter_map(|event| match event {
                Event::Node(event) => Some(*event),
                Event::Saw(_) | Event::Client(_) | Event::Directory(_) => None,
            })
            .collect()
    }
}
