#![doc = include_str!("../README.md")]

mod call;
mod decode;
mod durable;
mod encode;
mod event;
mod generated;
pub mod limits;
mod pull;
mod storage;
mod view;

pub use call::{
    CallId, Input, OnionRequest, Outcome, Output, Peer, Refusal, Request, Response, Status, WriteId,
};
pub use decode::{
    DecodeError, Problem, decode_request, decode_response, decode_storage_reply,
    decode_storage_request,
};
pub use durable::DurableStore;
pub use encode::{
    encode_request, encode_request_into, encode_response, encode_response_into,
    encode_storage_reply, encode_storage_reply_into, encode_storage_request,
    encode_storage_request_into, pulled_row_encoded_len, request_encoded_len, response_encoded_len,
    storage_reply_encoded_len, storage_request_encoded_len,
};
pub use event::{
    ClientEvent, Delivered, DirectoryEvent, Event, FailReason, NodeEvent, RequestDone, RequestKind,
    SendTag, StrikeAt,
};
pub use leek_identity::signed_text::{ExpiryMode, Scope};
pub use pull::{PullPage, PulledRow};
pub use storage::{
    AckLevel, Member, MemberChange, MemberFailure, OwnerProof, StorageBody, StorageReply,
    StorageRequest, StoredMessage,
};
pub use view::{ReadView, Row, StoreError, StoredRow, WriteBatch, WriteOp};
