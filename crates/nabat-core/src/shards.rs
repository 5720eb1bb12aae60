//! A map that can be copied in no time: whoever holds a copy sees it as it was.
//!
//! It lies in many pieces, each shared until somebody writes to it. A copy shares all of them;
//! whoever writes copies only the piece that they write to, and only while a copy is around.

use std::collections::HashMap;
use std::sync::Arc;

use crate::incident::IncidentId;

/// How many pieces there are: enough that one is copied in some ten microseconds when there are a
/// hundred thousand entries, and few enough that a copy of all takes no more.
const PIECES: usize = 256;

/// Something for each of many incidents.
#[derive(Debug, Clone)]
pub(crate) struct Shards<V> {
    pieces: Box<[Arc<HashMap<IncidentId, V>>]>,
}

impl<V: Clone> Shards<V> {
    /// An empty map.
    pub(crate) fn new() -> Self {
        Self {
            pieces: (0..PIECES).map(|_| Arc::default()).collect(),
        }
    }

    fn piece(id: IncidentId) -> usize {
        // Numbers are given in order, so this spreads them evenly.
        id.0.unsigned_abs() as usize % PIECES
    }

    pub(crate) fn get(&self, id: &IncidentId) -> Option<&V> {
        self.pieces.get(Self::piece(*id))?.get(id)
    }

    pub(crate) fn get_mut(&mut self, id: &IncidentId) -> Option<&mut V> {
        let piece = self.pieces.get_mut(Self::piece(*id))?;
        Arc::make_mut(piece).get_mut(id)
    }

    pub(crate) fn insert(&mut self, id: IncidentId, value: V) {
        if let Some(piece) = self.pieces.get_mut(Self::piece(id)) {
            Arc::make_mut(piece).insert(id, value);
        }
    }

    pub(crate) fn remove(&mut self, id: &IncidentId) {
        if let Some(piece) = self.pieces.get_mut(Self::piece(*id)) {
            Arc::make_mut(piece).remove(id);
        }
    }

    /// Keeps what `keep` is true of.
    pub(crate) fn retain(&mut self, keep: impl Fn(&V) -> bool) {
        for piece in &mut self.pieces {
            if !piece.values().all(&keep) {
                Arc::make_mut(piece).retain(|_, value| keep(value));
            }
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&IncidentId, &V)> {
        self.pieces.iter().flat_map(|piece| piece.iter())
    }

    /// All values, to be written to; in no order.
    pub(crate) fn values_mut(&mut self) -> impl Iterator<Item = &mut V> {
        let pieces = self.pieces.iter_mut();
        pieces.flat_map(|piece| Arc::make_mut(piece).values_mut())
    }

    /// All values, in no order.
    pub(crate) fn values(&self) -> impl Iterator<Item = &V> {
        self.pieces.iter().flat_map(|piece| piece.values())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_stays_as_it_was() {
        let mut map = Shards::new();
        for id in 0..1_000 {
            map.insert(IncidentId(id), id);
        }
        let before = map.clone();
        *map.get_mut(&IncidentId(7)).unwrap() = 70;
        map.remove(&IncidentId(8));
        map.retain(|value| *value != 9);
        assert_eq!(map.get(&IncidentId(7)), Some(&70));
        assert_eq!(map.values().count(), 998);
        assert_eq!(before.get(&IncidentId(7)), Some(&7));
        assert_eq!(before.iter().count(), 1_000);
        let shared = map.pieces.iter().zip(&before.pieces);
        let copied = shared.filter(|(now, before)| !Arc::ptr_eq(now, before));
        assert_eq!(copied.count(), 3, "only what was written to is copied");
    }
}
