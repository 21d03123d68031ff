"""Plant faults in code: a piece of it is replaced, whatever its variables and functions are called.

What is right and what is wrong are given as code. Names in it stand for any names, but for those of
Python itself; attributes and keywords are taken as they are.
"""

import ast
import builtins

BUILTINS = frozenset(dir(builtins))


def piece(code):
    """Return the syntax tree of an expression or a statement."""
    (found,) = ast.parse(code).body
    return found.value if isinstance(found, ast.Expr) else found


def fits(pattern, code, names):
    """Say whether a tree is a pattern but for its names, and note what these are called in it."""
    if isinstance(pattern, list):
        alike = isinstance(code, list) and len(pattern) == len(code)
        return alike and all(fits(*pair, names) for pair in zip(pattern, code, strict=True))
    if not isinstance(pattern, ast.AST):
        return pattern == code
    if type(pattern) is not type(code):
        return False
    if isinstance(pattern, ast.Name | ast.arg):
        field = pattern._fields[0]
        old, new = getattr(pattern, field), getattr(code, field)
        if {old, new} & BUILTINS:
            return old == new
        return names.setdefault(old, new) == new and list(names.values()).count(new) == 1
    fields = [field for field in pattern._fields if field != "ctx"]
    return all(fits(getattr(pattern, field), getattr(code, field), names) for field in fields)


def renamed(tree, new):
    """Return a tree whose variables and functions have other names."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name | ast.arg | ast.FunctionDef):
            field = node._fields[0]
            setattr(node, field, new(getattr(node, field)))
    return tree


def with_other_names(source):
    """Return code in which all has another name but what is Python's own."""
    tree = renamed(ast.parse(source), lambda name: name if name in BUILTINS else f"{name}_")
    return ast.unparse(tree)


def plant(source, right, wrong):
    """Put a fault in the one place of a module that fits; return its source.

    Raises
    ------
    ValueError
        If no place fits what is right, or several do.
    """
    tree, pattern = ast.parse(source), piece(right)
    places = [(node, {}) for node in ast.walk(tree)]
    places = [(node, names) for node, names in places if fits(pattern, node, names)]
    if len(places) != 1:
        raise ValueError(f"{len(places)} places fit {right!r}, expected one")
    ((place, names),) = places
    fault = renamed(piece(wrong), lambda name: names.get(name, name))

    class Planted(ast.NodeTransformer):
        def visit(self, node):
            return fault if node is place else self.generic_visit(node)

    return ast.unparse(ast.fix_missing_locations(Planted().visit(tree)))
