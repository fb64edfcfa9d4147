mod sealed {
    pub trait Sealed {}
}

/// What a key is for. Sealed: the list below is the whole list.
pub trait Purpose: sealed::Sealed + 'static {
    /// Shown by `Debug` instead of the key.
    const NAME: &'static str;
}

macro_rules! purposes {
    ($($(#[$doc:meta])* $name:ident;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub enum $name {}
        impl sealed::Sealed for $name {}
        impl Purpose for $name {
            const NAME: &'static str = stringify!($name);
        }
    )+};
}

purposes! {
    /// An account's long-term identity: signs storage requests and messages, opens mail.
    AccountKey;
    /// A node's identity: signs storage replies and descriptors.
    NodeKey;
    /// A node's key for peeling onion layers.
    OnionHop;
    /// A key used for one onion layer or one sealed box.
    Ephemeral;
}
