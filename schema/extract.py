#!/usr/bin/env python3
"""Extract the facts of the vSphere API from pyVmomi's type tables.

    python3 schema/extract.py PYVMOMI_DIR [OUT_DIR]

PYVMOMI_DIR is the folder `pyVmomi` of the PyPI package pyvmomi (pin: 9.1.1.0).
The output is described in schema/README.md. The same input gives the same
bytes. Only names, types, versions, privileges and faults are taken: they are
facts about the wire. The tables are executed against recording stand-ins, so
no code of the package runs.
"""

import pathlib
import re
import sys

PIN = "9.1.1.0"
F_LINK, F_LINKABLE, F_OPTIONAL, F_SECRET = 1, 2, 4, 8

# Output file -> tables of the package, in load order.
FILES = {
    "vmodl": ["core", "query"],
    "vim": ["vim"],
    "vsan": ["vsanhealth"],
    "pbm": ["pbm"],
    "sms": ["sms"],
    "vslm": ["vslm"],
    "eam": ["eam"],
}

# The types that pyVmomi defines in code instead of in its tables.
V0, V1 = "vmodl.version.version0", "vmodl.version.version1"
CORE = [
    ("data", "vmodl.MethodFault", "MethodFault", "vmodl.DynamicData", V0, [
        ("msg", "string", V0, F_OPTIONAL),
        ("faultCause", "vmodl.MethodFault", V1, F_OPTIONAL),
        ("faultMessage", "vmodl.LocalizableMessage[]", V1, F_OPTIONAL)]),
    ("data", "vmodl.RuntimeFault", "RuntimeFault", "vmodl.MethodFault", V0, None),
    ("data", "vmodl.LocalizedMethodFault", "LocalizedMethodFault", "vmodl.DynamicData", V0, [
        ("fault", "vmodl.MethodFault", V0, 0),
        ("localizedMessage", "string", V0, F_OPTIONAL)]),
]

# Built-in names of the tables -> the names of the wire.
BUILTIN = {
    "void": "void", "boolean": "boolean", "byte": "byte", "short": "short", "int": "int",
    "long": "long", "float": "float", "double": "double", "string": "string",
    "anyType": "anyType", "any": "anyType", "dateTime": "dateTime", "vmodl.DateTime": "dateTime",
    "binary": "base64Binary", "vmodl.Binary": "base64Binary", "vmodl.URI": "anyURI",
    "base64Cert": "string", "base64Token": "string",
    "vmodl.TypeName": "TypeName", "vmodl.MethodName": "MethodName",
    "vmodl.PropertyPath": "PropertyPath", "vmodl.DataObject": "DataObject",
    "vmodl.ManagedObject": "&ManagedObject",
}


class Recorder:
    """Stands in for pyVmomi.VmomiSupport while a table is executed."""

    def __init__(self):
        self.items = []
        self.versions = {}
        self.parents = {}

    def table(self, text):
        names = {
            "CreateDataType": lambda *a: self.items.append(("data",) + a),
            "CreateEnumType": lambda *a: self.items.append(("enum",) + a),
            "CreateManagedType": lambda *a: self.items.append(("managed",) + a),
            "AddVersion": lambda v, ns, label, legacy, service: self.versions.setdefault(v, (service, label)),
            "AddVersionParent": lambda v, p: self.parents.setdefault(v, set()).add(p),
            "AddBreakingChangesInfo": lambda *a: None,
            "F_LINK": F_LINK, "F_LINKABLE": F_LINKABLE, "F_OPTIONAL": F_OPTIONAL, "F_SECRET": F_SECRET,
        }
        body = [l for l in text.splitlines() if re.match(r"(Create\w+Type|AddVersion\w*)\(", l)]
        exec(compile("\n".join(body), "table", "exec"), names)


def version_token(version):
    """vim.version.version8 -> vim:8, vim.version.v8_0_1_0 -> vim:8_0_1_0."""
    space, _, name = version.partition(".version.")
    return f"{space}:{re.sub('^(version|v)', '', name)}"


class Names:
    """Turns dotted names into wire names. Managed objects get a leading `&`."""

    def __init__(self, items):
        self.wire, owners = dict(BUILTIN), {}
        for kind, dotted, wire, *_ in items:
            mark = "&" if kind == "managed" else ""
            if owners.setdefault(wire, dotted) != dotted:
                wire = dotted  # the wire name is taken in another service: stay unambiguous
            self.wire[dotted] = mark + wire

    def __call__(self, dotted):
        base, brackets = (dotted[:-2], "[]") if dotted.endswith("[]") else (dotted, "")
        return self.wire[base] + brackets


def flags_of(flags):
    pairs = ((F_SECRET, "secret"), (F_LINK, "link"), (F_LINKABLE, "linkable"))
    return "".join(f" !{word}" for bit, word in pairs if flags & bit)


def member(names, name, kind, since, flags, privilege=None):
    optional = "?" if flags & F_OPTIONAL else ""
    right = f" {privilege}" if privilege else ""
    return f"{name} {names(kind)}{optional} {version_token(since)}{right}{flags_of(flags)}"


def data_lines(names, dotted, wire, base, since, props):
    yield f"data {names(dotted)} {wire} {dotted} {names(base) if base else '-'} {version_token(since)}"
    for prop in props or ():
        yield " " + member(names, *prop)


def enum_lines(names, dotted, wire, since, values):
    yield f"enum {names(dotted)} {wire} {dotted} {version_token(since)}"
    for value in values:
        yield f" {value}"


def managed_lines(names, dotted, wire, base, since, props, methods):
    parent = names(base)[1:] if base else "-"
    yield f"managed {names(dotted)[1:]} {wire} {dotted} {parent} {version_token(since)}"
    for prop in props or ():
        yield " " + member(names, *prop)
    for method in methods or ():
        yield from method_lines(names, *method)


def method_lines(names, name, wire, since, params, result, privilege, faults):
    flags, returned, outcome = result
    optional = "?" if flags & F_OPTIONAL else ""
    task = "task " if returned == "vim.Task" else ""
    right = f" {privilege}" if privilege else ""
    yield f" + {wire} {name} {task}{names(outcome)}{optional} {version_token(since)}{right}"
    for param in params:
        yield "  " + member(names, *param)
    if faults:
        yield "  ! " + " ".join(names(f) for f in faults)


LINES = {"data": data_lines, "enum": enum_lines, "managed": managed_lines}


def version_lines(recorder):
    """Every version with its service, public label and all versions that it includes."""
    def order(version):
        return version_token(version).split(":")[0], len(recorder.parents.get(version, ())), version
    for version in sorted(recorder.versions, key=order):
        service, label = recorder.versions[version]
        parents = sorted(version_token(p) for p in recorder.parents.get(version, ()) if p != version)
        yield f"version {version_token(version)} {version} {service} {(label or '-').replace(' ', '_')} {' '.join(parents)}".rstrip()


def main():
    package = pathlib.Path(sys.argv[1])
    out = pathlib.Path(sys.argv[2] if len(sys.argv) > 2 else pathlib.Path(__file__).parent)
    recorder, spans = Recorder(), {}
    for target, tables in FILES.items():
        start = len(recorder.items)
        if target == "vmodl":
            recorder.items.extend(CORE)
        for table in tables:
            recorder.table((package / f"_typeinfo_{table}.py").read_text())
        spans[target] = slice(start, len(recorder.items))
    seen, unique = set(), {}
    for target, span in spans.items():
        unique[target] = [i for i in recorder.items[span] if not (i[1] in seen or seen.add(i[1]))]
    names = Names([i for items in unique.values() for i in items])
    head = f"# pyvmomi {PIN}; made by schema/extract.py; format: schema/README.md\n"
    for target, items in unique.items():
        items.sort(key=lambda i: (i[0], i[1]))
        lines = [line for kind, *rest in items for line in LINES[kind](names, *rest)]
        (out / f"{target}.txt").write_text(head + "\n".join(lines) + "\n")
    (out / "versions.txt").write_text(head + "\n".join(version_lines(recorder)) + "\n")


if __name__ == "__main__":
    main()
