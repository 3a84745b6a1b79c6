"""API Gateway in front of Kinesis: forms judged, templates rendered, records read back.

`airspeed` runs the mapping templates (the Velocity language); `$input` and `$util` are ours, after
the service's documentation. What comes out is put into moto's stream and read from it.
"""

import base64
import json

import airspeed
import boto3
import pytest
from jsonschema import Draft4Validator
from moto import mock_aws
from records import BEGIN, Session

PATIENT = {
    "patient": "p-17", "time": "2025-07-15T17:10:33+02:00", "glucose_level": 99.1,
    "oxygen_saturation": 0.97, "body_temperature": 36.85, "respiratory_rate": 14,
    "heart_rate": 62, "blood_pressure_systolic": 120, "blood_pressure_diastolic": 80}


class Input:
    """`$input`: the request's or the answer's body, by JSONPath."""

    def __init__(self, body):
        self.body = body

    def path(self, path):
        value = json.loads(self.body)
        for step in path.removeprefix("$").replace("[", ".").replace("]", "").split("."):
            if step:
                value = value[int(step)] if isinstance(value, list) else value.get(step)
        return value

    def json(self, path):
        return json.dumps(self.path(path), separators=(",", ":"), ensure_ascii=False)


class Util:
    """`$util`."""

    @staticmethod
    def base64Encode(text):  # noqa: N802, the service's name
        return base64.b64encode(text.encode()).decode()


class Context(dict):
    """`$context`."""

    def __init__(self):
        super().__init__(responseOverride={})


def render(template, body, context=None):
    names = {"input": Input(body), "util": Util(), "context": context or Context()}
    return airspeed.Template(template).merge(names)


@pytest.fixture
def request_template(small):
    """A function: the mapping template of a method."""
    def find(method):
        return small.properties(method)["Integration"]["RequestTemplates"]["application/json"]
    return find


@pytest.fixture(scope="module")
def models(small):
    """A validator for the body of each method."""
    schemas = {name: each["Schema"]
               for name, each in small.of_type("AWS::ApiGateway::Model").items()}
    reference = schemas["MeasurementsModel"]["items"]["$ref"]
    assert reference.endswith("/models/measurementmodel") or reference.endswith("/Measurement")
    whole = {**schemas["MeasurementsModel"], "items": schemas["MeasurementModel"]}
    for schema in schemas.values():
        Draft4Validator.check_schema(schema)
        assert schema["$schema"] == "http://json-schema.org/draft-04/schema#"
    return {"PostMeasurement": Draft4Validator(schemas["MeasurementModel"]),
            "PostBatch": Draft4Validator(whole),
            "PostPatientStats": Draft4Validator(schemas["PatientStatsModel"])}


@pytest.fixture
def stream(monkeypatch, small):
    """A function that puts a rendered body into moto's stream, and one that reads it."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    with mock_aws():
        client = boto3.client("kinesis", region_name="eu-central-1")
        for each in small.of_type("AWS::Kinesis::Stream").values():
            client.create_stream(StreamName=each["Name"], ShardCount=1)

        def put(action, text):
            """The body as Kinesis gets it; botocore checks it against the service's model."""
            body = json.loads(text)
            for entry in body.get("Records", [body]):
                entry["Data"] = base64.b64decode(entry["Data"], validate=True)
            return getattr(client, action)(**body)

        def read(name):
            shard, = client.list_shards(StreamName=name)["Shards"]
            iterator = client.get_shard_iterator(
                StreamName=name, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON")
            records = client.get_records(ShardIterator=iterator["ShardIterator"])["Records"]
            return [(each["PartitionKey"], json.loads(each["Data"])) for each in records]

        yield put, read


def test_one_measurement_comes_out_of_the_stream_as_it_went_in(request_template, stream):
    put, read = stream
    record = Session().heart_rate(BEGIN, 89, rr_ms=[671.9, 668.0])
    put("put_record", render(request_template("PostMeasurement"), json.dumps(record, indent=2)))
    assert read("heart_rate") == [("gym-7", record)]


def test_a_batch_is_as_many_records_each_under_its_device(request_template, stream):
    put, read = stream
    one, other = Session(), Session("ward-3", "0badcafe")
    records = [one.heart_rate(BEGIN, 89), other.heart_rate(BEGIN, 61), one.heart_rate(BEGIN, 90)]
    put("put_records", render(request_template("PostBatch"), json.dumps(records)))
    assert read("heart_rate") == [(each["device_id"], each) for each in records]
    # The most that a request takes.
    full = [one.heart_rate(BEGIN, 100) for _ in range(500)]
    body = json.loads(render(request_template("PostBatch"), json.dumps(full)))
    assert len(body["Records"]) == 500


def test_patient_stats_go_to_their_stream_under_the_patient(request_template, stream):
    put, read = stream
    put("put_record", render(request_template("PostPatientStats"), json.dumps(PATIENT)))
    assert read("patient_stats") == [("p-17", PATIENT)]
    assert read("heart_rate") == []


def test_good_forms_pass(models):
    record = Session().heart_rate(BEGIN, 89, contact=True)
    models["PostMeasurement"].validate(record)
    # What a later version adds is no fault.
    models["PostMeasurement"].validate({**record, "new": 1})
    models["PostBatch"].validate([record] * 500)
    models["PostPatientStats"].validate(PATIENT)
    models["PostPatientStats"].validate({**PATIENT, "time": "2025-07-15T17:10:33.5Z"})


@pytest.mark.parametrize("change", [
    {"heart_rate": 0}, {"heart_rate": 301}, {"heart_rate": 89.5}, {"heart_rate": "89"},
    {"heart_rate": None}, {"timestamp": "2025-07-15 17:10:33"},
    {"timestamp": "2025-07-15T17:10:33Z"}, {"timestamp": 1752599433}, {"device_id": ""},
    {"device_id": "x" * 65}, {"device_id": None}, {"session_id": "B1946AC9"}, {"seq": -1},
    {"seq": 1.5}, {"sensor": 5}])
def test_bad_measurements_are_refused(models, change):
    record = {**Session().heart_rate(BEGIN, 89), **change}
    record = {name: value for name, value in record.items() if value is not None}
    assert not models["PostMeasurement"].is_valid(record)
    assert not models["PostBatch"].is_valid([record])


@pytest.mark.parametrize("text", ['"', "\\", "\n", "$input", "${x}", "#end", "ü", " ", "'", "<"])
def test_no_name_can_break_out_of_the_template(models, text):
    """The partition key is put into JSON as it is, so the form lets in nothing that ends it."""
    assert not models["PostMeasurement"].is_valid(
        Session(f"gym{text}7").heart_rate(BEGIN, 89))
    assert not models["PostPatientStats"].is_valid({**PATIENT, "patient": f"p{text}7"})


def test_text_that_looks_like_a_template_stays_text(request_template, stream):
    put, read = stream
    record = Session().heart_rate(BEGIN, 89, sensor='$util "quoted" #end ${x} ü')
    put("put_record", render(request_template("PostMeasurement"), json.dumps(record)))
    put("put_records", render(request_template("PostBatch"), json.dumps([record])))
    assert read("heart_rate") == [("gym-7", record)] * 2


@pytest.mark.parametrize("change", [
    {"oxygen_saturation": 97}, {"body_temperature": 98.6}, {"glucose_level": 0},
    {"respiratory_rate": 0}, {"blood_pressure_systolic": 301}, {"time": "yesterday"},
    {"patient": ""}, *({name: None} for name in PATIENT)])
def test_bad_patient_stats_are_refused(models, change):
    record = {name: value for name, value in {**PATIENT, **change}.items() if value is not None}
    assert not models["PostPatientStats"].is_valid(record)


def test_batches_of_none_and_of_more_than_a_request_takes_are_refused(models):
    record = Session().heart_rate(BEGIN, 89)
    for count in (0, 501):
        assert not models["PostBatch"].is_valid([record] * count)


def test_answers_say_what_was_taken(small):
    def answers(method):
        return {each["StatusCode"]: each for each in
                small.properties(method)["Integration"]["IntegrationResponses"]}

    for method in ("PostMeasurement", "PostPatientStats"):
        text = answers(method)["200"]["ResponseTemplates"]["application/json"]
        assert json.loads(text) == {"accepted": 1}
    batch = answers("PostBatch")["200"]["ResponseTemplates"]["application/json"]
    context = Context()
    taken = {"FailedRecordCount": 0, "Records": [{}, {}]}
    assert json.loads(render(batch, json.dumps(taken), context)) == {"accepted": 2}
    assert context["responseOverride"] == {}
    # Status 200 with one refused is no success.
    refused = {"FailedRecordCount": 1, "Records": [{}, {"ErrorCode": "InternalFailure"}]}
    answer = json.loads(render(batch, json.dumps(refused), context))
    assert context["responseOverride"] == {"status": 503}
    assert answer == {"status_code": 503, "error_message": "1 not taken; send all of them again"}


def test_every_refusal_of_the_stream_is_a_503(small):
    for method in ("PostMeasurement", "PostBatch", "PostPatientStats"):
        integration = small.properties(method)["Integration"]
        refusal, = [each for each in integration["IntegrationResponses"]
                    if each["StatusCode"] == "503"]
        assert refusal["SelectionPattern"] == "[45][0-9]{2}"
        assert json.loads(refusal["ResponseTemplates"]["application/json"])["status_code"] == 503


def test_nothing_gets_in_without_a_key_and_a_judged_form(small):
    for name, method in small.of_type("AWS::ApiGateway::Method").items():
        assert method["ApiKeyRequired"] is True, name
        assert method["RequestValidatorId"] == "body", name
        assert method["Integration"]["PassthroughBehavior"] == "NEVER", name
        assert list(method["RequestModels"]) == ["application/json"], name
    assert small.properties("BodyValidator")["ValidateRequestBody"] is True
    assert set(small.resources["ApiDeployment1"]["DependsOn"]) >= set(
        small.of_type("AWS::ApiGateway::Method"))
