"""The lake without AWS: lines of JSON → the Glue table's columns → Parquet → the named queries.

Reading follows the OpenX JSON SerDe as Firehose has it: a field that is missing is null, one that
the table does not know is dropped, a value that does not fit its column fails the record. DuckDB
stands in for Athena; sqlglot translates.
"""

import json
import re
from datetime import datetime, timezone

import duckdb
import pyarrow
import pyarrow.parquet
import sqlglot

ARROW = {
    "string": pyarrow.string(), "int": pyarrow.int32(), "bigint": pyarrow.int64(),
    "double": pyarrow.float64(), "boolean": pyarrow.bool_(),
    "timestamp": pyarrow.timestamp("us"), "array<double>": pyarrow.list_(pyarrow.float64()),
    "array<string>": pyarrow.list_(pyarrow.string()),
}
# The one form that the SerDe, Athena and OpenSearch read alike.
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{1,9}Z")
RANGES = {"int": 1 << 31, "bigint": 1 << 63}


class Unfit(Exception):
    """A value that does not fit its column."""


def columns(stack, table):
    """{column: Glue type} of a table of the template."""
    storage = stack.properties(table)["TableInput"]["StorageDescriptor"]
    names = [each["Name"] for each in storage["Columns"]]
    assert len(names) == len(set(names)), "a column twice"
    return {each["Name"]: each["Type"] for each in storage["Columns"]}


def convert(name, kind, value):
    if value is None:
        return None
    if kind.startswith("array<"):
        if not isinstance(value, list):
            raise Unfit(f"{name}: {value!r} is no array")
        return [convert(name, kind[6:-1], each) for each in value]
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if kind == "timestamp" and isinstance(value, str) and MOMENT.fullmatch(value):
        moment = datetime.fromisoformat(value.replace("Z", "+00:00"))
        return moment.astimezone(timezone.utc).replace(tzinfo=None)
    if kind in RANGES and is_number and isinstance(value, int) \
            and -RANGES[kind] <= value < RANGES[kind]:
        return value
    if kind == "double" and is_number:
        return float(value)
    if kind == "boolean" and isinstance(value, bool):
        return value
    if kind == "string" and isinstance(value, str):
        return value
    raise Unfit(f"{name}: {value!r} is no {kind}")


def write(folder, table, lines, kinds, day_of=lambda record: record["timestamp"][:10]):
    """Writes the lines as Firehose lays them: a folder a day. Returns the fields it dropped."""
    days, dropped = {}, set()
    for text in lines:
        assert text.endswith("\n") and text.count("\n") == 1, "a record is one line"
        record = json.loads(text)
        dropped |= set(record) - set(kinds)
        row = {name: convert(name, kind, record.get(name)) for name, kind in kinds.items()}
        days.setdefault(day_of(record), []).append(row)
    schema = pyarrow.schema([(name, ARROW[kind]) for name, kind in kinds.items()])
    for day, rows in days.items():
        place = folder / table / f"day={day}"
        place.mkdir(parents=True, exist_ok=True)
        count = len(list(place.iterdir()))
        # Times as Hive's writers keep them.
        pyarrow.parquet.write_table(
            pyarrow.Table.from_pylist(rows, schema), place / f"{count}.parquet",
            compression="snappy", use_deprecated_int96_timestamps=True)
    return dropped


def open_lake(folder, tables):
    """A connection with a view for each table that has files, and an empty one for the rest."""
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    for table, kinds in tables.items():
        if (folder / table).exists():
            connection.execute(
                f"CREATE VIEW {table} AS SELECT * FROM read_parquet("
                f"'{folder}/{table}/*/*.parquet', hive_partitioning = true, "
                "hive_types = {'day': VARCHAR})")
        else:
            empty = pyarrow.schema(
                [(name, ARROW[kind]) for name, kind in kinds.items()]
                + [("day", pyarrow.string())]).empty_table()
            connection.register(table, empty)
    return connection


def translate(query, today):
    """A query of Athena for DuckDB, at a day that the test chooses."""
    tree = sqlglot.parse_one(query, read="athena")

    def fix(node):
        if isinstance(node, sqlglot.exp.CurrentDate):
            return sqlglot.parse_one(f"DATE '{today}'", read="duckdb")
        return node

    return tree.transform(fix).sql(dialect="duckdb")


def run(connection, query, today):
    """The rows of a query, as dictionaries."""
    answer = connection.execute(translate(query, today))
    names = [each[0] for each in answer.description]
    return [dict(zip(names, row)) for row in answer.fetchall()]
