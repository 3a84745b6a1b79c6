"""OpenSearch: `_bulk` against a strict double. No real server stands behind these tests."""

import pytest
from gateway import assert_in_order_and_once, file_sink, hex_lines, parse_lines, play
from line_doubles import PAGE, Answer, BulkDouble
from doubles import ACCESS_KEY, REGION, SECRET_KEY

SIGNED = (ACCESS_KEY, SECRET_KEY, REGION, "es")
BATCH = 100


@pytest.fixture
def start_index():
    """A function that starts a BulkDouble; all stop with the test."""
    started = []

    def start(**options):
        started.append(BulkDouble(**options))
        return started[-1]

    yield start
    for double in started:
        double.stop()


def index_sink(double, name="search", **more):
    keys = {"type": "opensearch", "endpoint": double.endpoint, "region": REGION,
            "flush": "100ms", "batch_records": BATCH}
    if double.ca:
        keys["ca_file"] = double.ca
    else:
        keys["allow_http"] = "yes"
    return name, {**keys, **more}


def bulk(double):
    return [request for request in double.requests if request.path.endswith("/_bulk")]


def test_every_record_is_a_document_once_under_its_own_id(
        desk, start_index, certificates, run_47min):
    double = start_index(keys=SIGNED, certificates=certificates)
    desk.configure(play(run_47min.path), index_sink(double))
    run = desk.run()
    assert run.status == 0, run.log
    assert double.bad_signatures == []
    assert_in_order_and_once(double.created, run_47min.heart_rates)
    for identifier, record in double.documents.items():
        assert identifier == f"{record['device_id']}:{record['session_id']}:{record['seq']}"


def test_gzip_is_signed_as_it_is_sent_and_a_fraction_of_it(desk, start_index, run_47min):
    double = start_index(keys=SIGNED)
    desk.configure(play(run_47min.path), index_sink(double, compress="gzip"))
    assert desk.run().status == 0
    assert_in_order_and_once(double.created, run_47min.heart_rates)
    sent = sum(len(request.body) for request in bulk(double))
    plain = sum(len(request.plain) for request in bulk(double))
    print(f"gzip: {plain} bytes sent as {sent}")
    assert sent * 6 < plain


def test_a_wrong_secret_is_named_and_the_records_wait(desk, start_index, run_47min):
    double = start_index(keys=SIGNED)
    desk.configure(play(run_47min.path, drain_timeout="1s"), index_sink(double))
    run = desk.run(secret_key="x" * 40)
    assert "sink search: refused with status 403: no permission" in run.log
    assert double.created == []
    desk.configure(hex_lines(), index_sink(double))
    assert desk.run(text="").status == 0
    assert_in_order_and_once(double.created, run_47min.heart_rates)


def test_serverless_is_signed_for_aoss_and_without_ids(desk, start_index, run_47min):
    double = start_index(keys=(ACCESS_KEY, SECRET_KEY, REGION, "aoss"), takes_ids=False)
    desk.configure(play(run_47min.path), index_sink(double, access="serverless"))
    run = desk.run()
    assert run.status == 0, run.log
    assert double.bad_signatures == []
    assert_in_order_and_once(double.created, run_47min.heart_rates)


def test_a_user_of_opensearch_and_nobody_at_all(desk, start_index, run_47min):
    double = start_index(user=("gym", "p:ä ss"))
    password = desk.folder / "password"
    password.write_text("p:ä ss\n")
    name, keys = index_sink(double, access="user", user="gym", password_file=password)
    del keys["region"]
    desk.configure(play(run_47min.path), (name, keys))
    run = desk.run(access_key=None, secret_key=None)
    assert run.status == 0, run.log
    assert_in_order_and_once(double.created, run_47min.heart_rates)
    assert "p:ä ss" not in run.log
    open_double = start_index()
    name, keys = index_sink(open_double, "open", access="open")
    del keys["region"]
    desk.configure(hex_lines(), (name, keys))
    assert desk.run(text="", access_key=None, secret_key=None).status == 0
    assert_in_order_and_once(open_double.created, run_47min.heart_rates)


def test_a_wrong_password_is_named(desk, start_index):
    double = start_index(user=("gym", "right"))
    password = desk.folder / "password"
    password.write_text("wrong\n")
    desk.configure(hex_lines(drain_timeout="1s"),
                   index_sink(double, access="user", user="gym", password_file=password))
    run = desk.run(text="00 48\n")
    assert "refused with status 401: unknown or expired credentials" in run.log


def test_items_that_fail_are_sent_again_alone_and_a_repeat_is_no_second_document(
        desk, start_index, run_47min):
    double = start_index(keys=SIGNED)
    double.items.extend([429, None, 503, None, None, 404])
    # The whole batch is stored, and the answer is lost on its way: everything comes again.
    desk.configure(play(run_47min.path), index_sink(double, flush="10s"))
    run = desk.run()
    assert run.status == 0, run.log
    assert "3 of 100 records refused; sent again" in run.log
    double.created.sort(key=lambda record: record["seq"])
    assert_in_order_and_once(double.created, run_47min.heart_rates)
    assert double.conflicts == 0


def test_a_lost_answer_has_no_effect_on_the_index(desk, start_index, run_47min):
    """At least once on the way, exactly once in effect: 409 is success on a create."""
    double = start_index(keys=SIGNED)
    honest = double.answer
    lost = []

    def answer(request):
        reply = honest(request)
        if len(lost) < 3:
            lost.append(reply)
            return [Answer(503), Answer(200, PAGE, "text/html"),
                    Answer(200, reply.body[:-9])][len(lost) - 1]
        return reply

    double.answer = answer
    desk.configure(play(run_47min.path), index_sink(double))
    run = desk.run()
    assert run.status == 0, run.log
    # The first of the three is sent again in smaller requests: a 503 asks to go slower.
    assert 2 * BATCH <= double.conflicts <= 3 * BATCH
    assert_in_order_and_once(double.created, run_47min.heart_rates)
    assert "a captive portal, a proxy or a wrong address" in run.log
    assert "sink search: 2808 delivered, 0 lost" in run.log


def test_the_template_comes_first_and_knows_every_field(desk, start_index, run_47min):
    """The double takes the template's mapping and makes it strict."""
    double = start_index(keys=SIGNED)
    desk.configure(hex_lines(), index_sink(double, template="yes", takes="all"))
    lines = [
        "1E:5A:34:12:00:04:F4:01",
        "2A35=1E 78 00 50 00 5D 00 E9 07 07 0F 13 09 0C 3E 00 01 05 00",
        "2A1C=05 DA 03 00 FF 03", "2A5F=1F 61 00 47 00 62 00 48 00 60 00 46 00 20 00 30 00 00 7B E0",
        "2A5E=01 61 00 47 00 E9 07 07 0F 13 09 0C",
        "2A18=0F 0C 00 E9 07 07 0F 13 09 0C A6 FF 37 C0 11 01 00", "01 2d 01", "00",
    ]
    run = desk.run(text="\n".join(lines) + "\n")
    assert run.status == 0, run.log
    assert double.requests[0].path == "/_index_template/pulsegate-heart_rate"
    assert len(double.templates) == 1
    assert "index template put" in run.log
    assert len(double.created) == 8, run.log
    assert sum("status_code" in record for record in double.created) == 2
    # A second run puts it again: it may have been changed in between.
    assert desk.run(text="00 48\n").status == 0
    assert sum("_index_template" in request.path for request in double.requests) == 2


def test_without_the_permission_for_the_template_the_records_go_all_the_same(
        desk, start_index, run_47min):
    double = start_index(keys=SIGNED, takes_templates=False)
    desk.configure(play(run_47min.path), index_sink(double, template="yes"))
    run = desk.run()
    assert run.status == 0, run.log
    assert "the service does not take the index template (status 403)" in run.log
    assert_in_order_and_once(double.created, run_47min.heart_rates)


def test_a_service_in_trouble_gets_the_template_before_anything_else(
        desk, start_index, run_47min):
    double = start_index(keys=SIGNED)
    double.script.extend([Answer(503), Answer(200, PAGE, "text/html"), Answer(302)])
    desk.configure(play(run_47min.path), index_sink(double, template="yes"))
    run = desk.run()
    assert run.status == 0, run.log
    paths = [request.path.split("/")[1] for request in double.requests[:5]]
    assert paths == ["_index_template"] * 4 + ["heart_rate"]
    assert_in_order_and_once(double.created, run_47min.heart_rates)


def test_what_the_mapping_refuses_goes_to_the_errors_and_holds_nothing_up(
        desk, start_index, run_47min):
    double = start_index(keys=SIGNED)
    double.poison = lambda record: record["heart_rate"] % 10 == 7
    poison = [rate for rate in run_47min.heart_rates if rate % 10 == 7]
    desk.configure(play(run_47min.path), index_sink(double), file_sink())
    run = desk.run()
    assert run.status == 0, run.log
    rest = [rate for rate in run_47min.heart_rates if rate % 10 != 7]
    assert [record["heart_rate"] for record in double.created] == rest
    assert f"{len(poison)} refused for good" in run.log
    errors = parse_lines(desk.file_bytes("error_message"))
    assert len(errors) == len(poison)
    originals = {record["seq"]: record for record in parse_lines(desk.file_bytes())}
    for error in errors:
        assert error["status_code"] == 400 and error["sink"] == "search"
        original = parse_lines(error["payload"].encode() + b"\n")[0]
        assert original == originals[original["seq"]]
        assert original["heart_rate"] % 10 == 7
