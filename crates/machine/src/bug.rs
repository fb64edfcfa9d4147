/// Stops the process over a broken invariant of our own, naming the place.
///
/// Never reachable from bytes that a peer sent: peer misbehaviour is a value.
#[macro_export]
macro_rules! bug {
    ($($arg:tt)+) => {
        ::core::panic!("bug: {} (at {}:{})", ::core::format_args!($($arg)+), file!(), line!())
    };
}
