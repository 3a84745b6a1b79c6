"""Firehose: against moto, which puts what it gets into S3, and against the double's faults."""

import json

import boto3
import doubles
import pytest
from doubles import ACCESS_KEY, REGION, SECRET_KEY, STREAM, call
from gateway import assert_in_order_and_once, parse_lines, play

DELIVERY = "to-s3"


@pytest.fixture(scope="module")
def moto():
    """A delivery stream into a bucket, and a user who may put into it; then IAM is enforced."""
    server = doubles.start_moto(auth=False)
    keys = server._make_user("shipper", "firehose:PutRecordBatch")
    other = server._make_user("other", "kinesis:PutRecords")
    server.s3_keys = server._make_user("librarian", "s3:*")
    client = doubles.make_client("s3", server.endpoint, None, ACCESS_KEY, SECRET_KEY)
    client.create_bucket(Bucket="hearts",
                         CreateBucketConfiguration={"LocationConstraint": REGION})
    firehose = doubles.make_client("firehose", server.endpoint, None, ACCESS_KEY, SECRET_KEY)
    firehose.create_delivery_stream(
        DeliveryStreamName=DELIVERY, S3DestinationConfiguration={
            "RoleARN": "arn:aws:iam::123456789012:role/x", "BucketARN": "arn:aws:s3:::hearts"})
    call(f"{server.endpoint}/moto-api/reset-auth", None, b"0")
    server.shipper, server.other = keys, other
    yield server
    server.stop()


def in_bucket(moto):
    """Everything in the bucket, in the order of its arrival."""
    s3 = doubles.make_client("s3", moto.endpoint, None, *moto.s3_keys)
    objects = s3.list_objects_v2(Bucket="hearts").get("Contents", [])
    bodies = [s3.get_object(Bucket="hearts", Key=entry["Key"])["Body"].read()
              for entry in objects]
    return bodies


def firehose_sink(server, stream=DELIVERY, name="lake", **more):
    keys = {"type": "firehose", "stream": stream, "region": REGION, "endpoint": server.endpoint,
            "flush": "100ms"}
    if server.ca:
        keys["ca_file"] = server.ca
    else:
        keys["allow_http"] = "yes"
    return name, {**keys, **more}


def test_a_whole_recording_arrives_in_s3_line_by_line(desk, moto, run_47min):
    desk.configure(play(run_47min.path), firehose_sink(moto), gateway={"device_id": "gym-7"})
    run = desk.run(access_key=moto.shipper[0], secret_key=moto.shipper[1])
    assert run.status == 0, run.log
    assert "sink lake: 2808 delivered, 0 lost" in run.log
    # Firehose puts nothing between records: each one brings its own end of line.
    records = [record for body in in_bucket(moto) for record in parse_lines(body)]
    records.sort(key=lambda record: record["seq"])
    assert_in_order_and_once(records, run_47min.heart_rates)


def test_a_key_without_the_permission_is_named(desk, moto, run_47min):
    desk.configure(play(run_47min.path, drain_timeout="1s"), firehose_sink(moto))
    run = desk.run(access_key=moto.other[0], secret_key=moto.other[1])
    assert "sink lake: refused with status 403: no permission" in run.log
    assert "firehose:PutRecordBatch" in run.log
    assert "sink lake: 0 delivered, 0 lost, 2808 stay in the ring" in run.log


def test_what_the_service_refuses_in_part_is_sent_again_and_nothing_else(
        desk, double, run_47min):
    # What is refused in part is sent again at once, with as much of what follows as there is by
    # then; after the page of HTML the sink waits, and its requests are full again.
    double.script("ok,partial:0.3:ServiceUnavailableException,html,lying-count:0.5,wrong-count:1")
    desk.configure(play(run_47min.path),
                   firehose_sink(double, STREAM, batch_records=100, flush="10s"))
    run = desk.run()
    assert run.status == 0, run.log
    assert "30 of 100 records refused; sent again" in run.log
    assert "50 of 100 records refused; sent again" in run.log
    records = [json.loads(data) for _, data in double.records()]
    by_sequence = {record["seq"]: record for record in records}
    assert_in_order_and_once([by_sequence[key] for key in sorted(by_sequence)],
                             run_47min.heart_rates)
    # The answer with one result too many was believed in nothing.
    assert len(records) - len(by_sequence) == 100


def test_boto3_knows_the_double_for_a_firehose(double):
    client = boto3.client("firehose", endpoint_url=double.endpoint, region_name=REGION,
                          verify=double.ca, aws_access_key_id=ACCESS_KEY,
                          aws_secret_access_key=SECRET_KEY)
    answer = client.put_record_batch(
        DeliveryStreamName=STREAM, Records=[{"Data": b"one\n"}, {"Data": b"two\n"}])
    assert answer["FailedPutCount"] == 0
    assert all(entry["RecordId"] for entry in answer["RequestResponses"])
    assert [data for _, data in double.records()] == [b"one\n", b"two\n"]
