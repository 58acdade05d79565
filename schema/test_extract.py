"""The committed facts are what extract.py writes, and nothing of the package is missing in them.

The second half does not trust extract.py: it loads every type through pyVmomi's own loader and compares.
"""

import pathlib
import subprocess
import sys
from importlib import metadata

import pytest
import pyVmomi
from pyVmomi import VmomiSupport

HERE = pathlib.Path(__file__).parent
NAMESPACES = ("vim", "vmodl", "vsan", "pbm", "sms", "vslm", "eam")
CORE_API = ("vim", "vmodl", "vsan")  # the files that hold the dotted names vim.* and vmodl.*


def committed(names):
    """The types of the committed files: {(kind, dotted name): list of member lines}."""
    types = {}
    for name in names:
        members = []
        for line in (HERE / f"{name}.txt").read_text().splitlines():
            if line.startswith(("data ", "enum ", "managed ")):
                kind, _, _, dotted, *_ = line.split(" ")
                members = types.setdefault((kind, dotted), [])
            elif line.startswith(" "):
                members.append(line)
    return types


def properties(members):
    """(name, optional) of the properties among member lines."""
    fields = [line[1:].split(" ") for line in members if line[1] not in " +"]
    return [(field[0], field[1].endswith("?")) for field in fields]


def loaded(kind):
    """{dotted name: class} of every type that the package loads."""
    listing = {
        "data": VmomiSupport.ListDataTypes,
        "enum": VmomiSupport.ListEnumTypes,
        "managed": VmomiSupport.ListManagedTypes,
    }[kind]
    return {name: VmomiSupport.GetVmodlType(name) for name in listing() if "." in name}


def own_properties(cls):
    return [(p.name, bool(p.flags & VmomiSupport.F_OPTIONAL)) for p in cls._propList]


def core(types):
    return {name: cls for name, cls in types.items() if name.split(".")[0] in ("vim", "vmodl")}


def test_the_installed_package_is_the_pinned_one():
    assert metadata.version("pyvmomi") == "9.1.1.0"


def test_extracting_again_gives_the_committed_bytes(tmp_path):
    package = pathlib.Path(pyVmomi.__file__).parent
    subprocess.run([sys.executable, HERE / "extract.py", package, tmp_path], check=True)
    made = sorted(path.name for path in tmp_path.iterdir())
    assert made == sorted(path.name for path in HERE.glob("*.txt"))
    changed = [name for name in made if (tmp_path / name).read_bytes() != (HERE / name).read_bytes()]
    assert not changed, "run schema/extract.py and commit what it writes"


@pytest.mark.parametrize("kind", ["data", "enum", "managed"])
def test_every_type_of_the_package_is_in_the_text_and_no_other(kind):
    ours = {dotted for of, dotted in committed(NAMESPACES) if of == kind}
    assert ours == set(loaded(kind))


@pytest.mark.parametrize("kind", ["data", "managed"])
def test_every_type_has_the_properties_of_the_package_in_its_order(kind):
    ours = committed(NAMESPACES)
    wrong = [name for name, cls in loaded(kind).items() if properties(ours[kind, name]) != own_properties(cls)]
    assert not wrong


def test_every_enum_has_the_values_of_the_package():
    ours = committed(NAMESPACES)
    wrong = [name for name, cls in loaded("enum").items() if [v[1:] for v in ours["enum", name]] != list(cls.values)]
    assert not wrong


def test_every_managed_object_has_the_methods_of_the_package_with_their_privileges():
    ours = committed(NAMESPACES)
    for name, cls in loaded("managed").items():
        text = [line.split(" ") for line in ours["managed", name] if line.startswith(" + ")]
        wire = [info.wsdlName for info in cls._methodInfo.values()]
        assert [words[2] for words in text] == wire, name
        for words, info in zip(text, cls._methodInfo.values()):
            assert ("task" in words) == (info.resultName == "vim.Task"), (name, info.wsdlName)
            assert not info.privId or " ".join(words).endswith(" " + info.privId), (name, info.wsdlName)


def test_the_vsphere_api_has_3602_data_types_with_10069_own_properties_and_1262_methods():
    data, managed = core(loaded("data")), core(loaded("managed"))
    assert len(data) == 3602
    assert sum(len(cls._propList) for cls in data.values()) == 10069
    assert sum(len(cls._methodInfo) for cls in managed.values()) == 1262


def test_the_text_counts_as_many():
    ours = committed(CORE_API)
    data = [members for (kind, _), members in ours.items() if kind == "data"]
    managed = [members for (kind, _), members in ours.items() if kind == "managed"]
    assert len(data) == 3602
    assert sum(len(properties(members)) for members in data) == 10069
    assert sum(line.startswith(" + ") for members in managed for line in members) == 1262
