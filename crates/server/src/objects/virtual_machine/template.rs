//! `MarkAsTemplate` and `MarkAsVirtualMachine`.

use vim25::{args, mo, types::VirtualMachinePowerState as Power};

use super::{expect_power, operation::check_free};
use crate::{dispatch::Call, fault::Fault};

/// Turns a machine that is off into a template: it cannot be powered on and belongs to no pool.
pub fn mark(call: &Call, _: args::MarkAsTemplate) -> Result<(), Fault> {
    call.commit(|tx| {
        check_free(tx, &call.this)?;
        let vm = call.this_in::<mo::VirtualMachine>(tx)?;
        expect_power(vm, None, &[Power::PoweredOff])?;
        if vm.config.as_ref().is_some_and(|c| c.ft_info.is_some()) {
            return Err(Fault::not_supported("A machine with Fault Tolerance cannot become a template."));
        }
        let vm = tx.edit::<mo::VirtualMachine>(&call.this).ok_or_else(|| Fault::object_not_found(&call.this))?;
        if let Some(config) = &mut vm.config {
            config.template = true;
        }
        vm.resource_pool = None;
        Ok(())
    })
}

/// Turns a template into a machine of a pool, and moves it to a host if one is named.
pub fn unmark(call: &Call, args: args::MarkAsVirtualMachine) -> Result<(), Fault> {
    call.commit(|tx| {
        check_free(tx, &call.this)?;
        let template = call.this_in::<mo::VirtualMachine>(tx)?.config.as_ref().is_some_and(|c| c.template);
        if !template {
            return Err(Fault::not_supported("The virtual machine is not a template."));
        }
        let host = super::place::host(tx, &args.pool, args.host.as_ref())?;
        let vm = tx.edit::<mo::VirtualMachine>(&call.this).ok_or_else(|| Fault::object_not_found(&call.this))?;
        if let Some(config) = &mut vm.config {
            config.template = false;
        }
        vm.resource_pool = Some(args.pool.clone());
        vm.runtime.host = Some(host);
        Ok(())
    })
}
