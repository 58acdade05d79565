//! Filter specs, checked: every type and path in them exists, every name in them is defined.

use std::{collections::HashMap, sync::Arc};

use vim25::{
    ApiVersion, Kind, MoRef, Obj, Str, Type, managed_type,
    path::{Path, PathError},
    types::{InvalidProperty, ObjectSpec, PropertyFilterSpec, PropertySpec, SelectionSpec, TraversalSpec},
};

use crate::{fault::Fault, sight::Sight};

/// How deep selection specs may nest.
const MAX_DEPTH: usize = 64;

/// What the smallest filter takes, as a number of objects.
const WEIGHT: usize = 20;

/// A checked filter spec.
pub struct FilterPlan {
    /// The spec as the client sent it.
    pub spec: Obj<PropertyFilterSpec>,
    pub(super) properties: Vec<Properties>,
    pub(super) roots: Vec<Root>,
    pub(super) named: HashMap<Str, Arc<Traversal>>,
    pub(super) report_missing: bool,
    /// How many selection specs there are.
    selects: usize,
    pub(super) version: ApiVersion,
}

/// Which properties of objects of a type are wanted.
pub(super) struct Properties {
    pub kind: &'static Type,
    pub all: bool,
    pub paths: Vec<Wanted>,
}

/// One wanted property.
pub(super) struct Wanted {
    pub text: Str,
    pub path: Path,
}

/// Where selection starts.
pub(super) struct Root {
    pub object: MoRef,
    pub skip: bool,
    pub selects: Vec<Select>,
}

/// How selection goes on.
pub(super) enum Select {
    Named(Str),
    Traverse(Arc<Traversal>),
}

/// From objects of a type along a property to other objects.
pub(super) struct Traversal {
    pub kind: &'static Type,
    pub path: Path,
    pub skip: bool,
    pub selects: Vec<Select>,
}

impl FilterPlan {
    /// Checks a spec against the API as `version` has it.
    pub fn new(spec: Obj<PropertyFilterSpec>, version: ApiVersion) -> Result<FilterPlan, Fault> {
        let mut builder = Builder { named: HashMap::new(), wanted: Vec::new(), selects: 0, version };
        let properties = spec.prop_set.iter().map(|p| builder.properties(p)).collect::<Result<_, _>>()?;
        let roots = spec.object_set.iter().map(|o| builder.root(o)).collect::<Result<_, _>>()?;
        if let Some(name) = builder.wanted.iter().find(|name| !builder.named.contains_key(*name)) {
            return Err(Fault::invalid_argument("selectSet.name", format!("no traversal spec is named '{name}'")));
        }
        let report_missing = spec.report_missing_objects_in_results.unwrap_or(false);
        let (named, selects) = (builder.named, builder.selects);
        Ok(FilterPlan { properties, roots, named, report_missing, selects, version, spec })
    }
}

impl FilterPlan {
    /// What the plan itself takes of a [`Budget`](super::Budget), as a number of objects.
    pub fn weight(&self) -> usize {
        let paths: usize = self.properties.iter().map(|p| 1 + p.paths.len()).sum();
        WEIGHT + paths + self.roots.len() + self.selects
    }

    /// Faults if a root does not exist and the spec does not want to be told so in the results.
    pub fn check_roots(&self, sight: &Sight) -> Result<(), Fault> {
        let missing = self.roots.iter().find(|root| sight.kind(&root.object).is_none());
        match missing {
            Some(root) if !self.report_missing => Err(Fault::object_not_found(&root.object)),
            _ => Ok(()),
        }
    }
}

struct Builder {
    named: HashMap<Str, Arc<Traversal>>,
    wanted: Vec<Str>,
    selects: usize,
    version: ApiVersion,
}

impl Builder {
    fn properties(&self, spec: &PropertySpec) -> Result<Properties, Fault> {
        let kind = self.kind(&spec.type_, "propSet.type")?;
        let texts = spec.path_set.iter().flatten();
        let paths = texts.map(|text| self.wanted(kind, text)).collect::<Result<_, _>>()?;
        Ok(Properties { kind, all: spec.all.unwrap_or(false), paths })
    }

    fn kind(&self, name: &str, argument: &'static str) -> Result<&'static Type, Fault> {
        managed_type(name)
            .filter(|t| t.since <= self.version)
            .ok_or_else(|| Fault::invalid_argument(argument, format!("there is no managed object type '{name}'")))
    }

    fn wanted(&self, kind: &'static Type, text: &Str) -> Result<Wanted, Fault> {
        let path = check_path(kind, text)?;
        if path.since(kind) > self.version {
            return Err(invalid_property(text));
        }
        Ok(Wanted { text: text.clone(), path })
    }

    fn root(&mut self, spec: &ObjectSpec) -> Result<Root, Fault> {
        let selects = self.selects(spec.select_set.as_deref().unwrap_or_default(), 0)?;
        Ok(Root { object: spec.obj.clone(), skip: spec.skip.unwrap_or(false), selects })
    }

    fn selects(&mut self, specs: &[Obj<SelectionSpec>], depth: usize) -> Result<Vec<Select>, Fault> {
        if depth > MAX_DEPTH {
            return Err(Fault::invalid_argument("selectSet", format!("nested deeper than {MAX_DEPTH} levels")));
        }
        specs.iter().map(|spec| self.select(spec, depth)).collect()
    }

    fn select(&mut self, spec: &Obj<SelectionSpec>, depth: usize) -> Result<Select, Fault> {
        self.selects += 1;
        let Some(traversal) = spec.cast::<TraversalSpec>() else {
            let name = spec.name.clone().filter(|n| !n.is_empty());
            let name =
                name.ok_or_else(|| Fault::invalid_argument("selectSet.name", "a selection spec needs a name"))?;
            self.wanted.push(name.clone());
            return Ok(Select::Named(name));
        };
        let kind = self.kind(&traversal.type_, "selectSet.type")?;
        let path = check_path(kind, &traversal.path)?;
        if !leads_to_objects(kind, &path) {
            return Err(invalid_property(&traversal.path));
        }
        let selects = self.selects(traversal.select_set.as_deref().unwrap_or_default(), depth + 1)?;
        let skip = traversal.skip.unwrap_or(false);
        let made = Arc::new(Traversal { kind, path, skip, selects });
        if let Some(name) = &spec.name {
            self.named.insert(name.clone(), made.clone());
        }
        Ok(Select::Traverse(made))
    }
}

fn check_path(kind: &'static Type, text: &Str) -> Result<Path, Fault> {
    let checked = Path::parse(text).and_then(|path| path.check(kind).map(|()| path));
    checked.map_err(|_: PathError| invalid_property(text))
}

/// The fault for a property that the type does not have.
pub fn invalid_property(name: &Str) -> Fault {
    Fault::new(InvalidProperty { name: name.clone(), ..Default::default() }, format!("Invalid property: {name}"))
}

/// Whether the path ends in references, or in something whose type is known only when it is read.
fn leads_to_objects(kind: &'static Type, path: &Path) -> bool {
    let mut at = kind;
    for step in path.steps() {
        let Some((_, _, field)) = at.field(&step.field) else { return true };
        match field.kind {
            Kind::MoRef(_) | Kind::Any => return true,
            Kind::Object(inner) => at = inner,
            _ => return false,
        }
    }
    false
}
