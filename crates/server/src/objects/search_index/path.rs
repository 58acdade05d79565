//! By name in the inventory: `DC0/vm/web/front%2fend`.

use ::inventory::Snapshot;
use vim25::{MoRef, args, mo};

use crate::{dispatch::Call, fault::Fault, service};

/// `FindByInventoryPath`: the path starts below the root folder, whose own path is empty.
pub(super) fn by_inventory_path(call: &Call, args: args::FindByInventoryPath) -> Result<Option<MoRef>, Fault> {
    let sight = call.sight();
    let world = &sight.snapshot;
    let Some(content) = service::content(world) else { return Ok(None) };
    let mut names = args.inventory_path.split('/').filter(|name| !name.is_empty());
    let found = names.try_fold(content.root_folder.clone(), |at, name| child_named(world, &at, name));
    Ok(found.filter(|found| sight.shows(found)))
}

/// `FindChild`: a direct child by its name, given plain or as the inventory keeps it.
pub(super) fn child(call: &Call, args: args::FindChild) -> Result<Option<MoRef>, Fault> {
    let sight = call.sight();
    if sight.snapshot.get::<mo::ManagedEntity>(&args.entity).is_none() {
        return Err(Fault::object_not_found(&args.entity));
    }
    Ok(child_named(&sight.snapshot, &args.entity, &args.name).filter(|found| sight.shows(found)))
}

fn child_named(world: &Snapshot, parent: &MoRef, name: &str) -> Option<MoRef> {
    let find = |name: &str| world.index().child_named(parent, name);
    find(name).or_else(|| Some(escaped(name)).filter(|e| e != name).and_then(|e| find(&e)))
}

/// A name as the inventory keeps it: separators and `%` escaped, escapes in lower case.
fn escaped(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for (at, letter) in name.char_indices() {
        match letter {
            '/' => out.push_str("%2f"),
            '\\' => out.push_str("%5c"),
            '%' if !is_escape(&name[at..]) => out.push_str("%25"),
            'A'..='F' if at >= 2 && is_escape(&name[at - 2..]) => out.push(letter.to_ascii_lowercase()),
            other => out.push(other),
        }
    }
    out
}

fn is_escape(text: &str) -> bool {
    let escape = |code| text.get(..3).is_some_and(|start| start.eq_ignore_ascii_case(code));
    ["%2f", "%5c", "%25"].into_iter().any(escape)
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn names_are_escaped_as_the_inventory_keeps_them() {
        for (name, kept) in
            [("web", "web"), ("a/b", "a%2fb"), ("a%2Fb", "a%2fb"), ("50%", "50%25"), ("ä%5C", "ä%5c"), ("x%2", "x%252")]
        {
            assert_eq!(escaped(name), kept, "{name}");
        }
    }
}
