//! Services and firewall rules of a host, and its clock.

use vim25::{DataType, Obj, types::*};

use crate::kit::{text, texts, words};

/// Key, label, whether it runs (and starts with the host), rule set that it opens.
struct Service(&'static str, &'static str, bool, Option<&'static str>);

const SERVICES: &[Service] = &[
    Service("DCUI", "Direct Console UI", true, None),
    Service("TSM", "ESXi Shell", false, None),
    Service("TSM-SSH", "SSH", false, Some("sshServer")),
    Service("attestd", "attestd", false, None),
    Service("lbtd", "Load-Based Teaming Daemon", true, None),
    Service("lwsmd", "Active Directory Service", false, Some("activeDirectoryAll")),
    Service("ntpd", "NTP Daemon", false, Some("ntpClient")),
    Service("pcscd", "PC/SC Smart Card Daemon", false, None),
    Service("ptpd", "PTP Daemon", false, Some("ptpd")),
    Service("sfcbd-watchdog", "CIM Server", false, Some("CIMHttpsServer")),
    Service("slpd", "slpd", false, Some("CIMSLP")),
    Service("snmpd", "SNMP Server", false, Some("snmp")),
    Service("vltd", "vltd", false, None),
    Service("vmsyslogd", "Syslog Server", true, Some("syslog")),
    Service("vpxa", "VMware vCenter Agent", true, Some("vpxHeartbeats")),
    Service("xorg", "X.Org Server", false, None),
];

/// The services of every host.
pub(crate) fn services() -> HostServiceInfo {
    HostServiceInfo { service: Some(SERVICES.iter().map(service).collect()) }
}

fn service(Service(key, label, running, ruleset): &Service) -> Obj<HostService> {
    HostService::with(|s| {
        s.key = text(key);
        s.label = text(label);
        s.required = *key == "vmsyslogd";
        s.running = *running;
        s.ruleset = Some(ruleset.iter().map(|r| text(r)).collect());
        s.policy = text(if *running { "on" } else { "off" });
        s.source_package = Some(
            HostServiceSourcePackage {
                source_package_name: text("esx-base"),
                description: text("Base system of the host"),
            }
            .into(),
        );
    })
    .into()
}

/// Key, enabled, port, last port of a range, inbound, UDP.
struct Rule(&'static str, bool, i32, Option<i32>, bool, bool);

const RULES: &[Rule] = &[
    Rule("CIMHttpServer", false, 5988, None, true, false),
    Rule("CIMHttpsServer", true, 5989, None, true, false),
    Rule("CIMSLP", true, 427, None, true, true),
    Rule("DHCPv6", true, 547, None, false, true),
    Rule("NFC", true, 902, None, true, false),
    Rule("activeDirectoryAll", false, 88, None, false, true),
    Rule("dhcp", true, 68, None, true, true),
    Rule("dns", true, 53, None, false, true),
    Rule("faultTolerance", true, 80, None, false, false),
    Rule("fdm", true, 8182, None, true, true),
    Rule("ftpClient", false, 21, None, false, false),
    Rule("gdbserver", false, 1000, Some(9999), true, false),
    Rule("httpClient", false, 80, None, false, false),
    Rule("iSCSI", true, 3260, None, false, false),
    Rule("nfsClient", false, 0, Some(65535), false, false),
    Rule("ntpClient", false, 123, None, false, true),
    Rule("ptpd", false, 319, Some(320), true, true),
    Rule("rabbitmqproxy", true, 5671, None, false, false),
    Rule("remoteSerialPort", false, 23, None, true, false),
    Rule("snmp", true, 161, None, true, true),
    Rule("sshClient", false, 22, None, false, false),
    Rule("sshServer", false, 22, None, true, false),
    Rule("syslog", false, 514, None, false, true),
    Rule("updateManager", true, 80, None, false, false),
    Rule("vMotion", true, 8000, None, true, false),
    Rule("vSphereClient", true, 443, None, true, false),
    Rule("vpxHeartbeats", true, 902, None, false, true),
    Rule("vsanvp", true, 8080, None, true, false),
    Rule("webAccess", true, 80, None, true, false),
];

/// The firewall of every host: closed but for these rules.
pub(crate) fn firewall() -> HostFirewallInfo {
    HostFirewallInfo {
        default_policy: HostFirewallDefaultPolicy { incoming_blocked: Some(true), outgoing_blocked: Some(true) }.into(),
        ruleset: Some(RULES.iter().map(|rule| ruleset(rule).into()).collect()),
    }
}

fn ruleset(&Rule(key, enabled, port, end_port, inbound, udp): &Rule) -> HostFirewallRuleset {
    let service = SERVICES.iter().find(|s| s.3 == Some(key)).map(|s| text(s.0));
    let rule = HostFirewallRule {
        port,
        end_port,
        direction: if inbound { HostFirewallRuleDirection::Inbound } else { HostFirewallRuleDirection::Outbound },
        port_type: Some(HostFirewallRulePortType::Dst),
        protocol: text(if udp { "udp" } else { "tcp" }),
    };
    HostFirewallRuleset::with(|r| {
        r.key = text(key);
        r.label = words(key).into();
        r.rule = vec![rule.into()];
        r.service = service;
        r.enabled = enabled;
        r.allowed_hosts =
            Some(HostFirewallRulesetIpList { ip_address: Some(vec![]), ip_network: Some(vec![]), all_ip: true }.into());
        r.user_controllable = Some(!matches!(key, "vpxHeartbeats" | "vSphereClient" | "dhcp" | "NFC"));
        r.ip_list_user_configurable = Some(true);
    })
}

/// The clock of every host: UTC, no time server configured.
pub(crate) fn date_time() -> HostDateTimeInfo {
    HostDateTimeInfo::with(|d| {
        d.time_zone =
            HostDateTimeSystemTimeZone { key: text("UTC"), name: text("UTC"), description: text("UTC"), gmt_offset: 0 }
                .into();
        d.system_clock_protocol = Some(text("ntp"));
        d.ntp_config = Some(HostNtpConfig { server: Some(vec![]), config_file: Some(texts(NTP_FILE)) }.into());
        d.enabled = Some(false);
        d.disable_events = Some(false);
        d.disable_fallback = Some(false);
        d.in_fallback_state = Some(false);
        d.service_sync = Some(false);
    })
}

const NTP_FILE: [&str; 4] = [
    "restrict default nomodify notrap nopeer noquery",
    "restrict 127.0.0.1",
    "restrict -6 ::1",
    "driftfile /etc/ntp.drift",
];
