//! The stubs of `proto/rpc.proto`, over the values of `leek-wire`.
#![allow(
    missing_docs,
    unused_qualifications,
    unreachable_pub,
    clippy::all,
    clippy::use_self,
    reason = "generated: formatted and spelled by tonic-prost-build"
)]

include!("generated/leek.rpc.v1.rs");
