"""The setup objects as they are queried (`rules/soql/`): from which columns each field comes, and how a bound query becomes a statement."""

from gatebridge.storage.dialects import TookTooLong
from gatebridge.storage.sobjects.reading import Found, Row, count, select

__all__ = ["Found", "Row", "TookTooLong", "count", "select"]
