//! Requests and responses between values and gRPC messages, without generated types in between.

use core::{fmt, marker::PhantomData};

use bytes::{Buf as _, BufMut as _};
use leek_wire::{
    DecodeError, Problem, Refusal, Request, Response, Status, decode_request, decode_response,
    encode_request_into, encode_response_into,
};
use tonic::codec::{BufferSettings, Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};

use crate::refusal;

/// Bytes that a buffer for one message starts with. An empty poll fits; a stored message makes it
/// grow once, since its length is known by then.
const BUFFER_BYTES: usize = 1_024;

/// Bytes of ready messages collected into one write. A call has one message, so it never collects.
const YIELD_BYTES: usize = 32 * 1_024;

/// The codec of the stubs: writes `E` and reads `D`.
pub(crate) struct WireCodec<E, D>(PhantomData<fn(E) -> D>);

impl<E, D> Default for WireCodec<E, D> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<E, D> fmt::Debug for WireCodec<E, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WireCodec")
    }
}

/// A value that travels as one gRPC message.
pub(crate) trait Wire: Sized + Send + 'static {
    fn encode_into(&self, out: &mut Vec<u8>);
    fn decode(bytes: &[u8]) -> Result<Self, DecodeError>;
    /// What to make of bytes that are no such value.
    fn malformed(error: &DecodeError) -> tonic::Status;
}

impl Wire for Request {
    fn encode_into(&self, out: &mut Vec<u8>) {
        encode_request_into(self, out);
    }

    fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        decode_request(bytes)
    }

    /// The caller's fault: told to the caller, in words without any byte of it.
    fn malformed(error: &DecodeError) -> tonic::Status {
        let reason = problem_name(error.problem());
        refusal::to_status(&Refusal::new(Status::BAD_REQUEST, reason))
    }
}

impl Wire for Response {
    fn encode_into(&self, out: &mut Vec<u8>) {
        encode_response_into(self, out);
    }

    fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        decode_response(bytes)
    }

    /// The peer's fault: the call is lost. A local status, so without a peer's details.
    fn malformed(error: &DecodeError) -> tonic::Status {
        tonic::Status::data_loss(problem_name(error.problem()))
    }
}

/// The kind of a problem, without numbers or bytes of the message.
const fn problem_name(problem: &Problem) -> &'static str {
    match problem {
        Problem::Malformed => "malformed protobuf",
        Problem::WireType => "wrong wire type",
        Problem::Missing => "field missing",
        Problem::Twice => "field given twice",
        Problem::Length { .. } => "wrong length",
        Problem::TooLong { .. } => "field too long",
        Problem::TooMany { .. } => "too many entries",
        Problem::Empty => "no entries",
        Problem::Range { .. } => "number out of range",
        Problem::Unknown { .. } => "unknown number",
        Problem::ExpiryCount { .. } => "wrong number of expiries",
        Problem::Nested => "batch within a batch",
        Problem::Text => "text is not UTF-8",
        Problem::Account(_) => "malformed account",
        Problem::Namespace(_) => "malformed namespace",
    }
}

impl<E: Wire, D: Wire> Codec for WireCodec<E, D> {
    type Encode = E;
    type Decode = D;
    type Encoder = WireEncoder<E>;
    type Decoder = WireDecoder<D>;

    fn encoder(&mut self) -> WireEncoder<E> {
        WireEncoder(PhantomData)
    }

    fn decoder(&mut self) -> WireDecoder<D> {
        WireDecoder(PhantomData)
    }
}

pub(crate) struct WireEncoder<T>(PhantomData<fn(T)>);

impl<T: Wire> Encoder for WireEncoder<T> {
    type Item = T;
    type Error = tonic::Status;

    fn encode(&mut self, item: T, dst: &mut EncodeBuf<'_>) -> Result<(), tonic::Status> {
        let mut bytes = Vec::new();
        item.encode_into(&mut bytes);
        dst.reserve(bytes.len());
        dst.put_slice(&bytes);
        Ok(())
    }

    fn buffer_settings(&self) -> BufferSettings {
        BufferSettings::new(BUFFER_BYTES, YIELD_BYTES)
    }
}

pub(crate) struct WireDecoder<T>(PhantomData<fn() -> T>);

impl<T: Wire> Decoder for WireDecoder<T> {
    type Item = T;
    type Error = tonic::Status;

    fn decode(&mut self, src: &mut DecodeBuf<'_>) -> Result<Option<T>, tonic::Status> {
        // The buffer holds exactly one whole message, in one piece.
        let decoded = T::decode(src.chunk()).map_err(|error| T::malformed(&error));
        src.advance(src.remaining());
        decoded.map(Some)
    }

    fn buffer_settings(&self) -> BufferSettings {
        BufferSettings::new(BUFFER_BYTES, YIELD_BYTES)
    }
}

#[cfg(test)]
mod tests;
