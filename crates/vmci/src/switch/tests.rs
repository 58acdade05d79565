use std::cell::RefCell;

use super::*;
use crate::filter::{Action, Rule};

fn port(number: u32) -> Port {
    Port::new(number).unwrap()
}

fn at(cid: u32, number: u32) -> Address {
    Address::new(Cid::new(cid), port(number))
}

fn member(cid: u32, unrestricted: bool) -> Membership {
    Membership { cid: Cid::new(cid), unrestricted, domain: String::new(), grants: BTreeSet::new() }
}

/// A switch with VM `a` at 100 and VM `b` at 200, and what it told.
struct Bench {
    switch: Switch<()>,
    told: RefCell<Vec<Notice>>,
}

impl Bench {
    fn new(generation: Generation, unrestricted: bool) -> Bench {
        let mut switch = Switch::new(generation);
        for (key, cid) in [("a", 100), ("b", 200)] {
            switch.plug(key.into(), member(cid, unrestricted), Filter::default(), ()).unwrap();
        }
        Bench { switch, told: RefCell::default() }
    }

    fn rules(mut self, key: &str, rules: &[Rule]) -> Bench {
        let settings = self.switch.member(key).unwrap().settings.clone();
        self.switch.change(key, settings, Some(Filter::new(rules, true))).unwrap();
        self
    }

    fn service(mut self, service: Service) -> Bench {
        self.switch.register(service).unwrap();
        self
    }

    fn send(&self, protocol: Protocol, from: Origin<'_>, to: Address) -> Result<(), Refusal> {
        let packet = Packet { protocol, from, to };
        let tell = |notice| self.told.borrow_mut().push(notice);
        self.switch.judge(packet, &tell).map(|way| self.switch.passed(&way, packet, &tell))
    }

    fn connect(&self, from: &str, to: Address) -> Result<(), Refusal> {
        self.send(Protocol::Stream, Origin::Guest(from), to)
    }
}

#[test]
fn a_guest_reaches_host_and_hypervisor_and_the_host_the_guest() {
    let bench = Bench::new(Generation::HostOnly, false);
    assert_eq!(bench.connect("a", at(2, 80)), Ok(()));
    assert_eq!(bench.connect("a", at(0, 976)), Ok(()));
    assert_eq!(bench.send(Protocol::Stream, Origin::Host, at(100, 80)), Ok(()));
}

#[test]
fn contexts_that_nobody_has_are_unreachable() {
    let bench = Bench::new(Generation::HostOnly, false);
    for cid in [1, 15, 300, u32::MAX] {
        assert_eq!(bench.connect("a", at(cid, 80)), Err(Refusal::Unreachable));
    }
    for cid in [0, 2, 300] {
        assert_eq!(bench.send(Protocol::Stream, Origin::Host, at(cid, 80)), Err(Refusal::Unreachable));
    }
}

#[test]
fn guests_talk_on_old_hosts_if_both_are_unrestricted() {
    assert_eq!(Bench::new(Generation::BetweenVms, true).connect("a", at(200, 80)), Ok(()));
    assert_eq!(Bench::new(Generation::BetweenVms, false).connect("a", at(200, 80)), Err(Refusal::Restricted));
    assert_eq!(Bench::new(Generation::HostOnly, true).connect("a", at(200, 80)), Err(Refusal::Unreachable));
}

#[test]
fn both_firewalls_are_asked_about_a_packet_between_guests() {
    let deny = |direction| [Rule { direction: Some(direction), ..Rule::any(1, Action::Deny) }];
    let between = || Bench::new(Generation::BetweenVms, true);
    assert_eq!(between().rules("a", &deny(Direction::Host)).connect("a", at(200, 80)), Err(Refusal::Rule(1)));
    assert_eq!(between().rules("b", &deny(Direction::Guest)).connect("a", at(200, 80)), Err(Refusal::Rule(1)));
    assert_eq!(between().rules("a", &deny(Direction::Guest)).connect("a", at(200, 80)), Ok(()));
    assert_eq!(between().rules("b", &deny(Direction::Host)).connect("a", at(200, 80)), Ok(()));
}

#[test]
fn a_datagram_to_the_hypervisor_has_its_own_protocol() {
    let rule = Rule { protocol: Some(Protocol::Hypervisor), ..Rule::any(1, Action::Deny) };
    let bench = Bench::new(Generation::HostOnly, false).rules("a", &[rule]);
    let send = |to| bench.send(Protocol::Datagram, Origin::Guest("a"), to);
    assert_eq!((send(at(0, 14)), send(at(2, 14))), (Err(Refusal::Rule(1)), Ok(())));
    assert_eq!(bench.connect("a", at(0, 14)), Ok(()));
}

#[test]
fn an_untrusted_service_is_for_unrestricted_vms_of_old_hosts() {
    let service = || Service { trusted: false, ..Service::new("backup", at(2, 5000)) };
    let connect = |g, u| Bench::new(g, u).service(service()).connect("a", at(2, 5000));
    assert_eq!(connect(Generation::BetweenVms, true), Ok(()));
    assert_eq!(connect(Generation::BetweenVms, false), Err(Refusal::Restricted));
    assert_eq!(connect(Generation::HostOnly, true), Err(Refusal::Restricted));
}

#[test]
fn a_service_by_grant_is_for_those_that_were_granted_it() {
    let service = Service { by_grant: true, ..Service::new("guard", at(2, 5000)) };
    let mut bench = Bench::new(Generation::HostOnly, false).service(service);
    assert_eq!(bench.connect("a", at(2, 5000)), Err(Refusal::NotGranted));
    let granted = Membership { grants: BTreeSet::from(["guard".to_owned()]), ..member(100, false) };
    bench.switch.change("a", granted, None).unwrap();
    assert_eq!(bench.connect("a", at(2, 5000)), Ok(()));
    let counters = &bench.switch.services().next().unwrap().counters;
    assert_eq!((counters.allowed.get(), counters.denied.get()), (1, 1));
}

#[test]
fn the_first_denial_and_the_first_failure_are_told_once() {
    let rule = Rule { lower: Some(port(9)), upper: Some(port(9)), ..Rule::any(4, Action::Deny) };
    let bench = Bench::new(Generation::HostOnly, false).rules("a", &[rule]);
    for _ in 0..3 {
        let _ = bench.connect("a", at(2, 9));
        let _ = bench.connect("a", at(200, 80));
    }
    let told = bench.told.borrow();
    assert!(matches!(
        &told[..],
        [Notice::FirstDenial { rank: 4, .. }, Notice::Unreached { why: Refusal::Unreachable, .. }]
    ));
    let counters = &bench.switch.member("a").unwrap().counters;
    assert_eq!((counters.denied(), counters.refused(Refusal::Unreachable).get()), (3, 3));
}

#[test]
fn use_is_told_once_and_the_tools_do_not_count() {
    let bench = Bench::new(Generation::HostOnly, false);
    bench.connect("a", at(0, 976)).unwrap();
    bench.connect("a", at(0, 975)).unwrap();
    assert_eq!(*bench.told.borrow(), []);
    bench.connect("a", at(2, 80)).unwrap();
    bench.connect("a", at(2, 81)).unwrap();
    assert_eq!(*bench.told.borrow(), [Notice::InUse { vm: "a".into() }]);
}

#[test]
fn a_denied_connect_is_no_use() {
    let bench = Bench::new(Generation::HostOnly, false).rules("a", &[Rule::any(4, Action::Deny)]);
    let _ = bench.connect("a", at(2, 80));
    assert!(!bench.told.borrow().iter().any(|notice| matches!(notice, Notice::InUse { .. })));
}

#[test]
fn two_vms_cannot_have_one_id_and_a_changed_id_is_found() {
    let mut bench = Bench::new(Generation::HostOnly, false);
    assert_eq!(bench.switch.plug("c".into(), member(100, false), Filter::default(), ()), Err(Refusal::InUse));
    assert_eq!(bench.switch.plug("c".into(), member(5, false), Filter::default(), ()), Err(Refusal::Unreachable));
    assert_eq!(bench.switch.change("a", member(200, false), None), Err(Refusal::InUse));
    bench.switch.change("a", member(300, false), None).unwrap();
    assert_eq!(bench.send(Protocol::Stream, Origin::Host, at(300, 1)), Ok(()));
    assert_eq!(bench.send(Protocol::Stream, Origin::Host, at(100, 1)), Err(Refusal::Unreachable));
    bench.switch.unplug("a").unwrap();
    assert_eq!(bench.connect("a", at(2, 1)), Err(Refusal::Gone));
    assert_eq!(bench.send(Protocol::Stream, Origin::Host, at(300, 1)), Err(Refusal::Unreachable));
}
