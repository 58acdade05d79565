//! `extraConfig`: merging options, and keeping those that speak of devices in agreement with them.

use directpath::lab;
use vim25::{
    Any, Obj, Str, Value,
    types::{OptionValue, VirtualMachineConfigInfo},
};

use super::{checks::Change, defaults::option, vmci_options};
use crate::vm::Fault;

/// Merges the options of a spec: a new value replaces an old one, an empty one removes the option.
pub(super) fn apply(config: &mut Obj<VirtualMachineConfigInfo>, change: &Change<'_>) -> Result<(), Fault> {
    let Some(wishes) = change.spec.extra_config.as_ref().filter(|w| !w.is_empty()) else { return Ok(()) };
    let mut options = config.extra_config.clone().unwrap_or_default();
    for (index, wish) in wishes.iter().enumerate() {
        if wish.key.trim().is_empty() {
            return Err(Fault::invalid_argument(format!("configSpec.extraConfig[{index}].key"), "it is empty"));
        }
        let value = words(wish.value.as_ref(), index)?;
        put(&mut options, &wish.key, &value);
        let wrong = |why: String| Fault::invalid_argument(format!("configSpec.extraConfig[{index}]"), why);
        lab::check(&wish.key, &value).map_err(|refused| wrong(refused.to_string()))?;
        vmci_options::to_device(config, change, &wish.key, &value).map_err(wrong)?;
    }
    if config.extra_config.as_ref() != Some(&options) {
        change.needs_awake()?;
        config.extra_config = Some(options);
    }
    Ok(())
}

fn put(options: &mut Vec<Obj<OptionValue>>, key: &str, value: &str) {
    let at = options.iter().position(|o| o.key.eq_ignore_ascii_case(key));
    match (at, value) {
        (Some(at), "") => {
            options.remove(at);
        }
        (None, "") => {}
        (Some(at), value) if text(&options[at]) == Some(value) => {}
        (Some(at), value) => options[at] = option(key, value),
        (None, value) => options.push(option(key, value)),
    }
}

/// A value as the text that a vmx file would hold.
pub(super) fn words(value: Option<&Any>, index: usize) -> Result<Str, Fault> {
    Ok(match value {
        None => Str::default(),
        Some(Any::Bool(flag)) => word(*flag),
        Some(Any::Str(text) | Any::Uri(text) | Any::Enum(_, text)) => text.clone(),
        Some(number @ (Any::Byte(_) | Any::Short(_) | Any::Int(_) | Any::Long(_) | Any::Float(_) | Any::Double(_))) => {
            format!("{:?}", number.read()).into()
        }
        Some(_) => {
            return Err(Fault::invalid_argument(
                format!("configSpec.extraConfig[{index}].value"),
                "it is no plain value",
            ));
        }
    })
}

/// A yes or no as a vmx file holds it; empty for what is so by default.
pub(super) fn flag(value: &str, default: bool) -> Result<bool, String> {
    match value.trim().to_ascii_lowercase().as_str() {
        "" => Ok(default),
        "true" | "yes" | "1" => Ok(true),
        "false" | "no" | "0" => Ok(false),
        _ => Err(format!("'{value}' is neither TRUE nor FALSE")),
    }
}

/// A yes or no in the words of a vmx file.
pub(super) fn word(flag: bool) -> Str {
    if flag { "TRUE" } else { "FALSE" }.into()
}

/// Gives each option that is there the value that a device says it has; `fact` knows it by the option's key.
pub(super) fn follow(config: &mut Obj<VirtualMachineConfigInfo>, fact: impl Fn(&str) -> Option<Str>) {
    let options = config.extra_config.as_deref().unwrap_or_default();
    let stale = |(at, o): (usize, &Obj<OptionValue>)| {
        fact(&o.key).filter(|value| text(o) != Some(value.as_str())).map(|value| (at, option(o.key.clone(), value)))
    };
    let changed: Vec<(usize, Obj<OptionValue>)> = options.iter().enumerate().filter_map(stale).collect();
    for (at, new) in changed {
        config.extra_config.get_or_insert_default()[at] = new;
    }
}

/// The value of an option as text.
pub(super) fn text(option: &OptionValue) -> Option<&str> {
    option.value.as_ref().and_then(Any::as_str)
}
