use leek_machine::bug;

/// No slot.
pub(crate) const NIL: u32 = u32::MAX;

/// Storage with stable small indices and a free list: after warming up, no allocation.
pub(crate) struct Slab<T> {
    slots: Vec<Slot<T>>,
    free: u32,
    len: usize,
}

enum Slot<T> {
    Full(T),
    Free { next: u32 },
}

impl<T> Slab<T> {
    pub(crate) fn new() -> Self {
        Self {
            slots: Vec::new(),
            free: NIL,
            len: 0,
        }
    }

    /// How many slots are full.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    #[inline]
    pub(crate) fn insert(&mut self, value: T) -> u32 {
        self.len += 1;
        let index = self.free;
        if index == NIL {
            return self.grow(value);
        }
        let slot = &mut self.slots[index as usize];
        if let Slot::Free { next } = *slot {
            self.free = next;
        }
        *slot = Slot::Full(value);
        index
    }

    #[inline]
    pub(crate) fn at(&mut self, index: u32) -> &mut T {
        match &mut self.slots[index as usize] {
            Slot::Full(value) => value,
            Slot::Free { .. } => bug!("slot {index} is free"),
        }
    }

    #[inline]
    pub(crate) fn remove(&mut self, index: u32) -> T {
        let free = Slot::Free { next: self.free };
        match core::mem::replace(&mut self.slots[index as usize], free) {
            Slot::Full(value) => {
                self.free = index;
                self.len -= 1;
                value
            }
            Slot::Free { .. } => bug!("slot {index} was free"),
        }
    }

    /// Whether there is such a slot and it is full.
    #[inline]
    pub(crate) fn is_full(&self, index: u32) -> bool {
        matches!(self.slots.get(index as usize), Some(Slot::Full(_)))
    }

    #[cold]
    fn grow(&mut self, value: T) -> u32 {
        let Some(index) = u32::try_from(self.slots.len()).ok().filter(|&i| i != NIL) else {
            bug!("four thousand million messages in one shard");
        };
        self.slots.push(Slot::Full(value));
        index
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_reused_and_counted() {
        let mut slab = Slab::new();
        let a = slab.insert("a");
        let b = slab.insert("b");
        assert_eq!((a, b, slab.len()), (0, 1, 2));
        assert_eq!(slab.remove(a), "a");
        assert_eq!(slab.insert("c"), a);
        assert_eq!(slab.insert("d"), 2);
        assert_eq!(*slab.at(a), "c");
        assert!(slab.is_full(b) && !slab.is_full(3) && !slab.is_full(NIL));
        assert_eq!(slab.remove(b), "b");
        assert!(!slab.is_full(b));
        assert_eq!(slab.len(), 2);
    }

    #[test]
    #[should_panic(expected = "slot 0 was free")]
    fn a_slot_is_emptied_once() {
        let mut slab = Slab::new();
        let a = slab.insert(1);
        slab.remove(a);
        slab.remove(a);
    }
}
