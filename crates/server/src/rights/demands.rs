//! Which privileges a call needs, and on what.
//!
//! Most of it is in the schema: the privilege of a method is needed on its receiver, that of a parameter on the object that
//! is given. Here is the rest, what depends on the arguments or on what the receiver is.

use model::content::single_privileges;
use vim25::{DataType, Kind, MoRef, Ref, args, cast, mo, types::VirtualMachinePowerState};

use super::{
    access::READ,
    guard::{Attempt, Demand},
    spec,
};

const FROM_EXISTING: &str = "VirtualMachine.Inventory.CreateFromExisting";

/// Everything that a call needs.
pub(super) fn of(attempt: &Attempt<'_>) -> Vec<Demand> {
    let mut demands = Demands { attempt, out: Vec::new() };
    if !demands.instead() {
        let ids = attempt.method.privilege.into_iter().flat_map(single_privileges);
        ids.for_each(|privilege| demands.on_this(privilege));
    }
    demands.parameters();
    demands.besides();
    demands.out
}

/// Whether a method asks for something of its own, whatever the schema says.
#[cfg(test)]
pub(super) fn has_own(attempt: &Attempt<'_>) -> bool {
    Demands { attempt, out: Vec::new() }.instead()
}

struct Demands<'a> {
    attempt: &'a Attempt<'a>,
    out: Vec<Demand>,
}

impl<'a> Demands<'a> {
    fn on(&mut self, object: &MoRef, privilege: &'static str) {
        self.out.push(Demand { object: object.clone(), privilege });
    }

    fn on_this(&mut self, privilege: &'static str) {
        self.on(self.attempt.this, privilege);
    }

    fn arguments<T: DataType>(&self) -> Option<&'a T> {
        cast(self.attempt.arguments)
    }

    fn receiver<T: DataType>(&self) -> Option<&'a T> {
        self.attempt.world.get(self.attempt.this)
    }

    /// What parameters need on the objects that are given.
    fn parameters(&mut self) {
        let Attempt { arguments, method, .. } = self.attempt;
        for (index, field) in method.params.fields.iter().enumerate() {
            let (Some(privileges), Kind::MoRef(_)) = (field.privilege, field.kind) else { continue };
            let given: Vec<MoRef> = match arguments.get(index) {
                Ref::MoRef(one) => vec![one.clone()],
                Ref::List(list) => (0..list.len())
                    .filter_map(|at| match list.at(at) {
                        Ref::MoRef(one) => Some(one.clone()),
                        _ => None,
                    })
                    .collect(),
                _ => vec![],
            };
            for object in &given {
                single_privileges(privileges).for_each(|privilege| self.on(object, privilege));
            }
        }
    }

    /// What is needed on the receiver instead of what the schema says, if that is another matter.
    fn instead(&mut self) -> bool {
        match self.attempt.method.name {
            "CancelTask" => self.cancel(),
            "CloneVM_Task" => self.clone_vm(),
            "DestroyChildren" => self.on_this("Resource.DeletePool"),
            "Destroy_Task" => self.by_kind(destroying),
            "MigrateVM_Task" | "RelocateVM_Task" => self.move_vm(),
            "MoveIntoFolder_Task" => self.enter_folder(),
            "MoveIntoResourcePool" => self.enter_pool(),
            "ReconfigVM_Task" => self.reconfigure(),
            "ReconfigureDVPortgroup_Task" => self.on_this("DVPortgroup.Modify"),
            "ReconfigureDvs_Task" => self.on_this("DVSwitch.Modify"),
            "Rename_Task" => self.by_kind(renaming),
            "UpdateConfig" => self.change_pool(),
            "UpdateOptions" => self.on_this("Global.Settings"),
            "setCustomValue" => self.on_this("Global.SetCustomField"),
            _ => return false,
        }
        true
    }

    /// What is needed on objects that arguments name somewhere inside.
    fn besides(&mut self) {
        let Attempt { world, this, .. } = *self.attempt;
        if let Some(args::CreateVM_Task { config, .. }) = self.arguments() {
            self.out.extend(spec::creation(world, this, config));
        } else if let Some(args::CreateChildVM_Task { config, .. }) = self.arguments() {
            self.out.extend(spec::creation(world, this, config));
        } else if let Some(args::RelocateVM_Task { spec, .. }) = self.arguments() {
            self.out.extend(spec::place(spec));
        } else if let Some(args::CloneVM_Task { folder, spec, .. }) = self.arguments() {
            self.on(folder, FROM_EXISTING);
            self.out.extend(spec::place(&spec.location));
        } else if let Some(args::InstantClone_Task { spec }) = self.arguments() {
            spec.location.folder.iter().for_each(|folder| self.on(folder, FROM_EXISTING));
            self.out.extend(spec::place(&spec.location));
        } else if let Some(args::QueryPerf { query_spec }) = self.arguments() {
            query_spec.iter().for_each(|spec| self.on(&spec.entity, READ));
        } else if let Some(args::QueryPerfComposite { query_spec }) = self.arguments() {
            self.on(&query_spec.entity, READ);
        }
    }

    fn by_kind(&mut self, privilege: fn(&str) -> &'static str) {
        self.on_this(privilege(self.kind(self.attempt.this)));
    }

    /// Wire name of the type that an object really has.
    fn kind<'o>(&self, object: &'o MoRef) -> &'o str {
        self.attempt.world.find(&object.id).map_or(&object.kind, |found| found.content.descriptor().name)
    }

    fn reconfigure(&mut self) {
        let Some(args::ReconfigVM_Task { spec }) = self.arguments() else { return };
        self.out.extend(spec::reconfiguration(self.attempt.world, self.attempt.this, spec));
    }

    /// A user cancels his own tasks; others only with a privilege.
    fn cancel(&mut self) {
        let reason = self.receiver::<mo::Task>().map(|task| task.info.reason.clone());
        let by = reason.and_then(|reason| reason.cast::<vim25::types::TaskReasonUser>().map(|by| by.user_name.clone()));
        if by.is_none_or(|by| by != *self.attempt.user) {
            self.on_this("Global.CancelTask");
        }
    }

    fn change_pool(&mut self) {
        let Some(args::UpdateConfig { name, config }) = self.arguments() else { return };
        if name.is_some() {
            self.on_this("Resource.RenamePool");
        }
        if config.is_some() || name.is_none() {
            self.on_this("Resource.EditPool");
        }
    }

    /// What is moved, and where it goes, both have to allow it.
    fn enter_folder(&mut self) {
        let Some(args::MoveIntoFolder_Task { list }) = self.arguments() else { return };
        for entity in list {
            let privilege = moving(self.kind(entity));
            self.on(entity, privilege);
            self.on_this(privilege);
        }
    }

    fn enter_pool(&mut self) {
        let Some(args::MoveIntoResourcePool { list }) = self.arguments() else { return };
        for entity in list {
            match &*entity.kind {
                "VirtualMachine" => self.on_this("Resource.AssignVMToPool"),
                "VirtualApp" => self.on_this("Resource.AssignVAppToPool"),
                _ => {
                    self.on(entity, "Resource.MovePool");
                    self.on_this("Resource.MovePool");
                }
            }
        }
    }

    fn move_vm(&mut self) {
        let power = self.receiver::<mo::VirtualMachine>().map(|vm| vm.runtime.power_state.clone());
        match power {
            Some(VirtualMachinePowerState::PoweredOn) => self.on_this("Resource.HotMigrate"),
            _ => self.on_this("Resource.ColdMigrate"),
        }
    }

    fn clone_vm(&mut self) {
        let Some(args::CloneVM_Task { spec, .. }) = self.arguments() else { return };
        let is_template =
            self.receiver::<mo::VirtualMachine>().is_some_and(|vm| vm.config.as_ref().is_some_and(|c| c.template));
        self.on_this(match (is_template, spec.template) {
            (false, false) => "VirtualMachine.Provisioning.Clone",
            (false, true) => "VirtualMachine.Provisioning.CreateTemplateFromVM",
            (true, false) => "VirtualMachine.Provisioning.DeployTemplate",
            (true, true) => "VirtualMachine.Provisioning.CloneTemplate",
        });
    }
}

fn renaming(kind: &str) -> &'static str {
    match kind {
        "Datacenter" => "Datacenter.Rename",
        "Datastore" => "Datastore.Rename",
        "DistributedVirtualPortgroup" => "DVPortgroup.Modify",
        "ResourcePool" => "Resource.RenamePool",
        "VirtualApp" => "VApp.Rename",
        "VirtualMachine" => "VirtualMachine.Config.Rename",
        "Network" | "OpaqueNetwork" => "Network.Config",
        "ComputeResource" | "ClusterComputeResource" | "HostSystem" => "Host.Inventory.RenameCluster",
        "DistributedVirtualSwitch" | "VmwareDistributedVirtualSwitch" => "DVSwitch.Modify",
        _ => "Folder.Rename",
    }
}

fn destroying(kind: &str) -> &'static str {
    match kind {
        "Datacenter" => "Datacenter.Delete",
        "Datastore" => "Datastore.Delete",
        "DistributedVirtualPortgroup" => "DVPortgroup.Delete",
        "ResourcePool" => "Resource.DeletePool",
        "VirtualApp" => "VApp.Delete",
        "VirtualMachine" => "VirtualMachine.Inventory.Delete",
        "Network" | "OpaqueNetwork" => "Network.Delete",
        "ClusterComputeResource" => "Host.Inventory.DeleteCluster",
        "ComputeResource" | "HostSystem" => "Host.Inventory.RemoveHostFromCluster",
        "DistributedVirtualSwitch" | "VmwareDistributedVirtualSwitch" => "DVSwitch.Delete",
        _ => "Folder.Delete",
    }
}

fn moving(kind: &str) -> &'static str {
    match kind {
        "Datacenter" => "Datacenter.Move",
        "Datastore" => "Datastore.Move",
        "VirtualApp" => "VApp.Move",
        "VirtualMachine" => "VirtualMachine.Inventory.Move",
        "Network" | "OpaqueNetwork" => "Network.Move",
        "ComputeResource" | "ClusterComputeResource" => "Host.Inventory.MoveCluster",
        "HostSystem" => "Host.Inventory.MoveHost",
        "DistributedVirtualSwitch" | "VmwareDistributedVirtualSwitch" => "DVSwitch.Move",
        _ => "Folder.Move",
    }
}
