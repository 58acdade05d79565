//! `UserDirectory`: who there is. The server keeps no accounts, so these are the users and groups that permissions name,
//! and the users that are logged in.

use std::collections::BTreeMap;

use vim25::{
    Obj, Str, args, mo,
    types::{NotFound, UserSearchResult},
};

use crate::{
    dispatch::{Call, Registry, RegistryError},
    fault::Fault,
};

pub(super) fn register(registry: &mut Registry) -> Result<(), RegistryError> {
    registry.on::<mo::UserDirectory, args::RetrieveUserGroups>(retrieve)
}

/// The group to which the one account of a fresh server belongs, by the end of its name.
const ADMINISTRATORS: &str = "Administrators";
const ADMINISTRATOR: &str = "Administrator";

/// A user or group: its domain, if it has one, and its name.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Principal {
    domain: Option<Str>,
    name: Str,
}

impl Principal {
    fn parse(text: &str) -> Principal {
        let (domain, name) = match (text.split_once('\\'), text.rsplit_once('@')) {
            (Some((domain, name)), _) => (Some(domain), name),
            (None, Some((name, domain))) => (Some(domain), name),
            (None, None) => (None, text),
        };
        Principal { domain: domain.map(Str::from), name: name.into() }
    }

    fn is_in(&self, domain: &str) -> bool {
        self.domain.as_ref().is_some_and(|own| own.eq_ignore_ascii_case(domain))
    }

    fn is(&self, other: &str) -> bool {
        let other = Principal::parse(other);
        let same_domain = other.domain.is_none_or(|domain| self.is_in(&domain));
        same_domain && self.name.eq_ignore_ascii_case(&other.name)
    }

    /// How the names of people and groups are given: `LAB\ann`, or `ann` where there is no domain.
    fn text(&self) -> Str {
        match &self.domain {
            Some(domain) => format!("{}\\{}", domain.to_ascii_uppercase(), self.name).into(),
            None => self.name.clone(),
        }
    }
}

/// `RetrieveUserGroups`: users and groups by name, whole or in part.
fn retrieve(call: &Call, args: args::RetrieveUserGroups) -> Result<Option<Vec<Obj<UserSearchResult>>>, Fault> {
    let all = all(call);
    let directory = call.snapshot();
    let directory =
        directory.get::<mo::UserDirectory>(&call.this).ok_or_else(|| Fault::object_not_found(&call.this))?;
    let domain = args.domain.filter(|domain| !domain.is_empty());
    if let Some(unknown) = domain.as_ref().filter(|domain| !is_domain(directory, &all, domain)) {
        return Err(Fault::new(NotFound::default(), format!("There is no domain '{unknown}'.")));
    }
    let related = [(args.belongs_to_group, true), (args.belongs_to_user, false)];
    for (name, group) in related.iter().filter_map(|(name, group)| Some((name.as_ref()?, *group))) {
        if !all.iter().any(|(p, is_group)| *is_group == group && p.is(name)) {
            return Err(Fault::new(NotFound::default(), format!("There is no user or group '{name}'.")));
        }
    }
    let search = args.search_str.to_lowercase();
    let named = |name: &str| match args.exact_match {
        true => name.eq_ignore_ascii_case(&args.search_str) || search.is_empty(),
        false => name.to_lowercase().contains(&search),
    };
    let found = all.iter().filter(|(p, group)| {
        (if **group { args.find_groups } else { args.find_users })
            && domain.as_ref().is_none_or(|domain| p.is_in(domain))
            && (named(&p.name) || (args.exact_match && p.is(&args.search_str)))
            && related[0].0.as_ref().is_none_or(|group| is_member(p, group))
            && related[1].0.as_ref().is_none_or(|user| **group && is_member(&Principal::parse(user), &p.name))
    });
    let result = |(p, group): (&Principal, &bool)| {
        UserSearchResult { principal: p.text(), full_name: Some(p.name.clone()), group: *group }.into()
    };
    Ok(Some(found.map(result).collect()))
}

/// Everyone known, and whether it is a group.
fn all(call: &Call) -> BTreeMap<Principal, bool> {
    let world = call.snapshot();
    let entities = world.iter().filter_map(|object| vim25::cast::<mo::ManagedEntity>(&*object.content));
    let permissions = entities.flat_map(|entity| entity.common.permission.iter().flatten());
    let mut all: BTreeMap<Principal, bool> = permissions.map(|p| (Principal::parse(&p.principal), p.group)).collect();
    for session in call.core.sessions.all() {
        all.entry(Principal::parse(&session.user)).or_insert(false);
    }
    all
}

fn is_domain(directory: &mo::UserDirectory, all: &BTreeMap<Principal, bool>, domain: &Str) -> bool {
    let listed = directory.domain_list.iter().flatten().any(|known| known.eq_ignore_ascii_case(domain));
    listed || all.keys().any(|principal| principal.is_in(domain))
}

/// The only membership that is known.
fn is_member(user: &Principal, group: &str) -> bool {
    user.name == ADMINISTRATOR && Principal::parse(group).name == ADMINISTRATORS
}

#[cfg(test)]
mod tests {
    use vim25::{MoRef, types::Permission};

    use super::*;
    use crate::testing::{World, moref, refused};

    fn directory() -> MoRef {
        moref("UserDirectory", "UserDirectory")
    }

    /// `root@localos` is logged in; permissions name the administrator and its group.
    fn world() -> World {
        let world = World::new();
        world.commit(|tx| {
            tx.edit::<mo::UserDirectory>(&directory()).unwrap().domain_list = Some(vec!["localos".into()]);
            let names = [("VSPHERE.LOCAL\\Administrator", false), ("VSPHERE.LOCAL\\Administrators", true)];
            let permission = |(principal, group): (&str, bool)| {
                Permission { principal: principal.into(), group, role_id: -1, ..Default::default() }.into()
            };
            let root = tx.edit::<mo::Folder>(&moref("Folder", "group-d1")).unwrap();
            root.common.permission = Some(names.map(permission).to_vec());
        });
        world
    }

    fn search(world: &World, fill: impl FnOnce(&mut args::RetrieveUserGroups)) -> Result<Vec<String>, Fault> {
        let mut args = args::RetrieveUserGroups { find_users: true, find_groups: true, ..Default::default() };
        fill(&mut args);
        let found = world.call(&directory(), args)?.unwrap();
        Ok(found.iter().map(|result| result.principal.to_string()).collect())
    }

    #[test]
    fn users_and_groups_are_found_by_name_kind_and_domain() {
        let world = world();
        let everyone = ["LOCALOS\\root", "VSPHERE.LOCAL\\Administrator", "VSPHERE.LOCAL\\Administrators"];
        let mut all = search(&world, |_| {}).unwrap();
        all.sort();
        assert_eq!(all, everyone);
        assert_eq!(search(&world, |a| a.search_str = "admin".into()).unwrap(), everyone[1..]);
        assert_eq!(search(&world, |a| a.find_users = false).unwrap(), everyone[2..]);
        assert_eq!(search(&world, |a| a.domain = Some("localos".into())).unwrap(), everyone[..1]);
        let exact = |a: &mut args::RetrieveUserGroups| {
            a.exact_match = true;
            a.search_str = "administrator".into();
        };
        assert_eq!(search(&world, exact).unwrap(), everyone[1..2]);
    }

    #[test]
    fn the_administrator_belongs_to_its_group() {
        let world = world();
        let members = search(&world, |a| a.belongs_to_group = Some("VSPHERE.LOCAL\\Administrators".into())).unwrap();
        assert_eq!(members, ["VSPHERE.LOCAL\\Administrator"]);
        let groups = search(&world, |a| a.belongs_to_user = Some("Administrator".into())).unwrap();
        assert_eq!(groups, ["VSPHERE.LOCAL\\Administrators"]);
        assert_eq!(search(&world, |a| a.belongs_to_user = Some("root".into())).unwrap().len(), 0);
    }

    #[test]
    fn unknown_domains_and_groups_are_not_found() {
        let world = world();
        assert_eq!(refused(search(&world, |a| a.domain = Some("nowhere".into()))).0, "NotFound");
        assert_eq!(refused(search(&world, |a| a.belongs_to_group = Some("nobody".into()))).0, "NotFound");
    }
}
