"""The live view in a real browser: what it draws, says and asks for.

First against a double of the gateway's HTTP side, for states that a gateway reaches after minutes
or never on a good day; then, in test_page_gateway.py, against the gateway itself.
"""

import gzip
import re
import threading
import time

import pytest
from browser import browser_path
from gateway import wait_until
from page_double import PAGE, PageDouble, instant
from pages import READY, SIZES, browser, pages_of  # noqa: F401

pytestmark = pytest.mark.skipif(browser_path() is None, reason="there is no Chromium")

BYTES_MAX, GZIP_BYTES_MAX = 80_000, 30_000
# What a browser says of a test that reads pixels, and when a gateway is gone.
READS_BACK = ("willReadFrequently",)
OUTAGES = ("ERR_CONNECTION_REFUSED", "ERR_INCOMPLETE_CHUNKED", "ERR_CONNECTION_RESET",
           "ERR_EMPTY_RESPONSE", "ERR_SOCKET_NOT_CONNECTED")


@pytest.fixture
def start(browser):
    """Starts a double and opens the page; the double is there until the page is closed."""
    doubles = []
    try:
        with pages_of(browser) as show:
            def begin(double, *wait, **options):
                if double not in doubles:
                    doubles.append(double)
                return show(double.url, *wait, **options)

            yield begin
    finally:
        for double in doubles:
            double.stop()


def drawn(page, sensor="strap-1"):
    return page.evaluate(f"pulsegateView.drawn('{sensor}')")


def expected_buckets(double, sensor, width, begin, end):
    """{begin of the bucket: (last, max, min, count)} of the double's own values."""
    buckets = {}
    for at, rate in double.values[sensor]:
        buckets.setdefault(int(at // width) * width, []).append(rate)
    return {at: (rates[-1], max(rates), min(rates), len(rates))
            for at, rates in buckets.items() if begin <= at < end}


def shown_buckets(chart, begin, end):
    return {round(one["time"] / 1000): (one["last"], one["max"], one["min"], one["count"])
            for one in chart["points"] if begin <= one["time"] / 1000 < end}


def field(number=1):
    return f"#sensors > .field:nth-child({number})"


# --- The file ----------------------------------------------------------------------------------


def test_the_page_is_small_and_asks_nobody_else():
    text = PAGE.read_text()
    assert len(text.encode()) <= BYTES_MAX
    assert len(gzip.compress(text.encode(), 9)) <= GZIP_BYTES_MAX
    addresses = re.findall(r"(?:https?:)?//[a-z0-9-]+\.[a-z][^ '\"]*", text)
    assert addresses == ["http://www.w3.org/2000/svg"], "the name of a format, not asked for"
    assert re.findall(r"<(?:script|link|img|iframe)[^>]+(?:src|href)=.(.{14})", text) == [
        "data:image/svg"]
    assert not re.search(r"<[^>]+\s(on[a-z]+|style)=", text.partition("<script>")[0])
    for never in ("innerHTML", "insertAdjacentHTML", "eval(", "document.write"):
        assert never not in text
    assert "Not a medical device." in text


# --- What it looks like ------------------------------------------------------------------------


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("sensors", [1, 8, 50])
def test_nothing_is_cut_off_or_overlaps(start, sensors, size, dark):
    double = PageDouble(sensors, history_seconds=400).start()
    names = list(double.sensors)
    double.measure(names[0], 178)
    double.alarm("raised", "high_heart_rate", "high", names[0],
                 text=f"{names[0]}: 178 bpm, above 150")
    if sensors > 1:
        double.silence(names[1], "silent")
        double.silence(names[2], "off_skin")
    page = start(double, dark=dark, **SIZES[size])
    page.wait("document.querySelectorAll('.field').length === %d" % sensors)
    page.wait("document.querySelector('.field .number').textContent === '178'")
    found = page.evaluate("""(() => {
        const box = (e) => e.getBoundingClientRect(), wrong = [];
        const inside = (inner, outer, what) => {
            const a = box(inner), b = box(outer);
            if (a.width && (a.left < b.left - 1 || a.right > b.right + 1 || a.top < b.top - 1
                || a.bottom > b.bottom + 1)) wrong.push(`${what} leaves its field`);
        };
        const apart = (one, other, what) => {
            const a = box(one), b = box(other);
            if (a.width && b.width && a.left < b.right - 1 && b.left < a.right - 1
                && a.top < b.bottom - 2 && b.top < a.bottom - 2) wrong.push(what);
        };
        document.querySelectorAll('.field').forEach((field, at) => {
            const part = (name) => field.querySelector(name);
            for (const name of ['.number', '.flag', '.name', '.state', '.plot', '.facts']) {
                inside(part(name), field, `${name} of ${at}`);
            }
            apart(part('.number'), part('.flag'), `number and flag of ${at}`);
            apart(part('.name'), part('.state'), `name and state of ${at}`);
            apart(part('.number'), part('.plot'), `number and chart of ${at}`);
            apart(part('.facts'), part('.plot'), `facts and chart of ${at}`);
            if (box(part('.plot')).height < 14) wrong.push(`no chart in ${at}`);
            if (parseFloat(getComputedStyle(part('.number')).fontSize) < 24) wrong.push('small');
        });
        for (const button of document.querySelectorAll('button')) {
            if (button.hidden) continue;
            if (button.scrollWidth > button.clientWidth + 1 && !button.classList.contains('name'))
                wrong.push(`${button.textContent} is cut off`);
            inside(button, document.body, button.textContent);
        }
        if (document.documentElement.scrollWidth > innerWidth) wrong.push('scrolls to the side');
        return wrong;
    })()""")
    assert found == []
    if size == "wall":
        assert page.evaluate("document.documentElement.scrollHeight <= innerHeight"), \
            "a wall needs no scrolling"


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_text_stands_out_from_its_ground(start, dark):
    """WCAG 2.2, 1.4.3: 4.5 to 1."""
    page = start(PageDouble(1, 60).start(), dark=dark)
    colours = page.evaluate("""Object.fromEntries(['paper', 'panel', 'ink', 'ink-2', 'ink-3',
        'alarm', 'alarm-ground', 'alarm-panel', 'on-alarm', 'warn', 'good', 'trace'].map((name) =>
        [name, getComputedStyle(document.documentElement).getPropertyValue('--' + name).trim()]))""")

    def light(text):
        text = text.lstrip("#")
        text = "".join(2 * digit for digit in text) if len(text) == 3 else text
        parts = [int(text[i:i + 2], 16) / 255 for i in (0, 2, 4)]
        parts = [one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4
                 for one in parts]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

    def contrast(one, other):
        high, low = sorted((light(colours[one]), light(colours[other])), reverse=True)
        return (high + 0.05) / (low + 0.05)

    pairs = [(ink, ground) for ink in ("ink", "ink-2", "ink-3", "warn", "alarm", "good")
             for ground in ("paper", "panel")]
    pairs += [("on-alarm", "alarm-ground"), ("alarm", "alarm-panel"), ("ink-2", "alarm-panel")]
    weak = {pair: round(contrast(*pair), 2) for pair in pairs if contrast(*pair) < 4.5}
    assert weak == {}


def test_the_switch_goes_from_the_system_s_theme_to_light_and_dark_and_is_kept(start):
    page = start(PageDouble(1, 60).start(), dark=True)
    shown = "document.documentElement.dataset.theme"
    assert page.evaluate(shown) == "dark" and page.text("#theme") == "Theme: auto"
    page.click("#theme")
    assert page.evaluate(shown) == "light" and page.text("#theme") == "Theme: light"
    page.call("Page.reload")
    page.wait(READY)
    assert page.evaluate(shown) == "light"
    page.click("#theme")
    assert page.evaluate(shown) == "dark"


# --- Values ------------------------------------------------------------------------------------


def test_the_chart_holds_the_last_value_and_the_peak_of_every_five_seconds(start):
    double = PageDouble(1, history_seconds=600).start()
    page = start(double)
    chart = drawn(page)
    assert page.evaluate("pulsegateView.bucketSeconds") == 5
    edges = page.evaluate("[pulsegateView.range.from, pulsegateView.range.to]")
    begin, end = edges[0] / 1000, int(edges[1] / 1000) // 5 * 5 - 5
    expected = expected_buckets(double, "strap-1", 5, begin, end)
    assert len(expected) > 50
    assert shown_buckets(chart, begin, end) == expected
    # Higher is higher: places on the screen are values on one straight scale.
    room, scale = chart["room"], page.evaluate("pulsegateView.scale")
    for one in chart["points"]:
        for value, place in ((one["last"], one["y"]), (one["max"], one["yPeak"])):
            part = (value - scale["low"]) / (scale["high"] - scale["low"])
            assert place == pytest.approx(
                room["bottom"] - part * (room["bottom"] - room["top"]), abs=0.01)


def canvas_pixel(page, x, y, sensor=1):
    """What is painted at a place of a chart, as [red, green, blue, alpha]."""
    return page.evaluate(
        f"(() => {{ const c = document.querySelector('{field(sensor)} canvas');"
        "const r = devicePixelRatio; return Array.from(c.getContext('2d').getImageData("
        f"Math.round({x} * r), Math.round({y} * r), 1, 1).data); }})()")


def test_a_peak_between_two_last_values_stays_to_be_seen(start):
    double = PageDouble(1)
    now = time.time() // 5 * 5
    rates = {offset: 80 for offset in range(-200, 0)}
    rates[-103] = 171      # in the middle of a bucket: the last value knows nothing of it
    rates[-53] = 133       # below the limit, and on no line of the grid
    double.values["strap-1"] = [(now + offset, rate) for offset, rate in sorted(rates.items())]
    double.see("strap-1", 80, time.time())
    page = start(double.start(), tolerated=READS_BACK)
    chart = drawn(page)
    high, low = [next(one for one in chart["points"] if one["max"] == peak)
                 for peak in (171, 133)]
    assert high["last"] == low["last"] == 80
    assert [one["max"] for one in chart["peaks"]] == [171]
    # The last point of a run is at its last value; the peak's own edge is above it.
    for one in (high, low):
        assert one["yPeak"] < one["y"] - 20
        edge = max(canvas_pixel(page, one["x"] + 2, one["yPeak"] + off)[3] for off in (-1, 0, 1))
        shade = canvas_pixel(page, one["x"] + 2, one["yPeak"] + 8)[3]
        assert edge > shade + 20 > 20, "the peak has an edge, and a shade below it"
    red, green, blue, alpha = canvas_pixel(page, high["x"], high["yPeak"] - 6)
    assert alpha > 200 and red > 2 * green and red > 2 * blue, "the triangle of the peak"
    assert canvas_pixel(page, low["x"], low["yPeak"] - 6)[3] == 0
    # The limit's line, and what the lane below says.
    limit = [canvas_pixel(page, x, chart["limitY"]) for x in range(60, 200)]
    assert sum(red > 2 * green and alpha for red, green, _, alpha in limit) > 50
    assert [block["kind"] for block in chart["lane"]] == ["beyond"]


def test_a_measurement_is_on_the_screen_within_250_ms(start):
    double = PageDouble(8, history_seconds=300).start()
    page = start(double)
    delays = []
    for number in range(40):
        sent = time.time()
        sequence = double.measure(f"strap-{number % 8 + 1}", 60 + number)
        painted = wait_until(
            lambda: page.evaluate(f"pulsegateView.painted.find((one) => one.seq === {sequence})"),
            "the measurement")
        delays.append(painted["at"] / 1000 - sent)
        number_shown = page.text(f"{field(number % 8 + 1)} .number")
        assert number_shown == str(60 + number)
    assert max(delays) < 0.25, sorted(delays)
    assert min(delays) > 0


def test_a_page_that_listens_draws_the_same_as_one_that_asks(start):
    double = PageDouble(1, history_seconds=60).start()
    page = start(double)
    for number in range(25):
        double.measure("strap-1", 70 + number * 7 % 50)
        time.sleep(0.1)
    other = start(double)
    end = time.time() // 5 * 5 + 5
    wait_until(lambda: shown_buckets(drawn(page), end - 60, end)
               == shown_buckets(drawn(other), end - 60, end), "both to agree", 10)
    assert shown_buckets(drawn(page), end - 30, end) == expected_buckets(
        double, "strap-1", 5, end - 30, end)


def without_count(buckets):
    """What arrives while it is asked for may be counted twice."""
    return {at: values[:3] for at, values in buckets.items()}


def wait_for_missed(page, double, begin, end):
    """Until the page draws what a lost connection has missed."""
    wait_until(lambda: without_count(shown_buckets(drawn(page), begin, end))
               == without_count(expected_buckets(double, "strap-1", 5, begin, end)),
               "what was missed", 10)


def test_what_arrives_while_it_is_asked_for_is_the_last_whatever_its_time(start):
    """A recording that is played faster than it was made has times of the past."""
    double = PageDouble(1, history_seconds=100)
    at = time.time() // 5 * 5 - 50

    def answer_late():
        double.while_answering = lambda: None
        for rate in (171, 170, 169):
            double.measure("strap-1", rate, at=at + rate / 100)
        time.sleep(0.5)  # until they have been heard

    double.while_answering = answer_late
    page = start(double.start())
    assert shown_buckets(drawn(page), at, at + 5)[at][:3] == (169, 171, min(
        rate for time, rate in double.values["strap-1"] if at <= time < at + 5))


def test_a_range_that_is_left_while_it_is_asked_for_has_no_hole(start):
    double = PageDouble(1, history_seconds=600).start()
    page = start(double, tolerated=OUTAGES)
    port = double.port
    double.stop()
    page.wait("pulsegateView.connection === 'lost'", 8)
    missed = time.time() // 5 * 5
    double.values["strap-1"] += [(missed + offset, 130 + offset) for offset in range(5)]
    asked, answered = threading.Event(), threading.Event()
    double.while_answering = lambda: (asked.set(), answered.wait(10))
    double.port = port
    double.start()
    assert asked.wait(10)
    page.click("[data-range='3600']")
    time.sleep(1.5)  # a status that is heard meanwhile does not fill the hole
    double.while_answering = lambda: None
    answered.set()
    page.wait(READY, 10)
    page.click("[data-range='300']")
    wait_for_missed(page, double, missed - 5, missed + 5)


# --- What is not current -----------------------------------------------------------------------


def looks(page, number=1):
    """How a number looks: filled or not, and what stands beside it."""
    return page.evaluate(f"""(() => {{
        const field = document.querySelector('{field(number)}');
        const style = getComputedStyle(field.querySelector('.number'));
        return {{ text: field.querySelector('.number').innerText, flag:
            field.querySelector('.flag').innerText.trim(), state:
            field.querySelector('.state').innerText.trim(),
            hollow: style.color === 'rgba(0, 0, 0, 0)' && parseFloat(
                style.webkitTextStrokeWidth) > 0 }}; }})()""")


def test_a_silent_sensor_s_number_is_hollow_with_its_age(start):
    double = PageDouble(2, history_seconds=120)
    double.silence("strap-1", "silent", 14)
    page = start(double.start())
    page.wait(f"document.querySelector('{field()}').classList.contains('old')")
    look = looks(page)
    assert look["hollow"] and re.fullmatch(r"1[4-9] s old", look["flag"])
    assert look["state"] == "silent"
    assert not looks(page, 2)["hollow"]
    gap = drawn(page)["gaps"][-1]
    assert (gap["to"] - gap["from"]) / 1000 > 10
    double.measure("strap-1", 91)
    page.wait(f"document.querySelector('{field()} .number').textContent === '91'")
    assert not looks(page)["hollow"]


def test_a_state_that_is_not_streaming_is_not_current_whatever_the_age(start):
    double = PageDouble(1, history_seconds=120).start()
    page = start(double)
    with double.lock:       # as a gateway says it between 3 s and 10 s of silence
        double.sensors["strap-1"].update(state="silent", stale=False)
        double.sensors["strap-1"]["_seen"] = time.time() - 4
    page.wait(f"document.querySelector('{field()}').classList.contains('old')")
    assert looks(page)["hollow"] and looks(page)["state"] == "silent"


@pytest.mark.parametrize("state, word", [("off_skin", "off the skin"),
                                         ("frozen", "frozen value")])
def test_what_is_no_heart_rate_is_no_number(start, state, word):
    double = PageDouble(1, history_seconds=120).start()
    page = start(double)
    double.silence("strap-1", state, 2)
    page.wait(f"document.querySelector('{field()}').classList.contains('none')")
    assert not re.search(r"\d", looks(page)["text"]) and looks(page)["state"] == word


def test_what_was_long_on_its_way_is_not_current(start):
    double = PageDouble(1, history_seconds=120).start()
    page = start(double)
    double.silent = True        # nothing but what is said here
    for rate in (77, 78, 79):
        double.say("status", {**double.status(), "time": instant(time.time() - 40)})
        double.measure("strap-1", rate)
        page.wait(f"document.querySelector('{field()} .number').textContent === '{rate}'")
        assert looks(page)["hollow"]
        double.say("status", double.status())
        page.wait(f"!document.querySelector('{field()}').classList.contains('old')")


def test_a_gateway_that_goes_silent_leaves_nothing_that_looks_current(start):
    double = PageDouble(8, history_seconds=120).start()
    page = start(double)
    double.silent = True
    began = time.monotonic()
    page.wait("document.querySelectorAll('.field.old').length === 8", 8)
    assert time.monotonic() - began < 4.5
    assert re.search(r"No connection to the gateway\. What you see is \d s old",
                     page.text("#offline"))
    assert page.text("#link").strip() == "no connection"
    assert page.evaluate("document.getElementById('acknowledge').disabled")
    double.silent = False
    page.wait("document.querySelectorAll('.field.old').length === 0", 12)
    assert page.text("#offline") == ""


def test_a_gateway_that_restarts_is_found_again_and_what_was_missed_is_filled_in(start):
    double = PageDouble(2, history_seconds=120).start()
    page = start(double, tolerated=OUTAGES)
    port = double.port
    double.stop()
    page.wait("document.querySelectorAll('.field.old').length === 2", 8)
    assert page.evaluate("pulsegateView.drawn('strap-1').current") is False
    assert page.text("#offline").startswith("No connection to the gateway.")
    missed = int(time.time()) // 5 * 5
    for offset in range(-5, 0):
        double.values["strap-1"].append((time.time() + offset / 10, 123 + offset))
    double.port = port
    double.start()
    page.wait("pulsegateView.connection === 'live'", 10)
    double.measure("strap-1", 66)
    wait_for_missed(page, double, missed - 5, missed + 15)
    assert page.text("#offline") == "" and not looks(page)["hollow"]


def test_a_gateway_that_lost_what_the_page_has_heard_still_has_the_last_word(start):
    """A kill may take what was delivered and not on the card yet."""
    double = PageDouble(1, history_seconds=60).start()
    page = start(double, tolerated=OUTAGES)
    for rate in range(60, 90):
        double.measure("strap-1", rate)
    page.wait("document.querySelector('.number').textContent === '89'")
    port = double.port
    double.stop()
    page.wait("pulsegateView.connection === 'lost'")
    at = [at for at, rate in double.values["strap-1"]][-1]
    double.values["strap-1"] = double.values["strap-1"][:-30] + [(at + 0.001, 95)]
    double.port = port
    double.start()
    page.wait(READY, 10)
    bucket = int(at // 5) * 5
    wait_until(lambda: shown_buckets(drawn(page), bucket, bucket + 5)[bucket][0] == 95,
               "the gateway's last value", 10)
    assert shown_buckets(drawn(page), bucket, bucket + 5)[bucket][1] >= 89


# --- Alarms ------------------------------------------------------------------------------------


def test_an_alarm_is_seen_said_and_acknowledged(start):
    double = PageDouble(8, history_seconds=120).start()
    page = start(double)
    assert page.text("#alarm-list") == "No alarm"
    assert page.evaluate("document.getElementById('acknowledge').disabled")
    began = time.time()
    double.measure("strap-3", 171)
    double.alarm("raised", "high_heart_rate", "high", "strap-3",
                 text="strap-3: 171 bpm, above 150", since=began)
    page.wait("document.querySelector('.alarm.high')", 2)
    assert time.time() - began < 1
    assert "HIGH" in page.text("#alarm-list").upper()
    assert "strap-3: 171 bpm, above 150" in page.text("#alarm-list")
    assert page.evaluate("document.getElementById('say-now').textContent") == \
        "Alarm, high: strap-3: 171 bpm, above 150"
    page.wait("document.title.includes('strap-3: 171 bpm')")
    page.wait("document.querySelector('#sensors > .field:nth-child(3)').matches('.high')")
    assert looks(page, 3)["flag"] == "above 150"
    page.click("#acknowledge")
    wait_until(lambda: double.acknowledged, "the acknowledgement")
    page.wait("document.getElementById('sound').textContent.startsWith('sound paused, 1:5')")
    page.wait("document.getElementById('acknowledge').disabled")
    lane = drawn(page, "strap-3")["lane"][-1]
    assert lane["kind"] == "high" and lane["to"] is None
    assert lane["from"] / 1000 == pytest.approx(began, abs=0.01)
    double.alarm("cleared", "high_heart_rate", "high", "strap-3", sounding=False)
    page.wait("document.getElementById('alarm-list').textContent === 'No alarm'")
    page.wait("pulsegateView.drawn('strap-3').lane.at(-1).to !== null")


def test_technical_alarms_are_said_when_the_reader_is_free(start):
    double = PageDouble(2, history_seconds=60).start()
    page = start(double)
    double.alarm("raised", "battery_low", "low", "strap-1", text="strap-1: battery low",
                 sounding=False)
    page.wait("document.getElementById('say').textContent === "
              "'Alarm, low: strap-1: battery low'")
    assert page.evaluate("document.getElementById('say-now').textContent") == ""
    assert page.evaluate("document.getElementById('acknowledge').disabled")


def test_an_alarm_that_has_passed_and_still_sounds_can_be_acknowledged(start):
    double = PageDouble(1, history_seconds=60).start()
    page = start(double)
    double.alarm("cleared", "high_heart_rate", "high", "strap-1", text="strap-1: 161 bpm")
    page.wait("document.querySelector('.alarm.past')")
    assert "OVER" in page.text("#alarm-list").upper()
    page.click("#acknowledge")
    wait_until(lambda: double.acknowledged, "the acknowledgement")


def test_a_refused_acknowledgement_is_said(start):
    double = PageDouble(1, history_seconds=60).start()
    page = start(double, tolerated=("404",))
    double.alarm("raised", "high_heart_rate", "high", "strap-1", text="strap-1: 161 bpm")
    page.wait("!document.getElementById('acknowledge').disabled")
    double.refuses = True
    page.click("#acknowledge")
    page.wait("document.getElementById('say-now').textContent.includes("
              "'could not be acknowledged')")


# --- Range and zoom ----------------------------------------------------------------------------


def span(page):
    return page.evaluate("(pulsegateView.range.to - pulsegateView.range.from) / 1000")


def test_buttons_set_the_range_and_ask_for_buckets_that_fit(start):
    double = PageDouble(1, history_seconds=9_000).start()
    page = start(double)
    assert span(page) == pytest.approx(300)
    for choice, seconds in (("3600", 3600), ("21600", 21600), ("all", 9_000), ("300", 300)):
        page.click(f"[data-range='{choice}']")
        page.wait(f"document.querySelector('[data-range=\"{choice}\"]')"
                  ".getAttribute('aria-pressed') === 'true'")
        assert span(page) == pytest.approx(seconds, abs=5)
        page.wait(f"{READY} && pulsegateView.drawn('strap-1').points.length > 20 && "
                  "pulsegateView.covered.from <= Math.max(pulsegateView.range.from, "
                  f"{(time.time() - 8990) * 1000})")
    widths = {int(found) for request in double.requests
              for found in re.findall(r"bucket=(\d+)s", request)}
    assert 5 in widths and len(widths) >= 3 and max(widths) <= 60


def test_keys_drag_wheel_and_pinch_move_the_range(start):
    double = PageDouble(1, history_seconds=7_200).start()
    page = start(double)
    page.evaluate("document.querySelector('canvas').focus()")
    page.key("+")
    assert span(page) == pytest.approx(150)
    page.key("-")
    page.key("-")
    assert span(page) == pytest.approx(600)
    page.key("ArrowLeft")
    behind = "(Date.now() - pulsegateView.range.to) / 1000"
    assert page.evaluate(behind) == pytest.approx(120, abs=3)
    page.wait("!document.getElementById('now').hidden")
    page.drag("canvas", 200)
    assert page.evaluate(behind) > 150
    page.wait("pulsegateView.covered.from <= pulsegateView.range.from && "
              "pulsegateView.drawn('strap-1').points.length > 50")
    x, y = page.middle("canvas")
    page.mouse("mouseWheel", x, y, deltaX=0, deltaY=-80)
    wait_until(lambda: span(page) < 590, "the wheel to zoom in")
    page.key("End")
    assert abs(page.evaluate(behind)) < 2
    page.key("Home")
    assert page.evaluate(behind) > 5_000
    page.click("#now")
    assert abs(page.evaluate(behind)) < 2
    page.evaluate("document.querySelector('canvas').focus()")
    page.wait(READY)
    page.key("ArrowLeft", shift=True)
    assert re.search(r"\d\d:\d\d:\d\d  last \d+  peak \d+  lowest \d+",
                     page.evaluate("document.getElementById('say').textContent"))
    phone = start(double, **SIZES["phone"])
    phone.pinch("canvas", 60, 180)
    assert 60 <= span(phone) < 200


def test_a_busy_gateway_is_asked_again(start):
    double = PageDouble(1, history_seconds=400)
    double.records_busy = 2
    page = start(double.start(), "window.pulsegateView?.connection === 'live'",
                 tolerated=("503",))
    page.wait("pulsegateView.drawn('strap-1')?.points.length > 30", 10)


def test_gaps_are_hatched_and_not_bridged(start):
    double = PageDouble(1)
    now = time.time() // 5 * 5
    double.values["strap-1"] = [(now + offset, 83) for offset in range(-250, 0)
                                if not -150 <= offset < -90]
    double.see("strap-1", 80, time.time())
    page = start(double.start(), tolerated=READS_BACK)
    chart = drawn(page)
    gap = next(gap for gap in chart["gaps"]
               if abs(gap["from"] / 1000 - (now - 150)) < 1)
    assert gap["to"] / 1000 == now - 90
    left, right = [chart["room"]["left"] + (at / 1000 - page.evaluate(
        "pulsegateView.range.from") / 1000) / 300 * (chart["room"]["right"]
        - chart["room"]["left"]) for at in (gap["from"], gap["to"])]
    row = [canvas_pixel(page, x, chart["points"][0]["y"]) for x in
           range(int(left) + 14, int(right) - 14)]
    assert 0 < sum(alpha > 0 for *_, alpha in row) < len(row), "hatched, and no line through it"


# --- Many sensors, keyboard, names -------------------------------------------------------------


def test_one_of_many_sensors_has_the_plate_for_itself_and_gives_it_back(start):
    double = PageDouble(50, history_seconds=120).start()
    page = start(double)
    page.click(f"{field(7)} .name")
    page.wait("document.querySelectorAll('.field:not([hidden])').length === 1")
    page.wait("pulsegateView.drawn('strap-7').points.length > 10")
    wait_until(lambda: any("sensor=strap-7" in one for one in double.requests), "its own records")
    page.key("Escape")
    page.wait("document.querySelectorAll('.field:not([hidden])').length === 50")
    assert page.evaluate("document.activeElement.textContent") == "strap-7"


def test_everything_is_reached_by_keyboard_and_seen_to_be_reached(start):
    double = PageDouble(2, history_seconds=60).start()
    double.alarm("raised", "high_heart_rate", "high", "strap-1", text="strap-1: 161 bpm")
    page = start(double)
    page.wait("!document.getElementById('acknowledge').disabled")
    reached, rings = [], []
    for _ in range(20):
        page.key("Tab")
        name, ring = page.evaluate("""[document.activeElement.id
            || document.activeElement.dataset.range
            || document.activeElement.className || document.activeElement.tagName,
            parseFloat(getComputedStyle(document.activeElement).outlineWidth)]""")
        reached.append(name)
        if name != "BODY":
            rings.append(ring)
    for wanted in ("theme", "acknowledge", "300", "all", "zoom-in", "name", "CANVAS"):
        assert wanted in reached
    assert min(rings) >= 2
    nameless = page.evaluate("""[...document.querySelectorAll('button, canvas, input')]
        .filter((one) => !(one.getAttribute('aria-label') || one.textContent.trim()
            || one.labels?.length)).length""")
    assert nameless == 0


def test_a_name_is_text_whatever_is_in_it(start):
    double = PageDouble(0)
    double.add_sensor("<img src=x onerror=alert(1)>")
    double.add_sensor("Füße & \"Pulse\" \u202e")
    double.play_history(60)
    page = start(double.start())
    assert page.evaluate("document.querySelectorAll('img').length") == 0
    assert page.text(f"{field()} .name") == "<img src=x onerror=alert(1)>"


def test_sensors_that_come_and_go_have_their_fields(start):
    double = PageDouble(1, history_seconds=60).start()
    page = start(double)
    double.add_sensor("strap-9")
    double.measure("strap-9", 99)
    page.wait("pulsegateView.sensors.length === 2")
    page.wait(f"document.querySelector('{field(2)} .number').textContent === '99'")
    with double.lock:
        del double.sensors["strap-1"], double.values["strap-1"]
    page.wait("pulsegateView.sensors.join() === 'strap-9'")


def test_a_gateway_without_sensors_says_so(start):
    page = start(PageDouble(0).start(), "window.pulsegateView?.connection === 'live'")
    page.wait("!document.getElementById('none').hidden")
    assert page.text("#none") == "No sensor has been heard yet."


def test_ring_sinks_and_clock_say_how_they_are(start):
    double = PageDouble(1, history_seconds=60)
    double.sinks = [
        double.sink("cloud", "waiting", 12, 870, 3, 812, "HTTP 403: the token is expired"),
        double.sink("local", "idle", 900)]
    double.more = {"clock": "unsynced", "safe_mode": True}
    page = start(double.start())
    rows = page.evaluate("[...document.querySelectorAll('#sinks tr')].map((row) => "
                         "[...row.cells].map((cell) => cell.innerText.trim()))")
    assert rows == [["cloud", "waits to try again", "870", "14 min", "3"],
                    ["HTTP 403: the token is expired"], ["local", "idle", "0", "none", "0"]]
    assert "60 of 130,944 records" in page.text("#ring")
    assert "clock unsynced" in page.text("#gateway")
    assert "safe mode: nothing is sent" in page.text("#gateway")


# --- The token ---------------------------------------------------------------------------------


def test_a_token_is_asked_for_and_kept_nowhere_in_the_page(start):
    double = PageDouble(1, history_seconds=60, token="a-long-secret-token").start()
    page = start(double, "!document.getElementById('session').hidden", tolerated=("401",))
    assert page.evaluate("document.activeElement.id") == "token"
    assert page.text("#sensors") == ""
    page.type("wrong-token")
    page.key("Enter")
    page.wait("document.getElementById('wrong').textContent === 'That is not the token.'")
    page.evaluate("document.getElementById('token').value = ''")
    page.type("a-long-secret-token")
    page.key("Enter")
    page.wait(READY)
    assert page.evaluate("document.getElementById('session').hidden")
    kept = page.evaluate("JSON.stringify(localStorage) + document.cookie + location.href + "
                         "document.getElementById('token').value")
    assert "secret" not in kept
    # The token was changed: everything is asked for again.
    double.token = "another-secret-token"
    double.say("status", double.status())
    page.click("[data-range='3600']")
    page.wait("!document.getElementById('session').hidden")
    assert page.evaluate("document.getElementById('view').hidden")
