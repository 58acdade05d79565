//! Advanced settings of a host: value with type, range and default.

use vim25::{Any, DataType, Obj, Str, types::*};

use super::{HostProfile, lab};
use crate::kit::{element, text};

/// A setting: key and default, and where it is not free, what it can be.
pub(crate) enum Setting<K = &'static str> {
    /// Default, least, most.
    Int(K, i64, i64, i64),
    Text(K, &'static str),
    Bool(K, bool),
    /// Default, and all that it can be.
    Choice(K, &'static str, &'static [&'static str]),
}

use Setting::{Bool, Choice, Int, Text};

static SETTINGS: &[Setting] = &[
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

/// The settings of every host of a profile.
pub(crate) fn options(profile: HostProfile) -> Vec<Obj<OptionValue>> {
    all(profile).iter().map(value).collect()
}

/// What may be set on every host of a profile.
pub(crate) fn definitions(profile: HostProfile) -> Vec<Obj<OptionDef>> {
    all(profile).iter().map(definition).collect()
}

/// The settings in the order of their keys, as far as they have one.
fn all(profile: HostProfile) -> Vec<Setting<Str>> {
    let mut all: Vec<_> = SETTINGS.iter().map(Setting::owned).chain(lab::settings(profile)).collect();
    all.sort_by(|a, b| a.key().cmp(b.key()));
    all
}

impl Setting {
    fn owned(&self) -> Setting<Str> {
        match *self {
            Int(key, value, min, max) => Int(text(key), value, min, max),
            Text(key, value) => Text(text(key), value),
            Bool(key, value) => Bool(text(key), value),
            Choice(key, value, choices) => Choice(text(key), value, choices),
        }
    }
}

impl Setting<Str> {
    fn key(&self) -> &Str {
        match self {
            Int(key, ..) | Text(key, _) | Bool(key, _) | Choice(key, ..) => key,
        }
    }
}

fn value(setting: &Setting<Str>) -> Obj<OptionValue> {
    let value: Any = match *setting {
        Int(_, value, ..) => value.into(),
        Text(_, value) | Choice(_, value, _) => Any::Str(text(value)),
        Bool(_, value) => value.into(),
    };
    OptionValue { key: setting.key().clone(), value: Some(value) }.into()
}

fn definition(setting: &Setting<Str>) -> Obj<OptionDef> {
    let base = OptionType { value_is_readonly: Some(false) };
    let option_type: Obj<OptionType> = match *setting {
        Int(_, default_value, min, max) => LongOption { base, min, max, default_value }.into(),
        Text(_, default) => StringOption { base, default_value: text(default), valid_characters: None }.into(),
        Bool(_, default_value) => BoolOption { base, supported: true, default_value }.into(),
        Choice(_, default, choices) => ChoiceOption {
            base,
            choice_info: choices.iter().map(|c| element(c, c, c)).collect(),
            default_index: choices.iter().position(|c| *c == default).map(|at| at as i32),
        }
        .into(),
    };
    let key = setting.key();
    OptionDef::with(|d| {
        d.key = key.clone();
        d.label = key.rsplit('.').next().unwrap_or(key).into();
        d.summary = lab::meaning(key).map_or_else(|| key.clone(), text);
        d.option_type = option_type;
    })
    .into()
}
