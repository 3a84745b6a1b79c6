"""Reads metrics as Prometheus does, and finds the metrics that queries name."""

import re

from prometheus_client.openmetrics.parser import text_string_to_metric_families

from lan import get

TYPE = "application/openmetrics-text; version=1.0.0; charset=utf-8"


def scrape(port):
    """Returns {family: parsed family}."""
    status, headers, body = get(port, "/metrics")
    assert status == 200, body
    assert headers["Content-Type"] == TYPE
    assert body.endswith(b"# EOF\n")
    families = list(text_string_to_metric_families(body.decode()))
    names = [family.name for family in families]
    assert len(names) == len(set(names))
    return {family.name: family for family in families}


def value(families, sample, **labels):
    """The value of the one sample with this name and these labels; None without one."""
    found = [each.value for family in families.values() for each in family.samples
             if each.name == sample and each.labels == labels]
    assert len(found) <= 1, found
    return found[0] if found else None


def sample_names(families):
    """Every name that a query may use."""
    ends = {"counter": ["_total"], "info": ["_info"], "histogram": ["_bucket", "_sum", "_count"]}
    return {family.name + end for family in families.values()
            for end in ends.get(family.type, [""])}


def metrics_named(expression):
    """The gateway's metrics in a query of PromQL: what is between quotes and braces is none."""
    bare = re.sub(r'"[^"]*"', "", expression)
    bare = re.sub(r"\{[^}]*\}", "", bare)
    return set(re.findall(r"\b(?:pulsegate|process)_[a-z0-9_]+", bare))
