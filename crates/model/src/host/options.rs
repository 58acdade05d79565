//! Advanced settings of a host: value with type, range and default.

use vim25::{Any, DataType, Obj, types::*};

use crate::kit::{option, text};

enum Setting {
    Int(&'static str, i64, i64, i64),
    Text(&'static str, &'static str),
    Bool(&'static str, bool),
}

use Setting::{Bool, Int, Text};

const SETTINGS: &[Setting] = &[
    Int("Annotations.WelcomeMessage.Timeout", 0, 0, 3600),
    Text("Annotations.WelcomeMessage", ""),
    Int("BufferCache.FlushInterval", 30_000, 10, 60_000),
    Text("Config.HostAgent.log.level", "info"),
    Text("Config.HostAgent.plugins.hostsvc.esxAdminsGroup", "ESX Admins"),
    Bool("Config.HostAgent.plugins.hostsvc.esxAdminsGroupAutoAdd", true),
    Bool("Config.HostAgent.plugins.solo.enableMob", false),
    Int("Cpu.VMAdmitCheckPerVcpuMin", 1, 0, 1),
    Text("DCUI.Access", "root"),
    Int("DataMover.HardwareAcceleratedInit", 1, 0, 1),
    Int("DataMover.HardwareAcceleratedMove", 1, 0, 1),
    Int("Disk.MaxLUN", 1024, 1, 1024),
    Int("Disk.SchedNumReqOutstanding", 32, 1, 256),
    Int("FSS.IORM.Enabled", 0, 0, 1),
    Int("Mem.AllocGuestLargePage", 1, 0, 1),
    Int("Mem.MemEagerZero", 0, 0, 1),
    Int("Mem.ShareForceSalting", 2, 0, 2),
    Int("Mem.ShareScanGHz", 4, 0, 32),
    Int("Misc.LogToFile", 1, 0, 1),
    Int("NFS.HeartbeatFrequency", 12, 1, 2_147_483_647),
    Int("NFS.HeartbeatMaxFailures", 10, 1, 2_147_483_647),
    Int("NFS.MaxVolumes", 32, 8, 256),
    Int("Net.BlockGuestBPDU", 0, 0, 1),
    Int("Net.TcpipHeapMax", 1024, 32, 2048),
    Int("Net.TcpipHeapSize", 0, 0, 32),
    Int("Numa.LocalityWeightActionAffinity", 130, 0, 512),
    Int("Power.CpuPolicy.Version", 1, 0, 10),
    Text("ScratchConfig.ConfiguredScratchLocation", "/var/tmp"),
    Text("ScratchConfig.CurrentScratchLocation", "/var/tmp"),
    Int("Security.AccountLockFailures", 5, 0, 100),
    Int("Security.AccountUnlockTime", 900, 0, 86_400),
    Int("Security.PasswordHistory", 0, 0, 30),
    Int("Security.PasswordMaxDays", 99_999, 0, 99_999),
    Text("Security.PasswordQualityControl", "retry=3 min=disabled,disabled,disabled,7,7"),
    Text("Syslog.global.logDir", "[] /scratch/log"),
    Bool("Syslog.global.logDirUnique", false),
    Text("Syslog.global.logHost", ""),
    Text("Syslog.global.logLevel", "error"),
    Int("UserVars.DcuiTimeOut", 600, 0, 86_400),
    Int("UserVars.ESXiShellInteractiveTimeOut", 0, 0, 86_400),
    Int("UserVars.ESXiShellTimeOut", 0, 0, 86_400),
    Int("UserVars.HostClientCEIPOptIn", 2, 0, 2),
    Int("UserVars.SuppressHyperthreadWarning", 0, 0, 1),
    Int("UserVars.SuppressShellWarning", 0, 0, 1),
    Int("VMFS3.HardwareAcceleratedLocking", 1, 0, 1),
    Int("VMkernel.Boot.hyperthreading", 1, 0, 1),
    Text("Vpx.Vpxa.config.log.level", "info"),
];

/// The settings of every host.
pub(crate) fn options() -> Vec<Obj<OptionValue>> {
    SETTINGS.iter().map(value).collect()
}

/// What may be set on every host.
pub(crate) fn definitions() -> Vec<Obj<OptionDef>> {
    SETTINGS.iter().map(definition).collect()
}

fn value(setting: &Setting) -> Obj<OptionValue> {
    match *setting {
        Int(key, value, ..) => option(key, value),
        Text(key, value) => option(key, Any::Str(text(value))),
        Bool(key, value) => option(key, value),
    }
}

fn definition(setting: &Setting) -> Obj<OptionDef> {
    let (key, option_type): (_, Obj<OptionType>) = match *setting {
        Int(key, default_value, min, max) => {
            let base = OptionType { value_is_readonly: Some(false) };
            (key, LongOption { base, min, max, default_value }.into())
        }
        Text(key, default) => {
            let base = OptionType { value_is_readonly: Some(false) };
            (key, StringOption { base, default_value: text(default), valid_characters: None }.into())
        }
        Bool(key, default_value) => {
            let base = OptionType { value_is_readonly: Some(false) };
            (key, BoolOption { base, supported: true, default_value }.into())
        }
    };
    OptionDef::with(|d| {
        d.key = text(key);
        d.label = text(key.rsplit('.').next().unwrap_or(key));
        d.summary = text(key);
        d.option_type = option_type;
    })
    .into()
}
