"""The live view on the gateway itself: what is drawn is what was recorded."""

import re
import subprocess
import time
import urllib.error
import urllib.request
from datetime import datetime

import pytest
from browser import browser_path
from gateway import file_sink, hex_lines, parse_lines, play, wait_until
from page_double import PAGE
from pages import READY, SIZES, browser, pages_of  # noqa: F401
from ports import free_port
from test_page import OUTAGES, drawn, looks

pytestmark = pytest.mark.skipif(browser_path() is None, reason="there is no Chromium")

LATENCY_SECONDS_MAX = 0.25


@pytest.fixture
def show(browser):  # noqa: F811
    """Opens the page of the gateway at a port."""
    with pages_of(browser) as show:
        yield lambda port, *wait, **options: show(f"http://127.0.0.1:{port}/", *wait, **options)


def start_served(desk, source, port=None, http=None, stdin=subprocess.PIPE, **sections):
    """A gateway with a page; returns (run, port)."""
    port = port or free_port()
    desk.configure(source, file_sink(), http={"listen": f"127.0.0.1:{port}", **(http or {})},
                   **sections)
    run = desk.start(stdin=stdin)
    run.wait_for_log(f"http: listens at http://127.0.0.1:{port}/")
    return run, port


def recorded(desk):
    """[(seconds since 1970, heart rate)], as the file sink has them."""
    return [(datetime.fromisoformat(one["timestamp"].replace("Z", "+00:00")).timestamp(),
             one["heart_rate"]) for one in parse_lines(whole_lines(desk))
            if "heart_rate" in one]


def whole_lines(desk):
    text = desk.file_bytes()
    return text[:text.rfind(b"\n") + 1]


def expected(values, begin, end, width=5):
    buckets = {}
    for at, rate in values:
        buckets.setdefault(int(at // width) * width, []).append(rate)
    return {at: (rates[-1], max(rates), min(rates)) for at, rates in buckets.items()
            if begin <= at < end}


def shown(page, begin, end, sensor="strap-1"):
    return {round(one["time"] / 1000): (one["last"], one["max"], one["min"])
            for one in drawn(page, sensor)["points"] if begin <= one["time"] / 1000 < end}


def assert_draws(page, desk, begin, end, width=5, seconds=10):
    """The page comes to draw what the file sink has."""
    patience = time.monotonic() + seconds
    while shown(page, begin, end) != (wanted := expected(recorded(desk), begin, end, width)):
        if time.monotonic() > patience:
            assert shown(page, begin, end) == wanted
        time.sleep(0.1)


def test_the_gateway_serves_this_very_page(desk):
    _, port = start_served(desk, hex_lines())
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/") as answer:
        assert answer.read() == PAGE.read_bytes()
        assert "'unsafe" not in answer.headers["Content-Security-Policy"]


def test_a_recording_is_drawn_as_it_was_recorded(desk, show, run_47min):
    """47 minutes in a quarter of one. Its last value gets the time of now."""
    run, port = start_served(desk, play(run_47min.path, speed=200, at_end="stay"),
                             stdin=subprocess.DEVNULL)
    page = show(port)
    page.click("[data-range='3600']")
    wait_until(lambda: len(recorded(desk)) == len(run_47min.heart_rates), "the whole run")
    values = recorded(desk)
    assert [rate for _, rate in values] == run_47min.heart_rates
    width = page.evaluate("pulsegateView.bucketSeconds")
    assert width == 10
    begin = page.evaluate("pulsegateView.range.from") / 1000
    end = values[-1][0] // width * width
    assert len(expected(values, begin, end, width)) > 250
    # One page has listened, the other asks; both draw the same, the peaks with it.
    assert_draws(page, desk, begin, end, width)
    late = show(port)
    late.click("[data-range='3600']")
    assert_draws(late, desk, begin, end, width)
    top = min(drawn(late)["points"], key=lambda one: one["yPeak"])
    assert top["max"] == max(run_47min.heart_rates) == 178
    for choice in ("21600", "all", "300"):
        page.click(f"[data-range='{choice}']")
        page.wait(READY)
    assert run.process.poll() is None


def test_from_notification_to_screen_in_a_quarter_of_a_second(desk, show):
    run, port = start_served(desk, hex_lines())
    run.write("00 46\n")
    page = show(port)
    delays = []
    for number in range(50):
        rate = 60 + number
        sent = time.time()
        run.write(f"00 {rate:02x}\n")
        painted = wait_until(lambda: page.evaluate(
            f"pulsegateView.painted.find((one) => one.rate === {rate} && one.at > "
            f"{sent * 1000 - 1})"), "the measurement")
        delays.append(painted["at"] / 1000 - sent)
        assert page.text(".number") == str(rate)
        time.sleep(0.03)
    delays.sort()
    print(f"notification to screen: p50 {1000 * delays[25]:.1f} ms, "
          f"max {1000 * delays[-1]:.1f} ms")
    assert 0 < delays[-1] < LATENCY_SECONDS_MAX


def test_an_alarm_is_shown_and_acknowledged_from_the_page(desk, show):
    run, port = start_served(desk, hex_lines(),
                             alarm={"onset_delay": "0s", "self_test": "no"})
    run.write("00 46\n")
    page = show(port)
    assert page.text("#alarm-list") == "No alarm"
    began = time.time()
    run.write("00 a1\n")
    page.wait("document.querySelector('.alarm.high')", 2)
    assert time.time() - began < 1
    page.wait("document.getElementById('alarm-list').textContent.includes("
              "'strap-1: 161 bpm, above 150')")
    page.wait("document.querySelector('.field').classList.contains('high')")
    assert looks(page) == {"text": "161", "flag": "above 150", "state": "streaming",
                           "hollow": False}
    page.click("#acknowledge")
    page.wait("/^sound paused, [12]:\\d\\d left$/.test(document.getElementById('sound')"
              ".textContent)")
    run.write("00 50\n")
    page.wait("document.getElementById('alarm-list').textContent === 'No alarm'")
    page.wait("pulsegateView.drawn('strap-1').lane.some((one) => one.kind === 'high')")
    wait_until(lambda: b'"state":"cleared"' in desk.file_bytes(), "the alarm log")
    states = [one["state"] for one in parse_lines(whole_lines(desk))
              if one.get("event") == "alarm"]
    assert states == ["raised", "acknowledged", "cleared"]


def test_values_are_not_current_for_ever(desk, show):
    run, port = start_served(desk, hex_lines())
    run.write("00 48\n")
    page = show(port)
    page.wait("document.querySelector('.number').textContent === '72'")
    assert not looks(page)["hollow"]
    page.wait("document.querySelector('.field').classList.contains('old')", 20)
    assert looks(page)["hollow"] and re.fullmatch(r"\d+(\.\d)? s old", looks(page)["flag"])
    run.write("06 48\n06 48\n")     # contact supported, detected
    page.wait("!document.querySelector('.field').classList.contains('old')")
    run.write("04 48\n")            # and not detected
    page.wait("document.querySelector('.field').classList.contains('none')")
    assert looks(page)["state"] == "off the skin"


def test_a_gateway_that_was_killed_and_started_again_is_found_and_the_gap_is_filled(desk, show):
    run, port = start_served(desk, hex_lines())
    run.write("".join(f"00 {rate:02x}\n" for rate in range(60, 90)))
    page = show(port, tolerated=OUTAGES)
    wait_until(lambda: len(recorded(desk)) == 30, "the records")
    run.kill()
    page.wait("pulsegateView.connection === 'lost'")
    page.wait("!document.getElementById('offline').hidden")
    assert looks(page)["hollow"]
    run = desk.start(stdin=subprocess.PIPE)
    run.wait_for_log("http: listens")
    run.write("00 5f\n00 60\n")
    page.wait(READY, 15)
    page.wait("document.getElementById('offline').hidden")
    run.write("00 61\n")
    page.wait("document.querySelector('.number').textContent === '97'")
    begin, end = time.time() // 5 * 5 - 240, time.time() // 5 * 5 + 5
    assert_draws(page, desk, begin, end)
    assert len(recorded(desk)) == 33


def test_what_a_lost_network_kept_from_the_page_is_filled_in(desk, show):
    run, port = start_served(desk, hex_lines(), alarm={"self_test": "no"})
    run.write("00 46\n")
    page = show(port, tolerated=(*OUTAGES, "ERR_INTERNET_DISCONNECTED", "ERR_NETWORK"))
    offline = {"latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
    page.call("Network.emulateNetworkConditions", offline=True, **offline)
    page.evaluate("events.close()")  # What is open stays open: the emulation holds for new ones.
    page.wait("!document.getElementById('offline').hidden", 10)
    for rate in (91, 92, 171, 93):
        run.write(f"00 {rate:02x}\n")
        time.sleep(1.2)
    assert page.text(".number") == "70" and looks(page)["hollow"]
    page.call("Network.emulateNetworkConditions", offline=False, **offline)
    page.wait("pulsegateView.connection === 'live'", 15)
    begin, end = time.time() // 5 * 5 - 60, time.time() // 5 * 5 + 5
    assert_draws(page, desk, begin, end)
    assert [one["max"] for one in drawn(page)["peaks"]] == [171]
    page.wait("!document.querySelector('.field').classList.contains('old')")


def test_the_token_opens_the_page(desk, show):
    token = desk.folder / "token"
    token.write_text("correct-horse-battery\n")
    token.chmod(0o600)
    run, port = start_served(desk, hex_lines(), http={"token_file": token})
    run.write("00 46\n")
    page = show(port, "!document.getElementById('session').hidden", tolerated=("401",))
    page.type("wrong-horse-battery")
    page.key("Enter")
    page.wait("document.getElementById('wrong').textContent === 'That is not the token.'")
    page.evaluate("document.getElementById('token').value = ''")
    page.type("correct-horse-battery")
    page.key("Enter")
    page.wait(READY)
    page.wait("document.querySelector('.number').textContent === '70'")
    assert page.evaluate("document.cookie") == ""
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"http://127.0.0.1:{port}/api/status")
    assert refused.value.code == 401


def test_eight_straps_have_their_fields_and_their_own_states(desk, show, start_bluetooth):
    bluetooth = start_bluetooth("--scale", "0.1")
    addresses = [f"C0:00:00:00:00:{number:02X}" for number in range(8)]
    for number, address in enumerate(addresses):
        bluetooth.order("sensor", address=address, name=f"Strap {number + 1}", advertising=True)
        bluetooth.order("stream", addresses=[address], hz=0.1, rates=[70 + number, 71 + number])
    port = free_port()
    desk.configure({"type": "bluetooth"}, file_sink(), http={"listen": f"127.0.0.1:{port}"},
                   **{f"sensor lane-{number + 1}": {"address": address}
                      for number, address in enumerate(addresses)})
    desk.start(**bluetooth.environment)
    page = show(port, "window.pulsegateView?.connection === 'live'")
    page.wait("pulsegateView.sensors.length === 8")
    assert page.evaluate("pulsegateView.sensors") == [f"lane-{n + 1}" for n in range(8)]

    def all_stream():
        for address in addresses:
            bluetooth.order("sensor", address=address, advertising=True)
        return page.evaluate("document.querySelectorAll("
                             "'.field:not(.old):not(.none)').length") == 8

    wait_until(all_stream, "eight numbers")
    for number in range(8):
        assert looks(page, number + 1)["text"] in (str(70 + number), str(71 + number))
        assert looks(page, number + 1)["state"] == "streaming"
    bluetooth.order("vanish", address=addresses[2])
    page.wait("document.querySelector('#sensors > .field:nth-child(3)').matches('.old, .none')")
    assert looks(page, 3)["state"] != "streaming"
    page.wait("document.querySelectorAll('.field:not(.old):not(.none)').length === 7")
