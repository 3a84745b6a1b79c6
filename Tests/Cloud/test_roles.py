"""Who may do what: every role's actions, word for word, and on what."""

import pytest
from stack import as_list

LAMBDA = "lambda.amazonaws.com"
# {role: (who assumes it, {statement: (actions, kinds of resources)})}. A change of the template's
# permissions is a change here, and somebody has to mean it.
EXPECTED = {
    "IndexerRole": (LAMBDA, {
        "ReadTheStreams": (
            {"kinesis:DescribeStream", "kinesis:DescribeStreamSummary", "kinesis:GetRecords",
             "kinesis:GetShardIterator", "kinesis:ListShards"}, {"HeartRate", "PatientStats"}),
        "ListStreamsKnowsNoResource": ({"kinesis:ListStreams"}, {"*"}),
        "PutWhatIsRefused": ({"kinesis:PutRecords"}, {"ErrorMessage"}),
        "Index": ({"es:ESHttpPost"}, {"_bulk"}),
        "SayWhatWasNotIndexed": ({"sqs:SendMessage"}, {"NotIndexed"}),
        "UseTheKey": ({"kms:Decrypt", "kms:GenerateDataKey"}, {"Key"}),
        "Log": ({"logs:CreateLogStream", "logs:PutLogEvents"}, {"IndexerLog"}),
    }),
    "TransformRole": (LAMBDA, {
        "Log": ({"logs:CreateLogStream", "logs:PutLogEvents"}, {"TransformLog"}),
    }),
    "DeliveryRole": ("firehose.amazonaws.com", {
        "ReadTheStreams": (
            {"kinesis:DescribeStream", "kinesis:GetRecords", "kinesis:GetShardIterator",
             "kinesis:ListShards"}, {"HeartRate", "PatientStats", "ErrorMessage"}),
        "FillTheLake": ({"s3:AbortMultipartUpload", "s3:PutObject"}, {"Lake/*"}),
        "FindTheLake": (
            {"s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"}, {"Lake"}),
        "CallTheTransform": (
            {"lambda:GetFunctionConfiguration", "lambda:InvokeFunction"}, {"TransformLive"}),
        "ReadTheColumns": (
            {"glue:GetTable", "glue:GetTableVersion", "glue:GetTableVersions"},
            {"catalog", "database", "table"}),
        "UseTheKey": ({"kms:Decrypt", "kms:GenerateDataKey"}, {"Key"}),
        "Log": ({"logs:PutLogEvents"}, {"DeliveryLog"}),
    }),
    "ApiRole": ("apigateway.amazonaws.com", {
        "PutOneOrMany": (
            {"kinesis:PutRecord", "kinesis:PutRecords"}, {"HeartRate", "PatientStats"}),
        "UseTheKey": ({"kms:GenerateDataKey"}, {"Key"}),
    }),
    "GatewayRole": ("credentials.iot.amazonaws.com", {
        "Send": ({"kinesis:PutRecords"}, {"HeartRate", "ErrorMessage"}),
        "UseTheKeyInTheStreamsName": ({"kms:GenerateDataKey"}, {"Key"}),
    }),
    "AlertRole": ("es.amazonaws.com", {
        "Tell": ({"sns:Publish"}, {"AlarmTopic"}),
        "UseTheKey": ({"kms:Decrypt", "kms:GenerateDataKey"}, {"Key"}),
    }),
}


@pytest.fixture(scope="module")
def kinds(small):
    """{ARN: how EXPECTED calls it}."""
    domain = "arn:aws:es:eu-central-1:123456789012:domain/pulsegate"
    glue = "arn:aws:glue:eu-central-1:123456789012"
    lake = small.attribute(["Lake", "Arn"])

    def arn(name):
        return small.attribute([name, "Arn"])

    return {
        "*": "*", arn("HeartRateStream"): "HeartRate", arn("PatientStatsStream"): "PatientStats",
        arn("ErrorMessageStream"): "ErrorMessage", f"{domain}/_bulk": "_bulk",
        arn("NotIndexedQueue"): "NotIndexed", arn("Key"): "Key", arn("IndexerLog"): "IndexerLog",
        arn("TransformLog"): "TransformLog", arn("DeliveryLog"): "DeliveryLog",
        lake: "Lake", f"{lake}/*": "Lake/*", small.reference("TransformLive"): "TransformLive",
        f"{glue}:catalog": "catalog", f"{glue}:database/pulsegate": "database",
        f"{glue}:table/pulsegate/records": "table", small.reference("AlarmTopic"): "AlarmTopic",
    }


def statements(role):
    policy, = role["Policies"]
    return {each["Sid"]: each for each in policy["PolicyDocument"]["Statement"]}


def test_each_role_may_do_what_it_needs_and_nothing_more(stack, kinds):
    roles = stack.of_type("AWS::IAM::Role")
    found = {}
    for name, role in roles.items():
        assert "ManagedPolicyArns" not in role, name
        assert all(each["Effect"] == "Allow" for each in statements(role).values()), name
        trust, = role["AssumeRolePolicyDocument"]["Statement"]
        assert trust["Action"] == "sts:AssumeRole", name
        found[name] = (trust["Principal"]["Service"], {
            sid: (set(as_list(each["Action"])),
                  {kinds[resource] for resource in as_list(each["Resource"])})
            for sid, each in statements(role).items()})
    assert found == EXPECTED
    # A role that is not in the template's resources would be nobody's.
    assert "AWS::IAM::Policy" not in {each["Type"] for each in stack.resources.values()}


def test_services_that_serve_many_accounts_act_for_this_one_alone(small):
    def condition(name):
        trust, = small.properties(name)["AssumeRolePolicyDocument"]["Statement"]
        return trust.get("Condition")

    account = {"aws:SourceAccount": "123456789012"}
    assert condition("AlertRole") == {"StringEquals": account}
    assert condition("GatewayRole") is None
    assert condition("DeliveryRole") == {"StringEquals": {"sts:ExternalId": "123456789012"}}


def test_a_gateway_uses_the_key_through_kinesis_alone(small):
    use = statements(small.properties("GatewayRole"))["UseTheKeyInTheStreamsName"]
    assert use["Condition"] == {
        "StringEquals": {"kms:ViaService": "kinesis.eu-central-1.amazonaws.com"}}


def test_a_gateways_certificate_opens_one_door(small):
    statement, = small.properties("GatewayPolicy")["PolicyDocument"]["Statement"]
    assert statement == {
        "Effect": "Allow", "Action": "iot:AssumeRoleWithCertificate",
        "Resource": small.attribute(["GatewayRoleAlias", "RoleAliasArn"])}
    assert small.properties("GatewayRoleAlias")["CredentialDurationSeconds"] == 3_600


def test_the_domain_lets_in_the_indexer_and_the_operators_networks(stack):
    indexer, people = stack.properties("Domain")["AccessPolicies"]["Statement"]
    assert indexer["Principal"] == {"AWS": stack.attribute(["IndexerRole", "Arn"])}
    assert indexer["Action"] == "es:ESHttpPost" and indexer["Resource"].endswith("/_bulk")
    assert people["Condition"] == {"IpAddress": {"aws:SourceIp": ["127.0.0.1/32"]}}
    assert all(action.startswith("es:ESHttp") and "*" not in action for action in people["Action"])


def test_the_key_is_used_by_the_services_that_hold_this_accounts_things(small):
    account, logs, alarms = small.properties("Key")["KeyPolicy"]["Statement"]
    assert account["Principal"] == {"AWS": "arn:aws:iam::123456789012:root"}
    assert logs["Principal"] == {"Service": "logs.eu-central-1.amazonaws.com"}
    assert ":123456789012:" in str(logs["Condition"])
    assert alarms["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    for statement in (logs, alarms):
        assert "kms:*" not in as_list(statement["Action"])
