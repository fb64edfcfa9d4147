//! The calls of a machine.

use std::{collections::BTreeMap, sync::Arc};

use leek_identity::NodeId;
use leek_machine::Machine;
use leek_wire::{CallId, Input, Outcome, Request};
use tokio::{runtime::Handle, sync::mpsc, task::AbortHandle, time::Instant};

use crate::{
    Fatal,
    book::Book,
    dialer::Dialer,
    drive::{CallPort, Ended, Shared},
    meters,
    workers::guarded,
};

/// Makes the calls of one machine, each as a task of the runtime.
pub(crate) struct NetCalls<M: Machine> {
    pub(crate) handle: Handle,
    pub(crate) dialer: Dialer,
    pub(crate) book: Book,
    pub(crate) shared: Arc<Shared<M>>,
    pub(crate) prep: Arc<M::Prep>,
    pub(crate) replies: mpsc::UnboundedSender<Ended<M>>,
    /// Tasks of calls that somebody waits for; as many as the core has calls in flight.
    pub(crate) tasks: BTreeMap<CallId, AbortHandle>,
}

impl<M> CallPort for NetCalls<M>
where
    M: Machine<Prep: 'static> + Send + 'static,
    M::Input: From<Input> + Send,
{
    fn start(&mut self, to: NodeId, call: CallId, body: Request, deadline: Instant) {
        let meter = meters::Called::new(self.shared.role, &body);
        let dialer = self.dialer.clone();
        let at = self.book.address(&to);
        let shared = Arc::clone(&self.shared);
        let prep = Arc::clone(&self.prep);
        let replies = self.replies.clone();
        let task = self.handle.spawn(async move {
            let outcome = match at {
                Some(at) => {
                    let within = deadline.saturating_duration_since(Instant::now());
                    dialer.call(to, at, body, within).await
                }
                // A node that nobody knows is like one that is gone.
                None => Outcome::Lost,
            };
            meter.ended(&outcome);
            let input = M::Input::from(Input::Reply { call, outcome });
            match guarded(|| M::prepare(&prep, input)) {
                // The loop has ended when nobody receives.
                Ok(input) => drop(replies.send(Ended { call, input })),
                Err(panicked) => shared.fail(Fatal::Panicked(panicked.0)),
            }
        });
        self.tasks.insert(call, task.abort_handle());
    }

    fn forget(&mut self, call: CallId) {
        // A late one ends by itself at the same moment, and the dialer learns from that.
        self.tasks.remove(&call);
    }
}

impl<M: Machine> Drop for NetCalls<M> {
    fn drop(&mut self) {
        for task in self.tasks.values() {
            task.abort();
        }
    }
}
