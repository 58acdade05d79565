use proptest::prelude::*;

use super::*;

type Ledger = super::Ledger<u8, &'static str>;

const PNICS: [&str; 3] = ["vmnic0", "vmnic1", "vmnic2"];

fn owner(vm: u8) -> Owner<u8> {
    Owner { vm, key: 4000 }
}

fn ledger(functions: &[u32], vectors: u32) -> Ledger {
    let mut ledger = Ledger::default();
    ledger.resize(PNICS.into_iter().zip(functions.iter().copied()), vectors);
    ledger
}

fn waiting(ledger: &Ledger) -> Vec<u8> {
    ledger.waiting().map(|owner| owner.vm).collect()
}

/// What a host does after every change: those who wait ask again, in their order.
fn serve(ledger: &mut Ledger, wishes: impl Fn(u8) -> (Vec<&'static str>, u32)) {
    for vm in waiting(ledger) {
        let (pnics, vectors) = wishes(vm);
        let _ = ledger.request(&owner(vm), &pnics, vectors);
    }
}

#[test]
fn the_last_function_goes_to_who_asks_first_and_then_to_who_waits_longest() {
    let mut ledger = ledger(&[1], 100);
    assert_eq!(ledger.request(&owner(1), &PNICS, 3).map(|lease| lease.pnic), Ok("vmnic0"));
    assert_eq!(ledger.request(&owner(2), &PNICS, 3), Err(Shortage::VirtualFunctions));
    assert_eq!(ledger.request(&owner(3), &PNICS, 3), Err(Shortage::VirtualFunctions));
    assert_eq!(ledger.request(&owner(2), &PNICS, 3), Err(Shortage::VirtualFunctions), "asking again keeps the place");
    assert_eq!(waiting(&ledger), [2, 3]);
    assert!(ledger.release(&owner(1)));
    serve(&mut ledger, |_| (PNICS.to_vec(), 3));
    assert!(ledger.lease(&owner(2)).is_some());
    assert_eq!(waiting(&ledger), [3]);
}

#[test]
fn who_lacks_vectors_holds_no_function_either() {
    let mut ledger = ledger(&[2], 10);
    assert_eq!(ledger.request(&owner(1), &PNICS, 11), Err(Shortage::Vectors));
    assert_eq!((ledger.free_functions(&"vmnic0"), ledger.free_vectors()), (2, 10));
    assert!(ledger.request(&owner(1), &PNICS, 1).is_ok(), "a smaller wish fits");
    assert_eq!(waiting(&ledger), [] as [u8; 0]);
}

#[test]
fn preferred_adapters_come_first_and_a_lease_that_fits_stays() {
    let mut ledger = ledger(&[1, 1, 0], 10);
    let turn = ledger.request(&owner(1), &["vmnic2", "vmnic1", "vmnic0"], 2).unwrap().clone();
    assert_eq!(turn.pnic, "vmnic1", "vmnic2 has none");
    assert_eq!(ledger.request(&owner(1), &["vmnic0", "vmnic1"], 2), Ok(&turn), "it does not move");
    let moved = ledger.request(&owner(1), &["vmnic0"], 2).unwrap();
    assert_eq!((moved.pnic, moved.turn), ("vmnic0", turn.turn), "it moves when it has to, and keeps its turn");
    assert_eq!(ledger.free_functions(&"vmnic1"), 1);
}

#[test]
fn a_pool_that_shrinks_takes_from_the_latest_comers() {
    let mut ledger = ledger(&[2, 2], 100);
    for vm in 1..=4 {
        let pnic = PNICS[usize::from(vm) % 2];
        assert!(ledger.request(&owner(vm), &[pnic], 10).is_ok());
    }
    let lost = ledger.resize([("vmnic0", 1), ("vmnic1", 2)], 100);
    assert_eq!(lost, [owner(4)], "of the two on vmnic0 the later one");
    let lost = ledger.resize([("vmnic0", 1), ("vmnic1", 2)], 15);
    assert_eq!(lost, [owner(3), owner(2)]);
    assert_eq!(waiting(&ledger), [2, 3, 4], "in the order in which they came");
    assert_eq!(ledger.resize([], 0), [owner(1)], "an adapter that is gone has nothing");
    assert_eq!(ledger.holders().count(), 0);
}

#[test]
fn releasing_what_nobody_holds_changes_nothing() {
    let mut ledger = ledger(&[1], 1);
    let before = ledger.clone();
    assert!(!ledger.release(&owner(9)));
    assert_eq!(ledger, before);
    assert!(ledger.is_idle());
}

#[derive(Clone, Debug)]
enum Step {
    Request(u8, Vec<&'static str>, u32),
    Release(u8),
    Resize([u32; 3], u32),
}

fn steps(
    pnics: impl Strategy<Value = Vec<&'static str>>,
    vectors: std::ops::RangeInclusive<u32>,
) -> impl Strategy<Value = Vec<Step>> {
    let request = (0..12_u8, pnics, vectors).prop_map(|(vm, pnics, vectors)| Step::Request(vm, pnics, vectors));
    let release = (0..12_u8).prop_map(Step::Release);
    let resize = ([0..4_u32, 0..4, 0..4], 0..30_u32).prop_map(|(functions, vectors)| Step::Resize(functions, vectors));
    prop::collection::vec(prop_oneof![5 => request, 3 => release, 1 => resize], 0..60)
}

/// What is free and what is held is what there is.
fn balanced(ledger: &Ledger, functions: [u32; 3], vectors: u32) {
    let mut held = [0; 3];
    let mut used = 0;
    for (_, lease) in ledger.holders() {
        held[PNICS.iter().position(|pnic| *pnic == lease.pnic).unwrap()] += 1;
        used += lease.vectors;
    }
    for (place, pnic) in PNICS.iter().enumerate() {
        assert!(held[place] <= functions[place], "{pnic} gives more than it has");
        assert_eq!(ledger.free_functions(pnic), u64::from(functions[place] - held[place]));
    }
    assert!(used <= vectors);
    assert_eq!(ledger.free_vectors(), u64::from(vectors - used));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn it_never_gives_more_than_there_is_and_nothing_leaks(
        steps in steps(prop::sample::subsequence(PNICS.to_vec(), 0..=3), 0..=9)
    ) {
        let (mut functions, mut vectors) = ([2, 2, 0], 20);
        let mut ledger = ledger(&functions, vectors);
        for step in steps {
            match step {
                Step::Request(vm, pnics, wanted) => {
                    let answer = ledger.request(&owner(vm), &pnics, wanted).cloned();
                    prop_assert_eq!(ledger.lease(&owner(vm)).cloned(), answer.clone().ok());
                    prop_assert_eq!(waiting(&ledger).contains(&vm), answer.is_err());
                    if let Ok(lease) = answer {
                        prop_assert!(pnics.contains(&lease.pnic) && lease.vectors == wanted);
                    }
                }
                Step::Release(vm) => {
                    let held = ledger.lease(&owner(vm)).is_some();
                    prop_assert_eq!(ledger.release(&owner(vm)), held);
                    prop_assert!(ledger.lease(&owner(vm)).is_none() && !waiting(&ledger).contains(&vm));
                }
                Step::Resize(to, most) => {
                    (functions, vectors) = (to, most);
                    let holders = ledger.holders().count();
                    let lost = ledger.resize(PNICS.into_iter().zip(to), most);
                    prop_assert_eq!(ledger.holders().count() + lost.len(), holders);
                }
            }
            balanced(&ledger, functions, vectors);
        }
        for vm in 0..12 {
            ledger.release(&owner(vm));
        }
        prop_assert!(ledger.is_idle());
        balanced(&ledger, functions, vectors);
    }

    /// Where all want the same of the same adapter, nobody holds something while someone who came earlier waits.
    #[test]
    fn first_come_is_first_served(steps in steps(Just(vec![PNICS[0]]), 2..=2)) {
        let mut ledger = ledger(&[2, 0, 0], 8);
        let mut arrivals: Vec<u8> = Vec::new();
        for step in steps {
            match step {
                Step::Request(vm, pnics, wanted) => {
                    if !arrivals.contains(&vm) {
                        arrivals.push(vm);
                    }
                    let _ = ledger.request(&owner(vm), &pnics, wanted);
                }
                Step::Release(vm) => {
                    arrivals.retain(|known| *known != vm);
                    ledger.release(&owner(vm));
                }
                Step::Resize(to, most) => drop(ledger.resize(PNICS.into_iter().zip(to), most)),
            }
            serve(&mut ledger, |_| (vec![PNICS[0]], 2));
            let holds = |vm: &u8| ledger.lease(&owner(*vm)).is_some();
            let held = arrivals.iter().take_while(|vm| holds(vm)).count();
            prop_assert!(arrivals[held..].iter().all(|vm| !holds(vm)), "{arrivals:?}");
            prop_assert_eq!(waiting(&ledger), arrivals[held..].to_vec());
        }
    }
}
