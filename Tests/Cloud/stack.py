"""The template as Python, and what CloudFormation would make of its functions.

`Stack(Variant="full")` has the resources whose conditions hold, with every Ref, Sub, If and
FindInMap worked out; what only AWS knows is a stand-in such as `arn:aws:kinesis:…/heart_rate`.
"""

import re
from functools import lru_cache
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
CLOUD = ROOT / "cloud"
TEMPLATE = CLOUD / "template.yaml"
PSEUDO = {
    "AWS::AccountId": "123456789012", "AWS::Partition": "aws", "AWS::Region": "eu-central-1",
    "AWS::StackName": "pulsegate", "AWS::URLSuffix": "amazonaws.com",
    "AWS::StackId": "arn:aws:cloudformation:eu-central-1:123456789012:stack/pulsegate/1",
}
REQUIRED = {"CodeBucket": "code", "CodeKey": "relay.zip"}
NO_VALUE = object()


class Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short forms."""


def _short_form(loader, suffix, node):
    name = suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}"
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
        if suffix == "GetAtt":
            value = value.split(".", 1)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    return {name: value}


Loader.add_multi_constructor("!", _short_form)


@lru_cache
def template():
    """The template with the long forms of its functions."""
    return yaml.load(TEMPLATE.read_text(), Loader)


class Stack:
    """What a deployment with these parameters has."""

    def __init__(self, **parameters):
        source = template()
        defaults = {name: each["Default"] for name, each in source["Parameters"].items()
                    if "Default" in each}
        self.parameters = {**defaults, **REQUIRED, **parameters}
        for name, each in source["Parameters"].items():
            value = self.parameters[name]
            assert value in each.get("AllowedValues", [value]), f"{name}: {value}"
            if each["Type"] == "CommaDelimitedList" and isinstance(value, str):
                self.parameters[name] = value.split(",")
        self.source = source
        self.resources = {
            name: self.value({key: value for key, value in each.items() if key != "Condition"})
            for name, each in source["Resources"].items()
            if "Condition" not in each or self.holds(each["Condition"])}
        self.outputs = {name: self.value(each["Value"])
                        for name, each in source["Outputs"].items()}

    def of_type(self, kind):
        """{logical name: properties} of all resources of a type."""
        found = {name: each.get("Properties", {}) for name, each in self.resources.items()
                 if each["Type"] == kind}
        assert found, f"no {kind}"
        return found

    def properties(self, name):
        return self.resources[name]["Properties"]

    def holds(self, name):
        return bool(self.value(self.source["Conditions"][name]))

    def value(self, node):
        """A node with its functions worked out."""
        if isinstance(node, list):
            values = [self.value(each) for each in node]
            return [each for each in values if each is not NO_VALUE]
        if not isinstance(node, dict):
            return node
        if len(node) == 1:
            (name, argument), = node.items()
            function = FUNCTIONS.get(name)
            if function:
                return function(self, argument)
        values = {key: self.value(each) for key, each in node.items()}
        return {key: each for key, each in values.items() if each is not NO_VALUE}

    def reference(self, name):
        if name == "AWS::NoValue":
            return NO_VALUE
        if name in PSEUDO:
            return PSEUDO[name]
        if name in self.parameters:
            return self.parameters[name]
        return self.physical(name)

    def physical(self, name):
        """What Ref gives of a resource: its name where it has one of its own, else a stand-in."""
        each = self.source["Resources"][name]
        properties = each.get("Properties", {})
        arns = ("AWS::Lambda::Alias", "AWS::SNS::Topic", "AWS::SecretsManager::Secret")
        if each["Type"] in arns:
            return self.attribute([name, "Arn"])
        for key in ("Name", "LogGroupName", "DomainName", "StageName", "PolicyName", "RoleAlias",
                    "LogStreamName"):
            if key in properties:
                return self.value(properties[key])
        for key in ("TableInput", "DatabaseInput"):
            if key in properties:
                return self.value(properties[key]["Name"])
        return name.lower()

    def attribute(self, argument):
        name, attribute = argument if isinstance(argument, list) else argument.split(".", 1)
        each = self.source["Resources"][name]
        if attribute == "DomainEndpoint":
            return "search-pulsegate.eu-central-1.es.amazonaws.com"
        if attribute in ("Arn", "RoleAliasArn"):
            service = each["Type"].split("::")[1].lower()
            kind = each["Type"].split("::")[2].lower()
            leaf = name if service in ("lambda", "sns", "secretsmanager") else self.physical(name)
            return f"arn:aws:{service}:eu-central-1:123456789012:{kind}/{leaf}"
        return f"{name}.{attribute}"

    def substitute(self, argument):
        text, extra = argument if isinstance(argument, list) else (argument, {})

        def replace(match):
            name = match[1]
            if name.startswith("!"):
                return "${" + name[1:] + "}"
            if name in extra:
                return str(self.value(extra[name]))
            return str(self.attribute(name) if "." in name else self.reference(name))

        return re.sub(r"\$\{([^}]+)\}", replace, text)

    def choose(self, argument):
        name, yes, no = argument
        return self.value(yes if self.holds(name) else no)

    def find(self, argument):
        table, row, column = (self.value(each) for each in argument)
        return self.source["Mappings"][table][row][column]


def _equals(stack, argument):
    one, other = (str(stack.value(each)) for each in argument)
    return one == other


FUNCTIONS = {
    "Ref": Stack.reference,
    "Condition": Stack.holds,
    "Fn::GetAtt": Stack.attribute,
    "Fn::Sub": Stack.substitute,
    "Fn::If": Stack.choose,
    "Fn::FindInMap": Stack.find,
    "Fn::Equals": _equals,
    "Fn::Not": lambda stack, argument: not stack.value(argument[0]),
}


def as_list(value):
    return value if isinstance(value, list) else [value]
