//! A run: which measurement is wanted, on which servers, in turns; what fails is a gap and ends nothing else.

use super::changes::{self, Work};
use super::server::{self, Program, Server, Side, World};
use super::table::{Figure, Table};
use super::wire::block_on;
use super::{LARGE, Scale, beside, connections, growth, nginx, reads, secure, waiters};
use anyhow::{Error, Result};

type Measure = fn(&Server, &Scale) -> Result<Vec<Figure>>;

/// What is measured on both servers in turns, by the name that `--only` takes.
const MEASURES: [(&str, Measure); 5] = [
    (PEAK, |server, scale| block_on(reads::peak(server, scale))),
    ("bulk", |server, scale| block_on(reads::bulk(server, scale))),
    ("small", |server, scale| block_on(reads::small(server, scale))),
    ("lookups", |server, scale| block_on(reads::lookups(server, scale))),
    ("beside", beside::long),
];

/// Comes first and once: memory that a server has used before does not show again.
const PEAK: &str = "peak";
const LARGE_PEAK: &str = "large: peak";
const IDLE: &str = "idle";
const WAITERS: &str = "waiters";

/// In a world of their own. What makes machines comes last, and clones by many at the very end: they make the peer crash.
const TASKS: [(&str, Measure); 9] = [
    ("tasks: power, 1", |server, scale| block_on(changes::tasks(server, scale, Work::Power, 1))),
    ("tasks: power, 16", |server, scale| block_on(changes::tasks(server, scale, Work::Power, 16))),
    ("tasks: read beside power, 16", beside::tasks),
    ("tasks: reconfigure, 1", |server, scale| block_on(changes::tasks(server, scale, Work::Reconfigure, 1))),
    ("tasks: reconfigure, 16", |server, scale| block_on(changes::tasks(server, scale, Work::Reconfigure, 16))),
    ("tasks: create, 1", |server, scale| block_on(changes::tasks(server, scale, Work::Create, 1))),
    ("tasks: create, 16", |server, scale| block_on(changes::tasks(server, scale, Work::Create, 16))),
    ("tasks: clone, 1", |server, scale| block_on(changes::tasks(server, scale, Work::Clone, 1))),
    ("tasks: clone, 16", |server, scale| block_on(changes::tasks(server, scale, Work::Clone, 16))),
];

/// What must not cost more because there is more.
const LARGE_MEASURES: [(&str, Measure); 4] = [
    (LARGE_PEAK, |server, scale| block_on(reads::peak(server, scale))),
    ("large: bulk", |server, scale| block_on(reads::bulk(server, scale))),
    ("large: lookups", |server, scale| block_on(reads::lookups(server, scale))),
    ("large: beside", beside::long),
];

/// A run.
pub struct Bench {
    /// What it has shown
    pub table: Table,
    ours: Program,
    peer: Option<Program>,
    only: Option<String>,
    /// Our own measurements that failed
    pub broken: Vec<String>,
}

impl Bench {
    /// Nothing is measured yet.
    pub fn new(ours: Program, peer: Option<Program>, only: Option<String>) -> Self {
        Self { table: Table::default(), ours, peer, only, broken: Vec::new() }
    }

    /// Our program.
    pub fn ours(&self) -> &Program {
        &self.ours
    }

    /// Both programs, ours first.
    pub fn programs(&self) -> Vec<Program> {
        std::iter::once(&self.ours).chain(&self.peer).cloned().collect()
    }

    /// Everything that is wanted.
    pub fn measure(&mut self, scale: &Scale, large: bool) {
        if self.wants("growth") {
            growth::measure(self, scale);
        }
        // One number of waiters after the other: a failure of many does not take the rows of few.
        let waiting = [(WAITERS, (|server, scale| block_on(waiters::measure(server, scale))) as Measure)];
        self.group(&[&MEASURES[..], &waiting].concat(), scale, "nginx");
        if self.wants(IDLE) {
            // In a world of its own, for the same reason as the peak.
            let mut servers = self.servers(World { machines: secure::FEW, tls: false }, IDLE);
            self.rounds(&mut servers, IDLE, |server, scale| block_on(connections::idle(server, scale)), scale);
        }
        if self.wants("login over TLS") {
            secure::visits(self, scale);
        }
        if self.wants("bulk over TLS") {
            secure::bulk(self, scale);
        }
        self.group(&TASKS, &Scale { machines: scale.task_machines, ..*scale }, "");
        if large {
            self.large_world();
        }
    }

    fn wants(&self, name: &str) -> bool {
        self.only.as_deref().is_none_or(|only| name.contains(only))
    }

    /// Measurements on one pair of servers, and the one beside nginx where it is named.
    fn group(&mut self, measures: &[(&str, Measure)], scale: &Scale, nginx: &str) {
        let beside_nginx = !nginx.is_empty() && self.wants(nginx);
        let names: Vec<&str> = measures.iter().map(|(name, _)| *name).filter(|name| self.wants(name)).collect();
        if names.is_empty() && !beside_nginx {
            return;
        }
        let mut servers = if names.is_empty() {
            let ours = self.ours.start(scale.machines, server::PATIENT);
            self.or_failed(Side::Ours, nginx, ours).into_iter().collect()
        } else {
            self.servers(World { machines: scale.machines, tls: false }, &names.join(", "))
        };
        for server in &servers {
            if let Ok(figures) = growth::sizes(server) {
                self.table.add(server.side, figures);
            }
        }
        for (name, measure) in measures {
            let last = if *name == WAITERS { scale.waiters.len() } else { 1 };
            for step in 0..last {
                let waiters = if *name == WAITERS { &scale.waiters[step..=step] } else { scale.waiters };
                self.rounds(&mut servers, name, *measure, &Scale { waiters, ..*scale });
            }
        }
        if let Some(ours) = servers.iter().find(|server| beside_nginx && server.side == Side::Ours) {
            nginx::measure(self, ours, scale);
        }
    }

    /// A world of 100,000, without the peer.
    fn large_world(&mut self) {
        let wanted: Vec<_> = LARGE_MEASURES.iter().filter(|(name, _)| self.wants(name)).collect();
        if wanted.is_empty() {
            return;
        }
        let started = self.ours.start(LARGE.machines, server::PATIENT);
        let mut servers: Vec<Server> = self.or_failed(Side::Ours, "large", started).into_iter().collect();
        for (name, measure) in wanted {
            self.rounds(&mut servers, name, *measure, &LARGE);
        }
    }

    /// Both servers with the same world; what cannot be started is a gap.
    pub fn servers(&mut self, world: World, purpose: &str) -> Vec<Server> {
        let mut servers = Vec::new();
        for program in self.programs() {
            let started = program.serve(world, server::PATIENT);
            let what = format!("{purpose}: start of {} VMs", world.machines);
            servers.extend(self.or_failed(program.side, &what, started));
        }
        servers
    }

    /// One measurement on all servers in turns. A server that crashed is started again for the next measurement.
    pub fn rounds(&mut self, servers: &mut [Server], name: &str, measure: Measure, scale: &Scale) {
        if !self.wants(name) {
            return;
        }
        println!("    {name}");
        let mut failed = Vec::new();
        let rounds = if [PEAK, LARGE_PEAK, IDLE].contains(&name) { 1 } else { scale.rounds };
        for round in 1..=rounds {
            for server in servers.iter_mut() {
                if failed.contains(&server.side) {
                    continue;
                }
                let outcome = self.revive(server).and_then(|()| measure(server, scale));
                let outcome = outcome.map_err(|error| match server.ended() {
                    Some(words) => error.context(format!("it ended: {words}")),
                    None => error,
                });
                let side = server.side;
                match self.or_failed(side, &format!("{name}, round {round} and later"), outcome) {
                    Some(figures) => self.table.add(side, figures),
                    None => failed.push(side),
                }
            }
        }
    }

    fn revive(&self, server: &mut Server) -> Result<()> {
        if server.is_gone() {
            let program = self.programs().into_iter().find(|program| program.side == server.side);
            *server = program.expect("it was started by one of them").serve(server.world, server::PATIENT)?;
        }
        Ok(())
    }

    fn or_failed<T>(&mut self, side: Side, what: &str, outcome: Result<T>) -> Option<T> {
        outcome.map_err(|error| self.failed(side, what, &error)).ok()
    }

    /// Note that something of a server could not be measured.
    pub fn failed(&mut self, side: Side, what: &str, error: &Error) {
        let text = format!("{}, {what}: {error:#}", side.name());
        if side == Side::Ours {
            self.broken.push(text.clone());
        }
        self.table.gap(text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::ensure;

    fn program(side: Side) -> Program {
        Program { side, path: "/no/such/program".into() }
    }

    #[test]
    fn what_of_ours_fails_is_told_and_what_of_the_peer_fails_is_a_gap() {
        let mut bench = Bench::new(program(Side::Ours), Some(program(Side::Peer)), None);
        assert!(bench.servers(World { machines: 10, tls: false }, "reads").is_empty());
        assert_eq!(bench.broken.len(), 1, "{:?}", bench.broken);
        assert!(bench.broken[0].starts_with("ferrosphere, reads: start of 10 VMs"), "{:?}", bench.broken);
        let gaps = bench.table.data(serde_json::json!({}))["notMeasured"].to_string();
        assert!(gaps.contains("ferrosphere, reads") && gaps.contains("vcsim, reads"), "{gaps}");
    }

    #[test]
    fn only_names_that_contain_the_text_are_wanted() {
        let bench = Bench::new(program(Side::Ours), None, Some("tasks".into()));
        assert!(bench.wants("tasks: clone") && !bench.wants("bulk"));
        assert!(Bench::new(program(Side::Ours), None, None).wants("bulk"));
    }

    #[test]
    fn every_measurement_has_a_name_of_its_own() -> Result<()> {
        let names: Vec<&str> =
            [&MEASURES[..], &TASKS, &LARGE_MEASURES].concat().iter().map(|(name, _)| *name).collect();
        let different: std::collections::BTreeSet<_> = names.iter().collect();
        ensure!(different.len() == names.len(), "{names:?}");
        Ok(())
    }
}
