"""The template as a whole: what its judges say, and what they overlook."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from stack import CLOUD, ROOT, TEMPLATE, Stack, as_list, template

CHECKOV = os.environ.get("CHECKOV", str(ROOT / ".build" / "venv-checkov" / "bin" / "checkov"))


def test_cfn_lint_has_nothing_to_say():
    lint = Path(sys.executable).with_name("cfn-lint")
    run = subprocess.run([lint, "--include-checks", "I3042", "--", TEMPLATE],
                         capture_output=True, text=True, timeout=300)
    assert run.returncode == 0, run.stdout + run.stderr


def checkov(path):
    """Returns the parsed report of checkov over one template."""
    run = subprocess.run(
        [CHECKOV, "--skip-download", "--compact", "--quiet", "--framework", "cloudformation",
         "--output", "json", "-f", str(path)],
        capture_output=True, text=True, timeout=300)
    assert run.stdout, run.stderr
    return json.loads(run.stdout)


def exceptions():
    """{(rule, resource): reason} of the template's own list."""
    return {
        (skip["id"], f"{each['Type']}.{name}"): skip["comment"]
        for name, each in template()["Resources"].items()
        for skip in each.get("Metadata", {}).get("checkov", {}).get("skip", [])}


def test_checkov_finds_nothing_but_the_exceptions_and_each_has_its_reason(tmp_path):
    report = checkov(TEMPLATE)
    failed = [f"{each['check_id']} {each['resource']}"
              for each in report["results"]["failed_checks"]]
    assert failed == []
    assert report["summary"]["passed"] > 90 and report["summary"]["parsing_errors"] == 0
    # Without the list the same rules are broken, and no other: none is there needlessly.
    bare = re.sub(r"    Metadata:\n      checkov:\n(?:        .*\n)+", "", TEMPLATE.read_text())
    assert "checkov:" not in bare.split("Resources:", 1)[1]
    copy = tmp_path / "template.yaml"
    copy.write_text(bare)
    broken = {(each["check_id"], each["resource"])
              for each in checkov(copy)["results"]["failed_checks"]}
    assert broken == set(exceptions())
    assert all(len(reason) > 30 for reason in exceptions().values())


def test_the_template_has_no_aliases_which_cloudformation_does_not_know():
    events = list(yaml.parse(TEMPLATE.read_text()))
    assert [event for event in events if isinstance(event, yaml.AliasEvent)] == []
    assert [event for event in events if getattr(event, "anchor", None)] == []


def test_a_deploy_from_a_bucket_takes_it():
    assert len(TEMPLATE.read_bytes()) < 1_000_000
    assert len(template()["Resources"]) <= 500
    assert len(template()["Outputs"]) <= 200
    # A template of more than 51,200 bytes has to be uploaded first.
    if len(TEMPLATE.read_bytes()) > 51_200:
        assert "--s3-bucket" in (CLOUD / "DEPLOY.md").read_text()


def test_defaults_are_the_careful_choice(small):
    parameters = template()["Parameters"]
    assert parameters["Variant"]["Default"] == "small"
    assert parameters["OperatorAddresses"]["Default"] == "127.0.0.1/32"
    assert "0.0.0.0/0" not in TEMPLATE.read_text()
    assert [name for name, each in parameters.items() if "Default" not in each] == [
        "CodeBucket", "CodeKey"]
    assert "AlarmSubscription" not in small.resources
    assert "AlarmSubscription" in Stack(AlarmEmail="a@example.org").resources


def test_every_parameter_mapping_and_condition_is_used():
    text = TEMPLATE.read_text()
    for name in template()["Parameters"]:
        assert re.search(rf"!Ref {name}\b|\$\{{{name}\}}", text), name
    for name in template()["Conditions"]:
        assert re.search(rf"!If\s*(\[|\n\s*- ){name}\b|Condition: {name}\b", text), name
    for column in template()["Mappings"]["Variants"]["small"]:
        assert f"Variant, {column}]" in text, column


def test_what_holds_data_outlives_a_mistake(stack):
    for name in ("Key", "Lake"):
        assert stack.resources[name]["DeletionPolicy"] == "Retain", name
    for name, each in stack.resources.items():
        if each["Type"] in ("AWS::Kinesis::Stream", "AWS::S3::Bucket", "AWS::KMS::Key",
                            "AWS::SQS::Queue", "AWS::OpenSearchService::Domain",
                            "AWS::Logs::LogGroup"):
            assert {"DeletionPolicy", "UpdateReplacePolicy"} <= set(each), name


def test_everything_that_rests_is_encrypted_with_the_stacks_key(stack):
    key = stack.attribute(["Key", "Arn"])
    for name, stream in stack.of_type("AWS::Kinesis::Stream").items():
        assert stream["StreamEncryption"] == {"EncryptionType": "KMS", "KeyId": key}, name
    for name, bucket in stack.of_type("AWS::S3::Bucket").items():
        rule, = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        assert rule["ServerSideEncryptionByDefault"] == {
            "SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}, name
        assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}, name
    for name, group in stack.of_type("AWS::Logs::LogGroup").items():
        assert group["KmsKeyId"] == key, name
        assert group["RetentionInDays"] in (30, 365), name
    for name, delivery in stack.of_type("AWS::KinesisFirehose::DeliveryStream").items():
        target = delivery["ExtendedS3DestinationConfiguration"]
        assert target["EncryptionConfiguration"] == {
            "KMSEncryptionConfig": {"AWSKMSKeyARN": key}}, name
    assert stack.properties("NotIndexedQueue")["KmsMasterKeyId"] == "key"
    assert stack.properties("AlarmTopic")["KmsMasterKeyId"] == "key"
    assert stack.properties("OperatorSecret")["KmsKeyId"] == key


def test_the_lakes_objects_can_be_had_back(stack):
    lake = stack.properties("Lake")
    assert lake["VersioningConfiguration"] == {"Status": "Enabled"}
    rule, = lake["LifecycleConfiguration"]["Rules"]
    assert "ExpirationInDays" not in rule
    assert rule["NoncurrentVersionExpiration"] == {"NoncurrentDays": 30}


def test_buckets_are_reached_by_tls_alone(stack):
    policies = stack.of_type("AWS::S3::BucketPolicy")
    assert len(policies) == len(stack.of_type("AWS::S3::Bucket"))
    for name, policy in policies.items():
        statement, = as_list(policy["PolicyDocument"]["Statement"])
        assert statement["Effect"] == "Deny", name
        assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}, name


def test_no_secret_is_written_in_the_template():
    for name, each in template()["Parameters"].items():
        assert not re.search("password|secret|token", name, re.I), name
    assert "MasterUserPassword:\n            !Sub \"{{resolve:secretsmanager:" in \
        TEMPLATE.read_text()


@pytest.mark.parametrize("name", ["Variant", "HeartRateStreamName", "RoleAliasName"])
def test_a_parameter_is_described_or_speaks_for_itself(name):
    each = template()["Parameters"][name]
    assert "Description" in each or name.endswith("StreamName")
