"""A plain HTTP collector: lines of JSON under a token, and pages that are none of its own."""

import pytest
from gateway import (assert_in_order_and_once, file_sink, hex_lines, parse_lines, play)
from line_doubles import PAGE, Answer

TOKEN = "s3cr3t-t0ken"


@pytest.fixture
def token_file(desk):
    path = desk.folder / "token"
    path.write_text(TOKEN + "\n")
    return path


def http_sink(collector, name="web", **more):
    keys = {"type": "http", "url": collector.url, "flush": "100ms", "batch_records": 100}
    if collector.ca:
        keys["ca_file"] = collector.ca
    else:
        keys["allow_http"] = "yes"
    return name, {**keys, **more}


def test_a_whole_recording_arrives_under_its_token(
        desk, start_collector, token_file, run_47min):
    collector = start_collector(token=TOKEN, path="/v1/in?site=gym", tls=True)
    desk.configure(play(run_47min.path), http_sink(collector, token_file=token_file))
    run = desk.run(access_key=None, secret_key=None)
    assert run.status == 0, run.log
    assert_in_order_and_once(collector.records, run_47min.heart_rates)
    assert TOKEN not in run.log


def test_gzip_is_read_back(desk, start_collector, run_47min):
    collector = start_collector()
    desk.configure(play(run_47min.path), http_sink(collector, compress="gzip"))
    assert desk.run().status == 0
    assert_in_order_and_once(collector.records, run_47min.heart_rates)
    assert all(request.headers["content-encoding"] == "gzip" for request in collector.requests)


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_every_status_of_success_is_one(desk, start_collector, run_47min, status):
    collector = start_collector()
    answer = collector.answer

    def other(request):
        return Answer(status) if answer(request).status == 204 else Answer(500)

    collector.answer = other
    desk.configure(play(run_47min.path), http_sink(collector))
    run = desk.run()
    assert "sink web: 2808 delivered, 0 lost" in run.log
    assert_in_order_and_once(collector.records, run_47min.heart_rates)


@pytest.mark.parametrize("answer, words", [
    (Answer(200, PAGE, "text/html; charset=utf-8"), "a captive portal, a proxy or a wrong"),
    (Answer(200, b"Welcome", "text/html"), "a captive portal, a proxy or a wrong address"),
    (Answer(200, PAGE, None), "a captive portal, a proxy or a wrong address"),
    (Answer(302, Location="http://192.0.2.1/login"), "status 302: not the service's answer; a "
                                                     "captive portal"),
    (Answer(307, Location="http://192.0.2.1/login"), "a captive portal, a proxy or a wrong"),
    (Answer(401), "status 401: unknown or expired credentials"),
    (Answer(403), "status 403: no permission"),
    (Answer(404), "status 404: no such"),
    (Answer(429), "status 429: too fast"),
    (Answer(503), "status 503: a fault of the service"),
])
def test_what_is_no_success_is_named_and_everything_sent_again(
        desk, start_collector, run_47min, answer, words):
    collector = start_collector()
    collector.script.append(answer)
    desk.configure(play(run_47min.path), http_sink(collector))
    run = desk.run()
    assert run.status == 0, run.log
    assert words in run.log
    assert_in_order_and_once(collector.records, run_47min.heart_rates)


def test_the_collector_is_left_alone_for_as_long_as_it_asks(desk, start_collector):
    collector = start_collector()
    collector.script.append(Answer(503, Retry_After="2"))
    desk.configure(hex_lines(), http_sink(collector))
    run = desk.run(text="00 48\n")
    assert run.status == 0, run.log
    assert "next try in 2.0 s" in run.log
    assert len(collector.requests) == 2


def test_requests_that_are_too_large_are_split_and_nothing_is_lost(
        desk, start_collector, run_47min):
    collector = start_collector(bytes_max=5_000)
    desk.configure(play(run_47min.path), http_sink(collector, flush="10s"))
    run = desk.run()
    assert run.status == 0, run.log
    assert "100 records refused together with status 413" in run.log
    assert_in_order_and_once(collector.records, run_47min.heart_rates)
    assert "refused for good" not in run.log


@pytest.mark.parametrize("status", [400, 422])
def test_the_culprit_of_a_refused_request_is_found_and_the_others_go_on(
        desk, start_collector, run_47min, status):
    collector = start_collector()
    collector.poison_status = status
    collector.poison = lambda record: record["seq"] in (0, 777, 2807)
    desk.configure(play(run_47min.path), http_sink(collector))
    run = desk.run()
    assert run.status == 0, run.log
    errors = parse_lines(desk.file_bytes("error_message"))
    assert [error["status_code"] for error in errors] == [status] * 3
    seqs = sorted(parse_lines(error["payload"].encode() + b"\n")[0]["seq"] for error in errors)
    assert seqs == [0, 777, 2807]
    collector.records.sort(key=lambda record: record["seq"])
    assert [record["heart_rate"] for record in collector.records] == [
        rate for seq, rate in enumerate(run_47min.heart_rates) if seq not in (0, 777, 2807)]
    assert len(collector.requests) < 100, "not one request a record"


def test_a_collector_that_takes_nothing_at_all_makes_no_errors(
        desk, start_collector, run_47min):
    """A wrong address is not the records' fault: they stay in the ring."""
    collector = start_collector()
    collector.poison_status = 400
    collector.poison = lambda record: True
    desk.configure(play(run_47min.path, drain_timeout="3s"), http_sink(collector), file_sink())
    run = desk.run()
    assert run.status == 0, run.log
    assert "sink web: 0 delivered, 0 lost, 2808 stay in the ring" in run.log
    assert desk.file_bytes("error_message") == b""
    collector.poison = lambda record: False
    desk.configure(hex_lines(), http_sink(collector), file_sink())
    assert desk.run(text="").status == 0
    collector.records.sort(key=lambda record: record["seq"])
    assert_in_order_and_once(collector.records, run_47min.heart_rates)
