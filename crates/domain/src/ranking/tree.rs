//! A B-tree that knows how many keys are below each of its nodes: which key is the nth, and how many come before one,
//! take as many steps as the tree has levels.
//!
//! Keys are compared by what is given with each call, since most of what decides lies outside of them.

use std::cmp::Ordering;

/// Most keys of a leaf, and most children of any other node.
const ENTRIES_MAX: usize = 64;
/// A node with fewer is put together with one beside it.
const ENTRIES_MIN: usize = 16;

/// Keys in order, each of them once.
#[derive(Debug, Clone)]
pub(super) struct Tree<K> {
    root: Node<K>,
    count: usize,
}

#[derive(Debug, Clone)]
enum Node<K> {
    Leaf(Vec<K>),
    Inner(Vec<Child<K>>),
}

#[derive(Debug, Clone)]
struct Child<K> {
    /// Its least key.
    first: K,
    /// How many keys are below it.
    count: usize,
    node: Box<Node<K>>,
}

impl<K: Copy> Tree<K> {
    pub(super) const fn new() -> Self {
        Self { root: Node::Leaf(Vec::new()), count: 0 }
    }

    pub(super) const fn len(&self) -> usize {
        self.count
    }

    /// Takes in a key that is not there yet.
    pub(super) fn insert(&mut self, key: K, order: &impl Fn(&K, &K) -> Ordering) {
        self.count += 1;
        let Some(right) = self.root.insert(key, order) else { return };
        let left = std::mem::replace(&mut self.root, Node::Leaf(Vec::new()));
        let first = *left.first().expect("what was split has keys");
        let left = Child { first, count: self.count - right.count, node: Box::new(left) };
        self.root = Node::Inner(vec![left, right]);
    }

    /// Takes a key out; `false` where it is not there.
    pub(super) fn remove(&mut self, key: &K, order: &impl Fn(&K, &K) -> Ordering) -> bool {
        if !self.root.remove(key, order) {
            return false;
        }
        self.count -= 1;
        while let Node::Inner(children) = &mut self.root
            && children.len() == 1
        {
            self.root = *children.remove(0).node;
        }
        true
    }

    /// How many keys come before one, whether it is there or not; those of `order` may be of another kind.
    pub(super) fn before(&self, is_before: impl Fn(&K) -> bool) -> usize {
        let (mut node, mut count) = (&self.root, 0);
        loop {
            match node {
                Node::Leaf(keys) => return count + keys.partition_point(is_before),
                Node::Inner(children) => {
                    let at = children.partition_point(|child| is_before(&child.first));
                    let Some(at) = at.checked_sub(1) else { return count };
                    count += children[..at].iter().map(|child| child.count).sum::<usize>();
                    node = &children[at].node;
                }
            }
        }
    }

    /// The keys from the one with so many before it.
    pub(super) const fn from(&self, index: usize) -> Keys<'_, K> {
        Keys { tree: self, next: index, leaf: &[] }
    }

    /// What the leaf of a key has from that key on.
    fn leaf_from(&self, mut index: usize) -> &[K] {
        let mut node = &self.root;
        loop {
            match node {
                Node::Leaf(keys) => return keys.get(index..).unwrap_or_default(),
                Node::Inner(children) => {
                    let found = children.iter().find(|child| {
                        let is_below = index < child.count;
                        index -= if is_below { 0 } else { child.count };
                        is_below
                    });
                    let Some(child) = found else { return &[] };
                    node = &child.node;
                }
            }
        }
    }
}

/// Keys one after the other.
#[derive(Debug, Clone)]
pub(super) struct Keys<'t, K> {
    tree: &'t Tree<K>,
    next: usize,
    leaf: &'t [K],
}

impl<K: Copy> Iterator for Keys<'_, K> {
    type Item = K;

    fn next(&mut self) -> Option<K> {
        if self.leaf.is_empty() {
            self.leaf = self.tree.leaf_from(self.next);
        }
        let (first, rest) = self.leaf.split_first()?;
        (self.leaf, self.next) = (rest, self.next + 1);
        Some(*first)
    }
}

impl<K: Copy> Node<K> {
    fn first(&self) -> Option<&K> {
        match self {
            Self::Leaf(keys) => keys.first(),
            Self::Inner(children) => children.first().map(|child| &child.first),
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::Leaf(keys) => keys.len(),
            Self::Inner(children) => children.len(),
        }
    }

    /// Takes in a key; returns the upper half where the node is too large with it.
    fn insert(&mut self, key: K, order: &impl Fn(&K, &K) -> Ordering) -> Option<Child<K>> {
        match self {
            Self::Leaf(keys) => {
                let at = keys.partition_point(|other| order(other, &key).is_lt());
                keys.insert(at, key);
                let upper = split(keys)?;
                Some(Child {
                    first: upper[0],
                    count: upper.len(),
                    node: Box::new(Self::Leaf(upper)),
                })
            }
            Self::Inner(children) => {
                let at = children.partition_point(|child| order(&child.first, &key).is_lt());
                let at = at.saturating_sub(1);
                let child = &mut children[at];
                if order(&key, &child.first).is_lt() {
                    child.first = key;
                }
                child.count += 1;
                if let Some(upper) = child.node.insert(key, order) {
                    child.count -= upper.count;
                    children.insert(at + 1, upper);
                }
                let upper = split(children)?;
                let count = upper.iter().map(|child| child.count).sum();
                Some(Child { first: upper[0].first, count, node: Box::new(Self::Inner(upper)) })
            }
        }
    }

    fn remove(&mut self, key: &K, order: &impl Fn(&K, &K) -> Ordering) -> bool {
        match self {
            Self::Leaf(keys) => match keys.binary_search_by(|other| order(other, key)) {
                Ok(at) => {
                    keys.remove(at);
                    true
                }
                Err(_) => false,
            },
            Self::Inner(children) => {
                let at = children.partition_point(|child| order(&child.first, key).is_le());
                let Some(at) = at.checked_sub(1) else { return false };
                let child = &mut children[at];
                if !child.node.remove(key, order) {
                    return false;
                }
                child.count -= 1;
                let Some(first) = child.node.first() else {
                    children.remove(at);
                    return true;
                };
                child.first = *first;
                if child.node.len() < ENTRIES_MIN {
                    put_together(children, at);
                }
                true
            }
        }
    }

    /// Takes what the node beside it has.
    fn append(&mut self, other: Self) {
        match (self, other) {
            (Self::Leaf(keys), Self::Leaf(more)) => keys.extend(more),
            (Self::Inner(children), Self::Inner(more)) => children.extend(more),
            (Self::Leaf(_), Self::Inner(_)) | (Self::Inner(_), Self::Leaf(_)) => {
                unreachable!("nodes beside each other are on one level")
            }
        }
    }
}

/// The upper half of entries that are too many.
fn split<T>(entries: &mut Vec<T>) -> Option<Vec<T>> {
    (entries.len() > ENTRIES_MAX).then(|| entries.split_off(entries.len().midpoint(0)))
}

/// Puts a small child together with one beside it, where they fit into one with room to grow.
fn put_together<K: Copy>(children: &mut Vec<Child<K>>, at: usize) {
    let left = at.saturating_sub(1);
    let pair = children.get(left).zip(children.get(left + 1));
    let fits = pair.is_some_and(|(left, right)| {
        left.node.len() + right.node.len() <= ENTRIES_MAX - ENTRIES_MIN
    });
    if fits {
        let right = children.remove(left + 1);
        let left = &mut children[left];
        left.count += right.count;
        left.node.append(*right.node);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    impl<K: Copy + Ord> Node<K> {
        /// How many keys there are; every count and every least key is right, and all leaves are on one level.
        fn check(&self, depth: usize, leaves: &mut Option<usize>) -> usize {
            match self {
                Self::Leaf(keys) => {
                    assert_eq!(*leaves.get_or_insert(depth), depth);
                    assert!(keys.is_sorted_by(|a, b| a < b) && keys.len() <= ENTRIES_MAX);
                    keys.len()
                }
                Self::Inner(children) => {
                    assert!(!children.is_empty() && children.len() <= ENTRIES_MAX);
                    let counts = children.iter().map(|child| {
                        assert!(child.node.first() == Some(&child.first) && child.count > 0);
                        assert_eq!(child.node.check(depth + 1, leaves), child.count);
                        child.count
                    });
                    counts.sum()
                }
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn it_is_what_a_sorted_list_is(
            steps in prop::collection::vec((any::<bool>(), 0_usize..3_000), 0..9_000),
            is_growing in any::<bool>(),
        ) {
            let (mut tree, mut sorted) = (Tree::new(), Vec::new());
            for (number, (is_in, key)) in steps.iter().enumerate() {
                // Scores that rise leave the low nodes empty.
                let key = if is_growing { (key >> 3) + number } else { *key };
                match sorted.binary_search(&key) {
                    Err(at) if *is_in || is_growing => {
                        sorted.insert(at, key);
                        tree.insert(key, &usize::cmp);
                    }
                    Err(_) => prop_assert!(!tree.remove(&key, &usize::cmp)),
                    Ok(at) => {
                        sorted.remove(at);
                        prop_assert!(tree.remove(&key, &usize::cmp));
                    }
                }
                if is_growing && !*is_in && !sorted.is_empty() {
                    let least = sorted.remove(0);
                    prop_assert!(tree.remove(&least, &usize::cmp));
                }
                prop_assert_eq!(tree.before(|other| *other < key), sorted.partition_point(|other| *other < key));
                if number % 500 == 0 {
                    prop_assert_eq!(tree.root.check(0, &mut None), sorted.len());
                    let from = key % (sorted.len() + 1);
                    prop_assert!(tree.from(from).eq(sorted[from..].iter().copied()));
                }
            }
            prop_assert_eq!(tree.root.check(0, &mut None), sorted.len());
            prop_assert_eq!(tree.len(), sorted.len());
            prop_assert!(tree.from(0).eq(sorted.iter().copied()));
            prop_assert_eq!(tree.from(sorted.len()).next(), None);
            for key in sorted {
                prop_assert!(tree.remove(&key, &usize::cmp));
            }
            prop_assert_eq!(tree.len(), 0);
        }
    }
}
