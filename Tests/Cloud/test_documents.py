"""What the documents say, held against what they are about."""

import re
import shlex
import subprocess
import sys

import botocore.session
import pytest
from stack import CLOUD, ROOT, Stack, template

DOCUMENTS = sorted(CLOUD.glob("*.md"))


def read(name):
    return (CLOUD / name).read_text()


def swift():
    """The text of the sources, strings that go on in the next line put together."""
    text = "\n".join(path.read_text() for path in sorted((ROOT / "Sources").rglob("*.swift")))
    return re.sub(r'"\s*\+\s*"', "", text)


def rows(text, heading):
    """The cells of each row of the first table behind a heading."""
    after = text.split(f"{heading}\n", 1)[1]
    table = re.search(r"(?:^\|.*\n)+", after, re.M)[0].splitlines()
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table[2:]]


def anchors(text):
    return {re.sub(r"[^a-z0-9_ -]", "", heading.lower()).replace(" ", "-")
            for heading in re.findall(r"^#+ (.*)$", text, re.M)}


def test_the_table_of_the_environment_is_the_templates(stack):
    documented = {}
    for name, function, value, default, _ in rows(read("README.md"), "### Environment"):
        documented[name.strip("`")] = (function, value.strip("`"), default.strip("`"))
    found = {}
    for function in ("indexer", "transform"):
        properties = stack.properties(function.capitalize())
        for name, value in properties["Environment"]["Variables"].items():
            found[name] = "both" if name in found else function
            written = documented[name][1]
            assert written in (str(value), "the domain, `https://…"), name
            default = documented[name][2]
            assert default in (written, "does not start"), name
    assert found == {name: function for name, (function, _, _) in documented.items()}


def test_every_link_leads_somewhere():
    for path in DOCUMENTS:
        for target in re.findall(r"\]\(([^)#]*)(?:#[^)]*)?\)", path.read_text()):
            if target and "://" not in target:
                assert (path.parent / target).exists(), f"{path.name}: {target}"


def test_sections_that_are_pointed_to_are_there():
    for path in DOCUMENTS:
        for name, section in re.findall(r"([A-Z]+\.md), \*([^*]+)\*", path.read_text()):
            known = anchors((CLOUD / name).read_text() if (CLOUD / name).exists()
                            else (ROOT / name).read_text())
            wanted = section.lower().replace(" ", "-")
            assert any(each.startswith(wanted) for each in known), f"{path.name}: {name} {section}"


def test_the_runbook_has_a_section_for_each_alarm_and_for_no_other():
    alarms = {name for name, each in template()["Resources"].items()
              if each["Type"] == "AWS::CloudWatch::Alarm"}
    part = read("RUNBOOK.md").split("## Alarms of the cloud")[1].split("## Messages")[0]
    assert set(re.findall(r"^### (.*)$", part, re.M)) == alarms | {"A gateway is silent"}


def test_alarms_and_parameters_that_are_named_exist():
    resources, parameters = template()["Resources"], template()["Parameters"]
    outputs = template()["Outputs"]
    for path in DOCUMENTS:
        text = path.read_text()
        for name in re.findall(r'\$\(output (\w+)\)', text):
            assert name in outputs, f"{path.name}: output {name}"
        for name in re.findall(r"`([A-Z][a-z]+(?:[A-Z][a-z]+)+)`", text):
            known = {*resources, *parameters, *outputs, *template()["Mappings"]["Variants"]["small"]}
            foreign = {"EngineVersion", "ShardCount", "ApiDeployment2", "ProcessingFailed"}
            assert name in known | foreign, f"{path.name}: {name}"


def test_each_message_of_the_runbook_is_one_that_the_gateway_writes():
    source = swift()
    messages = [row[0].strip("`") for row in rows(read("RUNBOOK.md"), "## Messages of the gateway")]
    assert len(messages) >= 18
    for message in messages:
        for piece in message.split("…"):
            piece = piece.strip(" ;")
            # `lost: ` comes before one of the reasons that follow it in another function.
            for part in piece.split(": ", 1) if piece.startswith(("lost: ", "frozen: ")) else [
                    piece]:
                assert part in source, f"{message!r}: {part!r} is nowhere in Sources"


PATTERNS = ROOT / "Sources" / "Core" / "Alarm" / "Pattern.swift"
INDICATION = ROOT / "Sources" / "Core" / "Alarm" / "Indication.swift"


@pytest.mark.skipif(not PATTERNS.exists() and not INDICATION.exists(), reason="no lamps yet")
def test_each_lamp_is_as_the_board_shows_it():
    text = "".join(path.read_text() for path in (PATTERNS, INDICATION) if path.exists())
    text = re.sub(r'"\s*\+\s*"', "", text).split("enum LampPattern")[1].split("enum SoundPattern")[0]
    look = dict(re.findall(r'case \.(\w+): "(.*)"', text.split("var look")[1].split("var mean")[0]))
    meaning = dict(re.findall(r'case \.(\w+): "(.*)"', text.split("var meaning")[1]))
    assert [row[:2] for row in rows(read("RUNBOOK.md"), "## Lamps")] == [
        [look[name], meaning[name]] for name in look]


def commands(text):
    """The command lines of the shell blocks and of the text that call `aws`."""
    blocks = re.findall(r"```sh\n(.*?)```", text, re.S) + re.findall(r"`(aws [^`]+)`", text)
    for block in blocks:
        joined = block.replace("\\\n", " ")
        for match in re.finditer(r"\baws ([a-z0-9-]+) ([a-z0-9-]+)([^|\n>]*)", joined):
            yield match[1], match[2], match[3]


# What the CLI makes itself of several calls, with options of its own.
OWN = {("s3", "cp"), ("s3", "sync"), ("cloudformation", "deploy")}
GLOBAL = {"query", "output", "region", "profile"}


def test_every_aws_command_is_one_that_there_is():
    session = botocore.session.get_session()
    seen = set()
    for path in DOCUMENTS:
        for service, operation, rest in commands(path.read_text()):
            seen.add((service, operation))
            if (service, operation) in OWN:
                continue
            model = session.get_service_model(service)
            names = {botocore.xform_name(name, "-"): name for name in model.operation_names}
            assert operation in names, f"{path.name}: aws {service} {operation}"
            shape = model.operation_model(names[operation]).input_shape
            members = {botocore.xform_name(name, "-"): (name in shape.required_members, each)
                       for name, each in shape.members.items()}
            given = set()
            for option in re.findall(r"(?<!\S)--([a-z0-9-]+)", rest):
                if option in GLOBAL:
                    continue
                assert option in members or option.removeprefix("no-") in members, \
                    f"{path.name}: aws {service} {operation} --{option}"
                given.add(option)
    assert {("iot", "create-certificate-from-csr"), ("lambda", "publish-version"),
            ("lambda", "create-event-source-mapping")} <= seen


def test_a_deployment_as_described_has_the_parameters_that_there_are():
    block = re.search(r"--parameter-overrides \\\n(.*?)\n```", read("DEPLOY.md"), re.S)[1]
    given = dict(each.split("=", 1) for each in shlex.split(block.replace("\\\n", " ")))
    assert set(given) <= set(template()["Parameters"])
    Stack(**given)


def test_the_configuration_as_described_fits_the_stack(small):
    text = re.search(r"```ini\n(.*?)```", read("DEPLOY.md"), re.S)[1]
    assert f"iot_role_alias  = {small.parameters['RoleAliasName']}\n" in text
    streams = set(re.findall(r"^stream = (.*)$", text, re.M))
    assert streams == {"heart_rate", "error_message"}
    reference = "\n".join(path.read_text() for path in
                          (ROOT / "Sources" / "Edge" / "Configuration").glob("*.swift"))
    for key in set(re.findall(r"^(\w+) +=", text, re.M)):
        assert f'"{key}"' in reference, key


def test_costs_are_what_their_arithmetic_says():
    run = subprocess.run([sys.executable, "-S", CLOUD / "costs.py"],
                         capture_output=True, text=True, timeout=60, check=True)
    block = read("COSTS.md").split("<!-- costs.py -->\n")[1].split("<!-- end -->")[0]
    assert block == run.stdout


def test_costs_count_what_the_template_has(small, full):
    sys.path.insert(0, str(CLOUD))
    import costs
    for stack, volume in ((small, costs.SMALL_VOLUME), (full, costs.FULL_VOLUME)):
        domain = stack.properties("Domain")
        assert domain["EBSOptions"]["VolumeSize"] * domain["ClusterConfig"]["InstanceCount"] == \
            volume
        assert len(stack.of_type("AWS::Kinesis::Stream")) == costs.STREAMS
        assert len(stack.of_type("AWS::CloudWatch::Alarm")) == costs.ALARMS
    policy = (CLOUD / "opensearch" / "ism-policy.json").read_text()
    assert f'"{costs.SEARCH_DAYS}d"' in policy
    assert costs.total(costs.of_the_stack(False)) < 70 < 700 < costs.total(costs.of_the_stack(True))


def test_the_bytes_of_a_record_are_those_of_the_recordings(small, tmp_path):
    sys.path.insert(0, str(CLOUD))
    import costs
    from lake import columns, write
    from records import Session, line, transformed
    from recordings import read_recording
    records = Session().play(read_recording("multisport-7h"))
    size = sum(len(line(each)) for each in records) / len(records)
    assert abs(size - costs.RECORD_BYTES) < 5
    quarter = [line(transformed(each)) for each in records[:900]]
    write(tmp_path, "records", quarter, columns(small, "RecordsTable"), day_of=lambda _: "x")
    file, = tmp_path.rglob("*.parquet")
    assert abs(file.stat().st_size / 900 - costs.PARQUET_BYTES) < 5


def test_no_line_ends_in_blanks_or_has_tabs():
    for path in [*DOCUMENTS, CLOUD / "template.yaml"]:
        text = path.read_text()
        assert "\t" not in text and not re.search(r" +$", text, re.M), path.name
