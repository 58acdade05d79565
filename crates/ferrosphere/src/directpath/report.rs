//! What there is to tell about an adapter: reported by its server, by the rules, and after a change.

use vim25::mo;
use vim25::types::{
    VirtualEthernetCard, VirtualEthernetCardNetworkBackingInfo, VirtualEthernetCardOpaqueNetworkBackingInfo,
};

use super::detail;
use super::judge::{Technology, judge};
use super::subject::Subject;
use super::what_if::Change;
use super::world::{World, connection};

/// One adapter.
#[derive(Clone, Debug, PartialEq)]
pub struct Adapter {
    /// Id of the machine.
    pub vm_id: String,
    /// Name of the machine.
    pub vm: String,
    /// Power state of the machine, as the API names it.
    pub power: String,
    /// Key of the device.
    pub key: i32,
    /// Its label, for example `Network adapter 1`.
    pub label: String,
    /// Wire name of its type.
    pub kind: &'static str,
    /// Its MAC address.
    pub mac: Option<String>,
    /// What it is connected to.
    pub network: Network,
    /// Id and name of the host.
    pub host: Option<(String, String)>,
    /// Whether and how it passes through.
    pub state: State,
    /// One report for each way to pass through that is asked for or reported on.
    pub reports: Vec<Report>,
}

/// What an adapter is connected to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Network {
    /// `distributedPort`, `standard`, `opaque` or `other`.
    pub kind: &'static str,
    /// Its name.
    pub name: String,
    /// The distributed switch.
    pub switch: Option<String>,
    /// The port on it.
    pub port: Option<String>,
}

/// Whether an adapter passes through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It does, in this way.
    Active(Technology),
    /// It asks to, and does not.
    Inactive,
    /// It does not ask to.
    NotRequested,
    /// It asks to, and the server does not say whether it does.
    Unknown,
}

impl State {
    /// As in JSON.
    pub fn name(self) -> &'static str {
        match self {
            State::Active(_) => "active",
            State::Inactive => "inactive",
            State::NotRequested => "notRequested",
            State::Unknown => "unknown",
        }
    }

    /// Whether the adapter asks to pass through, and is not known to.
    pub fn is_wanting(self) -> bool {
        matches!(self, State::Inactive | State::Unknown)
    }
}

/// One way to pass through.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// Which.
    pub technology: Technology,
    /// Whether the adapter asks for it.
    pub requested: bool,
    /// What the server says; none if it does not say.
    pub active: Option<bool>,
    /// Reasons that the server reports, of the adapter, its port and its host.
    pub reported: Vec<Finding>,
    /// Text of the platform.
    pub extended: Option<String>,
    /// Reasons that the rules find besides: what would remain once the reported ones are gone.
    pub remaining: Vec<Finding>,
    /// The verdict after the changes of `--what-if`; none without any.
    pub then: Option<Then>,
}

/// The verdict after changes.
#[derive(Clone, Debug, PartialEq)]
pub struct Then {
    /// Whether the adapter would pass through.
    pub active: bool,
    /// Names of the reasons why not.
    pub reasons: Vec<&'static str>,
}

/// A reason, with what makes it hold here.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// Its name in the API.
    pub name: String,
    /// The values behind it, where the API shows them.
    pub detail: Option<String>,
}

/// Reports on all adapters of a world.
pub fn adapters(world: &World, changes: &[Change]) -> Vec<Adapter> {
    let subjects = world.vms.iter().flat_map(|vm| Subject::all(world, vm));
    subjects.map(|subject| adapter(&subject, changes)).collect()
}

fn adapter(subject: &Subject<'_>, changes: &[Change]) -> Adapter {
    let reports = [report(subject, Technology::Gen2, changes), report(subject, Technology::Uptv2, changes)];
    let [gen2, uptv2] = reports;
    let mut reports = vec![gen2];
    let thought_of = changes.iter().any(|change| change.key() == "uptv2Enabled");
    if uptv2.requested || uptv2.active.is_some() || thought_of {
        reports.push(uptv2);
    }
    let card = subject.card;
    let info = card.device_info.as_ref();
    Adapter {
        vm_id: subject.vm.moref.id.to_string(),
        vm: subject.vm.name.to_string(),
        power: vim25::EnumValue::as_str(&subject.vm.runtime.power_state).to_owned(),
        key: card.key,
        label: info.map_or_else(|| format!("device {}", card.key), |info| info.label.to_string()),
        kind: subject.kind,
        mac: card.mac_address.as_ref().map(ToString::to_string),
        network: network(subject),
        host: host(subject),
        state: state(&reports),
        reports,
    }
}

fn host(subject: &Subject<'_>) -> Option<(String, String)> {
    let moref = subject.vm.runtime.host.as_ref()?;
    let name = subject.host.map_or_else(|| moref.id.to_string(), |host| host.name.to_string());
    Some((moref.id.to_string(), name))
}

fn state(reports: &[Report]) -> State {
    let active = reports.iter().find(|report| report.active == Some(true));
    let requested = || reports.iter().filter(|report| report.requested);
    match active {
        Some(report) => State::Active(report.technology),
        None if requested().next().is_none() => State::NotRequested,
        None if requested().all(|report| report.active.is_none()) => State::Unknown,
        None => State::Inactive,
    }
}

fn network(subject: &Subject<'_>) -> Network {
    let card = subject.card;
    if let Some(connection) = connection(card) {
        let group = subject.world.group(connection).map(|group| group.name.to_string());
        let switch = subject.world.switch(connection).map_or(&connection.switch_uuid, |switch| &switch.name);
        let key = connection.portgroup_key.as_ref().map(ToString::to_string);
        return Network {
            kind: "distributedPort",
            name: group.or(key).unwrap_or_else(|| switch.to_string()),
            switch: Some(switch.to_string()),
            port: connection.port_key.as_ref().map(ToString::to_string),
        };
    }
    let (kind, name) = plain_network(card);
    Network { kind, name, ..Network::default() }
}

fn plain_network(card: &VirtualEthernetCard) -> (&'static str, String) {
    let Some(backing) = &card.backing else { return ("other", "-".to_owned()) };
    match () {
        () if backing.is::<VirtualEthernetCardNetworkBackingInfo>() => {
            let named = backing.cast::<VirtualEthernetCardNetworkBackingInfo>();
            ("standard", named.map(|backing| backing.device_name.to_string()).unwrap_or_default())
        }
        () if backing.is::<VirtualEthernetCardOpaqueNetworkBackingInfo>() => {
            let named = backing.cast::<VirtualEthernetCardOpaqueNetworkBackingInfo>();
            ("opaque", named.map(|backing| backing.opaque_network_id.to_string()).unwrap_or_default())
        }
        () => ("other", "-".to_owned()),
    }
}

fn report(subject: &Subject<'_>, technology: Technology, changes: &[Change]) -> Report {
    let state = subject.state();
    let (active, extended) = match technology {
        Technology::Gen2 => (
            state.and_then(|state| state.vm_direct_path_gen2_active),
            state.and_then(|state| state.vm_direct_path_gen2_inactive_reason_extended.as_ref()),
        ),
        Technology::Uptv2 => (state.and_then(|state| state.uptv2_active), None),
    };
    let reported = reported(subject, technology);
    let extended = extended.map(ToString::to_string);
    let known = subject.known(technology, &reported, extended.as_deref());
    let mut remaining = Vec::new();
    if active != Some(true) {
        remaining = judge(technology, &known).names().into_iter().map(str::to_owned).collect();
        remaining.retain(|name| !reported.contains(name));
    }
    let then = (!changes.is_empty()).then(|| {
        let mut known = known.clone();
        changes.iter().for_each(|change| change.apply(&mut known));
        let verdict = judge(technology, &known);
        Then { active: verdict.active, reasons: verdict.names() }
    });
    let find = |names: Vec<String>| {
        let found = names.into_iter().map(|name| Finding { detail: detail::of(&name, technology, subject), name });
        found.collect()
    };
    let requested = subject.asks(technology);
    Report { technology, requested, active, reported: find(reported), extended, remaining: find(remaining), then }
}

/// Names of the reasons that the server reports: of the adapter, then of the port and the host that it points to.
fn reported(subject: &Subject<'_>, technology: Technology) -> Vec<String> {
    let Some(state) = subject.state() else { return Vec::new() };
    let lists = match technology {
        Technology::Gen2 => {
            [&state.vm_direct_path_gen2_inactive_reason_vm, &state.vm_direct_path_gen2_inactive_reason_other]
        }
        Technology::Uptv2 => [&state.uptv2_inactive_reason_vm, &state.uptv2_inactive_reason_other],
    };
    let mut names: Vec<String> = lists.into_iter().flatten().flatten().map(ToString::to_string).collect();
    if technology == Technology::Gen2 {
        if names.iter().any(|name| name == "vmNptIncompatibleNetwork") {
            names.extend(port_reasons(subject));
        }
        if names.iter().any(|name| name == "vmNptIncompatibleHost") {
            names.extend(subject.host.iter().flat_map(|host| host_reasons(host)));
        }
    }
    names
}

fn port_reasons(subject: &Subject<'_>) -> Vec<String> {
    let port = connection(subject.card).and_then(|connection| subject.world.port(connection));
    let status = port.and_then(|port| port.state.as_ref()?.runtime_info.as_ref());
    let reasons = status.and_then(|status| status.vm_direct_path_gen2_inactive_reason_network.as_ref());
    reasons.into_iter().flatten().map(ToString::to_string).collect()
}

fn host_reasons(host: &mo::HostSystem) -> Vec<String> {
    let reasons = host.capability.as_ref().and_then(|c| c.vm_direct_path_gen2_unsupported_reason.as_ref());
    reasons.into_iter().flatten().map(ToString::to_string).collect()
}
