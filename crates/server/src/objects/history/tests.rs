use std::sync::Arc;

use ::inventory::{Inventory, Snapshot};
use vim25::{DataType, MoRef, Obj, Shared, mo, types::Event};

use super::{Collector, Item, Source};
use crate::collector::Reads;

/// The numbers 1 to n, where n is the count of events in the world.
struct Numbers;

fn item(number: u64) -> Item {
    let key = i32::try_from(number).unwrap();
    Item { number, content: Arc::new(Event { key, ..Default::default() }) }
}

impl Source for Numbers {
    fn after(&self, world: &Snapshot, after: u64, max: usize) -> Vec<Item> {
        (1..=world.events().len() as u64).filter(|n| *n > after).take(max).map(item).collect()
    }

    fn up_to(&self, world: &Snapshot, last: u64, max: usize) -> Vec<Item> {
        (1..=world.events().len() as u64).rev().filter(|n| *n <= last).take(max).map(item).collect()
    }

    fn content(&self, latest: Vec<Shared>) -> Shared {
        Arc::new(mo::EventHistoryCollector::with(|c| c.latest_page = super::typed(latest)))
    }

    fn reads(&self, _: &Snapshot, _: usize) -> Reads {
        Reads::default()
    }
}

fn numbers(items: Vec<Shared>) -> Vec<i32> {
    items.iter().map(|item| vim25::cast::<Event>(&**item).unwrap().key).collect()
}

fn world(events: usize) -> Inventory {
    let inventory = Inventory::new(Default::default());
    more(&inventory, events);
    inventory
}

fn more(inventory: &Inventory, events: usize) {
    let posted = inventory.commit::<(), ()>(|tx| {
        for _ in 0..events {
            tx.post(Obj::from(Event::default()));
        }
        Ok(())
    });
    posted.unwrap();
}

fn collector(page: usize) -> Collector {
    Collector::new(MoRef::new("EventHistoryCollector", "c"), Numbers, page)
}

#[test]
fn a_new_collector_reads_from_the_oldest_item_on_and_goes_on_when_more_come() {
    let (inventory, collector) = (world(5), collector(2));
    assert!(numbers(collector.previous(&inventory.snapshot(), 10)).is_empty());
    assert_eq!(numbers(collector.next(&inventory.snapshot(), 3)), [1, 2, 3]);
    assert_eq!(numbers(collector.next(&inventory.snapshot(), 3)), [4, 5]);
    assert!(numbers(collector.next(&inventory.snapshot(), 3)).is_empty());
    more(&inventory, 1);
    assert_eq!(numbers(collector.next(&inventory.snapshot(), 3)), [6]);
}

#[test]
fn reading_back_gives_the_newest_of_what_lies_before_first() {
    let (inventory, collector) = (world(5), collector(2));
    collector.next(&inventory.snapshot(), 4);
    assert_eq!(numbers(collector.previous(&inventory.snapshot(), 2)), [4, 3]);
    assert_eq!(numbers(collector.next(&inventory.snapshot(), 1)), [3]);
    assert_eq!(numbers(collector.previous(&inventory.snapshot(), 9)), [3, 2, 1]);
}

#[test]
fn reset_goes_to_the_front_of_the_newest_page_and_rewind_to_the_oldest_item() {
    let (inventory, collector) = (world(5), collector(2));
    collector.reset(&inventory.snapshot());
    assert_eq!(numbers(collector.previous(&inventory.snapshot(), 9)), [3, 2, 1]);
    collector.reset(&inventory.snapshot());
    assert_eq!(numbers(collector.next(&inventory.snapshot(), 9)), [4, 5]);
    collector.rewind();
    assert_eq!(numbers(collector.next(&inventory.snapshot(), 1)), [1]);
}
