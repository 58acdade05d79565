//! Which privileges a call needs, and on what.
//!
//! Most of it is in the schema: the privilege of a method is needed on its receiver, that of a parameter on the object that
//! is given. Here is the rest, what depends on the arguments or on what the receiver is.

use model::content::single_privileges;
use vim25::{DataType, Kind, MoRef, Ref, args, cast, mo, types::VirtualMachinePowerState};

use super::{
    guard::{Attempt, Demand},
    spec,
};

/// Everything that a call needs: what the schema says, and what the arguments or the receiver decide.
pub(super) fn of(attempt: &Attempt<'_>) -> Vec<Demand> {
    let mut demands = Demands { attempt, out: Vec::new() };
    let says_it_all = demands.special();
    let special = std::mem::take(&mut demands.out);
    if !says_it_all {
        let ids = attempt.method.privilege.into_iter().flat_map(single_privileges);
        ids.for_each(|privilege| demands.on(attempt.this, privilege));
    }
    demands.parameters();
    demands.out.extend(special);
    demands.out
}

/// The methods of entities of which the schema says nothing.
#[cfg(test)]
pub(super) const SPECIAL: [&str; 12] = [
    "CloneVM_Task",
    "DestroyChildren",
    "Destroy_Task",
    "MigrateVM_Task",
    "MoveIntoFolder_Task",
    "MoveIntoResourcePool",
    "ReconfigVM_Task",
    "ReconfigureDVPortgroup_Task",
    "ReconfigureDvs_Task",
    "Rename_Task",
    "UpdateConfig",
    "setCustomValue",
];

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

    /// What the arguments or the receiver decide. Whether that is all that is needed on the receiver.
    fn special(&mut self) -> bool {
        let attempt = self.attempt;
        match attempt.method.name {
            "Rename_Task" => self.rename(attempt.this, renaming),
            "Destroy_Task" => self.rename(attempt.this, destroying),
            "ReconfigureDvs_Task" => self.on_this("DVSwitch.Modify"),
            "ReconfigureDVPortgroup_Task" => self.on_this("DVPortgroup.Modify"),
            "setCustomValue" => self.on_this("Global.SetCustomField"),
            "UpdateOptions" => self.on_this("Global.Settings"),
            "CancelTask" => self.cancel(),
            "QueryPerf" => {
                if let Some(args::QueryPerf { query_spec }) = self.arguments() {
                    self.out.extend(query_spec.iter().map(|spec| read(&spec.entity)));
                }
                return false;
            }
            "QueryPerfComposite" => {
                if let Some(args::QueryPerfComposite { query_spec }) = self.arguments() {
                    self.out.push(read(&query_spec.entity));
                }
                return false;
            }
            "DestroyChildren" => self.on_this("Resource.DeletePool"),
            "UpdateConfig" => self.pool(),
            "MoveIntoFolder_Task" => self.enter_folder(),
            "MoveIntoResourcePool" => self.enter_pool(),
            "ReconfigVM_Task" => {
                if let Some(args::ReconfigVM_Task { spec }) = self.arguments() {
                    self.out.extend(spec::reconfiguration(attempt.world, attempt.this, spec));
                }
            }
            "MigrateVM_Task" => self.move_vm(),
            "RelocateVM_Task" => {
                self.move_vm();
                if let Some(args::RelocateVM_Task { spec, .. }) = self.arguments() {
                    self.out.extend(spec::place(spec));
                }
            }
            "CloneVM_Task" => self.clone_vm(),
            "CreateVM_Task" => {
                if let Some(args::CreateVM_Task { config, .. }) = self.arguments() {
                    self.out.extend(spec::creation(attempt.world, attempt.this, config));
                }
                return false;
            }
            "CreateChildVM_Task" => {
                if let Some(args::CreateChildVM_Task { config, .. }) = self.arguments() {
                    self.out.extend(spec::creation(attempt.world, attempt.this, config));
                }
                return false;
            }
            "InstantClone_Task" => {
                if let Some(args::InstantClone_Task { spec }) = self.arguments() {
                    self.out.extend(spec::place(&spec.location));
                    spec.location
                        .folder
                        .iter()
                        .for_each(|folder| self.on(folder, "VirtualMachine.Inventory.CreateFromExisting"));
                }
                return false;
            }
            _ => return false,
        }
        true
    }

    fn rename(&mut self, entity: &MoRef, privilege: fn(&str) -> &'static str) {
        let kind = self.attempt.world.find(&entity.id).map(|found| found.content.descriptor().name);
        self.on(entity, privilege(kind.unwrap_or(&entity.kind)));
    }

    /// A user cancels his own tasks; others only with a privilege.
    fn cancel(&mut self) {
        let reason = self.receiver::<mo::Task>().map(|task| task.info.reason.clone());
        let by = reason.and_then(|reason| reason.cast::<vim25::types::TaskReasonUser>().map(|by| by.user_name.clone()));
        if by.is_none_or(|by| by != *self.attempt.user) {
            self.on_this("Global.CancelTask");
        }
    }

    fn pool(&mut self) {
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
            let kind = self.attempt.world.find(&entity.id).map(|found| found.content.descriptor().name);
            let privilege = moving(kind.unwrap_or(&entity.kind));
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
        let Some(args::CloneVM_Task { folder, spec, .. }) = self.arguments() else { return };
        let is_template =
            self.receiver::<mo::VirtualMachine>().is_some_and(|vm| vm.config.as_ref().is_some_and(|c| c.template));
        self.on_this(match (is_template, spec.template) {
            (false, false) => "VirtualMachine.Provisioning.Clone",
            (false, true) => "VirtualMachine.Provisioning.CreateTemplateFromVM",
            (true, false) => "VirtualMachine.Provisioning.DeployTemplate",
            (true, true) => "VirtualMachine.Provisioning.CloneTemplate",
        });
        self.on(folder, "VirtualMachine.Inventory.CreateFromExisting");
        self.out.extend(spec::place(&spec.location));
    }
}

fn read(object: &MoRef) -> Demand {
    Demand { object: object.clone(), privilege: "System.Read" }
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
