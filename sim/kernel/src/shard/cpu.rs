//! The one core of a host: what is handled when, and what comes of it.

use super::Shard;
use crate::actor::{Actor, ActorCx, ActorId, Body as _};
use crate::calendar::{Entry, What};
use crate::digest::Digester;
use crate::effects::{Effects, WakeChange};
use crate::event::{Event, Tag};
use crate::slab::NIL;
use crate::wake::Fired;

impl<A: Actor> Shard<A> {
    pub(super) fn start(&mut self, local: usize, entry: Entry) {
        let event = self.own_event(Tag::Started, local, entry.tick(), entry.n());
        let mut digester = self.hosts[local].history.open();
        event.feed(&mut digester);
        let effects = self.act(local, entry.tick(), &mut digester, A::start);
        self.hosts[local].history.close(&digester);
        self.settle(local, entry.tick(), effects);
    }

    /// A message is at the host: handled, put into the inbox, or answered at once.
    pub(super) fn deliver(&mut self, local: usize, tick: u64, parcel: u32) {
        let host = &mut self.hosts[local];
        if !host.busy {
            let effects = self.handle(Tag::Handled, local, tick, parcel);
            self.settle(local, tick, effects);
        } else if host.inbox.len() < host.inbox_max {
            host.inbox.append(&mut self.parcels, parcel);
            host.counters.inbox_peak = host.counters.inbox_peak.max(host.inbox.len());
        } else {
            let effects = self.handle(Tag::Overflowed, local, tick, parcel);
            self.release(local, tick, effects);
        }
    }

    pub(super) fn wake(&mut self, local: usize, entry: Entry) {
        let tick = entry.tick();
        let host = &mut self.hosts[local];
        match host.wake.fire(tick, entry.n()) {
            Fired::Stale => {}
            Fired::Early(at) => {
                let n = self.push_own(local, at, What::Wake, NIL);
                self.hosts[local].wake.entered(at, n);
            }
            Fired::Due if host.busy => host.wake.wait(host.inbox.len()),
            Fired::Due => {
                let effects = self.handle_wake(local, tick);
                self.settle(local, tick, effects);
            }
        }
    }

    /// The charged time is over: its effects take place, and the core turns to what waits.
    pub(super) fn done(&mut self, local: usize, tick: u64) {
        let host = &mut self.hosts[local];
        host.busy = false;
        let effects = core::mem::take(&mut host.held);
        self.release(local, tick, effects);
        loop {
            let host = &mut self.hosts[local];
            if host.busy {
                return;
            }
            let effects = if host.wake.is_next() {
                host.wake.taken();
                self.handle_wake(local, tick)
            } else if let Some(parcel) = host.inbox.pop(&mut self.parcels) {
                host.wake.moves_up();
                self.handle(Tag::Handled, local, tick, parcel)
            } else {
                return;
            };
            self.settle(local, tick, effects);
        }
    }

    /// Takes a message out of the slab and gives it to the actor.
    fn handle(&mut self, tag: Tag, local: usize, tick: u64, parcel: u32) -> Effects {
        let parcel = self.parcels.remove(parcel);
        let event = parcel.event(tag, tick);
        let from = ActorId::new(parcel.peer);
        let counters = self.count(local, &event);
        let mut digester;
        let effects;
        if tag == Tag::Overflowed {
            counters.overflowed += 1;
            digester = self.open(local, &event, &parcel.body);
            effects = self.act(local, tick, &mut digester, |actor, cx| {
                actor.on_overflow(cx, from, parcel.body);
            });
        } else {
            counters.delivered += 1;
            digester = self.open(local, &event, &parcel.body);
            effects = self.act(local, tick, &mut digester, |actor, cx| {
                actor.on_message(cx, from, parcel.body);
            });
        }
        self.hosts[local].history.close(&digester);
        effects
    }

    fn handle_wake(&mut self, local: usize, tick: u64) -> Effects {
        // Numbered by the wakes before it: how entries of the calendar came about is no event.
        let n = self.hosts[local].counters.wakes;
        let event = self.own_event(Tag::Woken, local, tick, n);
        self.count(local, &event).wakes += 1;
        let mut digester = self.hosts[local].history.open();
        event.feed(&mut digester);
        let effects = self.act(local, tick, &mut digester, A::on_wake);
        self.hosts[local].history.close(&digester);
        effects
    }

    /// Calls a handler.
    #[inline]
    fn act(
        &mut self,
        local: usize,
        tick: u64,
        digester: &mut Digester,
        call: impl FnOnce(&mut A, &mut ActorCx<'_, A::Body>),
    ) -> Effects {
        let mut cx = ActorCx {
            me: self.id(local),
            actors: self.net.actors,
            tick,
            epoch: self.net.epoch,
            clock: self.hosts[local].clock,
            stream: &mut self.streams[local],
            digester,
            parcels: &mut self.parcels,
            effects: Effects::default(),
        };
        call(&mut self.actors[local], &mut cx);
        cx.effects
    }

    /// Lets the effects of a handling take place now, or after the time it charged.
    #[inline]
    fn settle(&mut self, local: usize, tick: u64, effects: Effects) {
        if effects.charged_ns == 0 {
            self.release(local, tick, effects);
            return;
        }
        let host = &mut self.hosts[local];
        host.busy = true;
        host.held = effects;
        host.counters.cpu_busy_ns += effects.charged_ns;
        let done = tick.saturating_add(effects.charged_ns);
        self.push_own(local, done, What::Done, NIL);
    }

    #[inline]
    fn release(&mut self, local: usize, tick: u64, mut effects: Effects) {
        while let Some(parcel) = effects.sends.pop(&mut self.parcels) {
            self.send(local, tick, parcel);
        }
        match effects.wake {
            WakeChange::Keep => {}
            WakeChange::Clear => self.hosts[local].wake.clear(),
            WakeChange::Set(at) => {
                let at = at.max(tick);
                if self.hosts[local].wake.set(at) {
                    let n = self.push_own(local, at, What::Wake, NIL);
                    self.hosts[local].wake.entered(at, n);
                }
            }
        }
    }

    fn open(&self, local: usize, event: &Event, body: &A::Body) -> Digester {
        let mut digester = self.hosts[local].history.open();
        event.feed(&mut digester);
        body.feed(&mut digester);
        digester
    }

    fn own_event(&self, tag: Tag, local: usize, tick: u64, n: u64) -> Event {
        Event {
            tag,
            tick,
            peer: self.id(local).index(),
            n,
            kind: 0,
            bytes: 0,
        }
    }
}
