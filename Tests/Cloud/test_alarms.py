"""The cloud's alarms: that each watches a metric that there is, of a thing that there is."""

import re

from stack import CLOUD

# Metrics and their dimensions as the services document them.
METRICS = {
    ("AWS/Lambda", "IteratorAge"): {"FunctionName"},
    ("AWS/Lambda", "Errors"): {"FunctionName"},
    ("AWS/Lambda", "Throttles"): {"FunctionName"},
    ("AWS/SQS", "ApproximateNumberOfMessagesVisible"): {"QueueName"},
    ("AWS/Kinesis", "IncomingRecords"): {"StreamName"},
    ("AWS/Kinesis", "GetRecords.IteratorAgeMilliseconds"): {"StreamName"},
    ("AWS/Kinesis", "WriteProvisionedThroughputExceeded"): {"StreamName"},
    ("AWS/Firehose", "DeliveryToS3.DataFreshness"): {"DeliveryStreamName"},
    ("AWS/ES", "ClusterStatus.red"): {"DomainName", "ClientId"},
    ("AWS/ES", "ClusterIndexWritesBlocked"): {"DomainName", "ClientId"},
    ("AWS/ES", "FreeStorageSpace"): {"DomainName", "ClientId"},
    ("AWS/ES", "JVMMemoryPressure"): {"DomainName", "ClientId"},
    ("AWS/ApiGateway", "5XXError"): {"ApiName", "Stage"},
}
OWNERS = {
    "FunctionName": "AWS::Lambda::Function", "QueueName": "AWS::SQS::Queue",
    "StreamName": "AWS::Kinesis::Stream", "DomainName": "AWS::OpenSearchService::Domain",
    "DeliveryStreamName": "AWS::KinesisFirehose::DeliveryStream",
    "Stage": "AWS::ApiGateway::Stage",
}


def dimensions(alarm):
    return {each["Name"]: each["Value"] for each in alarm["Dimensions"]}


def test_each_alarm_watches_a_metric_that_the_service_has(stack):
    for name, alarm in stack.of_type("AWS::CloudWatch::Alarm").items():
        expected = METRICS[(alarm["Namespace"], alarm["MetricName"])]
        assert set(dimensions(alarm)) == expected, name


def test_each_alarm_watches_a_thing_of_this_stack(stack):
    things = {kind: {stack.reference(name) for name, each in stack.resources.items()
                     if each["Type"] == kind} for kind in OWNERS.values()}
    things["AWS::SQS::Queue"] = {"NotIndexedQueue.QueueName"}
    for name, alarm in stack.of_type("AWS::CloudWatch::Alarm").items():
        for dimension, value in dimensions(alarm).items():
            if dimension == "ClientId":
                assert value == "123456789012", name
            elif dimension == "ApiName":
                assert value == stack.properties("Api")["Name"], name
            else:
                assert value in things[OWNERS[dimension]], name


def test_what_was_asked_to_be_watched_is_watched(stack):
    watched = {(each["Namespace"], each["MetricName"])
               for each in stack.of_type("AWS::CloudWatch::Alarm").values()}
    assert watched == set(METRICS)


def test_each_alarm_tells_somebody_and_says_where_to_read_on(stack):
    runbook = (CLOUD / "RUNBOOK.md").read_text()
    anchors = {re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-")
               for heading in re.findall(r"^#+ (.*)$", runbook, re.M)}
    for name, alarm in stack.of_type("AWS::CloudWatch::Alarm").items():
        assert alarm["AlarmActions"] == alarm["OKActions"] == [stack.reference("AlarmTopic")], name
        anchor = re.search(r"RUNBOOK\.md#(\S+)$", alarm["AlarmDescription"])
        assert anchor and anchor[1] in anchors, f"{name}: the runbook has no such section"


def test_silence_is_an_alarm_only_where_records_are_expected(stack):
    for name, alarm in stack.of_type("AWS::CloudWatch::Alarm").items():
        expected = "breaching" if name == "GatewaySilent" else "notBreaching"
        assert alarm["TreatMissingData"] == expected, name
    silent = stack.properties("GatewaySilent")
    assert silent["Period"] * silent["EvaluationPeriods"] == 600
    assert (silent["ComparisonOperator"], silent["Threshold"]) == ("LessThanThreshold", 1)


def test_no_alarm_looks_back_further_than_cloudwatch_does(stack):
    for name, alarm in stack.of_type("AWS::CloudWatch::Alarm").items():
        assert alarm["Period"] % 60 == 0, name
        assert int(alarm["EvaluationPeriods"]) * alarm["Period"] <= 86_400, name


def test_the_indexer_is_seen_to_be_behind_long_before_records_are_given_up(stack):
    behind = stack.properties("IndexerBehind")["Threshold"] / 1_000
    given_up = stack.properties("HeartRateToIndexer")["MaximumRecordAgeInSeconds"]
    assert behind * 10 <= given_up
    reader = stack.properties("StreamReadBehind")["Threshold"] / 1_000 / 3_600
    assert reader * 2 <= stack.properties("HeartRateStream")["RetentionPeriodHours"]
