//! What to do about a finding, as lines for those who do it.

use vmci::audit::Finding;

use super::Judged;

/// Lines that fix a finding. Each fixes it by itself.
pub struct Fix {
    /// For govc, where it can.
    pub govc: Option<String>,
    /// For PowerCLI.
    pub powercli: String,
}

/// What to do about a finding.
pub fn fix(of: &Judged, finding: &Finding) -> Fix {
    let setting = |setting: &str| Some(format!("govc vm.change -vm {} -e {setting}", quoted(&of.name)));
    let govc = match finding {
        Finding::Unrestricted | Finding::UnrestrictedWithoutEffect => setting("vmci0.unrestricted=FALSE"),
        Finding::FilterOff { .. } => setting("vmci.filter.enable=TRUE"),
        _ => None,
    };
    Fix { govc, powercli: powercli(of, &change(of, finding)) }
}

/// What is changed in the device `$d`.
fn change(of: &Judged, finding: &Finding) -> String {
    match finding {
        Finding::Unrestricted | Finding::UnrestrictedWithoutEffect => {
            "$d.AllowUnrestrictedCommunication = $false".into()
        }
        Finding::FilterOff { .. } => "$d.FilterEnable = $true".into(),
        Finding::NoRules => {
            let filters = format!(
                "@({}, {})",
                rule(10, "allow", ";LowerDstPortBoundary=975;UpperDstPortBoundary=976"),
                rule(20, "deny", "")
            );
            format!(
                "$d.FilterInfo = New-Object VMware.Vim.VirtualMachineVMCIDeviceFilterInfo -Property @{{Filters={filters}}}"
            )
        }
        Finding::OpenEnded => {
            format!("$d.FilterInfo.Filters += {}", rule(of.highest_rank.saturating_add(10), "deny", ""))
        }
        Finding::AllowsEverything { rank } | Finding::Shadowed { rank, .. } | Finding::EmptyRange { rank } => {
            format!("$d.FilterInfo.Filters = @($d.FilterInfo.Filters | ? {{ $_.Rank -ne {rank} }})")
        }
        Finding::DuplicateRank { .. } => {
            "$r = 0; $d.FilterInfo.Filters | Sort-Object Rank | % { $r += 10; $_.Rank = $r }".into()
        }
    }
}

fn rule(rank: i64, action: &str, ports: &str) -> String {
    format!(
        "(New-Object VMware.Vim.VirtualMachineVMCIDeviceFilterSpec -Property \
         @{{Rank={rank};Action='{action}';Protocol='anyProtocol';Direction='anyDirection'{ports}}})"
    )
}

fn powercli(of: &Judged, change: &str) -> String {
    format!(
        "$vm = Get-View -Id '{}-{}'; $d = $vm.Config.Hardware.Device | ? {{ $_ -is [VMware.Vim.VirtualMachineVMCIDevice] }}; \
         {change}; $vm.ReconfigVM((New-Object VMware.Vim.VirtualMachineConfigSpec -Property @{{DeviceChange=\
         (New-Object VMware.Vim.VirtualDeviceConfigSpec -Property @{{Operation='edit';Device=$d}})}}))",
        of.machine.kind, of.machine.id
    )
}

/// A name as a shell takes it whole.
fn quoted(name: &str) -> String {
    format!("'{}'", name.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use vim25::MoRef;

    use super::*;

    fn judged() -> Judged {
        let machine = MoRef::new("VirtualMachine", "vm-21");
        Judged { machine, name: "Ann's VM".into(), host: None, findings: vec![], highest_rank: 30 }
    }

    #[test]
    fn settings_have_a_line_for_govc_that_a_shell_takes_whole() {
        let govc = |finding| fix(&judged(), &finding).govc;
        let line = govc(Finding::FilterOff { rules: 1 }).unwrap();
        assert_eq!(line, r"govc vm.change -vm 'Ann'\''s VM' -e vmci.filter.enable=TRUE");
        assert_eq!(govc(Finding::Shadowed { rank: 5, by: 1 }), None);
    }

    #[test]
    fn rules_are_changed_by_powercli() {
        let line = |finding| fix(&judged(), &finding).powercli;
        assert!(line(Finding::Shadowed { rank: 5, by: 1 }).contains("$_.Rank -ne 5"));
        assert!(line(Finding::OpenEnded).contains("Rank=40;Action='deny'"));
        assert!(line(Finding::NoRules).starts_with("$vm = Get-View -Id 'VirtualMachine-vm-21';"));
    }
}
