//! Arguments of `directpath`.

use clap::Args;

use super::what_if::Change;
use crate::connection::Connection;

const EXAMPLES: &str = "\
Examples:
  ferrosphere directpath --url administrator@vsphere.local@vcenter.example.com
      Every virtual network adapter, and what keeps it from passing through

  ferrosphere directpath --vm 'web-*' --what-if memoryReservation=full --what-if network=allowed
      What those two changes would do

  ferrosphere directpath --json | jq '.adapters[] | select(.state == \"inactive\")'
      For a script

Exit status:
  0  every adapter that asks to pass through does so, or none asks
  1  an adapter that asks to pass through does not, or the server does not say
  2  it is not known: no connection, no permission, no such VM, wrong arguments

Keys of --what-if:
  memoryReservation=full|none          power=on|off
  uptCompatibilityEnabled=true|false   uptv2Enabled=true|false
  adapter=vmxnet3|other                connected=true|false
  guest=supported|unsupported          hardware=VERSION
  driver=none|unknown|VERSION          interrupts=auto|intx|msi|msix
  pxe=true|false                       filter=none|present
  faultTolerance=true|false            monitor=free|blocked
  operation=none|running               vmci=idle|active
  network=allowed|standard             port.allowed=true|false
  switch.gen2=true|false               switch.offloaded=true|false
  uplink.gen2=true|false               uplink.dpu=true|false
  virtualFunctions=free|none           interruptVectors=free|none
  activation=works                     host=supported
  host.gen2=true|false                 host.uptv2=true|false
  host.iommu=true|false                host.dpu=true|false
  host.enabled=true|false
";

/// Show which virtual network adapters pass through to the hardware (VMDirectPath Gen 2, UPTv2), why others do not, and
/// what to do about it.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Directpath {
    /// Only VMs whose name fits: `*` stands for any text, `?` for one character.
    #[arg(long, value_name = "PATTERN")]
    pub vm: Option<String>,
    /// Print JSON: one document, or with --watch one line for each adapter that changed.
    #[arg(long)]
    pub json: bool,
    /// Go on and print every change, until interrupted.
    #[arg(short, long)]
    pub watch: bool,
    /// Show the verdict after a change (repeatable; all of them together). The keys are below.
    #[arg(long, value_name = "KEY=VALUE", value_parser = Change::parse)]
    pub what_if: Vec<Change>,
    // Last, or its heading would stand above the arguments of this subcommand too.
    #[command(flatten)]
    pub connection: Connection,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directpath::what_if::KEYS;

    #[test]
    fn the_help_names_every_key() {
        let keys = &EXAMPLES[EXAMPLES.find("Keys of").expect("a list")..];
        for (key, ..) in KEYS {
            assert!(keys.split_whitespace().any(|word| word.starts_with(&format!("{key}="))), "{key}");
        }
        let listed = keys.split_whitespace().filter(|word| word.contains('=')).count();
        assert_eq!(listed, KEYS.len());
    }
}
