"""The grammar of the part of SOQL that is read here, and its parser, which is made at the first query.

A condition may join with AND or with OR, and needs parentheses for both, as in Salesforce: neither binds more tightly. What Salesforce
knows beside this is refused by name (`unexpected.py`), and left out here, so that whatever is parsed is answered.
"""

from functools import cache

from lark import Lark

LONGEST_NAME = 80

# Words that are never a field or an alias. An object may be called so: there is one in Salesforce that is called Group.
RESERVED = (
    *("AND", "AS", "ASC", "DESC", "DISTINCT", "EXCLUDES", "FIRST", "FOR", "FROM", "GROUP", "HAVING", "IN", "INCLUDES", "JOIN", "LAST"),
    *("LIKE", "LIMIT", "NOT", "NULL", "NULLS", "OFFSET", "OR", "ORDER", "SELECT", "TYPEOF", "UNION", "UPDATE", "USING", "WHERE", "WITH"),
)
_SILENT = ("SELECT", "FROM", "AS", "WHERE", "AND", "OR", "NOT", "LIKE", "IN", "ORDER", "BY", "NULLS", "LIMIT", "OFFSET")
_TOLD = ("NOT", "ASC", "DESC", "FIRST", "LAST")
_KEYWORDS = "\n".join([f"_{word}: /(?ai:{word}\\b)/" for word in _SILENT] + [f"{word}: /(?ai:{word}\\b)/" for word in _TOLD])

GRAMMAR = rf"""
start: _SELECT (count | fields) _FROM OBJECT alias? where? order? limit? offset?

count: COUNT "(" ")"
fields: (path | all_fields) ("," (path | all_fields))*
all_fields: FIELDS "(" NAME ")"
alias: _AS? NAME

where: _WHERE _condition
_condition: every | some | _part
every: _part (_AND _part)+
some: _part (_OR _part)+
_part: comparison | like | within | negation | "(" _condition ")"
negation: _NOT _part
comparison: path OP _value
like: path _LIKE TEXT
within: path NOT? _IN "(" _value ("," _value)* ")"

order: _ORDER _BY step ("," step)*
step: path (ASC | DESC)? (_NULLS (FIRST | LAST))?

limit: _LIMIT WHOLE
offset: _OFFSET WHOLE

path: NAME ("." NAME)*
_value: TEXT | NUMBER | MOMENT | DAY | WORD

COUNT.1: /(?ai:COUNT(?=\s*\())/
FIELDS.1: /(?ai:FIELDS(?=\s*\())/
NAME: /(?ai:(?!(?:{"|".join(RESERVED)})\b)[A-Z]\w{{0,{LONGEST_NAME - 1}}}\b)/
OBJECT: /(?ai:[A-Z]\w{{0,{LONGEST_NAME - 1}}}\b)/
WORD: /(?ai:(?!SELECT\b)[A-Z]\w{{0,{LONGEST_NAME - 1}}}(?:\s*:\s*\d{{1,30}})?\b)/
TEXT: /'(?:[^'\\\r\n]|\\[^\r\n])*'/
OP: /!=|<>|<=|>=|[<>=]/
WHOLE: /(?a:\d{{1,10}}\b)/
NUMBER: /(?a:[+-]?\d{{1,30}}(?:\.\d{{1,30}})?(?![\w.:+-]))/
MOMENT: /(?ai:\d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{{1,9}})?(?:Z|[+-]\d\d:?\d\d)(?!\w))/
DAY: /(?a:\d{{4}}-\d\d-\d\d(?![\w:-]))/

{_KEYWORDS}

%ignore /[ \t\r\n\f]+/
"""


@cache
def parser() -> Lark:
    """The parser. It keeps nothing between two queries, so all threads have the same one."""
    return Lark(GRAMMAR, parser="lalr", lexer="contextual", maybe_placeholders=False)
