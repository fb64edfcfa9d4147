use std::sync::Arc;

use leek_identity::AccountId;
use leek_message::ContentBody;
use leek_onion::{Format, PathPolicy};
use leek_wire::{AckLevel, SendTag};

/// How a client behaves; the same for its whole life.
#[derive(Clone)]
pub struct ClientConfig {
    /// The packet format, with the cipher of each layer.
    pub format: Arc<dyn Format>,
    /// Guards and paths; [`PathPolicy::DIRECT`] for a format without an onion.
    pub paths: PathPolicy,
    /// Nodes of the own swarm may not be guards.
    pub guards_outside_own_swarm: bool,
    /// Time between two polls, in ms.
    pub poll_ms: u64,
    /// Members of the own swarm asked at each poll.
    pub poll_members: usize,
    /// Attempts at storing one message.
    pub send_attempts: u8,
    /// Time one request may take, in ms.
    pub request_timeout_ms: u64,
    /// How far a message must have come at the recipient's swarm before a send is accepted.
    pub ack: AckLevel,
}

impl core::fmt::Debug for ClientConfig {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("ClientConfig")
            .field("format", &self.format.id())
            .field("paths", &self.paths)
            .finish_non_exhaustive()
    }
}

/// What the application asks.
#[derive(Clone, Debug)]
pub enum Command {
    /// Send a message.
    Send {
        /// The application's number for it; returned in events.
        tag: SendTag,
        /// To whom.
        to: AccountId,
        /// What. The sent time is the client's corrected clock.
        body: ContentBody,
    },
    /// Poll now, whatever the period says.
    PollNow,
    /// Give up all sends and poll no more.
    Stop,
}

/// What a client is told.
#[derive(Clone, Debug)]
pub enum Input {
    /// By the network.
    Wire(leek_wire::Input),
    /// By the application.
    Command(Command),
}

impl From<leek_wire::Input> for Input {
    fn from(input: leek_wire::Input) -> Self {
        Self::Wire(input)
    }
}

impl From<Command> for Input {
    fn from(command: Command) -> Self {
        Self::Command(command)
    }
}
