//! The tree of snapshots: pure functions from one to the next.

use vim25::{
    MoRef, Obj, Str,
    types::{VirtualMachineSnapshotInfo as Info, VirtualMachineSnapshotTree as Tree},
};

/// Every snapshot, parents before children.
pub fn nodes(info: &Info) -> Vec<&Tree> {
    let mut all: Vec<&Tree> = Vec::new();
    let mut waiting: Vec<&Tree> = info.root_snapshot_list.iter().rev().map(|node| &**node).collect();
    while let Some(node) = waiting.pop() {
        all.push(node);
        waiting.extend(node.child_snapshot_list.iter().flatten().rev().map(|child| &**child));
    }
    all
}

/// One snapshot.
pub fn find<'i>(info: &'i Info, snapshot: &MoRef) -> Option<&'i Tree> {
    nodes(info).into_iter().find(|node| node.snapshot == *snapshot)
}

/// The snapshots from the root down to this one; empty if it is not in the tree.
pub fn path(info: &Info, snapshot: &MoRef) -> Vec<MoRef> {
    let mut path = Vec::new();
    let mut at = Some(snapshot.clone()).filter(|s| find(info, s).is_some());
    while let Some(here) = at {
        at = parent(info, &here);
        path.push(here);
    }
    path.reverse();
    path
}

fn parent(info: &Info, snapshot: &MoRef) -> Option<MoRef> {
    let holds = |node: &&Tree| node.child_snapshot_list.iter().flatten().any(|child| child.snapshot == *snapshot);
    nodes(info).into_iter().find(holds).map(|node| node.snapshot.clone())
}

/// The tree with one more snapshot below the current one; it is the current one from now on.
pub fn add(info: Option<&Info>, node: Tree) -> Info {
    let mut info = info.cloned().unwrap_or_default();
    let current = info.current_snapshot.replace(node.snapshot.clone());
    let node: Obj<Tree> = node.into();
    match current {
        None => info.root_snapshot_list.push(node),
        Some(current) => change(&mut info.root_snapshot_list, &current, &mut |parent| {
            parent.child_snapshot_list.get_or_insert_default().push(node.clone());
        }),
    }
    info
}

/// The tree without a snapshot, and those that are gone: it alone, and then its children take its place, or with all
/// below it. The current one, if it goes, becomes the parent of the one that was removed.
pub fn remove(info: &Info, snapshot: &MoRef, with_children: bool) -> (Option<Info>, Vec<MoRef>) {
    let Some(node) = find(info, snapshot) else { return (Some(info.clone()), vec![]) };
    let gone: Vec<MoRef> = match with_children {
        true => {
            let below = Info { current_snapshot: None, root_snapshot_list: vec![node.clone().into()] };
            nodes(&below).into_iter().map(|n| n.snapshot.clone()).collect()
        }
        false => vec![snapshot.clone()],
    };
    let heirs = if with_children { vec![] } else { node.child_snapshot_list.clone().unwrap_or_default() };
    let mut left = info.clone();
    if info.current_snapshot.as_ref().is_some_and(|current| gone.contains(current)) {
        left.current_snapshot = parent(info, snapshot);
    }
    match parent(info, snapshot) {
        None => replace(&mut left.root_snapshot_list, snapshot, heirs),
        Some(above) => change(&mut left.root_snapshot_list, &above, &mut |above| {
            replace(above.child_snapshot_list.get_or_insert_default(), snapshot, heirs.clone());
        }),
    }
    (Some(left).filter(|left| !left.root_snapshot_list.is_empty()), gone)
}

/// The tree in which a snapshot has another name or description.
pub fn rename(info: &Info, snapshot: &MoRef, name: Option<&Str>, description: Option<&Str>) -> Info {
    let mut info = info.clone();
    change(&mut info.root_snapshot_list, snapshot, &mut |node| {
        if let Some(name) = name {
            node.name = name.clone();
        }
        if let Some(description) = description {
            node.description = description.clone();
        }
    });
    info
}

/// The same tree of `vm` in which each snapshot has another reference.
pub fn renamed(info: &Info, vm: &MoRef, new: &dyn Fn(&MoRef) -> MoRef) -> Info {
    fn walk(list: &[Obj<Tree>], vm: &MoRef, new: &dyn Fn(&MoRef) -> MoRef) -> Vec<Obj<Tree>> {
        let node = |node: &Obj<Tree>| {
            let below = node.child_snapshot_list.as_deref().map(|list| walk(list, vm, new));
            let (snapshot, vm) = (new(&node.snapshot), vm.clone());
            Obj::from(Tree { snapshot, vm, child_snapshot_list: below, ..(**node).clone() })
        };
        list.iter().map(node).collect()
    }
    Info {
        current_snapshot: info.current_snapshot.as_ref().map(new),
        root_snapshot_list: walk(&info.root_snapshot_list, vm, new),
    }
}

/// Puts a snapshot's heirs where it stands in a list.
fn replace(list: &mut Vec<Obj<Tree>>, snapshot: &MoRef, heirs: Vec<Obj<Tree>>) {
    if let Some(at) = list.iter().position(|node| node.snapshot == *snapshot) {
        list.splice(at..=at, heirs);
    }
}

/// Changes one node. Only the branch that leads to it is copied.
fn change(list: &mut [Obj<Tree>], snapshot: &MoRef, how: &mut dyn FnMut(&mut Tree)) {
    for node in list {
        if node.snapshot == *snapshot {
            return how(node);
        }
        let below = Info { current_snapshot: None, root_snapshot_list: vec![node.clone()] };
        if find(&below, snapshot).is_some() {
            if let Some(children) = &mut node.child_snapshot_list {
                change(children, snapshot, how);
            }
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moref(id: &str) -> MoRef {
        MoRef::new("VirtualMachineSnapshot", id.to_string())
    }

    /// a with children b and d, c below b; d is the current one.
    fn sample() -> Info {
        let node = |id: &str| Tree { snapshot: moref(id), name: id.into(), ..Default::default() };
        let mut info = ["a", "b", "c"].iter().fold(None, |info: Option<Info>, id| Some(add(info.as_ref(), node(id))));
        let info = info.as_mut().unwrap();
        info.current_snapshot = Some(moref("a"));
        add(Some(info), node("d"))
    }

    fn names(info: &Info) -> String {
        nodes(info).into_iter().map(|n| n.name.as_str()).collect()
    }

    #[test]
    fn a_snapshot_is_added_below_the_current_one() {
        let info = sample();
        assert_eq!((names(&info).as_str(), info.current_snapshot.clone()), ("abcd", Some(moref("d"))));
        assert_eq!(path(&info, &moref("c")), [moref("a"), moref("b"), moref("c")]);
        assert_eq!(path(&info, &moref("d")), [moref("a"), moref("d")]);
        assert!(path(&info, &moref("x")).is_empty());
    }

    #[test]
    fn the_children_of_a_removed_snapshot_take_its_place() {
        let (left, gone) = remove(&sample(), &moref("b"), false);
        let left = left.unwrap();
        assert_eq!((names(&left).as_str(), gone), ("acd", vec![moref("b")]));
        assert_eq!(path(&left, &moref("c")), [moref("a"), moref("c")]);
        let (left, _) = remove(&sample(), &moref("a"), false);
        let left = left.unwrap();
        assert_eq!((names(&left).as_str(), left.root_snapshot_list.len()), ("bcd", 2));
        assert_eq!(left.current_snapshot, Some(moref("d")));
    }

    #[test]
    fn a_branch_goes_as_a_whole_and_the_last_snapshot_takes_the_tree_with_it() {
        let (left, gone) = remove(&sample(), &moref("b"), true);
        assert_eq!((names(&left.unwrap()).as_str(), gone), ("ad", vec![moref("b"), moref("c")]));
        let (left, gone) = remove(&sample(), &moref("a"), true);
        assert_eq!((left, gone.len()), (None, 4));
    }

    #[test]
    fn the_parent_of_a_removed_current_snapshot_is_the_current_one() {
        let (left, _) = remove(&sample(), &moref("d"), false);
        assert_eq!(left.unwrap().current_snapshot, Some(moref("a")));
        let mut deep = sample();
        deep.current_snapshot = Some(moref("c"));
        let (left, _) = remove(&deep, &moref("b"), true);
        assert_eq!(left.unwrap().current_snapshot, Some(moref("a")));
        let (left, _) = remove(&deep, &moref("b"), false);
        assert_eq!(left.unwrap().current_snapshot, Some(moref("c")));
    }

    #[test]
    fn a_new_name_leaves_the_rest() {
        let info = rename(&sample(), &moref("c"), Some(&"z".into()), None);
        assert_eq!(names(&info), "abzd");
        assert_eq!(find(&info, &moref("c")).unwrap().description, "");
    }
}
