"""The package's shape, which no linter keeps: see `[tool.importlinter]` for the directions.

Each failure lists its places and ends in what to do about them.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest
from radon.visitors import ComplexityVisitor

ROOT = Path(__file__).parent.parent.parent
PACKAGE = ROOT / "secrets_component"
SOURCES = sorted(PACKAGE.rglob("*.py"))
TREES = {path: ast.parse(path.read_text("utf-8")) for path in SOURCES}
MODULES = [path for path in SOURCES if not path.stem.startswith("__")]

MAX_FUNCTION_LINES = 63
MAX_BRANCHES_PER_10_LINES = 3.5
UNWANTED_VERBS = ("Give", "Tell", "Say", "Take")

Function = ast.FunctionDef | ast.AsyncFunctionDef
Comprehension = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp


def test_each_module_has_a_test_of_its_name() -> None:
    missing = [
        f"{own_test(module).relative_to(ROOT)}, for {module.relative_to(ROOT)}"
        for module in MODULES
        if not own_test(module).exists()
    ]
    report(missing, "write these tests: a newcomer finds the test of a module by its name")


def test_no_name_is_defined_in_two_modules() -> None:
    modules: dict[str, list[str]] = defaultdict(list)
    for path, tree in TREES.items():
        for name in defined_names(tree.body):
            modules[name].append(str(path.relative_to(PACKAGE)))
    shared = {name: paths for name, paths in modules.items() if len(paths) > 1}
    report(
        [f"`{name}` is defined in {' and '.join(paths)}" for name, paths in shared.items()],
        "rename one by what it does, or let one module import it from the other",
    )


def test_no_function_is_long() -> None:
    long = [
        f"{place}: `{function.name}` has {lines_of(function)} lines"
        for place, function in functions()
        if lines_of(function) > MAX_FUNCTION_LINES
    ]
    report(long, f"split it by idea; a function has at most {MAX_FUNCTION_LINES} lines")


def test_functions_are_open() -> None:
    branches: dict[str, int] = defaultdict(int)
    lines: dict[str, int] = defaultdict(int)
    for place, function in functions():
        file = place.partition(":")[0]
        branches[file] += complexity_of(function)
        lines[file] += lines_of(function) - docstring_lines(function)
    density = 10 * sum(branches.values()) / sum(lines.values())
    by_file = sorted(branches, key=lambda file: branches[file] / lines[file], reverse=True)
    densest = [f"{file}: {10 * branches[file] / lines[file]:.1f}" for file in by_file[:10]]
    report(
        densest if density >= MAX_BRANCHES_PER_10_LINES else [],
        f"the package has {density:.2f} branches per 10 lines of its functions, which must be "
        f"under {MAX_BRANCHES_PER_10_LINES}; open dense functions (the densest files are above): "
        "name a condition, return early, write a loop instead of a comprehension",
    )


def test_no_comprehension_has_two_loops() -> None:
    double = [
        place
        for place, node in nodes()
        if isinstance(node, Comprehension) and len(node.generators) > 1
    ]
    report(double, "write the comprehension as a loop, or name the inner part in a function")


def test_docstrings_begin_with_what_a_thing_is_or_does() -> None:
    wrong = [
        f"{place}: {node.value.value.splitlines()[0]}"
        for place, node in nodes()
        if isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
        and node.value.value.split(maxsplit=1)[0] in UNWANTED_VERBS
    ]
    report(wrong, 'begin with a plain verb: "Return", "Return whether", "Check", "Explain"')


def own_test(module: Path) -> Path:
    room = module.parent.relative_to(PACKAGE)
    return ROOT / "tests" / "unit" / room / f"test_{module.stem}.py"


def report(places: list[str], advice: str) -> None:
    if places:
        pytest.fail("\n".join([*places, advice]), pytrace=False)


def nodes() -> Iterator[tuple[str, ast.AST]]:
    """Yield each node of the package with its place."""
    for path, tree in TREES.items():
        for node in ast.walk(tree):
            yield f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 1)}", node


def functions() -> Iterator[tuple[str, Function]]:
    for place, node in nodes():
        if isinstance(node, Function):
            yield place, node


def lines_of(node: Function | ast.Expr) -> int:
    assert node.end_lineno is not None
    return node.end_lineno - node.lineno + 1


def docstring_lines(function: Function) -> int:
    first = function.body[0]
    has_docstring = ast.get_docstring(function) is not None
    return lines_of(first) if has_docstring and isinstance(first, ast.Expr) else 0


def complexity_of(function: Function) -> int:
    """Return the number of ways through a function, as radon counts them."""
    visitor = ComplexityVisitor()
    visitor.visit(function)
    return int(visitor.functions[0].complexity)


def defined_names(body: list[ast.stmt]) -> set[str]:
    """Return the names that a module defines itself: no imports, no `__all__` and the like."""
    names: set[str] = set()
    for node in body:
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                names.add(node.name)
            case ast.Assign():
                names.update(name for target in node.targets for name in names_in(target))
            case ast.AnnAssign():
                names.update(names_in(node.target))
            case ast.If():
                names |= defined_names(node.body) | defined_names(node.orelse)
            case ast.Try():
                names |= defined_names([*node.body, *node.orelse, *node.finalbody])
                for handler in node.handlers:
                    names |= defined_names(handler.body)
    return {name for name in names if not name.startswith("__")}


def names_in(target: ast.expr) -> Iterator[str]:
    """Yield the names that an assignment binds; an item or attribute is none."""
    match target:
        case ast.Name(name):
            yield name
        case ast.Tuple(elements) | ast.List(elements):
            for element in elements:
                yield from names_in(element)
