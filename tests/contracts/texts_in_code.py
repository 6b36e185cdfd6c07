"""What code says to people: the literals of a module that read as English, and the sentences that it makes with values in them."""

import ast
import re
from collections.abc import Iterable, Iterator
from itertools import product

from gatebridge.web import languages

# Several words, or one with a capital: neither a name in our formats nor one of a header looks so.
_READS = re.compile(r"[\w’'),.:;]+ [A-Za-z]|[A-Z][a-z]+([ -][a-z]+)*[.?…]?$")
_WORD = re.compile(r"[A-Za-z]{2,}")
_NO_TEXT = re.compile(r"%[A-Za-z]\b|^https?://\S+$|^[\w-]+=|^gatebridge ")
_FOR_MACHINES = re.compile(r"[={<$`]|/[\w\0]|--|^(?:import|from|urn:|Bearer|Basic|gatebridge) ?")

# What is given to these is for programs, for the log or for whoever reads the code.
_NOT_FOR_PEOPLE = frozenset(
    {"compile", "get_logger", "getLogger", "debug", "info", "warning", "error", "exception", "strftime", "encode", "split", "partition"}
    | {
        "startswith",
        "endswith",
        "removeprefix",
        "removesuffix",
        "replace",
        "count",
        "find",
        "get",
        "getattr",
        "Literal",
        "TypeVar",
        "Header",
    }
    | {"ValueError", "LookupError", "KeyError", "RuntimeError", "AssertionError", "TypeError", "Counter", "Gauge", "Histogram"}
)


# What counts things: the word for one of them, and for more.
_COUNTS = {"_number": ("", ""), "_counted": ("", "s")}
# Arguments that are always shown, be they a word.
_SHOWN = frozenset({"unit"})
# Arguments of what the product says that are never shown: other words to find a page by, and what only clients of Salesforce read.
_NOT_SHOWN = {"Place": {5}, "Reason": {4, 5}}


def texts_in(source: str) -> Iterator[str]:
    """Every text of a module in its order. Of one with values the names stand in it: `It has %(count)s lines`."""
    yield from _in(ast.parse(source))


def _in(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Constant(value=str(text)):
            if _reads(text.strip()):
                yield text.strip()
        case ast.JoinedStr():  # its own words are parts of a sentence, and no texts
            yield from (text for text in _sentences(node) if _says_enough(text))
            values = [part for part in node.values if isinstance(part, ast.FormattedValue)]
            yield from _of_all(part.value for part in values if len(list(_choices(part))) == 1)
        case ast.Compare() | ast.Raise(exc=ast.Call(func=ast.Name(id="ValueError" | "LookupError" | "RuntimeError"))):
            return
        case ast.Call(func=func, args=args, keywords=keywords):
            yield from _in(func)
            silent, hidden = _name(func) in _NOT_FOR_PEOPLE, _NOT_SHOWN.get(_name(func), ())
            if _name(func) in _COUNTS:
                yield from _counted(args[1:], _COUNTS[_name(func)])
                return
            yield from _literals(word.value for word in keywords if word.arg in _SHOWN)
            shown = [each for place, each in enumerate(args) if place not in hidden] + [word.value for word in keywords]
            yield from _of_all(each for each in shown if not (silent and _plain(each)))
        case ast.Dict(values=values):
            yield from _of_all(values)
        case ast.Subscript(value=value) | ast.AnnAssign(value=ast.expr() as value):
            yield from _in(value)
        case ast.FunctionDef(body=body) | ast.AsyncFunctionDef(body=body):  # and no annotation, which may be a text too
            yield from _of_all(each for each in body if not _documents(each))
        case ast.Attribute(value=ast.Constant()):
            return
        case _:
            yield from _of_all(child for child in ast.iter_child_nodes(node) if not _documents(child))


def _counted(words: list[ast.expr], endings: tuple[str, ...]) -> Iterator[str]:
    for word in _literals(words):
        yield from dict.fromkeys(f"%(number)s {word}{ending}" for ending in endings)


def _literals(nodes: Iterable[ast.expr]) -> Iterator[str]:
    yield from (node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str))


def _of_all(nodes: Iterable[ast.AST]) -> Iterator[str]:
    for node in nodes:
        yield from _in(node)


def _plain(node: ast.AST) -> bool:
    return isinstance(node, (ast.Constant, ast.JoinedStr))


def _documents(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _reads(text: str) -> bool:
    if "\n" in text or len(text) > languages.LONGEST_TOLD:  # a mail, or a list
        return False
    return bool(_READS.match(text) or re.search(r"[a-z]{2,}[,:;.]? [a-z]{2,}", text)) and not _NO_TEXT.search(text)


def _says_enough(sentence: str) -> bool:
    """Whether a sentence can be known by what stands around its values; `a of b` could be anything."""
    around = re.split(r"%\(\w+\)s", sentence)
    words = [word for part in around for word in _WORD.findall(part)]
    if _FOR_MACHINES.search("\0".join(around)) or not any(" " in part for part in around):
        return False
    return len(words) > 1 or (len(words) == 1 and len(around) == 2 and len(words[0]) > 2)


def _sentences(node: ast.JoinedStr) -> Iterator[str]:
    """Every sentence that it can be: where one of two words is taken, both."""
    parts = [list(_choices(part)) for part in node.values]
    for chosen in product(*parts):
        names: list[str] = []
        yield "".join(text.replace("%", "%%") if text is not None else _value(name, names) for text, name in chosen)


def _value(name: str, names: list[str]) -> str:
    names.append(name)
    return f"%({name}{names.count(name) if names.count(name) > 1 else ''})s"


def _choices(part: ast.expr) -> Iterator[tuple[str | None, str]]:
    match part:
        case ast.Constant(value=str(text)):
            yield text, ""
        case ast.FormattedValue(value=ast.IfExp(body=ast.Constant(value=str(one)), orelse=ast.Constant(value=str(other)))):
            yield one, ""
            yield other, ""
        case ast.FormattedValue(value=value):
            yield None, _name(value).strip("_").lower() or "value"


def _name(node: ast.AST) -> str:
    """What a value is called in the code: its variable, its attribute, or what it is asked for."""
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case ast.Call(func=ast.Name(id="len"), args=[counted]):
            return _name(counted)
        case ast.Call(func=ast.Attribute(value=value, attr="join" | "get" | "isoformat"), args=args):
            return _name(args[0]) if args and isinstance(value, ast.Constant) else _name(value)
        case ast.Call(func=func):
            return _name(func)
        case ast.BinOp(left=left) | ast.BoolOp(values=[left, *_]) | ast.Subscript(value=left) | ast.Starred(value=left):
            return _name(left)
        case ast.GeneratorExp(elt=each) | ast.ListComp(elt=each) | ast.IfExp(body=each):
            return _name(each)
        case _:
            return ""
