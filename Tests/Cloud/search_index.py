"""Documents in a real search engine (tantivy), and OpenSearch's aggregations executed on them.

tantivy takes OpenSearch's aggregations nearly as they are; what it wants otherwise (a filter as a
query string, a range over time) is translated here.
"""

import json
import re
from datetime import datetime, timezone

import tantivy

UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}


def parse_duration(text):
    """`10m` in seconds."""
    number, unit = re.fullmatch(r"(\d+)([smhd])", text).groups()
    return int(number) * UNITS[unit]


class Index:
    """An index with the mapping's fields; a field that the mapping does not have is not there."""

    def __init__(self, properties, records):
        self.properties = properties
        builder = tantivy.SchemaBuilder()
        for name, field in properties.items():
            options = {"stored": False, "fast": True}
            kind = field["type"]
            if kind == "date":
                builder.add_date_field(name, indexed=True, **options)
            elif kind in ("long", "integer"):
                builder.add_integer_field(name, indexed=True, **options)
            elif kind == "float":
                builder.add_float_field(name, indexed=True, **options)
            elif kind == "boolean":
                builder.add_boolean_field(name, indexed=True, **options)
            else:
                builder.add_text_field(name, tokenizer_name="raw", **options)
        self.index = tantivy.Index(builder.build())
        writer = self.index.writer(heap_size=64_000_000, num_threads=1)
        for record in records:
            writer.add_document(self._document(record))
        writer.commit()
        self.index.reload()
        self.searcher = self.index.searcher()

    def _document(self, record):
        document = tantivy.Document()
        for name, value in record.items():
            field = self.properties.get(name)
            for single in value if isinstance(value, list) else [value]:
                if field is None:
                    continue
                kind = field["type"]
                if kind == "date":
                    moment = datetime.fromisoformat(single.replace("Z", "+00:00"))
                    document.add_date(name, moment.astimezone(timezone.utc).replace(tzinfo=None))
                elif kind in ("long", "integer"):
                    document.add_integer(name, single)
                elif kind == "float":
                    document.add_float(name, float(single))
                elif kind == "boolean":
                    document.add_boolean(name, single)
                else:
                    document.add_text(name, single)
        return document

    def aggregate(self, query, aggregations):
        """`query` in tantivy's language, `*` for all; aggregations in OpenSearch's."""
        parsed = self.index.parse_query(query) if query != "*" else tantivy.Query.all_query()
        answer = self.searcher.aggregate(parsed, aggregations)
        return json.loads(answer) if isinstance(answer, str) else answer

    # --- Monitors -------------------------------------------------------------------------

    def trigger(self, search, condition, moment):
        """The keys of the buckets in which a bucket-level trigger's script is true."""
        assert set(search) == {"size", "query", "aggregations"} and search["size"] == 0
        clauses = search["query"]["bool"]["filter"]
        query = " AND ".join(self._clause(each, moment) for each in clauses)
        answer = self.aggregate(query, self._translate(search["aggregations"], moment))
        buckets = answer[condition["parent_bucket_path"]]["buckets"]
        name, operator, limit = re.fullmatch(
            r"params\.(\w+) (>|==) (\d+)", condition["script"]["source"]).groups()
        path = condition["buckets_path"][name].split(">")
        found = set()
        for bucket in buckets:
            value = bucket
            for step in path:
                value = value[step]
            value = value["value"]
            if value > int(limit) if operator == ">" else value == int(limit):
                found.add(tuple(bucket["key"].values()))
        return found

    def _translate(self, aggregations, moment):
        translated = {}
        for name, each in aggregations.items():
            each = dict(each)
            inner = each.pop("aggregations", None)
            if "filter" in each:
                each["filter"] = self._clause(each["filter"], moment)
            if inner:
                each["aggs"] = self._translate(inner, moment)
            translated[name] = each
        return translated

    @staticmethod
    def _clause(clause, moment):
        """A range or exists clause as a query string; `{{period_end}}` is the moment."""
        (kind, argument), = clause.items()
        if kind == "exists":
            return f"{argument['field']}:[0 TO *}}"
        assert kind == "range"
        (field, limits), = argument.items()
        assert limits.pop("format") == "epoch_millis" if "format" in (
            limits := dict(limits)) else True

        def instant(text):
            back = re.fullmatch(r"\{\{period_end\}\}(?:\|\|-(\d+[smhd]))?", text)[1]
            seconds = moment - (parse_duration(back) if back else 0)
            return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")

        lower = f"{{{instant(limits['gt'])}" if "gt" in limits else "{*"
        upper = f"{instant(limits['lte'])}]" if "lte" in limits else "*}"
        return f"{field}:{lower} TO {upper}"
