use crate::parcel::Queue;

/// What a handler asked for. Takes effect when the CPU time it charged is over.
#[derive(Clone, Copy, Default)]
pub(crate) struct Effects {
    pub(crate) sends: Queue,
    pub(crate) wake: WakeChange,
    pub(crate) charged_ns: u64,
}

/// What a handler did to the actor's wake.
#[derive(Clone, Copy, Default)]
pub(crate) enum WakeChange {
    #[default]
    Keep,
    Clear,
    /// True nanoseconds.
    Set(u64),
}
