//! Handing this node's messages to a member of its swarm, page by page.

use std::{ops::ControlFlow, sync::Arc};

use leek_identity::MessageHash;
use leek_machine::Wall;
use leek_swarm::{Snapshot, SwarmId};
use leek_wire::{
    Output, PullPage, PulledRow, ReadView, Refusal, Response, Status, StoreError, StoredRow,
    limits::{PULL_PAGE_BYTES_MAX, PULL_ROWS_MAX},
    pulled_row_encoded_len, response_encoded_len,
};

use crate::{StorageNode, input::Arrival, limits::PULL_VISITS_MAX, machine::NodeCx};

/// Bytes of a page's `next`: a hash of 32 behind its key and length.
const NEXT_BYTES: usize = 34;

impl StorageNode {
    /// A member of this swarm asks for messages; nobody else gets any.
    pub(crate) fn serve_pull(
        &mut self,
        cx: &NodeCx<'_, '_>,
        arrival: Arrival,
        after: Option<MessageHash>,
    ) {
        let request = self.allot_request();
        self.out.saw_arrival(request, &arrival);
        if let Some(refusal) = self.refusal_for(&arrival.from) {
            return self.refuse(arrival.call, refusal);
        }
        let Some((snapshot, swarm)) = self.snapshot.clone().zip(self.swarm()) else {
            leek_machine::bug!("a node without a swarm has a peer");
        };
        let Ok(page) = page(cx.view, after, cx.now.wall, &snapshot, swarm) else {
            let refusal = Refusal::new(Status::INTERNAL, "the store failed");
            return self.refuse(arrival.call, refusal);
        };
        let body = Response::Pull(page);
        self.out.saw_reply(request, || response_encoded_len(&body));
        self.out.push(Output::Answer {
            call: arrival.call,
            // It tells of batches that are not durable yet.
            after: self.writes.pending(),
            body: Ok(body),
        });
    }
}

/// The next page behind `after`: what is alive and belongs to `swarm`.
fn page(
    view: &dyn ReadView,
    after: Option<MessageHash>,
    now: Wall,
    snapshot: &Snapshot,
    swarm: SwarmId,
) -> Result<PullPage, StoreError> {
    let mut page = PullPage::default();
    let (mut bytes, mut visits) = (NEXT_BYTES, 0);
    let mut last = after;
    view.scan(after.as_ref(), &mut |row| {
        visits += 1;
        let mine = row.expiry > now && snapshot.swarm_of(&row.account) == Some(swarm);
        let pulled = mine.then(|| pulled(row));
        let len = pulled.as_ref().map_or(0, pulled_row_encoded_len);
        let full = bytes + len > PULL_PAGE_BYTES_MAX || page.rows.len() == PULL_ROWS_MAX;
        if full || visits > PULL_VISITS_MAX {
            page.next = last;
            return ControlFlow::Break(());
        }
        bytes += len;
        page.rows.extend(pulled);
        last = Some(row.hash);
        ControlFlow::Continue(())
    })?;
    Ok(page)
}

fn pulled(row: &StoredRow) -> PulledRow {
    PulledRow {
        hash: row.hash,
        account: row.account,
        namespace: row.namespace,
        timestamp: row.timestamp,
        expiry: row.expiry,
        data: Arc::clone(&row.data),
    }
}
