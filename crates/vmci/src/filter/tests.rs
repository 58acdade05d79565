use proptest::prelude::*;

use super::*;

fn port(number: u32) -> Port {
    Port::new(number).unwrap()
}

fn rule(rank: i64, action: Action, protocol: Option<Protocol>, direction: Option<Direction>) -> Rule {
    Rule { protocol, direction, ..Rule::any(rank, action) }
}

fn ranks(rules: &[Rule], protocol: Protocol, direction: Direction, number: u32) -> (Action, Option<i64>) {
    let slow = decide(rules, true, protocol, direction, port(number));
    let filter = Filter::new(rules, true);
    let (action, index) = filter.decide(protocol, direction, port(number));
    assert_eq!((action, index.map(|i| filter.rules()[i].rank)), slow);
    slow
}

#[test]
fn without_a_rule_everything_is_allowed() {
    assert_eq!(ranks(&[], Protocol::Stream, Direction::Host, 5), (Action::Allow, None));
}

#[test]
fn the_lowest_rank_that_matches_decides() {
    let rules =
        [rule(20, Action::Deny, None, None), rule(10, Action::Allow, Some(Protocol::Stream), Some(Direction::Host))];
    assert_eq!(ranks(&rules, Protocol::Stream, Direction::Host, 5), (Action::Allow, Some(10)));
    assert_eq!(ranks(&rules, Protocol::Stream, Direction::Guest, 5), (Action::Deny, Some(20)));
}

#[test]
fn rules_that_are_not_enabled_do_nothing() {
    let rules = [Rule::any(1, Action::Deny)];
    assert_eq!(decide(&rules, false, Protocol::Stream, Direction::Host, port(5)), (Action::Allow, None));
    assert_eq!(Filter::new(&rules, false).decide(Protocol::Stream, Direction::Host, port(5)), (Action::Allow, None));
}

#[test]
fn both_boundaries_belong_to_the_range() {
    let rules = [Rule { lower: Some(port(100)), upper: Some(port(200)), ..Rule::any(1, Action::Deny) }];
    let at = |number| ranks(&rules, Protocol::Datagram, Direction::Guest, number).0;
    assert_eq!([at(99), at(100), at(200), at(201)], [Action::Allow, Action::Deny, Action::Deny, Action::Allow]);
}

#[test]
fn unset_boundaries_reach_to_the_ends() {
    let rules = [
        Rule { upper: Some(port(0)), ..Rule::any(1, Action::Deny) },
        Rule { lower: Some(Port::MAX), ..Rule::any(2, Action::Deny) },
    ];
    let at = |number| ranks(&rules, Protocol::Stream, Direction::Guest, number).1;
    assert_eq!([at(0), at(1), at(u32::MAX - 2), at(u32::MAX - 1)], [Some(1), None, None, Some(2)]);
}

#[test]
fn datagrams_to_the_hypervisor_and_queue_pairs_have_no_direction() {
    for protocol in [Protocol::Hypervisor, Protocol::Queuepair] {
        let rules = [rule(1, Action::Deny, Some(protocol), Some(Direction::Guest))];
        assert_eq!(ranks(&rules, protocol, Direction::Host, 3).0, Action::Deny);
    }
    let rules = [rule(1, Action::Deny, Some(Protocol::Doorbell), Some(Direction::Guest))];
    assert_eq!(ranks(&rules, Protocol::Doorbell, Direction::Host, 3).0, Action::Allow);
}

#[test]
fn a_hundred_thousand_rules_are_compiled_in_time() {
    let rules: Vec<Rule> = (0..100_000)
        .map(|n| Rule { lower: Some(port(n)), upper: Some(port(n + 50)), ..Rule::any(i64::from(n), Action::Deny) })
        .collect();
    let filter = Filter::new(&rules, true);
    let (_, index) = filter.decide(Protocol::Stream, Direction::Host, port(60));
    assert_eq!(index, Some(10));
}

fn any_action() -> impl Strategy<Value = Action> {
    prop_oneof![Just(Action::Allow), Just(Action::Deny)]
}

fn any_protocol() -> impl Strategy<Value = Protocol> {
    prop::sample::select(Protocol::ALL.to_vec())
}

fn any_direction() -> impl Strategy<Value = Direction> {
    prop::sample::select(Direction::ALL.to_vec())
}

/// Ports close together and at both ends, so that ranges touch, nest and overlap.
fn any_port() -> impl Strategy<Value = Port> {
    prop_oneof![0..12u32, (u32::MAX - 5)..u32::MAX, 0..u32::MAX].prop_map(port)
}

fn any_rule() -> impl Strategy<Value = Rule> {
    let protocol = prop::option::of(any_protocol());
    let direction = prop::option::of(any_direction());
    let bound = || prop::option::of(any_port());
    (0..40i64, any_action(), protocol, direction, bound(), bound()).prop_map(
        |(rank, action, protocol, direction, lower, upper)| Rule { rank, action, protocol, direction, lower, upper },
    )
}

/// Read off the documentation of the API, with nothing shared with the code under test.
fn reference(rules: &[Rule], protocol: Protocol, direction: Direction, port: u32) -> (Action, Option<i64>) {
    let mut sorted = rules.to_vec();
    sorted.sort_by_key(|rule| rule.rank);
    for rule in sorted {
        if rule.protocol.is_some() && rule.protocol != Some(protocol) {
            continue;
        }
        let directed = protocol != Protocol::Hypervisor && protocol != Protocol::Queuepair;
        if directed && rule.direction.is_some() && rule.direction != Some(direction) {
            continue;
        }
        let lower = rule.lower.map_or(0, Port::number);
        let upper = rule.upper.map_or(0xFFFF_FFFE, Port::number);
        if port >= lower && port <= upper {
            return (rule.action, Some(rule.rank));
        }
    }
    (Action::Allow, None)
}

proptest! {
    #[test]
    fn the_definition_and_the_compiled_form_agree_with_the_reference(
        rules in prop::collection::vec(any_rule(), 0..24),
        protocol in any_protocol(),
        direction in any_direction(),
        ports in prop::collection::vec(any_port(), 1..20),
    ) {
        let filter = Filter::new(&rules, true);
        for port in ports {
            let wanted = reference(&rules, protocol, direction, port.number());
            prop_assert_eq!(decide(&rules, true, protocol, direction, port), wanted);
            let (action, index) = filter.decide(protocol, direction, port);
            prop_assert_eq!((action, index.map(|i| filter.rules()[i].rank)), wanted);
        }
    }
}
