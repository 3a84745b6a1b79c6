"""The template deployed to moto, which really makes what it knows: streams, roles, functions.

It knows no OpenSearch, Firehose, Glue, Athena, Secrets Manager and some more (SKIPPED). They are
taken out first, what refers to them gets a stand-in, and what came to be is compared with what the
template says. Of what it makes it leaves out a function's architecture, a bucket's versioning and
a stream's on-demand mode; these are judged in the template alone.
"""

import io
import json
import warnings
import zipfile

import boto3
import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from moto import mock_aws
from moto.cloudformation.parsing import resource_class_from_type
from stack import Stack, template

REGION = "eu-central-1"
# What moto's CloudFormation does not make. One that it learns fails here, and is then tested.
SKIPPED = {
    "AWS::ApiGateway::GatewayResponse", "AWS::ApiGateway::Model",
    "AWS::ApiGateway::RequestValidator", "AWS::ApiGateway::Stage", "AWS::ApiGateway::UsagePlan",
    "AWS::Athena::NamedQuery", "AWS::Athena::WorkGroup", "AWS::CloudWatch::Alarm",
    "AWS::Glue::Database", "AWS::Glue::Table", "AWS::KinesisFirehose::DeliveryStream",
    "AWS::Lambda::Alias", "AWS::Logs::LogStream", "AWS::OpenSearchService::Domain",
    "AWS::S3::BucketPolicy", "AWS::SNS::Subscription", "AWS::SecretsManager::Secret",
}


def unknown_types():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return {each["Type"] for each in template()["Resources"].values()
                if resource_class_from_type(each["Type"]) is None}


def without_skipped(stack):
    """The template without what moto cannot make; what it refers to is worked out beforehand."""
    source = json.loads(json.dumps(template()))
    gone = {name for name, each in source["Resources"].items() if each["Type"] in SKIPPED}

    def settle(node):
        if isinstance(node, list):
            return [settle(each) for each in node]
        if not isinstance(node, dict):
            return node
        if len(node) == 1:
            (name, argument), = node.items()
            named = argument if isinstance(argument, str) else None
            if name == "Ref" and named in gone:
                thing = template()["Resources"][named]
                if thing["Type"] == "AWS::Lambda::Alias":
                    return thing["Properties"]["FunctionName"]
                return stack.reference(named)
            if name == "Fn::GetAtt" and argument[0] in gone:
                return stack.attribute(argument)
            if name == "Fn::Sub" and isinstance(argument, str):
                for each in gone:
                    if "${" + each in argument:
                        return stack.substitute(argument)
        return {key: settle(each) for key, each in node.items()}

    for name in gone:
        del source["Resources"][name]
    for each in source["Resources"].values():
        depends = each.get("DependsOn", [])
        depends = [depends] if isinstance(depends, str) else depends
        if depends:
            each["DependsOn"] = [name for name in depends if name not in gone]
    source["Resources"] = settle(source["Resources"])
    del source["Outputs"]
    return source


@pytest.fixture(scope="module", params=["small", "full"])
def deployed(request):
    """(stack, {logical name: physical id}) of one variant, made by moto."""
    variant = request.param
    stack = Stack(Variant=variant)
    with pytest.MonkeyPatch.context() as environment, mock_aws():
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            environment.setenv(name, "test")
        environment.setenv("AWS_DEFAULT_REGION", REGION)
        package = io.BytesIO()
        with zipfile.ZipFile(package, "w") as archive:
            archive.writestr("bootstrap", "")
        storage = boto3.client("s3")
        storage.create_bucket(Bucket="code", CreateBucketConfiguration={
            "LocationConstraint": REGION})
        storage.put_object(Bucket="code", Key="relay.zip", Body=package.getvalue())
        formation = boto3.client("cloudformation")
        with warnings.catch_warnings():
            warnings.simplefilter("error", UserWarning)
            formation.create_stack(
                StackName="pulsegate", TemplateBody=json.dumps(without_skipped(stack)),
                Capabilities=["CAPABILITY_IAM"],
                Parameters=[{"ParameterKey": "CodeBucket", "ParameterValue": "code"},
                            {"ParameterKey": "CodeKey", "ParameterValue": "relay.zip"},
                            {"ParameterKey": "Variant", "ParameterValue": variant}])
        description, = formation.describe_stacks(StackName="pulsegate")["Stacks"]
        assert description["StackStatus"] == "CREATE_COMPLETE"
        made = {each["LogicalResourceId"]: each.get("PhysicalResourceId") for each in
                formation.describe_stack_resources(StackName="pulsegate")["StackResources"]}
        yield stack, made


def test_moto_skips_what_it_is_known_to_skip():
    assert unknown_types() == SKIPPED


def test_everything_else_comes_to_be(deployed):
    stack, made = deployed
    expected = {name for name, each in stack.resources.items() if each["Type"] not in SKIPPED}
    assert set(made) == expected
    assert len(made) >= 35


def test_streams_are_as_the_template_says(deployed):
    stack, _ = deployed
    kinesis = boto3.client("kinesis")
    for name, expected in stack.of_type("AWS::Kinesis::Stream").items():
        found = kinesis.describe_stream_summary(
            StreamName=expected["Name"])["StreamDescriptionSummary"]
        assert found["RetentionPeriodHours"] == expected["RetentionPeriodHours"], name
        if "ShardCount" in expected:
            assert found["OpenShardCount"] == 1, name


def test_functions_have_their_environment_and_their_sources(deployed):
    stack, made = deployed
    functions = boto3.client("lambda")
    for name in ("Indexer", "Transform"):
        expected = stack.properties(name)
        found = functions.get_function_configuration(FunctionName=made[name])
        assert found["Runtime"] == "provided.al2023" and found["Handler"] == expected["Handler"]
        assert found["Timeout"] == expected["Timeout"]
        variables = {key: str(value) for key, value in
                     expected["Environment"]["Variables"].items()}
        variables["PULSEGATE_ERROR_STREAM"] = "error_message"
        if name == "Transform":
            del variables["PULSEGATE_ERROR_STREAM"]
        assert {key: str(value) for key, value in
                found["Environment"]["Variables"].items()} == variables
    sources = functions.list_event_source_mappings()["EventSourceMappings"]
    assert {each["EventSourceArn"].rsplit("/", 1)[1] for each in sources} == {
        "heart_rate", "patient_stats"}
    for each in sources:
        assert each["BatchSize"] == 500 and each["StartingPosition"] == "TRIM_HORIZON"


def test_roles_are_what_the_template_says_and_moto_s_iam_takes_them(deployed):
    stack, made = deployed
    iam = boto3.client("iam")
    for name, expected in stack.of_type("AWS::IAM::Role").items():
        policies = iam.list_role_policies(RoleName=made[name])["PolicyNames"]
        assert policies == [each["PolicyName"] for each in expected["Policies"]], name
        document = iam.get_role_policy(
            RoleName=made[name], PolicyName=policies[0])["PolicyDocument"]
        # moto keeps the text that it was given.
        document = yaml.safe_load(document) if isinstance(document, str) else document
        assert {each["Sid"] for each in document["Statement"]} == {
            each["Sid"] for each in expected["Policies"][0]["PolicyDocument"]["Statement"]}, name


def test_the_gateways_door_is_there(deployed):
    _, made = deployed
    iot = boto3.client("iot")
    alias = iot.describe_role_alias(roleAlias="pulsegate")["roleAliasDescription"]
    assert alias["credentialDurationSeconds"] == 3_600
    assert alias["roleArn"].endswith(made["GatewayRole"])
    # As Python writes it, which YAML reads.
    policy = yaml.safe_load(iot.get_policy(policyName="pulsegate-gateway")["policyDocument"])
    statement, = policy["Statement"]
    assert statement["Action"] == "iot:AssumeRoleWithCertificate"
    assert statement["Resource"] == alias["roleAliasArn"]


def test_the_first_gateway_is_enrolled_as_deploy_md_says(deployed):
    iot = boto3.client("iot")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "gym-7")])
    request = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, SHA256())
    made = iot.create_certificate_from_csr(
        certificateSigningRequest=request.public_bytes(Encoding.PEM).decode(), setAsActive=True)
    iot.create_thing(thingName="gym-7")
    iot.attach_policy(policyName="pulsegate-gateway", target=made["certificateArn"])
    iot.attach_thing_principal(thingName="gym-7", principal=made["certificateArn"])
    policies = iot.list_attached_policies(target=made["certificateArn"])["policies"]
    assert [each["policyName"] for each in policies] == ["pulsegate-gateway"]
    assert iot.list_thing_principals(thingName="gym-7")["principals"] == [made["certificateArn"]]
    described = iot.describe_certificate(certificateId=made["certificateId"])
    assert described["certificateDescription"]["status"] == "ACTIVE"


def test_the_queue_and_the_bucket_are_as_the_template_says(deployed):
    _, made = deployed
    queue = boto3.client("sqs").get_queue_attributes(
        QueueUrl=made["NotIndexedQueue"], AttributeNames=["All"])["Attributes"]
    assert queue["MessageRetentionPeriod"] == "1209600"
    rule, = boto3.client("s3").get_bucket_encryption(Bucket=made["Lake"])[
        "ServerSideEncryptionConfiguration"]["Rules"]
    assert rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms"


def test_the_api_has_three_ways_in_and_each_wants_a_key(deployed):
    _, made = deployed
    gateway = boto3.client("apigateway")
    resources = gateway.get_resources(restApiId=made["Api"])["items"]
    assert {each["path"] for each in resources} == {
        "/", "/measurements", "/measurements/batch", "/patient-stats"}
    for each in resources:
        if each["path"] != "/":
            method = gateway.get_method(
                restApiId=made["Api"], resourceId=each["id"], httpMethod="POST")
            assert method["apiKeyRequired"] is True
