//! `OptionManager`: settings of the server, and advanced settings of hosts.

mod kinds;
#[cfg(test)]
mod tests;

use ::inventory::Tx;
use vim25::{
    MoRef, Obj, Str, args, mo,
    types::{InvalidName, OptionValue},
};

use crate::{
    dispatch::{Call, Registry, RegistryError},
    fault::Fault,
};

pub(super) fn register(registry: &mut Registry) -> Result<(), RegistryError> {
    registry.on::<mo::OptionManager, args::QueryOptions>(query)?;
    registry.on::<mo::OptionManager, args::UpdateOptions>(update)
}

/// `QueryOptions`: all, one by its key, or those below a prefix that ends with a dot.
fn query(call: &Call, args: args::QueryOptions) -> Result<Option<Vec<Obj<OptionValue>>>, Fault> {
    let world = call.snapshot();
    let manager = world.get::<mo::OptionManager>(&call.this).ok_or_else(|| Fault::object_not_found(&call.this))?;
    let all = manager.setting.as_deref().unwrap_or_default();
    let Some(name) = args.name.filter(|name| !name.is_empty()) else { return Ok(Some(all.to_vec())) };
    let wanted = |key: &str| if name.ends_with('.') { key.starts_with(name.as_str()) } else { key == name };
    let found: Vec<Obj<OptionValue>> = all.iter().filter(|option| wanted(&option.key)).cloned().collect();
    if found.is_empty() { Err(unknown(&name)) } else { Ok(Some(found)) }
}

/// `UpdateOptions`: all of the values, or none if one of them does not fit.
fn update(call: &Call, args: args::UpdateOptions) -> Result<(), Fault> {
    call.commit(|tx| {
        let mut manager = call.this_in::<mo::OptionManager>(tx)?.clone();
        for change in args.changed_value {
            set(&mut manager, change)?;
        }
        show_on_host(tx, &call.this, &manager);
        tx.insert(call.this.clone(), manager);
        Ok(())
    })
}

/// Sets one value. Where the manager says what can be set, nothing else can; elsewhere new keys are welcome.
fn set(manager: &mut mo::OptionManager, change: Obj<OptionValue>) -> Result<(), Fault> {
    let key = &change.key;
    let definitions = manager.supported_option.as_deref().unwrap_or_default();
    let definition = definitions.iter().find(|d| d.key == *key);
    let settings = manager.setting.get_or_insert_default();
    let at = settings.iter().position(|option| option.key == *key);
    if key.trim().is_empty() || (at.is_none() && definition.is_none() && !definitions.is_empty()) {
        return Err(unknown(key));
    }
    let value = change.value.clone().ok_or_else(|| kinds::refused(key, "it has no value"))?;
    let value = match (definition, at.and_then(|at| settings[at].value.as_ref())) {
        (Some(definition), _) => kinds::fit(key, value, &definition.option_type)?,
        (None, Some(current)) => kinds::like(key, value, current)?,
        (None, None) => kinds::simple(key, value)?,
    };
    match at {
        Some(at) => settings[at].value = Some(value),
        None => settings.push(OptionValue { key: key.clone(), value: Some(value) }.into()),
    }
    Ok(())
}

/// A host shows its advanced settings in its own configuration too.
fn show_on_host(tx: &mut Tx<'_>, this: &MoRef, manager: &mo::OptionManager) {
    let number = this.id.rsplit_once('-').map_or("", |(_, number)| number);
    for id in [format!("host-{number}").as_str(), "ha-host"] {
        let host = MoRef::new("HostSystem", id);
        let is_its = |h: &mo::HostSystem| h.config_manager.advanced_option.as_ref() == Some(this);
        if !tx.get::<mo::HostSystem>(&host).is_some_and(is_its) {
            continue;
        }
        if let Some(config) = tx.edit::<mo::HostSystem>(&host).and_then(|h| h.config.as_mut()) {
            config.option = manager.setting.clone();
        }
    }
}

fn unknown(name: &Str) -> Fault {
    let fault = InvalidName { name: name.clone(), ..Default::default() };
    Fault::new(fault, format!("There is no option '{name}'."))
}
