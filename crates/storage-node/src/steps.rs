//! Running one step of a request.

use leek_fact::Item;
use leek_identity::{AccountId, NodeId};
use leek_machine::Wall;
use leek_swarm::SwarmId;
use leek_wire::{
    AckLevel, MemberChange, Output, Request, Status, StorageBody, StorageReply, StorageRequest,
    StoreError,
    limits::{FORWARD_TIMEOUT_MS, SWARM_NODES_MAX},
};

use crate::{
    StorageNode,
    auth::{self, Authorized, Origin},
    flows::{Flow, FlowId, Slot},
    local::{self, Local, Retrieve},
    machine::NodeCx,
    overlay::Overlay,
    plan::Checked,
    swarm_write::{SwarmWrite, WriteKind},
};

impl StorageNode {
    /// Runs `one` as the next step of `flow`, which will be known as `id` should it wait.
    pub(crate) fn run(
        &mut self,
        cx: &NodeCx<'_, '_>,
        id: FlowId,
        flow: &mut Flow,
        one: Checked,
    ) -> Slot {
        self.out.saw_target(flow.request, &one.request);
        match self.admit(&one, cx.now.wall, flow.to.origin()) {
            Err(refusal) => Slot::Done(refusal),
            Ok(authorized) if one.request.is_write() => {
                self.run_write(cx, id, flow, one, authorized)
            }
            Ok(authorized) => self.run_read(cx, id, flow, &one, &authorized),
        }
    }

    /// Arguments 400, swarm 421, then limits, clocks and proof.
    fn admit(&self, one: &Checked, now: Wall, origin: Origin) -> Result<Authorized, StorageReply> {
        if let Err(error) = one.arguments {
            let text = error.to_string();
            return Err(StorageReply::error(Status::BAD_REQUEST, now, text));
        }
        let anywhere = matches!(
            one.request,
            StorageRequest::GetSwarm { .. } | StorageRequest::Info
        );
        if let Some(account) = one.request.account().filter(|_| !anywhere) {
            let right = self.swarm_of(account, now)?;
            if self.swarm() != Some(right) {
                let status = Status::WRONG_SWARM;
                return Err(self.swarm_reply(status, right, now));
            }
            if self.members().count() > SWARM_NODES_MAX {
                return Err(too_many_members(now));
            }
        }
        auth::authorize(one, now, origin)
            .map_err(|denied| StorageReply::error(denied.status, now, denied.text))
    }

    fn run_read(
        &mut self,
        cx: &NodeCx<'_, '_>,
        id: FlowId,
        flow: &mut Flow,
        one: &Checked,
        authorized: &Authorized,
    ) -> Slot {
        let now = cx.now.wall;
        let body = match &one.request {
            StorageRequest::Info => Ok(StorageBody::Info {
                version: self.config.version,
            }),
            StorageRequest::GetSwarm { account } => {
                return Slot::Done(match self.swarm_of(account, now) {
                    Ok(swarm) => self.swarm_reply(Status::OK, swarm, now),
                    Err(refusal) => refusal,
                });
            }
            _ => self.read_store(cx, &mut flow.budget, one, authorized),
        };
        let reply = match body {
            Ok(body) => StorageReply {
                status: Status::OK,
                clock: now,
                body,
            },
            Err(_) => return Slot::Done(store_failed(now)),
        };
        self.out.saw_read(flow.request, &reply.body);
        let from_store = one.request != StorageRequest::Info;
        match self.writes.pending().filter(|_| from_store) {
            None => Slot::Done(reply),
            Some(_) if flow.writes() => {
                // Among writes, a read waits for its own mark in the order of batches: if one
                // before it fails, what it read is void.
                let write = self.write(cx.now, Vec::new());
                self.flows.await_batch(write, id, flow.slots.len());
                Slot::Read(reply)
            }
            Some(write) => {
                flow.after = flow.after.max(Some(write));
                Slot::Done(reply)
            }
        }
    }

    fn read_store(
        &self,
        cx: &NodeCx<'_, '_>,
        budget: &mut u64,
        one: &Checked,
        authorized: &Authorized,
    ) -> Result<StorageBody, StoreError> {
        let local = self.local(cx);
        match &one.request {
            StorageRequest::Retrieve {
                account,
                namespace,
                last_hash,
                max_count,
                max_size,
                ..
            } => {
                let asked = Retrieve {
                    account,
                    namespace: *namespace,
                    last_hash: last_hash.as_ref(),
                    max_count: *max_count,
                    max_size: *max_size,
                };
                local::retrieve(&local, &asked, budget, authorized)
            }
            StorageRequest::GetExpiries {
                account, messages, ..
            } => local::get_expiries(&local, account, messages, authorized),
            _ => leek_machine::bug!("read the store for a request that does not"),
        }
    }

    /// Passes the write on to all peers, then applies it here.
    fn run_write(
        &mut self,
        cx: &NodeCx<'_, '_>,
        id: FlowId,
        flow: &mut Flow,
        one: Checked,
        authorized: Authorized,
    ) -> Slot {
        let slot = flow.slots.len();
        let changed = local::change(&self.local(cx), &one, authorized);
        let peers = match flow.to.origin() {
            Origin::Client => self.peers(),
            Origin::Swarm => Vec::new(),
        };
        let kind = WriteKind::of(&one.request, one.hash);
        // A member that passes a copy on waits for it to be durable, whatever its client asked.
        let ack = match (flow.to.origin(), &one.request) {
            (Origin::Client, StorageRequest::Store { ack, .. }) => *ack,
            (Origin::Client | Origin::Swarm, _) => AckLevel::All,
        };
        let mut write = SwarmWrite::new(kind, self.id(), ack, peers.len());
        let deadline = cx.now.tick.after_ms(FORWARD_TIMEOUT_MS);
        let copy = forwarded_copy(one.request);
        for to in peers {
            let call = self.allot_call();
            self.flows.await_call(call, id, slot, to);
            self.out.saw(flow.request, Item::NextNode(*to.as_bytes()));
            self.out.push(Output::Call {
                to,
                call,
                body: Request::Forward(copy.clone()),
                deadline,
            });
        }
        match changed {
            Err(failure) => write.failed(failure),
            Ok(change) => {
                self.rejoin.removed(&copy);
                self.saw_change(flow, kind, &change.result);
                let waits = !change.ops.is_empty() || self.writes.pending().is_some();
                let batch = waits.then(|| self.write(cx.now, change.ops));
                if let Some(account) = copy.account() {
                    self.queued.free(*account, change.freed);
                }
                if let Some(batch) = batch {
                    self.flows.await_batch(batch, id, slot);
                }
                write.applied(change.result, batch);
            }
        }
        Slot::Write(write)
    }

    fn saw_change(&mut self, flow: &Flow, kind: WriteKind, change: &MemberChange) {
        match change {
            MemberChange::Stored { .. } => {
                if let WriteKind::Store(hash) = kind {
                    self.out.saw_messages(flow.request, [&hash]);
                }
            }
            MemberChange::Deleted { deleted, .. } => {
                let hashes = deleted.iter().map(|(_, hash)| hash);
                self.out.saw_messages(flow.request, hashes);
            }
            MemberChange::Expired {
                updated, unchanged, ..
            } => {
                let hashes = updated.iter().chain(unchanged).map(|(hash, _)| hash);
                self.out.saw_messages(flow.request, hashes);
            }
        }
    }

    fn local<'a>(&'a self, cx: &'a NodeCx<'_, '_>) -> Local<'a> {
        Local {
            store: Overlay::new(cx.view, &self.queued),
            now: cx.now.wall,
            prep: &self.prep,
            store_bytes_max: self.config.store_bytes_max,
            account_bytes_max: self.config.account_bytes_max,
        }
    }

    pub(crate) fn peers(&self) -> Vec<NodeId> {
        let me = self.id();
        self.members()
            .map(|node| node.id)
            .filter(|id| *id != me)
            .collect()
    }

    fn swarm_of(&self, account: &AccountId, now: Wall) -> Result<SwarmId, StorageReply> {
        self.snapshot
            .as_ref()
            .and_then(|snapshot| snapshot.swarm_of(account))
            .ok_or_else(|| {
                StorageReply::error(Status::UNAVAILABLE, now, "the network has no swarms")
            })
    }

    fn swarm_reply(&self, status: Status, swarm: SwarmId, clock: Wall) -> StorageReply {
        let nodes: Vec<_> = self
            .snapshot
            .iter()
            .flat_map(|snapshot| snapshot.members(swarm))
            .copied()
            .collect();
        if nodes.len() > SWARM_NODES_MAX {
            return too_many_members(clock);
        }
        StorageReply {
            status,
            clock,
            body: StorageBody::Swarm { swarm, nodes },
        }
    }
}

/// The copy for peers. Whether anything was deleted, and how far a message came, is judged over
/// the whole swarm by the node that the client asked; so `required` and `ack` stay here.
fn forwarded_copy(request: StorageRequest) -> StorageRequest {
    match request {
        StorageRequest::Delete {
            account,
            messages,
            proof,
            ..
        } => StorageRequest::Delete {
            account,
            messages,
            required: false,
            proof,
        },
        StorageRequest::Store {
            account,
            namespace,
            timestamp,
            ttl_ms,
            data,
            sig_timestamp,
            proof,
            ack: _,
        } => StorageRequest::Store {
            account,
            namespace,
            timestamp,
            ttl_ms,
            data,
            sig_timestamp,
            proof,
            ack: AckLevel::All,
        },
        other => other,
    }
}

/// No reply has room for so many members.
fn too_many_members(now: Wall) -> StorageReply {
    let text = format!("the swarm has more than {SWARM_NODES_MAX} members");
    StorageReply::error(Status::INTERNAL, now, text)
}

pub(crate) fn store_failed(now: Wall) -> StorageReply {
    StorageReply::error(Status::INTERNAL, now, "the store failed")
}
