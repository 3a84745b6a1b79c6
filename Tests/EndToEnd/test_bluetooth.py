"""The binary and a BlueZ that tests steer, on a bus of their own: values in, links back."""

import json
import subprocess
import time

from gateway import BINARY, environment, wait_until

STRAP = "C0:00:00:00:00:01"
WATCH = "C0:00:00:00:00:02"
RING = {"size": "1MiB", "allow_volatile": "yes"}


def put_on(bluetooth, address=STRAP, name="Polar H10 1234", rates=(72,), hz=5):
    """A strap that is worn: it advertises, and sends these heart rates over and over."""
    bluetooth.order("sensor", address=address, name=name, advertising=True)
    bluetooth.order("stream", addresses=[address], rates=list(rates), hz=hz)


def tool(bluetooth, *words):
    run = subprocess.run([BINARY, *words], env=environment(**bluetooth.environment),
                         capture_output=True, text=True, timeout=60, check=False)
    return run.returncode, run.stdout, run.stderr


def start(desk, fake, /, **sections):
    sink = desk.folder / "records.ndjson"
    desk.configure({"type": "bluetooth"}, ("local", {"type": "file", "path": sink}), ring=RING,
                   **sections)
    return desk.start(**fake.environment), sink


def records(sink):
    if not sink.exists():
        return []
    return [json.loads(line) for line in sink.read_text().splitlines(keepends=True)
            if line.endswith("\n")]


def rates(sink):
    """The heart rates that arrived, without the 59 of a subscription that begins."""
    return [record["heart_rate"] for record in records(sink)
            if record.get("heart_rate", 59) != 59]


def streams(run, count):
    """Waits until a sensor has begun to stream for the `count`th time."""
    wait_until(lambda: sum("streaming" in line for line in list(run.lines)) >= count,
               f"{count} times streaming:\n{run.log}")


def test_every_value_arrives_once_in_order_under_its_sensor_and_the_alarm_is_raised(
        desk, start_bluetooth):
    bluetooth = start_bluetooth()
    bluetooth.order("sensor", address=STRAP, name="Polar H10 1234", advertising=True)
    run, sink = start(desk, bluetooth, **{
        "sensor lane-1": {"name": "Polar*", "high": "100"}, "alarm": {"onset_delay": "0s"}})
    # Until the subscription stands, values go nowhere.
    wait_until(lambda: bluetooth.order("notify", address=STRAP, hex="003b")
               and "streaming" in run.log, "a subscription")
    values = [60 + number for number in range(80)]
    for value in values:
        bluetooth.order("notify", address=STRAP, hex=f"00{value:02x}")
    wait_until(lambda: len(rates(sink)) == len(values), "every record")
    run.terminate()
    assert run.wait() == 0, run.log
    assert rates(sink) == values
    assert {record["sensor"] for record in records(sink)} == {"lane-1"}
    assert run.log.count("ALARM lane-1: 101 bpm") == 1


def test_a_sensor_without_a_section_is_called_by_its_address(desk, start_bluetooth):
    bluetooth = start_bluetooth()
    put_on(bluetooth)
    put_on(bluetooth, WATCH, "Watch")
    run, sink = start(desk, bluetooth)
    wait_until(lambda: {record["sensor"] for record in records(sink)} == {STRAP, WATCH},
               "values of both")
    run.terminate()
    assert run.wait() == 0, run.log


def test_a_strap_that_goes_away_streams_again_when_it_is_back(desk, start_bluetooth):
    bluetooth = start_bluetooth()
    put_on(bluetooth)
    run, _ = start(desk, bluetooth)
    streams(run, 1)
    bluetooth.order("vanish", address=STRAP)
    run.wait_for_log("the link is lost")
    bluetooth.order("return", address=STRAP)
    begun = time.monotonic()
    streams(run, 2)
    assert time.monotonic() - begun < 5, run.log
    run.terminate()
    assert run.wait() == 0, run.log


def test_bluetoothd_that_is_killed_and_comes_back_is_used_again(desk, start_bluetooth):
    bluetooth = start_bluetooth()
    put_on(bluetooth)
    run, _ = start(desk, bluetooth)
    streams(run, 1)
    bluetooth.order("kill")
    run.wait_for_log("bluetoothd is not running")
    bluetooth.order("start")
    begun = time.monotonic()
    streams(run, 2)
    assert time.monotonic() - begun < 10, run.log
    run.terminate()
    assert run.wait() == 0, run.log


def test_a_radio_that_somebody_blocked_stays_so_where_power_on_is_no(desk, start_bluetooth):
    bluetooth = start_bluetooth()
    put_on(bluetooth)
    run, _ = start(desk, bluetooth, bluetooth={"power_on": "no"})
    streams(run, 1)
    bluetooth.order("block", blocked=True)
    line = run.wait_for_log("left off")
    assert "power_on = no" in line and "bluetoothctl power on" in line
    bluetooth.order("block", blocked=False)
    streams(run, 2)
    assert "Set" not in bluetooth.members(), "nobody asked for Powered"
    run.terminate()
    assert run.wait() == 0, run.log


def test_a_radio_that_somebody_blocked_is_asked_for_where_power_on_is_not_said(
        desk, start_bluetooth):
    bluetooth = start_bluetooth()
    put_on(bluetooth)
    run, _ = start(desk, bluetooth)
    streams(run, 1)
    bluetooth.order("block", blocked=True)
    wait_until(lambda: "Set" in bluetooth.members(), "a call for Powered")
    run.terminate()
    assert run.wait() == 0, run.log


def test_a_gateway_that_starts_again_takes_over_the_link_that_is_there(desk, start_bluetooth):
    bluetooth = start_bluetooth()
    put_on(bluetooth)
    first, _ = start(desk, bluetooth)
    streams(first, 1)
    first.terminate()
    assert first.wait() == 0, first.log
    assert bluetooth.members().count("Connect") == 1
    begun = time.monotonic()
    second, _ = start(desk, bluetooth)
    streams(second, 1)
    assert time.monotonic() - begun < 2, second.log
    assert bluetooth.members().count("Connect") == 1, "the link was there"
    second.terminate()
    assert second.wait() == 0, second.log


def test_no_bus_is_said_once_with_a_remedy_and_ends_nothing(desk, start_bluetooth):
    bluetooth = start_bluetooth()
    bluetooth.environment = {"DBUS_SYSTEM_BUS_ADDRESS": f"unix:path={desk.folder}/none"}
    run, _ = start(desk, bluetooth)
    line = run.wait_for_log("system bus")
    assert f"{desk.folder}/none: No such file or directory" in line
    assert "systemctl status dbus" in line
    run.terminate()
    assert run.wait() == 0, run.log
    assert run.log.count("system bus") == 1


def test_scan_lists_what_is_in_range_and_what_to_write_for_it(start_bluetooth):
    bluetooth = start_bluetooth()
    put_on(bluetooth)
    status, text, _ = tool(bluetooth, "scan", "--for", "1")
    assert status == 0
    assert f"{STRAP}  -60 " in text and "Polar H10 1234" in text and "heart_rate" in text
    assert f"[sensor Polar-H10-1234]\naddress = {STRAP}\n" in text
    status, text, _ = tool(bluetooth, "scan", "--for", "1", "--json")
    assert json.loads(text)["address"] == STRAP
    assert "heart_rate" in json.loads(text)["services"]


def test_links_can_be_made_and_ended_by_hand(start_bluetooth):
    bluetooth = start_bluetooth()
    put_on(bluetooth)
    tool(bluetooth, "scan", "--for", "1")
    assert tool(bluetooth, "ble", "connect", STRAP) == (0, f"{STRAP} is connected\n", "")
    assert "connected" in tool(bluetooth, "ble", "list")[1]
    # Services are read after the link is there.
    wait_until(lambda: "measures: heart rate measurement" in tool(
        bluetooth, "ble", "info", STRAP)[1], "the services are read")
    assert tool(bluetooth, "ble", "disconnect", STRAP) == (0, f"{STRAP} is disconnected\n", "")
    assert tool(bluetooth, "ble", "forget", STRAP)[0] == 0
    status, _, error = tool(bluetooth, "ble", "connect", STRAP)
    assert status == 1
    assert f"BlueZ does not know {STRAP}; `pulsegate scan` looks for it" in error


def test_a_daemon_that_is_not_there_is_said_with_a_remedy(start_bluetooth):
    bluetooth = start_bluetooth()
    bluetooth.order("kill")
    status, _, error = tool(bluetooth, "scan", "--for", "1")
    assert status == 1
    assert "bluetoothd is not running (systemctl start bluetooth)" in error
