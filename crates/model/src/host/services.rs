//! Services and firewall rules of a host, and its clock.

use vim25::{DataType, Obj, types::*};

use crate::kit::{text, texts, words};

/// Key, label, running, starts with the host, rule set that it opens.
const SERVICES: &[(&str, &str, bool, bool, Option<&str>)] = &[
    ("DCUI", "Direct Console UI", true, true, None),
    ("TSM", "ESXi Shell", false, false, None),
    ("TSM-SSH", "SSH", false, false, Some("sshServer")),
    ("attestd", "attestd", false, false, None),
    ("lbtd", "Load-Based Teaming Daemon", true, true, None),
    ("lwsmd", "Active Directory Service", false, false, Some("activeDirectoryAll")),
    ("ntpd", "NTP Daemon", false, false, Some("ntpClient")),
    ("pcscd", "PC/SC Smart Card Daemon", false, false, None),
    ("ptpd", "PTP Daemon", false, false, Some("ptpd")),
    ("sfcbd-watchdog", "CIM Server", false, false, Some("CIMHttpsServer")),
    ("slpd", "slpd", false, false, Some("CIMSLP")),
    ("snmpd", "SNMP Server", false, false, Some("snmp")),
    ("vltd", "vltd", false, false, None),
    ("vmsyslogd", "Syslog Server", true, true, Some("syslog")),
    ("vpxa", "VMware vCenter Agent", true, true, Some("vpxHeartbeats")),
    ("xorg", "X.Org Server", false, false, None),
];

/// The services of every host.
pub(crate) fn services() -> HostServiceInfo {
    let service =
        |&(key, label, running, starts, ruleset): &(&'static str, &'static str, bool, bool, Option<&'static str>)| {
            Obj::from(HostService::with(|s| {
                s.key = text(key);
                s.label = text(label);
                s.required = key == "vmsyslogd";
                s.running = running;
                s.ruleset = Some(ruleset.into_iter().map(text).collect());
                s.policy = text(if starts { "on" } else { "off" });
                s.source_package = Some(
                    HostServiceSourcePackage {
                        source_package_name: text("esx-base"),
                        description: text("Base system of the host"),
                    }
                    .into(),
                );
            }))
        };
    HostServiceInfo { service: Some(SERVICES.iter().map(service).collect()) }
}

/// Key, enabled, port, last port of a range, inbound, UDP.
const RULES: &[(&str, bool, i32, Option<i32>, bool, bool)] = &[
    ("CIMHttpServer", false, 5988, None, true, false),
    ("CIMHttpsServer", true, 5989, None, true, false),
    ("CIMSLP", true, 427, None, true, true),
    ("DHCPv6", true, 547, None, false, true),
    ("NFC", true, 902, None, true, false),
    ("activeDirectoryAll", false, 88, None, false, true),
    ("dhcp", true, 68, None, true, true),
    ("dns", true, 53, None, false, true),
    ("faultTolerance", true, 80, None, false, false),
    ("fdm", true, 8182, None, true, true),
    ("ftpClient", false, 21, None, false, false),
    ("gdbserver", false, 1000, Some(9999), true, false),
    ("httpClient", false, 80, None, false, false),
    ("iSCSI", true, 3260, None, false, false),
    ("nfsClient", false, 0, Some(65535), false, false),
    ("ntpClient", false, 123, None, false, true),
    ("ptpd", false, 319, Some(320), true, true),
    ("rabbitmqproxy", true, 5671, None, false, false),
    ("remoteSerialPort", false, 23, None, true, false),
    ("snmp", true, 161, None, true, true),
    ("sshClient", false, 22, None, false, false),
    ("sshServer", false, 22, None, true, false),
    ("syslog", false, 514, None, false, true),
    ("updateManager", true, 80, None, false, false),
    ("vMotion", true, 8000, None, true, false),
    ("vSphereClient", true, 443, None, true, false),
    ("vpxHeartbeats", true, 902, None, false, true),
    ("vsanvp", true, 8080, None, true, false),
    ("webAccess", true, 80, None, true, false),
];

/// The firewall of every host: closed but for these rules.
pub(crate) fn firewall() -> HostFirewallInfo {
    HostFirewallInfo {
        default_policy: HostFirewallDefaultPolicy { incoming_blocked: Some(true), outgoing_blocked: Some(true) }.into(),
        ruleset: Some(RULES.iter().map(|rule| ruleset(rule).into()).collect()),
    }
}

fn ruleset(
    &(key, enabled, port, end_port, inbound, udp): &(&'static str, bool, i32, Option<i32>, bool, bool),
) -> HostFirewallRuleset {
    let service = SERVICES.iter().find(|s| s.4 == Some(key)).map(|s| text(s.0));
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
