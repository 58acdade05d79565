//! Which properties of which objects: the question that a retrieval asks once and a watch keeps asking.

use vim25::{
    DataType, MoRef, Obj, managed_type,
    path::{Path, PathError},
    types::{ObjectSpec, PropertyFilterSpec, PropertySpec, TraversalSpec},
};

use crate::{Client, Error};

/// Properties of objects: of all that have a type, or of given ones.
///
/// ```
/// use client::Query;
///
/// let query = Query::new()
///     .all("VirtualMachine", &["name", "runtime.device"])
///     .all("HostSystem", &["name", "capability.vmDirectPathGen2Supported"]);
/// # let _ = query;
/// ```
#[derive(Clone, Debug, Default)]
pub struct Query {
    parts: Vec<Part>,
}

#[derive(Clone, Debug)]
struct Part {
    kind: String,
    paths: Vec<String>,
    objects: Objects,
}

#[derive(Clone, Debug)]
enum Objects {
    /// Everything below a container, or in the whole inventory.
    Below(Option<MoRef>),
    These(Vec<MoRef>),
}

impl Query {
    /// A question for nothing yet.
    pub fn new() -> Query {
        Query::default()
    }

    /// Also of all objects of a type, or of a subtype of it. No paths: all properties.
    #[must_use]
    pub fn all(self, kind: &str, paths: &[&str]) -> Query {
        self.with(kind, paths, Objects::Below(None))
    }

    /// Also of all objects of a type below a container: a folder, a datacenter, a pool, a host.
    #[must_use]
    pub fn below(self, container: &MoRef, kind: &str, paths: &[&str]) -> Query {
        self.with(kind, paths, Objects::Below(Some(container.clone())))
    }

    /// Also of these objects, which are of this type or a subtype.
    #[must_use]
    pub fn objects(self, kind: &str, objects: &[MoRef], paths: &[&str]) -> Query {
        self.with(kind, paths, Objects::These(objects.to_vec()))
    }

    fn with(mut self, kind: &str, paths: &[&str], objects: Objects) -> Query {
        let paths = paths.iter().map(|path| (*path).to_owned()).collect();
        self.parts.push(Part { kind: kind.to_owned(), paths, objects });
        self
    }

    /// Whether the API has the types and properties: a wrong name is told before the server sees it.
    pub(crate) fn check(&self) -> Result<(), Error> {
        for part in &self.parts {
            let kind = managed_type(&part.kind).ok_or_else(|| {
                Error::Path(PathError::Unknown { type_name: part.kind.as_str().into(), path: "".into() })
            })?;
            part.paths.iter().try_for_each(|path| Path::parse(path)?.check(kind))?;
        }
        Ok(())
    }

    /// The filter of every part. Views that had to be made are added to `views`.
    pub(crate) async fn filters(
        &self,
        client: &Client,
        views: &mut Vec<MoRef>,
    ) -> Result<Vec<Obj<PropertyFilterSpec>>, Error> {
        let mut filters = Vec::new();
        for part in &self.parts {
            let objects = match &part.objects {
                Objects::Below(container) => {
                    let view = client.view(container.as_ref(), &part.kind).await?;
                    views.push(view.clone());
                    vec![members(view)]
                }
                Objects::These(objects) if objects.is_empty() => continue,
                Objects::These(objects) => objects.iter().map(|object| itself(object.clone())).collect(),
            };
            filters.push(part.filter(objects));
        }
        Ok(filters)
    }
}

impl Part {
    fn filter(&self, objects: Vec<Obj<ObjectSpec>>) -> Obj<PropertyFilterSpec> {
        let properties = PropertySpec::with(|spec| {
            spec.type_ = self.kind.as_str().into();
            spec.all = Some(self.paths.is_empty());
            spec.path_set = Some(self.paths.iter().map(|path| path.as_str().into()).collect());
        });
        PropertyFilterSpec::with(|spec| {
            spec.prop_set = vec![properties.into()];
            spec.object_set = objects;
        })
        .into()
    }
}

fn itself(object: MoRef) -> Obj<ObjectSpec> {
    ObjectSpec::with(|spec| spec.obj = object).into()
}

/// What a view holds, without the view.
fn members(view: MoRef) -> Obj<ObjectSpec> {
    let step = TraversalSpec::with(|step| {
        step.name = Some("members".into());
        step.type_ = view.kind.clone();
        step.path = "view".into();
    });
    ObjectSpec::with(|spec| {
        spec.obj = view;
        spec.skip = Some(true);
        spec.select_set = Some(vec![Obj::from(step)]);
    })
    .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_the_api_has_pass() {
        let query = Query::new().all("VirtualMachine", &["name", "config.hardware.device[4000].backing"]);
        query.all("DistributedVirtualSwitch", &["config.uplinkPortPolicy"]).check().unwrap();
    }

    #[test]
    fn a_wrong_name_is_told_before_the_server_sees_it() {
        let wrong = [("VirtualMachine", "runtime.powerstate"), ("VirtualMachin", "name"), ("Folder", "a..b")];
        for (kind, path) in wrong {
            let error = Query::new().all(kind, &[path]).check().unwrap_err();
            assert!(matches!(error, Error::Path(_)), "{error}");
        }
    }
}
