//! Keeps the resources of one kind: found by ID, listed in the order of their making.

use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;

/// Resources by ID and by age. A place is never given twice, so that a page can go on after one that
/// has been removed meanwhile.
#[derive(Debug)]
pub(crate) struct Store<T> {
    rows: BTreeMap<u64, T>,
    places: HashMap<String, u64>,
    next: u64,
}

impl<T> Default for Store<T> {
    fn default() -> Self {
        Store {
            rows: BTreeMap::new(),
            places: HashMap::new(),
            next: 1,
        }
    }
}

impl<T> Store<T> {
    pub(crate) fn insert(&mut self, id: &str, row: T) {
        self.places.insert(id.to_owned(), self.next);
        self.rows.insert(self.next, row);
        self.next += 1;
    }

    pub(crate) fn get(&self, id: &str) -> Option<&T> {
        self.rows.get(self.places.get(id)?)
    }

    pub(crate) fn get_mut(&mut self, id: &str) -> Option<&mut T> {
        self.rows.get_mut(self.places.get(id)?)
    }

    pub(crate) fn remove(&mut self, id: &str) -> Option<T> {
        self.rows.remove(&self.places.remove(id)?)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.rows.values()
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.rows.values_mut()
    }

    /// The rows behind a place, with their places; 0 is before the first.
    pub(crate) fn after(&self, place: u64) -> impl Iterator<Item = (u64, &T)> {
        let range = (Bound::Excluded(place), Bound::Unbounded);
        self.rows.range(range).map(|(place, row)| (*place, row))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_goes_on_after_a_removed_row() {
        let mut store = Store::default();
        for id in ["a", "b", "c"] {
            store.insert(id, id);
        }
        let second = store.after(0).nth(1).unwrap().0;
        store.remove("b");
        assert_eq!(
            store.after(second).map(|(_, row)| *row).collect::<Vec<_>>(),
            ["c"]
        );
        assert_eq!(store.get("b"), None);
    }
}
