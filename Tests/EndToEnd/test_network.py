"""Ways to a service that are not the plain one: IPv6, two families under a name, a proxy."""

import pytest
from gateway import assert_in_order_and_once, play
from line_doubles import Answer
from proxy_double import Proxy
from test_collector import TOKEN, http_sink

HANDSHAKE = 0x16


@pytest.fixture
def proxy():
    proxy = Proxy()
    yield proxy
    proxy.stop()


@pytest.mark.parametrize("host, name", [
    ("::1", "[::1]"), ("::1", "localhost"), ("127.0.0.1", "localhost")])
def test_either_family_is_reached(desk, start_collector, run_47min, host, name):
    collector = start_collector(tls=True, host=host)
    sink = http_sink(collector, url=f"https://{name}:{collector.port}/in")
    desk.configure(play(run_47min.path), sink)
    run = desk.run()
    assert "sink web: 2808 delivered, 0 lost" in run.log, run.log
    assert_in_order_and_once(collector.records, run_47min.heart_rates)


def cause(run, category):
    """The line that says why the sink was not reached."""
    return next(line for line in run.log.splitlines() if f" {category}: " in line)


def far(collector, desk):
    """A sink whose name only a proxy can resolve."""
    (desk.folder / "token").write_text(TOKEN)
    return http_sink(collector, url=f"https://collector.example:{collector.port}/in",
                     token_file=desk.folder / "token")


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"])
def test_a_proxy_of_the_environment_tunnels_and_sees_nothing(
        desk, start_collector, proxy, run_47min, variable):
    collector = start_collector(tls=True, token=TOKEN)
    desk.configure(play(run_47min.path), far(collector, desk))
    run = desk.run(**{variable: proxy.url})
    assert "sink web: 2808 delivered, 0 lost" in run.log, run.log
    assert_in_order_and_once(collector.records, run_47min.heart_rates)
    assert len(collector.requests) >= 29
    # One tunnel for all requests: the connection is used again.
    assert proxy.asked == [f"collector.example:{collector.port}"]
    assert proxy.first_bytes == [HANDSHAKE]
    assert b"heart_rate" not in proxy.carried and TOKEN.encode() not in proxy.carried


def test_what_is_on_this_machine_is_reached_without_the_proxy(
        desk, start_collector, proxy, run_47min):
    collector = start_collector(tls=True)
    desk.configure(play(run_47min.path), http_sink(collector))
    run = desk.run(HTTPS_PROXY=proxy.url)
    assert "sink web: 2808 delivered, 0 lost" in run.log, run.log
    assert proxy.asked == []


@pytest.mark.parametrize("refusal", [
    "407 Proxy Authentication Required", "502 Bad Gateway", "403 Forbidden"])
def test_a_proxy_that_refuses_is_named_and_nothing_is_lost(
        desk, start_collector, proxy, run_47min, refusal):
    collector = start_collector(tls=True, token=TOKEN)
    desk.configure(play(run_47min.path, drain_timeout="500ms"), far(collector, desk))
    proxy.refusal = refusal
    run = desk.run(HTTPS_PROXY=proxy.url)
    assert "sink web: 0 delivered, 0 lost, 2808 stay in the ring" in run.log, run.log
    assert f"response {refusal.split()[0]}" in cause(run, "proxy")
    assert "The proxy that the environment names" in cause(run, "proxy")
    proxy.refusal = None
    desk.configure(play(run_47min.path), far(collector, desk))
    back = desk.run(HTTPS_PROXY=proxy.url)
    assert "0 lost" in back.log, back.log
    assert_in_order_and_once(collector.records[:2808], run_47min.heart_rates)


def test_a_proxy_that_is_not_there_is_named(desk, start_collector, run_47min):
    collector = start_collector(tls=True)
    desk.configure(play(run_47min.path, drain_timeout="500ms"), far(collector, desk))
    run = desk.run(HTTPS_PROXY="http://127.0.0.1:1")
    assert "If the environment names a proxy, check it too." in cause(run, "connect")
    assert "2808 stay in the ring" in run.log


def test_a_name_that_no_dns_knows_is_named(desk, start_collector, run_47min):
    collector = start_collector(tls=True)
    desk.configure(play(run_47min.path, drain_timeout="500ms"), far(collector, desk))
    run = desk.run()
    assert "Check the spelling of collector.example" in cause(run, "nameResolution")
    assert "2808 stay in the ring" in run.log


def test_an_answer_of_ten_megabytes_is_not_read_to_its_end(desk, start_collector, run_47min):
    collector = start_collector(tls=True)
    collector.script.append(Answer(200, b" " * (10 << 20), "application/json"))
    desk.configure(play(run_47min.path), http_sink(collector))
    run = desk.run()
    assert "larger than any this sink sends" in cause(run, "responseTooLarge")
    assert "sink web: 2808 delivered, 0 lost" in run.log, run.log
    # The answer was cut after the request: whether it was stored is not known, so it goes again.
    assert_in_order_and_once(collector.records, run_47min.heart_rates)
