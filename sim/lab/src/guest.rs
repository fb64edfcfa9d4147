//! Machines of other crates on hosts of a built network.

use std::any::Any;

use leek_kernel::{ActorCx, ActorId};
use leek_machine::{Cx, Machine, Tick};
use leek_store::MemoryStore;
use leek_wire::{Event, Input, Output, ReadView};

use crate::{
    body::LabBody,
    shell::{Hosted, Log, Shell},
};

/// A machine whose type this crate does not know, in its shell.
pub(crate) trait Guest: Send {
    fn on_message(&mut self, cx: &mut ActorCx<'_, LabBody>, from: ActorId, body: LabBody);
    fn on_wake(&mut self, cx: &mut ActorCx<'_, LabBody>);
    /// The machine, when the run is over.
    fn into_machine(self: Box<Self>) -> Box<dyn Any>;
}

impl<M: Hosted + Send + 'static> Guest for Shell<M, NoLog>
where
    M::Input: Send,
{
    fn on_message(&mut self, cx: &mut ActorCx<'_, LabBody>, from: ActorId, body: LabBody) {
        Self::on_message(self, cx, from, body);
    }

    fn on_wake(&mut self, cx: &mut ActorCx<'_, LabBody>) {
        Self::on_wake(self, cx);
    }

    fn into_machine(self: Box<Self>) -> Box<dyn Any> {
        Box::new(self.machine)
    }
}

/// Events of a guest: its owner knows them.
pub(crate) struct NoLog;

impl Log for NoLog {
    fn take(&mut self, _: Tick, _: Event) {}
}

/// A guest without a store.
pub(crate) struct Caller<M>(pub(crate) M);

/// A guest in the place of a node.
pub(crate) struct Seated<M>(pub(crate) M);

macro_rules! delegate {
    ($name:ident, $view:ty) => {
        impl<M> Machine for $name<M>
        where
            M: for<'v> Machine<Output = Output, View<'v> = $view>,
        {
            type Input = M::Input;
            type Output = Output;
            type View<'v> = $view;
            type Prep = M::Prep;

            fn prepare(prep: &M::Prep, input: M::Input) -> M::Input {
                M::prepare(prep, input)
            }

            fn handle(&mut self, cx: &mut Cx<'_, Self::View<'_>>, input: M::Input) {
                self.0.handle(cx, input);
            }

            fn handle_timeout(&mut self, cx: &mut Cx<'_, Self::View<'_>>) {
                self.0.handle_timeout(cx);
            }

            fn poll_output(&mut self) -> Option<Output> {
                self.0.poll_output()
            }

            fn poll_timeout(&self) -> Option<(Tick, &'static str)> {
                self.0.poll_timeout()
            }
        }
    };
}

delegate!(Caller, ());
delegate!(Seated, dyn ReadView + 'v);

impl<M> Hosted for Caller<M>
where
    M: for<'v> Machine<Output = Output, View<'v> = ()>,
    M::Input: From<Input>,
{
    fn input(input: Input) -> M::Input {
        input.into()
    }

    fn view(_: &MemoryStore) -> &() {
        &()
    }
}

impl<M> Hosted for Seated<M>
where
    M: for<'v> Machine<Output = Output, View<'v> = dyn ReadView + 'v>,
    M::Input: From<Input>,
{
    fn input(input: Input) -> M::Input {
        input.into()
    }

    fn view(store: &MemoryStore) -> &(dyn ReadView + '_) {
        store
    }
}
