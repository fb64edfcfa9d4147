//! Refusals as gRPC statuses, and what other statuses mean to a caller.

use bytes::Bytes;
use leek_wire::{Outcome, Refusal, Response, Status, limits};
use tonic::Code;

/// Bytes of a status number in `grpc-status-details-bin`, big-endian (`proto/rpc.proto`).
const DETAILS_BYTES: usize = 2;

/// The gRPC status of a refusal: the code tells its class, the details its number.
pub(crate) fn to_status(refusal: &Refusal) -> tonic::Status {
    let details = Bytes::copy_from_slice(&refusal.status.0.to_be_bytes());
    let reason = limits::cut_reason(&refusal.reason);
    tonic::Status::with_details(code(refusal.status), reason, details)
}

/// How a call ended that ended with this status.
///
/// Two details bytes make it a refusal. Without them no peer of ours made it: a message over the
/// limit or a service that is not there are refusals too, since asking again cannot help; all else
/// (unreachable, reset, cancelled, out of time) is lost.
pub(crate) fn to_outcome(status: &tonic::Status) -> Outcome<Response> {
    if let Ok(number) = <[u8; DETAILS_BYTES]>::try_from(status.details()) {
        let reason = limits::cut_reason(status.message());
        let number = Status(u16::from_be_bytes(number));
        return Outcome::Refused(Refusal::new(number, reason));
    }
    match status.code() {
        Code::OutOfRange => Outcome::Refused(Refusal::new(Status::BAD_REQUEST, "too large")),
        Code::Unimplemented => {
            Outcome::Refused(Refusal::new(Status::BAD_REQUEST, "no such service"))
        }
        _ => Outcome::Lost,
    }
}

/// The class of a status number.
const fn code(status: Status) -> Code {
    match status {
        Status::BAD_REQUEST => Code::InvalidArgument,
        Status::UNAUTHORIZED => Code::Unauthenticated,
        Status::FORBIDDEN => Code::PermissionDenied,
        Status::NOT_FOUND => Code::NotFound,
        Status::TOO_MANY_REQUESTS | Status::INSUFFICIENT_STORAGE => Code::ResourceExhausted,
        Status::BAD_GATEWAY | Status::UNAVAILABLE => Code::Unavailable,
        Status::GATEWAY_TIMEOUT => Code::DeadlineExceeded,
        // 406 and 421 among them: right request, wrong clock or wrong node.
        Status(400..=499) => Code::FailedPrecondition,
        Status(500..=599) => Code::Internal,
        Status(_) => Code::Unknown,
    }
}

/// A status number as a metric's label: those the network spec knows, and one for the rest, which
/// a peer may choose.
pub(crate) const fn label(status: Status) -> &'static str {
    match status {
        Status::OK => "200",
        Status::BAD_REQUEST => "400",
        Status::UNAUTHORIZED => "401",
        Status::FORBIDDEN => "403",
        Status::NOT_FOUND => "404",
        Status::NOT_ACCEPTABLE => "406",
        Status::WRONG_SWARM => "421",
        Status::TOO_MANY_REQUESTS => "429",
        Status::INTERNAL => "500",
        Status::BAD_GATEWAY => "502",
        Status::UNAVAILABLE => "503",
        Status::GATEWAY_TIMEOUT => "504",
        Status::INSUFFICIENT_STORAGE => "507",
        Status(_) => "other",
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Every status number with any text comes back, the text cut as the wire cuts it.
        #[test]
        fn refusals_come_back(number: u16, reason in ".{0,600}") {
            let refusal = Refusal::new(Status(number), reason);
            let status = to_status(&refusal);
            let mut headers = http::HeaderMap::new();
            status.add_header(&mut headers).unwrap();
            let seen = tonic::Status::from_header_map(&headers).unwrap();
            let expected = Refusal::new(Status(number), limits::cut_reason(&refusal.reason));
            prop_assert_eq!(to_outcome(&seen), Outcome::Refused(expected));
        }
    }

    #[test]
    fn classes_of_the_known_numbers() {
        let codes = [
            400, 401, 403, 404, 406, 421, 429, 500, 502, 503, 504, 507, 7,
        ]
        .map(|number| code(Status(number)));
        assert_eq!(
            codes,
            [
                Code::InvalidArgument,
                Code::Unauthenticated,
                Code::PermissionDenied,
                Code::NotFound,
                Code::FailedPrecondition,
                Code::FailedPrecondition,
                Code::ResourceExhausted,
                Code::Internal,
                Code::Unavailable,
                Code::Unavailable,
                Code::DeadlineExceeded,
                Code::ResourceExhausted,
                Code::Unknown,
            ]
        );
    }

    #[test]
    fn what_no_peer_of_ours_said_is_lost() {
        for code in [
            Code::Cancelled,
            Code::Unknown,
            Code::DeadlineExceeded,
            Code::Unavailable,
            Code::Internal,
            Code::ResourceExhausted,
            Code::InvalidArgument,
            Code::DataLoss,
        ] {
            let status = tonic::Status::new(code, "h2 protocol error");
            assert_eq!(to_outcome(&status), Outcome::Lost, "{code:?}");
        }
        let three = Bytes::from_static(&[1, 2, 3]);
        let status = tonic::Status::with_details(Code::InvalidArgument, "x", three);
        assert_eq!(to_outcome(&status), Outcome::Lost);
    }

    #[test]
    fn what_cannot_help_to_repeat_is_refused() {
        for code in [Code::OutOfRange, Code::Unimplemented] {
            let outcome = to_outcome(&tonic::Status::new(code, "chosen by the peer"));
            let Outcome::Refused(refusal) = outcome else {
                panic!("{outcome:?}");
            };
            assert_eq!(refusal.status, Status::BAD_REQUEST);
            assert!(!refusal.reason.contains("chosen"), "{refusal:?}");
        }
    }
}
