#![doc = include_str!("../README.md")]

/// The deployed formats of Session messages (`session.proto`).
///
/// No type here has `Debug`: they carry keys and what people wrote.
#[allow(
    missing_docs,
    unused_qualifications,
    unreachable_pub,
    clippy::all,
    clippy::use_self,
    reason = "generated: documented in the .proto file, formatted and spelled by prost-build"
)]
pub mod session {
    include!("generated/leek.session.rs");
}

/// The vocabulary between clients and nodes, and between nodes (`wire.proto`).
pub mod wire {
    /// Version 1.
    #[allow(
        missing_docs,
        unused_qualifications,
        unreachable_pub,
        clippy::all,
        clippy::use_self,
        reason = "generated: documented in the .proto file, formatted and spelled by prost-build"
    )]
    pub mod v1 {
        include!("generated/leek.wire.v1.rs");
    }
}

/// Signed membership (`directory.proto`).
pub mod directory {
    /// Version 1.
    #[allow(
        missing_docs,
        unused_qualifications,
        unreachable_pub,
        clippy::all,
        clippy::use_self,
        reason = "generated: documented in the .proto file, formatted and spelled by prost-build"
    )]
    pub mod v1 {
        include!("generated/leek.directory.v1.rs");
    }
}
