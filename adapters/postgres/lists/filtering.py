"""Lists as SQL: translates filters, orders and searches into statements with known columns and parameters.

A statement never contains text from a client. A condition that is NULL in SQL, because a value is missing, counts as
false. AND and OR already work that way; NOT needs a `coalesce`.
"""

from collections.abc import Mapping, Sequence
from typing import Any, assert_never

import msgspec

from application.lists.listing import SORTED_CHARACTERS, is_by_age
from application.ports.lists.pages import PageRequest, SortKey
from domain.lists.filtering import AllOf, AnyOf, Condition, Filter, NoneOf, Operator, Order, Ref, ValueType, composed

_COMPARES = {
    Operator.EQ: "=",
    Operator.GT: ">",
    Operator.GTE: ">=",
    Operator.LT: "<",
    Operator.LTE: "<=",
}


_LIKE = {
    Operator.CONTAINS: ("%", "%"),
    Operator.STARTS_WITH: ("", "%"),
    Operator.ENDS_WITH: ("%", ""),
}


class Columns(msgspec.Struct, frozen=True, kw_only=True):
    """The table of a list. `scope`: the columns of the owner; then SQL by the names of its `Listing`.

        `named`: the conditions of search, each with `{like}`. `documents`: the JSON columns whose values search reads.
    `haystack`: one text with all of these, which is searched before the individual values. `indexed`: the kind of these
    texts in the search index, and the id column; None if they are not indexed.
    """

    table: str
    scope: tuple[str, ...]
    fields: Mapping[str, str]
    sums: Mapping[str, str]
    status: str | None = None
    named: tuple[str, ...]
    documents: tuple[str, ...] = ()
    haystack: str
    indexed: tuple[str, str] | None = None


class Statement:
    """Builds a statement with its arguments. `among`: the ids of all rows that search can find, if known."""

    def __init__(
        self, columns: Columns, scope: tuple[str, ...], asked: PageRequest, *, among: Sequence[str] | None = None
    ) -> None:
        self.arguments: list[Any] = []
        self._columns = columns
        self._asked = asked
        self._table = columns.table
        if among is not None and columns.indexed is not None:
            ids = f"{columns.indexed[1]} = ANY ({self._add(list(among))}::text[])"
            # OFFSET 0 makes the planner fetch these rows by their ids first
            self._table = f"(SELECT * FROM {columns.table} WHERE {ids} OFFSET 0) among"  # noqa: S608  # known columns only
        self._where = [f"{name} = {self._add(value)}" for name, value in zip(columns.scope, scope, strict=True)]
        if asked.where is not None:
            self._where.append(self._filter(asked.where))
        if asked.search:
            self._where.append(self._search(asked.search))

    def page(self) -> str:
        """Return the query of the page, with one extra row if there are more."""
        where, keys = list(self._where), self._order_keys()
        descending = self._asked.order is None or self._asked.order.descending
        if self._asked.after is not None:
            behind = ", ".join(self._place(self._asked.after))
            where.append(f"({', '.join(keys)}) {'<' if descending else '>'} ({behind})")
        order = ", ".join(f"{key} {'DESC' if descending else 'ASC'}" for key in keys)
        limit, offset = self._add(self._asked.limit + 1), self._add(self._asked.offset)
        return (
            f"SELECT * FROM {self._table} WHERE {' AND '.join(where)}"  # noqa: S608  # known columns only
            f" ORDER BY {order} LIMIT {limit} OFFSET {offset}"
        )

    def figures(self) -> str:
        """Return the query of the sums of all matching rows, by status."""
        sums = "".join(f", coalesce(sum({sql}), 0)::bigint AS {name}" for name, sql in self._columns.sums.items())
        status = self._columns.status or "NULL::text"
        return (
            f"SELECT {status} AS status_, count(*) AS count_{sums}"  # noqa: S608  # known columns only
            f" FROM {self._table} WHERE {' AND '.join(self._where)} GROUP BY 1"
        )

    def total(self) -> str:
        """Return the query of the number of matching rows."""
        return f"SELECT count(*) FROM {self._table} WHERE {' AND '.join(self._where)}"  # noqa: S608  # the same

    def _add(self, value: object) -> str:
        self.arguments.append(value)
        return f"${len(self.arguments)}"

    # where

    def _filter(self, where: Filter) -> str:
        match where:
            case AllOf(parts):
                return _joined(" AND ", [self._filter(part) for part in parts], "true")
            case AnyOf(parts):
                return _joined(" OR ", [self._filter(part) for part in parts], "false")
            case NoneOf(parts):
                return f"NOT coalesce({_joined(' OR ', [self._filter(part) for part in parts], 'false')}, false)"
            case Condition():
                return f"({self._condition(where)})"
            case _:
                assert_never(where)

    def _condition(self, condition: Condition) -> str:
        ref, operator = condition.ref, condition.operator
        sql = self._sql(ref)
        if operator is Operator.EXISTS:
            return f"{sql} IS NOT NULL"
        if ref.kind is ValueType.JSON:
            return f"coalesce({sql}, 'null') = 'null'" if operator is Operator.IS_NULL else self._json(condition, sql)
        if operator is Operator.IS_NULL:
            return f"{sql} IS NULL"
        match ref.kind:
            case ValueType.NUMBER | ValueType.MOMENT | ValueType.FLAG:
                cast = {ValueType.NUMBER: "numeric", ValueType.MOMENT: "timestamptz"}.get(ref.kind, "boolean")
                if operator is Operator.IN:
                    return f"{sql} = ANY ({self._add(list(condition.value))}::{cast}[])"
                return f"{sql} {_COMPARES[operator]} {self._add(condition.value)}::{cast}"
            case _:
                return self._text(condition, _composed(sql) if ref.kind is ValueType.TEXT else sql)

    def _json(self, condition: Condition, sql: str) -> str:
        operator, value = condition.operator, condition.value
        match value:
            case str():
                text = self._text(condition, _composed(_string(sql)))
                return f"{text} OR {self._holds(condition, sql)}" if operator is Operator.CONTAINS else text
            case tuple():
                texts = tuple(one for one in value if isinstance(one, str))
                among = msgspec.structs.replace(condition, value=texts)
                others = f"{self._add([_json_text(one) for one in value if not isinstance(one, str)])}::text[]::jsonb[]"
                held = f"{self._text(among, _composed(_string('one')))} OR one = ANY ({others})"
                itself = f"{self._text(among, _composed(_string(sql)))} OR {sql} = ANY ({others})"
                return f"{itself} OR EXISTS (SELECT FROM {_elements(sql)} one WHERE {held})"
            case _ if operator is Operator.CONTAINS:
                return f"jsonb_typeof({sql}) = 'array' AND {sql} @> {self._add(_json_text(value))}::jsonb"
            case _ if operator is Operator.EQ:
                return f"{sql} = {self._add(_json_text(value))}::jsonb"
            case _:
                return (
                    f"jsonb_typeof({sql}) = 'number'"
                    f" AND {sql} {_COMPARES[operator]} {self._add(_json_text(value))}::jsonb"
                )

    def _holds(self, condition: Condition, sql: str) -> str:
        """Return the condition that a JSON array contains a text."""
        held = self._text(msgspec.structs.replace(condition, operator=Operator.EQ), _composed(_string("one")))
        return f"EXISTS (SELECT FROM {_elements(sql)} one WHERE {held})"

    def _text(self, condition: Condition, sql: str) -> str:
        operator, value, sensitive = condition.operator, condition.value, condition.case_sensitive
        if operator in _LIKE:
            begins, ends = _LIKE[operator]
            given = self._add(f"{begins}{_escaped(value)}{ends}")
            return f"{sql} {'LIKE' if sensitive else 'ILIKE'} {given}"
        if operator is Operator.REGEX:
            return f"{sql} {'~' if sensitive else '~*'} {self._add(value)}"
        if operator is Operator.IN:
            values = f"{self._add(list(value))}::text[]"
            if sensitive:
                return f"{sql} = ANY ({values})"
            lowered = f"SELECT lower(one) FROM unnest({values}) one"  # noqa: S608  # a parameter
            return f"lower({sql}) = ANY (ARRAY({lowered}))"
        given = f"{self._add(value)}::text"
        one, other = (sql, given) if sensitive else (f"lower({sql})", f"lower({given})")
        # by code point, as everywhere else, independent of the database's collation
        collation = "" if operator is Operator.EQ else ' COLLATE "C"'
        return f"{one} {_COMPARES[operator]} {other}{collation}"

    def _search(self, search: str) -> str:
        like = "LIKE" if self._asked.search_is_sensitive else "ILIKE"
        given = self._add(_part(search))
        found = [named.format(like=f"{like} {given}") for named in self._columns.named]
        found += [
            f"EXISTS (SELECT FROM jsonb_path_query({document}, 'strict $.**') one"  # known columns only
            f" WHERE jsonb_typeof(one) IN ('string', 'number') AND {_composed(_unquoted('one'))} {like} {given})"
            for document in self._columns.documents
        ]
        exact = f"({' OR '.join(found)})"
        if not _in_haystack(search):
            return exact
        # composition adds no ASCII characters, and composing every row is slow
        haystack = self._columns.haystack if search.isascii() else _composed(self._columns.haystack)
        return f"{haystack} {like} {given} AND {exact}"

    # order

    def _order_keys(self) -> list[str]:
        order = self._asked.order
        return ["position"] if order is None or is_by_age(order) else [*self._keys(order), "position"]

    def _keys(self, order: Order) -> tuple[str, ...]:
        sql = self._sql(order.ref)
        there = f"({sql} IS NOT NULL)::integer"
        match order.ref.kind:
            case ValueType.JSON:
                kind, text = f"jsonb_typeof({sql})", _unquoted(sql)
                flag = f"WHEN 'boolean' THEN {text}::boolean::integer::numeric"
                return (
                    f"CASE {kind} WHEN 'number' THEN 1 WHEN 'string' THEN 2 WHEN 'boolean' THEN 3 ELSE 0 END",
                    f"CASE {kind} WHEN 'number' THEN {text}::numeric {flag} ELSE 0 END",
                    f"CASE {kind} WHEN 'string' THEN {_start(text)} ELSE '' END COLLATE \"C\"",
                )
            case ValueType.NUMBER:
                return there, f"coalesce({sql}, 0)::numeric"
            case ValueType.MOMENT:
                return there, f"coalesce(extract(epoch FROM {sql}), 0)"
            case ValueType.FLAG:
                return there, f"{sql}::integer::numeric"
            case _:
                return there, f"coalesce({_start(sql)}, '') COLLATE \"C\""

    def _place(self, after: SortKey) -> list[str]:
        order = self._asked.order
        position = f"{self._add(after.position)}::bigint"
        if order is None or is_by_age(order):
            return [position]
        rank = after.rank if order.ref.kind is ValueType.JSON else min(after.rank, 1)
        keys = [f"{self._add(rank)}::integer"]
        if order.ref.kind in {ValueType.JSON, ValueType.NUMBER, ValueType.MOMENT, ValueType.FLAG}:
            keys.append(f"{self._add(after.number)}::numeric")
        if order.ref.kind in {ValueType.JSON, ValueType.TEXT, ValueType.ID, ValueType.WORD}:
            keys.append(f"{self._add(after.text)}::text")
        return [*keys, position]

    def _sql(self, ref: Ref) -> str:
        sql = self._columns.fields[ref.name]
        for key in ref.path:
            sql = f"({sql} -> {self._add(key)}::text)"
        return sql


def indexed_pattern(columns: Columns, asked: PageRequest) -> str | None:
    """Return the pattern (for ILIKE) of a search, if the texts of this list are indexed."""
    search = asked.search
    if not search or columns.indexed is None or asked.search_is_sensitive or not _in_haystack(search):
        return None
    return _part(search)


def _in_haystack(search: str) -> bool:
    """Return whether a search in the haystack finds this text in every value: JSON escapes some characters."""
    return not any(char in '"\\' or ord(char) < ord(" ") or char == "\x7f" for char in search)


def _part(search: str) -> str:
    return f"%{_escaped(composed(search))}%"


def _joined(word: str, parts: list[str], empty: str) -> str:
    return f"({word.join(parts)})" if parts else empty


def _elements(sql: str) -> str:
    return f"jsonb_array_elements(CASE jsonb_typeof({sql}) WHEN 'array' THEN {sql} END)"  # known columns


def _composed(sql: str) -> str:
    """Return a text in the form for comparison: NFC."""
    return f"normalize({sql})"


def _unquoted(sql: str) -> str:
    """Return the text of a JSON value."""
    return f"({sql} #>> '{{}}')"


def _string(sql: str) -> str:
    """Return the text of a JSON string, in one expression, so that the planner estimates one condition."""
    return f"(CASE jsonb_typeof({sql}) WHEN 'string' THEN {sql} #>> '{{}}' END)"


def _start(sql: str) -> str:
    return f"left({sql}, {SORTED_CHARACTERS})"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _json_text(value: object) -> str:
    return str(_JSON.encode(value), "utf-8")


_JSON = msgspec.json.Encoder(decimal_format="number")
