//! The reference model of delivery: what must arrive, against what did.
//!
//! It knows the plan (ground truth) and what each application was given; it never looks at what
//! nodes hold, so a message is judged by what people saw.

use std::collections::BTreeMap;

use leek_identity::AccountId;
use leek_report::{MessageRow, MessageVerdict};

use crate::workload::Plan;

/// One delivery to an application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Delivery {
    /// True time, in ns.
    pub(crate) at_ns: u64,
    /// The client that was given it.
    pub(crate) client: u32,
    /// The sender the client verified.
    pub(crate) sender: AccountId,
    /// The text; `None` when it was no text message.
    pub(crate) text: Option<String>,
}

/// What became of one send, as its sender saw it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sending {
    /// True time of the acknowledgement, in ns.
    pub(crate) accepted_ns: Option<u64>,
    /// Attempts made.
    pub(crate) attempts: u32,
    /// Refused for good: by the sender's own machine, or by the destination.
    pub(crate) refused: bool,
}

/// Everything the applications saw.
#[derive(Clone, Debug, Default)]
pub(crate) struct Observed {
    /// By send number.
    pub(crate) sendings: BTreeMap<u64, Sending>,
    /// In any order.
    pub(crate) deliveries: Vec<Delivery>,
    /// By client: true start of its last successful poll, in ns.
    pub(crate) last_read_ns: BTreeMap<u32, u64>,
}

/// Times that decide between verdicts, in ns.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    /// End of the run.
    pub(crate) end_ns: u64,
    /// A message is due this long after its intended send; delivered later, it is late.
    pub(crate) late_after_ns: u64,
}

/// Judges every message of the plan, in order, then adds a row for each phantom.
pub(crate) fn judge(
    plan: &Plan,
    accounts: &[AccountId],
    observed: &Observed,
    bounds: Bounds,
) -> Vec<MessageRow> {
    // First delivery and number of deliveries, by send number.
    let mut arrived: BTreeMap<u64, (u64, u32)> = BTreeMap::new();
    let mut phantoms = Vec::new();
    for delivery in &observed.deliveries {
        match genuine(plan, accounts, delivery) {
            Some(id) => {
                let (first, count) = arrived.entry(id).or_insert((delivery.at_ns, 0));
                *first = delivery.at_ns.min(*first);
                *count += 1;
            }
            None => phantoms.push(delivery),
        }
    }
    let mut rows: Vec<MessageRow> = (0u64..)
        .zip(&plan.sends)
        .map(|(id, send)| {
            let sending = observed.sendings.get(&id).copied().unwrap_or_default();
            let (delivered_ns, deliveries) = match arrived.get(&id) {
                Some((first, count)) => (Some(*first), *count),
                None => (None, 0),
            };
            let mut row = MessageRow {
                id,
                from: send.from,
                to: send.to,
                size_bytes: send.text_len,
                due_ns: send.at.ns(),
                accepted_ns: sending.accepted_ns,
                delivered_ns,
                deliveries,
                attempts: sending.attempts,
                verdict: MessageVerdict::Ok,
            };
            let read_ns = observed.last_read_ns.get(&send.to).copied();
            row.verdict = if send.is_oversize() && sending.refused && deliveries == 0 {
                MessageVerdict::Refused
            } else {
                verdict(&row, read_ns, bounds)
            };
            row
        })
        .collect();
    rows.extend(
        phantoms
            .into_iter()
            .map(|delivery| phantom(accounts, delivery)),
    );
    rows
}

/// The number of the send that this delivery is, if it is one: the right client was given exactly
/// the text, from the account that meant to send it, after it was meant to be sent.
fn genuine(plan: &Plan, accounts: &[AccountId], delivery: &Delivery) -> Option<u64> {
    let text = delivery.text.as_deref()?;
    let id = Plan::number_of(text)?;
    let send = plan.sends.get(usize::try_from(id).ok()?)?;
    let sender = accounts.get(send.from as usize)?;
    (send.to == delivery.client
        && *sender == delivery.sender
        && send.at.ns() <= delivery.at_ns
        && plan.text(id)? == text)
        .then_some(id)
}

fn verdict(row: &MessageRow, read_ns: Option<u64>, bounds: Bounds) -> MessageVerdict {
    let due_ns = row.due_ns.saturating_add(bounds.late_after_ns);
    match (row.delivered_ns, row.deliveries) {
        (Some(_), 2..) => MessageVerdict::Duplicated,
        (Some(at), _) if at > due_ns => MessageVerdict::Late,
        (Some(_), _) => MessageVerdict::Ok,
        (None, _) if due_ns > bounds.end_ns => MessageVerdict::Pending,
        (None, _) => match row.accepted_ns {
            None => MessageVerdict::Info,
            Some(accepted) if read_ns.is_some_and(|read| read > accepted) => MessageVerdict::Lost,
            Some(_) => MessageVerdict::NeverRead,
        },
    }
}

fn phantom(accounts: &[AccountId], delivery: &Delivery) -> MessageRow {
    let from = accounts
        .iter()
        .position(|account| *account == delivery.sender);
    MessageRow {
        id: delivery
            .text
            .as_deref()
            .and_then(Plan::number_of)
            .unwrap_or(u64::MAX),
        from: from
            .and_then(|i| u32::try_from(i).ok())
            .unwrap_or(delivery.client),
        to: delivery.client,
        size_bytes: delivery
            .text
            .as_ref()
            .map_or(0, |text| u32::try_from(text.len()).unwrap_or(u32::MAX)),
        due_ns: delivery.at_ns,
        accepted_ns: None,
        delivered_ns: Some(delivery.at_ns),
        deliveries: 1,
        attempts: 0,
        verdict: MessageVerdict::Phantom,
    }
}

#[cfg(test)]
mod tests;
