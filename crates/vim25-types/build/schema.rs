//! Reads the line-based schema (see `schema/README.md`).

use std::collections::{BTreeMap, BTreeSet};

/// One property or parameter.
pub struct Member {
    pub name: String,
    pub kind: Kind,
    pub list: bool,
    pub optional: bool,
    pub since: u16,
    pub privilege: Option<String>,
    pub secret: bool,
}

/// What a member holds, as the wire names it.
#[derive(Clone, PartialEq)]
pub enum Kind {
    Void,
    Builtin(&'static str),
    MoRef(String),
    Enum(String),
    Object(String),
}

pub struct Data {
    pub name: String,
    pub dotted: String,
    pub base: Option<String>,
    pub since: u16,
    pub service: &'static str,
    pub members: Vec<Member>,
    pub fault: bool,
}

pub struct Enum {
    pub name: String,
    pub dotted: String,
    pub since: u16,
    pub values: Vec<String>,
}

pub struct Managed {
    pub data: Data,
    pub methods: Vec<Method>,
}

pub struct Method {
    pub name: String,
    pub dotted: String,
    pub task: bool,
    pub result: Member,
    pub params: Vec<Member>,
    pub faults: Vec<String>,
}

pub struct Version {
    pub id: String,
    pub label: String,
}

pub struct Schema {
    pub data: BTreeMap<String, Data>,
    pub enums: BTreeMap<String, Enum>,
    pub managed: BTreeMap<String, Managed>,
    pub versions: Vec<Version>,
}

/// Types that carry nothing on the wire: never embedded, never a base.
pub const EMPTY_ROOTS: [&str; 3] = ["DataObject", "DynamicData", "ManagedObject"];

/// The wrapper in which the wire carries a fault that is a value.
const FAULT_WRAPPER: &str = "LocalizedMethodFault";

struct Parser {
    ranks: BTreeMap<String, u16>,
    kinds: BTreeMap<String, char>,
    faults: BTreeSet<String>,
}

impl Schema {
    pub fn parse(tables: &[String], versions: &str) -> Schema {
        let lines: Vec<&str> = tables.iter().flat_map(|t| t.lines()).filter(|l| !l.starts_with('#')).collect();
        let (versions, ranks) = parse_versions(versions);
        let parser = Parser { ranks, kinds: kinds(&lines), faults: faults(&lines) };
        let mut schema = Schema { data: BTreeMap::new(), enums: BTreeMap::new(), managed: BTreeMap::new(), versions };
        let mut at = 0;
        while at < lines.len() {
            let end = (at + 1..lines.len()).find(|&i| !lines[i].starts_with(' ')).unwrap_or(lines.len());
            parser.block(&lines[at..end], &mut schema);
            at = end;
        }
        schema
    }

    /// The chain of bases that carry something, nearest first.
    pub fn bases<'a>(&'a self, data: &'a Data) -> impl Iterator<Item = &'a Data> {
        let next = |d: &Data| {
            let base = d.base.as_ref()?;
            self.data.get(base).or_else(|| self.managed.get(base).map(|m| &m.data))
        };
        std::iter::successors(next(data), move |d| next(d))
    }
}

/// Versions of service vim25 in order, and the rank of every version of every service on that scale.
fn parse_versions(text: &str) -> (Vec<Version>, BTreeMap<String, u16>) {
    let rows: Vec<Vec<&str>> =
        text.lines().filter(|l| l.starts_with("version ")).map(|l| l.split(' ').skip(1).collect()).collect();
    let mut vim: Vec<&Vec<&str>> = rows.iter().filter(|r| r[0].starts_with("vim:")).collect();
    vim.sort_by_key(|r| r.len());
    let order: Vec<&str> = vim.iter().map(|r| r[0]).collect();
    let rank_of = |token: &str| order.iter().position(|v| *v == token).map(|i| i as u16);
    let mut ranks = BTreeMap::new();
    for row in &rows {
        let (token, parents) = (row[0], &row[4..]);
        let rank = rank_of(token)
            .or_else(|| parents.iter().filter_map(|p| rank_of(p)).max())
            .or_else(|| vim.iter().find(|v| v[4..].contains(&token)).and_then(|v| rank_of(v[0])))
            .unwrap_or(0);
        ranks.insert(token.to_string(), rank);
    }
    let versions = vim.iter().map(|r| Version { id: r[1].to_string(), label: r[3].to_string() }).collect();
    (versions, ranks)
}

fn kinds(lines: &[&str]) -> BTreeMap<String, char> {
    let heads = lines.iter().filter(|l| !l.starts_with(' '));
    heads.map(|l| l.split(' ').collect::<Vec<_>>()).map(|w| (w[1].to_string(), w[0].chars().next().unwrap())).collect()
}

fn faults(lines: &[&str]) -> BTreeSet<String> {
    let bases: BTreeMap<&str, &str> = lines
        .iter()
        .filter(|l| l.starts_with("data "))
        .map(|l| l.split(' ').collect::<Vec<_>>())
        .map(|w| (w[1], w[4]))
        .collect();
    let is_fault = |name: &&&str| {
        let mut at = Some(**name);
        while let Some(n) = at {
            if n == "MethodFault" {
                return true;
            }
            at = bases.get(n).copied();
        }
        false
    };
    bases.keys().filter(is_fault).map(|n| n.to_string()).collect()
}

impl Parser {
    fn block(&self, lines: &[&str], schema: &mut Schema) {
        let head: Vec<&str> = lines[0].split(' ').collect();
        match head[0] {
            "enum" => {
                let values = lines[1..].iter().map(|l| l.trim().to_string()).collect();
                let (name, dotted, since) = (head[1].to_string(), head[3].to_string(), self.ranks[head[4]]);
                schema.enums.insert(name.clone(), Enum { name, dotted, since, values });
            }
            "data" if EMPTY_ROOTS.contains(&head[1]) => {
                let (name, since) = (head[1].to_string(), self.ranks[head[5]]);
                let dotted = head[3].to_string();
                let data = Data {
                    name: name.clone(),
                    dotted,
                    base: None,
                    since,
                    service: "vim25",
                    members: vec![],
                    fault: false,
                };
                schema.data.insert(name, data);
            }
            "data" => {
                let data = self.data(&head, &lines[1..]);
                schema.data.insert(data.name.clone(), data);
            }
            "managed" => {
                let start = lines.iter().position(|l| l.starts_with(" + ")).unwrap_or(lines.len());
                let data = self.data(&head, &lines[1..start]);
                let methods = self.methods(&lines[start..]);
                schema.managed.insert(data.name.clone(), Managed { data, methods });
            }
            other => panic!("unknown line kind {other}"),
        }
    }

    fn data(&self, head: &[&str], lines: &[&str]) -> Data {
        let base = Some(head[4]).filter(|b| !EMPTY_ROOTS.contains(b) && *b != "-").map(str::to_string);
        let fault = self.faults.contains(head[1]);
        let localized = head[1] == FAULT_WRAPPER;
        // `msg` of MethodFault is a convenience of Python: the wire does not carry it.
        let members = lines
            .iter()
            .map(|l| self.member(l.trim(), localized))
            .filter(|m| !(head[1] == "MethodFault" && m.name == "msg"))
            .collect();
        let service = match head[5].split(':').next() {
            Some("vsan") => "vsan",
            Some("vmodl.reflect") => "reflect",
            _ => "vim25",
        };
        Data { name: head[1].into(), dotted: head[3].into(), base, since: self.ranks[head[5]], service, members, fault }
    }

    fn methods(&self, lines: &[&str]) -> Vec<Method> {
        let mut methods: Vec<Method> = Vec::new();
        for line in lines {
            if let Some(head) = line.strip_prefix(" + ") {
                methods.push(self.method(head));
                continue;
            }
            let method = methods.last_mut().expect("a parameter follows its method");
            match line.trim().strip_prefix("! ") {
                Some(faults) => method.faults = faults.split(' ').map(str::to_string).collect(),
                None => method.params.push(self.member(line.trim(), false)),
            }
        }
        methods
    }

    fn method(&self, head: &str) -> Method {
        let mut words = head.splitn(3, ' ');
        let (name, dotted, rest) = (words.next().unwrap(), words.next().unwrap(), words.next().unwrap());
        let (task, rest) = rest.strip_prefix("task ").map_or((false, rest), |r| (true, r));
        let result = self.member(&format!("result {rest}"), false);
        Method { name: name.into(), dotted: dotted.into(), task, result, params: vec![], faults: vec![] }
    }

    fn member(&self, line: &str, bare_fault: bool) -> Member {
        let words: Vec<&str> = line.split(' ').collect();
        let (kind, optional) = words[1].strip_suffix('?').map_or((words[1], false), |k| (k, true));
        let (kind, list) = kind.strip_suffix("[]").map_or((kind, false), |k| (k, true));
        let privilege = words.get(3).filter(|w| !w.starts_with('!')).map(|w| w.to_string());
        let kind = match self.faults.contains(kind) && !bare_fault {
            true => Kind::Object(FAULT_WRAPPER.into()),
            // A link travels as the key of the object that it points to.
            false if words.contains(&"!link") => Kind::Builtin("Str"),
            false => self.kind(kind),
        };
        let secret = words.contains(&"!secret");
        Member { name: words[0].into(), kind, list, optional, since: self.ranks[words[2]], privilege, secret }
    }

    fn kind(&self, name: &str) -> Kind {
        if let Some(target) = name.strip_prefix('&') {
            return Kind::MoRef(target.into());
        }
        match name {
            "void" => Kind::Void,
            "boolean" => Kind::Builtin("Bool"),
            "byte" => Kind::Builtin("Byte"),
            "short" => Kind::Builtin("Short"),
            "int" => Kind::Builtin("Int"),
            "long" => Kind::Builtin("Long"),
            "float" => Kind::Builtin("Float"),
            "double" => Kind::Builtin("Double"),
            "string" | "TypeName" | "MethodName" | "PropertyPath" => Kind::Builtin("Str"),
            "anyURI" => Kind::Builtin("Uri"),
            "dateTime" => Kind::Builtin("DateTime"),
            "base64Binary" => Kind::Builtin("Binary"),
            // Any data object may stand where the empty root is asked for.
            "anyType" | "DynamicData" | "DataObject" => Kind::Builtin("Any"),
            _ => match self.kinds.get(name) {
                Some('e') => Kind::Enum(name.into()),
                Some('d') => Kind::Object(name.into()),
                other => panic!("unknown type {name} ({other:?})"),
            },
        }
    }
}
