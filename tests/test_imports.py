"""Who may import whom. The rules stand in the docstrings and in the design; here they are kept."""

from __future__ import annotations

import ast
import graphlib
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import shizi

ROOT = Path(shizi.__file__).parent
BASE = {"types", "errors", "settings"}
STAGES = {"load", "clean", "find", "order", "crop", "read", "text"}

# A part of the package (a module, or a folder) and what it may import of the package besides itself.
MAY = {
    "types": set(),
    "errors": set(),
    "settings": {"errors"},
    **{stage: BASE for stage in STAGES},
    "find": BASE | {"stack"},
    "curl": BASE,
    "clean": BASE | {"curl"},
    "script": BASE,
    "supposed": BASE,
    "rare": BASE | {"script"},
    "alike": BASE | {"rare", "script", "supposed"},
    "text": BASE | {"alike", "script"},
    "level": BASE | {"alike", "script"},
    "column": BASE,
    "straight": BASE,
    "bent": BASE | {"straight"},
    "ruled": BASE,
    "stack": BASE,
    "seal": BASE | {"clean", "crop", "find"},
    "pieces": BASE,
    "turn": BASE,
    "agree": BASE,
    "cut": BASE | {"clean", "column", "crop", "find", "straight", "bent", "ruled", "stack", "turn"},
    "rim": BASE | {"clean", "cut", "find", "order", "seal"},
    "again": BASE | {"agree", "cut", "text", "turn"},
    "write": {"types", "errors"},
    "reader": BASE | STAGES | {"again", "agree", "cut", "level", "pieces", "rim", "seal", "stack", "turn"},
    "learn": BASE | {"load", "clean", "crop", "find", "read"},
    "serve": BASE | {"", "reader", "load", "clean", "crop", "read", "write"},
    "sink": {"errors"},
    "cli": BASE | {"", "read", "write", "learn", "serve", "sink"},
    "": {"types", "errors", "settings", "reader"},  # the package's own __init__
    "__main__": {"cli"},
}

# A library that is not always there, or slow, and the only parts that may import it.
ONLY = {
    "torch": {"learn"},
    "torch_pruning": {"learn"},
    "lmdb": {"learn"},
    "fontTools": {"learn"},
    "rapidfuzz": {"learn"},
    "rich": {"learn"},
    "onnx": {"learn"},
    "onnxruntime": {"find", "read", "learn"},
    "PIL": {"load", "learn"},
    "cv2": {"clean", "curl", "find", "crop", "column", "straight", "bent", "ruled", "stack", "seal", "rim"}
    | {"read", "learn", "serve"},
    **{name: {"serve"} for name in ("flask", "werkzeug", "gunicorn", "gevent", "pydantic", "prometheus_client")},
}

# Modules that do no I/O.
PURE = ("types", "errors", "settings", "order", "turn", "agree", "pieces", "script", "rare", "supposed", "alike")
PURE += ("level", "text", "write.text", "write.json")
PURE += ("read.ctc", "read.trust", "read.beam", "read.automaton", "read.patterns")
IO = {"os", "io", "pathlib", "shutil", "subprocess", "socket", "tempfile", "urllib", "PIL", "cv2", "onnxruntime"}

LONGEST = 450
"""Lines of a module."""


@cache
def modules() -> dict[str, ast.Module]:
    """Dotted name below the package ("" is the package itself) -> its code."""
    made = {}
    for path in sorted(ROOT.rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        made[name] = ast.parse(path.read_text(encoding="utf-8"), str(path))
    return made


def imports(node: ast.AST, *, at_load: bool) -> Iterator[str]:
    """Full names imported below ``node``; what only type checkers see does not count.

    With ``at_load`` only what runs when the module is loaded, otherwise what functions import as well.
    """
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            yield from (alias.name for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            assert child.level == 0, f"line {child.lineno}: imports are absolute"
            assert child.module is not None
            yield from (f"{child.module}.{alias.name}" for alias in child.names)
        elif isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test):
            for other in child.orelse:
                yield from imports(other, at_load=at_load)
        elif not (at_load and isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))):
            yield from imports(child, at_load=at_load)


def ours(name: str) -> str | None:
    """The module of the package that an imported name stands for or lies in; None for a name from elsewhere."""
    head, _, rest = name.partition(".")
    if head != "shizi":
        return None
    while rest and rest not in modules():
        rest = rest.rpartition(".")[0]
    return rest


def part(module: str) -> str:
    return module.partition(".")[0]


@pytest.mark.parametrize("module", modules())
def test_imports_run_one_way(module: str) -> None:
    assert part(module) in MAY, f"say in MAY what {part(module)} may import"
    found = {ours(name) for name in imports(modules()[module], at_load=False)} - {None}
    strangers = {part(str(name)) for name in found} - MAY[part(module)] - {part(module)}
    assert not strangers


@pytest.mark.parametrize("module", modules())
def test_libraries_stay_where_they_belong(module: str) -> None:
    found = {name.partition(".")[0] for name in imports(modules()[module], at_load=False)}
    assert not {library for library in found & set(ONLY) if part(module) not in ONLY[library]}


@pytest.mark.parametrize("module", PURE)
def test_what_does_no_io_imports_nothing_for_it(module: str) -> None:
    assert not {name.partition(".")[0] for name in imports(modules()[module], at_load=False)} & IO
    calls = (node for node in ast.walk(modules()[module]) if isinstance(node, ast.Call))
    assert not [call for call in calls if isinstance(call.func, ast.Name) and call.func.id in ("open", "print")]


def test_no_module_imports_itself_in_a_circle() -> None:
    graph: dict[str, set[str]] = {}
    for module, code in modules().items():
        found = {ours(name) for name in imports(code, at_load=True)} - {None, module}
        # a folder's own __init__ does not count: it is being loaded already when its modules are
        graph[module] = {str(name) for name in found if not module.startswith(f"{name}.") and name != ""}
    graphlib.TopologicalSorter(graph).prepare()  # CycleError names the circle


@pytest.mark.parametrize("module", modules())
def test_no_module_is_too_long(module: str) -> None:
    path = ROOT.joinpath(*module.split("."))
    path = path.with_suffix(".py") if path.with_suffix(".py").is_file() else path / "__init__.py"
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST


def loaded_by(code: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; {code}; print(*sys.modules)"], capture_output=True, check=True, text=True
    )
    return set(done.stdout.split())


def test_importing_the_package_loads_nothing_heavy() -> None:
    heavy = {"numpy", "cv2", "onnxruntime", "PIL", "torch", "flask", "ray", "rapidfuzz", "onnx", "shizi.reader"}
    assert not loaded_by("import shizi; shizi.Page; shizi.__version__; dir(shizi)") & heavy
    assert not loaded_by("import shizi.cli; shizi.cli._parser()") & heavy


def test_a_reader_needs_no_workshop() -> None:
    found = loaded_by("import shizi; shizi.Reader")
    assert {"onnxruntime", "shizi.reader"} <= found
    assert not found & {"torch", "flask", "ray", "rapidfuzz", "onnx", "shizi.learn", "shizi.cli"}


def test_all_public_names_are_there_and_no_others() -> None:
    assert sorted(shizi.__all__) == shizi.__all__
    assert len(set(shizi.__all__)) == len(shizi.__all__)
    for name in shizi.__all__:
        assert getattr(shizi, name) is not None
        assert name in dir(shizi)
    errors = {name for name in vars(shizi.errors) if isinstance(getattr(shizi.errors, name), type)}
    assert {name for name in errors if issubclass(getattr(shizi.errors, name), Exception)} <= set(shizi.__all__)
    with pytest.raises(AttributeError, match="reeder"):
        shizi.reeder  # noqa: B018
