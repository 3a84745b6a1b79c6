"""Judges posts by the schema in openapi.json: a second opinion on what the gateway takes.

Usage: judge_posts.py OPENAPI.JSON. Each line of input is a post in hexadecimal; each line of output
is `refused`, or `accepted` with the seven numbers in units of 1/10,000.
"""

import json
import sys
from decimal import ROUND_HALF_UP, Decimal

import jsonschema

# The order in which the gateway has the numbers.
NUMBERS = ["glucose_level", "oxygen_saturation", "body_temperature", "respiratory_rate",
           "heart_rate", "blood_pressure_systolic", "blood_pressure_diastolic"]


class Refused(Exception):
    pass


def refuse(*_):
    raise Refused


def unique(pairs):
    """The fields of an object; JSON allows none twice that means something."""
    names = [name for name, _ in pairs]
    if len(set(names)) < len(names):
        raise Refused
    return dict(pairs)


def units(number):
    # Half away from zero is what decimal calls half up.
    return int((number * 10_000).quantize(Decimal(1), rounding=ROUND_HALF_UP))


def judge(post, validator):
    try:
        form = json.loads(post.decode("utf-8"), parse_float=Decimal, parse_int=Decimal,
                          parse_constant=refuse, object_pairs_hook=unique)
    except ValueError as error:
        raise Refused from error
    if not validator.is_valid(form):
        raise Refused
    # What a schema cannot say.
    try:
        if len(form["patient"].encode("utf-8")) > 36:
            raise Refused
    except UnicodeEncodeError as error:
        raise Refused from error
    numbers = [units(form[name]) for name in NUMBERS]
    if numbers[6] >= numbers[5]:
        raise Refused
    return numbers


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        schema = json.load(file)["components"]["schemas"]["PatientStats"]
    checker = jsonschema.FormatChecker(formats=["date-time"])
    assert "date-time" in checker.checkers, "rfc3339-validator is there"
    validator = jsonschema.Draft202012Validator(schema, format_checker=checker)
    for line in sys.stdin:
        try:
            print("accepted", *judge(bytes.fromhex(line), validator), flush=True)
        except Refused:
            print("refused", flush=True)


main()
