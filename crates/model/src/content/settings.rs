//! What the option manager of a server holds at first.

use vim25::{DataType, Obj, mo::OptionManager, types::OptionValue};

use crate::kit::option;

/// The settings of a vCenter, or of the agent of an ESXi host.
pub(crate) fn option_manager(esx: bool) -> OptionManager {
    OptionManager::with(|o| {
        o.supported_option = Some(vec![]);
        o.setting = Some(if esx { host_agent() } else { vcenter() });
    })
}

fn host_agent() -> Vec<Obj<OptionValue>> {
    vec![
        option("Config.HostAgent.log.level", "info"),
        option("Config.HostAgent.plugins.hostsvc.esxAdminsGroup", "ESX Admins"),
        option("Config.HostAgent.plugins.solo.enableMob", false),
    ]
}

fn vcenter() -> Vec<Obj<OptionValue>> {
    let mut settings = general();
    settings.extend(statistics());
    settings.extend(filters());
    settings
}

fn general() -> Vec<Obj<OptionValue>> {
    vec![
        option("VirtualCenter.InstanceName", "localhost"),
        option("VirtualCenter.ManagedIP", "127.0.0.1"),
        option("VirtualCenter.FQDN", "localhost"),
        option("VirtualCenter.VimApiUrl", "https://localhost/sdk"),
        option("VirtualCenter.MaxDBConnection", 50),
        option("VirtualCenter.DBPassword", ""),
        option("VirtualCenter.VimPasswordExpirationInDays", 30),
        option("instance.id", 1),
        option("WebService.Ports.http", 80),
        option("WebService.Ports.https", 443),
        option("client.timeout.normal", 30),
        option("client.timeout.long", 120),
        option("event.batchsize", 2000),
        option("event.maxAge", 30),
        option("event.maxAgeEnabled", true),
        option("task.maxAge", 30),
        option("task.maxAgeEnabled", true),
        option("log.level", "info"),
        option("mail.smtp.server", ""),
        option("mail.smtp.port", 25),
        option("mail.sender", ""),
        option("snmp.receiver.1.enabled", true),
        option("snmp.receiver.1.name", "localhost"),
        option("snmp.receiver.1.port", 162),
        option("ads.checkIntervalEnabled", true),
        option("ads.checkInterval", 1440),
        option("config.vpxd.sso.default.admin", "Administrator@vsphere.local"),
        option("config.vpxd.sso.default.isGroup", "false"),
        option("config.vpxd.macAllocScheme.prefixScheme.prefix", "005056"),
        option("vpxd.certmgmt.mode", "vmca"),
        option("vpxd.certmgmt.certs.daysValid", 1825),
    ]
}

fn statistics() -> Vec<Obj<OptionValue>> {
    vec![
        option("config.vpxd.stats.maxQueryMetrics", 256),
        option("stats.Level1", true),
        option("stats.Level2", false),
        option("stats.Level3", false),
        option("stats.Level4", false),
    ]
}

fn filters() -> Vec<Obj<OptionValue>> {
    vec![
        option("config.vpxd.filter.hostRescanFilter", "true"),
        option("config.vpxd.filter.vmfsFilter", "true"),
        option("config.vpxd.filter.rdmFilter", "true"),
        option("config.vpxd.filter.sameHostsAndTransportsFilter", "true"),
    ]
}
