//! `CreateFolder`

use model::folder::{Holds, folder as new_folder};
use vim25::{MoRef, args, mo};

use crate::{
    dispatch::Call,
    fault::Fault,
    objects::entity::{adopt, names},
};

/// Makes a folder of the same kind in this one.
pub fn folder(call: &Call, args: args::CreateFolder) -> Result<MoRef, Fault> {
    call.commit(|tx| {
        let holds = holds(call.this_in::<mo::Folder>(tx)?)?;
        let name = names::kept(&args.name, None)?;
        names::unused(tx, &call.this, &name, None)?;
        let made = MoRef::new("Folder", tx.new_id(&format!("group-{}", holds.letter())));
        tx.insert(made.clone(), new_folder(name, call.this.clone(), holds));
        adopt(tx, &call.this, &made);
        Ok(made)
    })
}

/// What a folder holds, by the types that it admits.
fn holds(folder: &mo::Folder) -> Result<Holds, Fault> {
    let admits = |kind: &str| folder.child_type.iter().flatten().any(|t| t == kind);
    let known = [
        ("Datacenter", Holds::Datacenters),
        ("VirtualMachine", Holds::Machines),
        ("ComputeResource", Holds::Hosts),
        ("StoragePod", Holds::Datastores),
        ("Network", Holds::Networks),
    ];
    let found = known.into_iter().find(|(kind, _)| admits("Folder") && admits(kind));
    found.map(|(_, holds)| holds).ok_or_else(|| Fault::not_supported("This folder cannot hold folders."))
}
