use std::time::Duration;

use http::Uri;
use leek_identity::{NodeAddress, NodeId};
use leek_wire::{Outcome, Refusal, Request, Response};
use tokio::time::{Instant, timeout_at};

use super::{DialError, Dialer, Lease};
use crate::{refusal, rpc::peer_client::PeerClient};

/// The authority of every request. HTTP/2 wants one and nobody reads it: who is called is settled
/// by TLS.
const ORIGIN: &str = "https://leek";

impl Dialer {
    /// Asks the node `to`, which listens at `at`. Within `timeout` it connects if need be, sends,
    /// and reads the whole answer.
    ///
    /// Our own bounds refuse as busy, for the peer was not asked. Everything that leaves open
    /// whether the peer acted, or could be reached at all, is `Lost`.
    pub(crate) async fn call(
        &self,
        to: NodeId,
        at: NodeAddress,
        request: Request,
        timeout: Duration,
    ) -> Outcome<Response> {
        let deadline = Instant::now() + timeout;
        let lease = match timeout_at(deadline, self.lease(to, at)).await {
            Ok(Ok(lease)) => lease,
            Ok(Err(DialError::Busy)) => return Outcome::Refused(Refusal::busy()),
            Ok(Err(_)) | Err(_) => return Outcome::Lost,
        };
        let pulse = lease.pulse();
        match timeout_at(deadline, self.ask(lease, request)).await {
            Ok(outcome) => {
                if !matches!(outcome, Outcome::Lost) {
                    pulse.heard();
                }
                outcome
            }
            Err(_elapsed) => {
                pulse.timed_out();
                Outcome::Lost
            }
        }
    }

    async fn ask(&self, lease: Lease, request: Request) -> Outcome<Response> {
        let mut stub = PeerClient::with_origin(lease, Uri::from_static(ORIGIN))
            .max_decoding_message_size(self.0.limits.message_bytes)
            .max_encoding_message_size(self.0.limits.message_bytes);
        match stub.call(request).await {
            Ok(response) => Outcome::Done(response.into_inner()),
            Err(status) => refusal::to_outcome(&status),
        }
    }
}
