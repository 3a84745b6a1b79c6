"""Streams, the indexer's event sources, and Firehose: what the linters overlook."""

import re

from stack import ROOT, Stack, template

# https://docs.aws.amazon.com/firehose/latest/dev/record-format-conversion.html and the API
# reference of BufferingHints: with conversion 64 to 128 MB; 0 to 900 s.
PARQUET_MEGABYTES = range(64, 129)
STREAMS = {"HeartRateStream": "heart_rate", "PatientStatsStream": "patient_stats",
           "ErrorMessageStream": "error_message"}


def test_the_streams_have_the_names_that_gateways_send_to(stack):
    names = {name: each["Name"] for name, each in stack.of_type("AWS::Kinesis::Stream").items()}
    assert names == STREAMS


def test_small_is_a_shard_and_a_day_full_grows_and_keeps_a_week(small, full):
    for name in STREAMS:
        one, other = small.properties(name), full.properties(name)
        assert one["StreamModeDetails"] == {"StreamMode": "PROVISIONED"}
        assert (one["ShardCount"], one["RetentionPeriodHours"]) == (1, 24)
        assert other["StreamModeDetails"] == {"StreamMode": "ON_DEMAND"}
        assert "ShardCount" not in other and other["RetentionPeriodHours"] == 168


def test_event_sources_lose_nothing_and_get_stuck_on_nothing(stack):
    mappings = stack.of_type("AWS::Lambda::EventSourceMapping")
    assert {each["EventSourceArn"].rsplit("/", 1)[1] for each in mappings.values()} == {
        "heart_rate", "patient_stats"}
    for name, mapping in mappings.items():
        # cfn-lint lets a stream without it pass; the service refuses it.
        assert mapping["StartingPosition"] == "TRIM_HORIZON", name
        assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"], name
        assert mapping["BisectBatchOnFunctionError"] is True, name
        assert mapping["DestinationConfig"]["OnFailure"]["Destination"] == stack.attribute(
            ["NotIndexedQueue", "Arn"]), name
        # What is given up must still lie in the stream for somebody to look at.
        retention = stack.properties("HeartRateStream")["RetentionPeriodHours"] * 3_600
        assert mapping["MaximumRecordAgeInSeconds"] * 2 <= retention, name
        assert 0 < mapping["MaximumRetryAttempts"] <= 10_000, name
        # An alias: a version that is half out can be taken back.
        assert mapping["FunctionName"] == stack.reference("IndexerLive"), name


def test_a_batch_fits_the_functions_time_and_the_invocations_six_megabytes(stack):
    indexer = stack.properties("Indexer")
    variables = indexer["Environment"]["Variables"]
    # One try of a request and one more, within one invocation.
    assert int(variables["PULSEGATE_REQUEST_TIMEOUT"]) * 2 < indexer["Timeout"]
    for mapping in stack.of_type("AWS::Lambda::EventSourceMapping").values():
        window = mapping["MaximumBatchingWindowInSeconds"]
        assert window == (1 if stack.parameters["Variant"] == "full" else 5)
        # 500 plain records of 400 bytes, in base64 and with 400 bytes around each; an event of
        # more than 6 MB is cut by the service itself.
        assert mapping["BatchSize"] * (400 * 4 // 3 + 400) < 6_000_000


def test_what_is_given_up_waits_two_weeks_in_the_queue(stack):
    assert stack.properties("NotIndexedQueue")["MessageRetentionPeriod"] == 14 * 86_400


def test_functions_are_of_the_kind_that_the_package_is_built_for(stack):
    functions = stack.of_type("AWS::Lambda::Function")
    assert {each["Handler"] for each in functions.values()} == {"indexer", "transform"}
    for name, each in functions.items():
        assert each["Runtime"] == "provided.al2023", name
        assert each["Architectures"] == ["arm64"], name
        assert each["Code"] == {"S3Bucket": "code", "S3Key": "relay.zip"}, name
        assert each["LoggingConfig"]["LogGroup"].startswith("/pulsegate/"), name


def test_a_canary_gets_its_share_and_nothing_else_changes():
    before = Stack()
    for function in ("Indexer", "Transform"):
        plain = before.properties(f"{function}Live")
        assert plain["FunctionVersion"] == f"{function}FirstVersion.Version"
        assert "RoutingConfig" not in plain
        stack = Stack(**{f"{function}Version": "7", f"{function}CanaryVersion": "8",
                         "CanaryWeight": 0.25})
        assert stack.properties(f"{function}Live") == {
            "Name": "live", "FunctionName": function.lower(), "FunctionVersion": "7",
            "RoutingConfig": {"AdditionalVersionWeights": [
                {"FunctionVersion": "8", "FunctionWeight": 0.25}]}}
        changed = {name for name, each in stack.resources.items()
                   if each != before.resources[name]}
        assert changed == {f"{function}Live"}


def test_parquet_gets_the_buffer_and_the_compression_that_it_needs(stack):
    deliveries = stack.of_type("AWS::KinesisFirehose::DeliveryStream")
    assert set(deliveries) == {"RecordsDelivery", "ErrorsDelivery", "PatientStatsDelivery"}
    for name, each in deliveries.items():
        target = each["ExtendedS3DestinationConfiguration"]
        assert 0 <= target["BufferingHints"]["IntervalInSeconds"] <= 900, name
        assert each["DeliveryStreamType"] == "KinesisStreamAsSource", name
        assert target["ErrorOutputPrefix"].startswith("failed/"), name
        assert "!{firehose:error-output-type}" in target["ErrorOutputPrefix"], name
        if "DataFormatConversionConfiguration" in target:
            assert target["BufferingHints"]["SizeInMBs"] in PARQUET_MEGABYTES, name
            assert target["CompressionFormat"] == "UNCOMPRESSED", name
        else:
            assert target["CompressionFormat"] == "GZIP", name
    converted = [name for name, each in deliveries.items() if "DataFormatConversionConfiguration"
                 in each["ExtendedS3DestinationConfiguration"]]
    assert converted == ["RecordsDelivery"]


def test_the_transform_is_called_by_its_alias_within_what_firehose_allows(stack):
    target = stack.properties("RecordsDelivery")["ExtendedS3DestinationConfiguration"]
    processor, = target["ProcessingConfiguration"]["Processors"]
    parameters = {each["ParameterName"]: each["ParameterValue"]
                  for each in processor["Parameters"]}
    assert processor["Type"] == "Lambda"
    assert parameters["LambdaArn"] == stack.reference("TransformLive")
    # 0.2 to 3 MB; the answer, base64 and longer by the zone, has 6 MB.
    assert 0.2 <= float(parameters["BufferSizeInMBs"]) <= 3
    assert float(parameters["BufferSizeInMBs"]) * 4 / 3 * 1.5 < 6
    assert 0 <= int(parameters["BufferIntervalInSeconds"]) <= 900
    assert stack.properties("Transform")["Timeout"] <= 300


def test_limits_are_those_of_the_board(stack):
    source = (ROOT / "Sources" / "Core" / "Alarm" / "RateAlarm.swift").read_text()
    defaults = dict(re.findall(r"(high|clear)BeatsPerMinute: UInt16 = (\d+)", source))
    variables = stack.properties("Transform")["Environment"]["Variables"]
    assert {key: str(value) for key, value in variables.items()} | {} == {
        "PULSEGATE_ALARM_HIGH": defaults["high"], "PULSEGATE_ALARM_CLEAR": defaults["clear"],
        "PULSEGATE_LOG_LEVEL": "notice"}
    assert template()["Parameters"]["HighBeatsPerMinute"]["Default"] == int(defaults["high"])
