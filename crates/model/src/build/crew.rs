//! Work of a build that all processors share. What comes out is in the order of what went in, whoever did it.

use std::{
    collections::BTreeMap,
    sync::{
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    thread,
};

/// So many items are worth handing over.
const CHUNK: usize = 64;
/// More helpers would wait for the one who takes.
const MOST_HELPERS: usize = 3;

/// Makes something of each item and takes it, in the order of the items. `make` runs on any thread, `take` on this one.
pub(super) fn in_order<T: Sync, R: Send>(items: &[T], make: impl Fn(&T) -> R + Sync, mut take: impl FnMut(&T, R)) {
    let chunks: Vec<&[T]> = items.chunks(CHUNK).collect();
    let processors = thread::available_parallelism().map_or(1, usize::from);
    let helpers = (processors - 1).min(MOST_HELPERS).min(chunks.len().saturating_sub(1));
    let next = AtomicUsize::new(0);
    let make_next = || {
        let at = next.fetch_add(1, Ordering::Relaxed);
        chunks.get(at).map(|chunk| (at, chunk.iter().map(&make).collect::<Vec<R>>()))
    };
    thread::scope(|scope| {
        let (done, others) = mpsc::channel();
        for _ in 0..helpers {
            let (done, make_next) = (done.clone(), &make_next);
            scope.spawn(move || while make_next().is_some_and(|made| done.send(made).is_ok()) {});
        }
        drop(done);
        let mut ready = BTreeMap::new();
        for (at, chunk) in chunks.iter().enumerate() {
            let made = loop {
                ready.extend(others.try_iter());
                if let Some(made) = ready.remove(&at) {
                    break made;
                }
                // What nobody has begun is made here; then the rest is under way.
                match make_next().or_else(|| others.recv().ok()) {
                    Some((at, made)) => ready.insert(at, made),
                    // A helper has panicked: so does the scope, once all have ended.
                    None => return,
                };
            };
            chunk.iter().zip(made).for_each(|(item, made)| take(item, made));
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_comes_in_the_order_of_the_items_and_each_once() {
        for count in [0, 1, CHUNK, 10 * CHUNK + 1] {
            let items: Vec<usize> = (0..count).collect();
            let mut taken = vec![];
            in_order(&items, |item| item * 2, |item, made| taken.push((*item, made)));
            assert_eq!(taken, items.iter().map(|item| (*item, item * 2)).collect::<Vec<_>>());
        }
    }

    #[test]
    #[should_panic]
    fn a_panic_of_a_helper_ends_the_build() {
        let items: Vec<usize> = (0..100 * CHUNK).collect();
        let here = thread::current().id();
        let make = |item: &usize| match thread::current().id() == here && *item == 0 {
            true => thread::sleep(std::time::Duration::from_millis(50)),
            false => panic!("a helper"),
        };
        in_order(&items, make, |_, ()| {});
    }
}
