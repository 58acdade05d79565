//! What an auditor says about a VM's VMCI device. Pure: settings in, findings out.

use std::fmt;

use crate::{
    addr::Port,
    filter::{Action, Direction, Filter, Protocol, Rule},
    reach::Generation,
};

/// What is audited.
#[derive(Clone, Debug, Default)]
pub struct Subject {
    /// What the VM's host makes of VMCI.
    pub generation: Generation,
    /// `allowUnrestrictedCommunication`.
    pub unrestricted: bool,
    /// `filterEnable`.
    pub filter_enable: bool,
    /// The rules, in any order.
    pub rules: Vec<Rule>,
}

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Good to know.
    Info,
    /// Something does not do what it looks like.
    Low,
    /// Less protected than the guidance asks for.
    Medium,
    /// Other VMs can reach this one.
    High,
}

impl Severity {
    /// In one word.
    pub fn name(self) -> &'static str {
        match self {
            Severity::Info => "info",
            Severity::Low => "low",
            Severity::Medium => "medium",
            Severity::High => "high",
        }
    }
}

/// One thing to know about a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finding {
    /// Unrestricted on a host where that opens the VM to others.
    Unrestricted,
    /// Unrestricted on a host where that does nothing; it would after a move to an old host.
    UnrestrictedWithoutEffect,
    /// The firewall is off; whether there are rules that would apply.
    FilterOff {
        /// How many rules are kept.
        rules: usize,
    },
    /// The firewall is on without a rule: everything is allowed.
    NoRules,
    /// A rule allows every protocol, direction and port, so what follows it does not count.
    AllowsEverything {
        /// The rule.
        rank: i64,
    },
    /// No rule denies what no rule is about, so whatever is new is allowed.
    OpenEnded,
    /// Earlier rules decide about everything that this one is about.
    Shadowed {
        /// The rule that never decides.
        rank: i64,
        /// The first of those before it.
        by: i64,
    },
    /// No port is between the rule's boundaries.
    EmptyRange {
        /// The rule.
        rank: i64,
    },
    /// Two rules of one rank: which comes first is anyone's guess.
    DuplicateRank {
        /// The rank.
        rank: i64,
    },
}

impl Finding {
    /// A short name that stays the same.
    pub fn name(&self) -> &'static str {
        match self {
            Finding::Unrestricted => "unrestricted",
            Finding::UnrestrictedWithoutEffect => "unrestrictedWithoutEffect",
            Finding::FilterOff { .. } => "filterOff",
            Finding::NoRules => "noRules",
            Finding::AllowsEverything { .. } => "allowsEverything",
            Finding::OpenEnded => "openEnded",
            Finding::Shadowed { .. } => "shadowed",
            Finding::EmptyRange { .. } => "emptyRange",
            Finding::DuplicateRank { .. } => "duplicateRank",
        }
    }

    /// How bad it is.
    pub fn severity(&self) -> Severity {
        match self {
            Finding::Unrestricted => Severity::High,
            Finding::FilterOff { .. } | Finding::AllowsEverything { .. } => Severity::Medium,
            Finding::Shadowed { .. } | Finding::EmptyRange { .. } | Finding::DuplicateRank { .. } => Severity::Low,
            Finding::NoRules | Finding::OpenEnded | Finding::UnrestrictedWithoutEffect => Severity::Info,
        }
    }

    /// The rule that it is about.
    pub fn rank(&self) -> Option<i64> {
        match self {
            Finding::AllowsEverything { rank }
            | Finding::Shadowed { rank, .. }
            | Finding::EmptyRange { rank }
            | Finding::DuplicateRank { rank } => Some(*rank),
            _ => None,
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Finding::Unrestricted => {
                f.write_str("unrestricted communication is allowed: other VMs of the host can reach this one")
            }
            Finding::UnrestrictedWithoutEffect => {
                f.write_str("unrestricted communication is allowed: without effect here, but not on a host before 5.1")
            }
            Finding::FilterOff { rules: 0 } => f.write_str("the VMCI firewall is off"),
            Finding::FilterOff { rules } => write!(f, "the VMCI firewall is off: its {rules} rules do nothing"),
            Finding::NoRules => f.write_str("the VMCI firewall has no rule: everything is allowed"),
            Finding::AllowsEverything { rank } => {
                write!(f, "rule {rank} allows every protocol, direction and port")
            }
            Finding::OpenEnded => {
                f.write_str("what no rule is about is allowed: the last rule is not 'deny everything'")
            }
            Finding::Shadowed { rank, by } => write!(f, "rule {rank} never decides: earlier rules such as {by} do"),
            Finding::EmptyRange { rank } => write!(f, "rule {rank} is about no port: its lowest is above its highest"),
            Finding::DuplicateRank { rank } => write!(f, "rank {rank} stands in more than one rule"),
        }
    }
}

/// Judges a device.
pub fn audit(subject: &Subject) -> Vec<Finding> {
    let mut found = Vec::new();
    if subject.unrestricted {
        found.push(match subject.generation {
            Generation::BetweenVms => Finding::Unrestricted,
            Generation::HostOnly => Finding::UnrestrictedWithoutEffect,
        });
    }
    if !subject.filter_enable {
        found.push(Finding::FilterOff { rules: subject.rules.len() });
    } else if subject.rules.is_empty() {
        found.push(Finding::NoRules);
    }
    found.extend(rules(&subject.rules));
    found
}

fn rules(rules: &[Rule]) -> Vec<Finding> {
    let filter = Filter::new(rules, true);
    let sorted = filter.rules();
    let deciders = filter.deciders();
    let mut found: Vec<Finding> =
        sorted.iter().filter(|r| is_any_any(r)).map(|r| Finding::AllowsEverything { rank: r.rank }).collect();
    for (index, rule) in sorted.iter().enumerate() {
        if rule.first() > rule.last() {
            found.push(Finding::EmptyRange { rank: rule.rank });
        } else if let Some(by) = sorted[..index].iter().find(|e| !deciders[index] && overlaps(e, rule)) {
            found.push(Finding::Shadowed { rank: rule.rank, by: by.rank });
        }
    }
    let mut twice: Vec<i64> = sorted.windows(2).filter(|w| w[0].rank == w[1].rank).map(|w| w[0].rank).collect();
    twice.dedup();
    found.extend(twice.into_iter().map(|rank| Finding::DuplicateRank { rank }));
    if !rules.is_empty()
        && found.iter().all(|f| !matches!(f, Finding::AllowsEverything { .. }))
        && filter.leaves_undecided()
    {
        found.push(Finding::OpenEnded);
    }
    found
}

fn is_any_any(rule: &Rule) -> bool {
    *rule == Rule { lower: rule.lower, upper: rule.upper, ..Rule::any(rule.rank, Action::Allow) }
        && rule.first() == Port::MIN
        && rule.last() == Port::MAX
}

/// Whether some packet is about both.
fn overlaps(a: &Rule, b: &Rule) -> bool {
    Protocol::ALL.into_iter().any(|protocol| {
        Direction::ALL.into_iter().any(|direction| {
            let port = a.first().max(b.first());
            a.matches(protocol, direction, port) && b.matches(protocol, direction, port)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn port(number: u32) -> Option<Port> {
        Port::new(number)
    }

    fn names(subject: &Subject) -> Vec<&'static str> {
        audit(subject).iter().map(Finding::name).collect()
    }

    fn with(rules: Vec<Rule>) -> Subject {
        Subject { filter_enable: true, rules, ..Subject::default() }
    }

    #[test]
    fn a_device_as_it_comes_has_no_rules() {
        assert_eq!(names(&with(vec![])), ["noRules"]);
    }

    #[test]
    fn the_recipe_that_denies_all_but_the_tools_is_clean() {
        let tools = Rule { lower: port(975), upper: port(976), ..Rule::any(1, Action::Allow) };
        assert_eq!(audit(&with(vec![tools, Rule::any(2, Action::Deny)])), []);
    }

    #[test]
    fn unrestricted_counts_where_it_matters() {
        let subject = Subject { unrestricted: true, generation: Generation::BetweenVms, ..with(vec![]) };
        assert_eq!(audit(&subject)[0].severity(), Severity::High);
        let subject = Subject { generation: Generation::HostOnly, ..subject };
        assert_eq!(names(&subject), ["unrestrictedWithoutEffect", "noRules"]);
    }

    #[test]
    fn rules_of_a_firewall_that_is_off_do_nothing() {
        let subject = Subject { filter_enable: false, ..with(vec![Rule::any(1, Action::Deny)]) };
        assert_eq!(audit(&subject), [Finding::FilterOff { rules: 1 }]);
    }

    #[test]
    fn a_rule_that_several_earlier_ones_cover_together_is_shadowed() {
        let half = |rank, lower, upper| Rule { lower, upper, ..Rule::any(rank, Action::Allow) };
        let covered = Rule { lower: port(10), upper: port(90), ..Rule::any(3, Action::Deny) };
        let rules = vec![half(1, None, port(50)), half(2, port(51), port(99)), covered, Rule::any(4, Action::Deny)];
        assert_eq!(audit(&with(rules)), [Finding::Shadowed { rank: 3, by: 1 }]);
    }

    #[test]
    fn a_rule_that_still_decides_about_one_port_is_not_shadowed() {
        let first = Rule { lower: port(1), ..Rule::any(1, Action::Allow) };
        assert_eq!(audit(&with(vec![first, Rule::any(2, Action::Deny)])), []);
    }

    #[test]
    fn allowing_everything_is_found_and_shadows_the_rest() {
        let rules = vec![Rule::any(5, Action::Allow), Rule::any(9, Action::Deny)];
        assert_eq!(audit(&with(rules)), [Finding::AllowsEverything { rank: 5 }, Finding::Shadowed { rank: 9, by: 5 }]);
    }

    #[test]
    fn ranks_and_ranges_that_cannot_be_are_found() {
        let empty = Rule { lower: port(5), upper: port(4), ..Rule::any(1, Action::Deny) };
        let rules = vec![empty, Rule::any(2, Action::Deny), Rule::any(2, Action::Allow)];
        let found = audit(&with(rules));
        assert!(
            found.contains(&Finding::EmptyRange { rank: 1 }) && found.contains(&Finding::DuplicateRank { rank: 2 })
        );
    }

    #[test]
    fn a_list_without_an_end_is_open() {
        let streams = Rule { protocol: Some(Protocol::Stream), ..Rule::any(1, Action::Deny) };
        assert_eq!(audit(&with(vec![streams])), [Finding::OpenEnded]);
    }
}
