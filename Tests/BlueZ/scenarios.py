"""The scenarios: what happens to the sensors, the daemon and the adapter, and what must follow.

To add one, write a function that returns a `Scenario` and put it in `SCENARIOS`; its docstring's
first line is its row in the table. Steps are made by the small functions below and are carried
out by guest/conductor.py in the guest's time.
"""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Callable, Sequence
from typing import Any

Step = dict[str, Any]
RECOVERY_SECONDS_MAX = 60
# BlueZ forgets an unpaired device that has been away for 30 s (TemporaryTimeout), and gives a
# connection up after 40 s: an absence beyond both is the hard one.
ABSENCE_SECONDS = 60
# A heart rate that stays the same for so long, without RR-Intervals, is frozen: as the lane
# configures Pulsegate.
FROZEN_SECONDS = 60


@dataclasses.dataclass
class Scenario:
    """A story and how to judge it.

    loses: marks whose fault may swallow values on their way (a daemon dies, an adapter goes off):
    what was sent between the mark and the first value after it is not asked for.
    services: what the client is to take from each strap, where it is not the heart rate.
    for_gateway: it asks what the reference client cannot do.
    """

    name: str
    title: str
    steps: list[Step]
    straps: int = 1
    rate_hz: float = 1
    gym: list[str] = dataclasses.field(default_factory=list)
    by_name: bool = False
    loses: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    rssi_limit_dbm: int | None = None
    switches_on: bool = True
    for_gateway: bool = False

    @property
    def sensors(self) -> list[str]:
        return [sensor(index) for index in range(self.straps)]


def sensor(index: int) -> str:
    """What the configuration of the client calls strap `index`."""
    return f"strap-{index + 1}"


def address(index: int) -> str:
    return f"C0:00:00:00:00:{index + 1:02X}"


def local_name(index: int) -> str:
    return f"Strap {index + 1}"


# --- Steps --------------------------------------------------------------------------------


def start_client() -> Step:
    return {"do": "start-client", "mark": "start"}


def gym(line: str, mark: str | None = None) -> Step:
    """A command of gym.py; `mark` gives the moment a name."""
    return {"do": "gym", "what": line, "mark": mark or line}


def pause(seconds: float) -> Step:
    return {"do": "sleep", "seconds": seconds}


def daemon(what: str) -> Step:
    """bluetoothd: kill, stop or start."""
    return {"do": "bluetoothd", "what": what, "mark": f"bluetoothd {what}"}


def adapter(what: str) -> Step:
    """The adapter's Powered: on or off."""
    return {"do": "adapter", "what": what, "mark": f"adapter {what}"}


def radio(what: str) -> Step:
    """rfkill: block or unblock."""
    return {"do": "radio", "what": what, "mark": f"radio {what}"}


def apart(index: int) -> Step:
    """Strap `index` must not be connected at this moment."""
    return {"do": "expect-apart", "strap": index}


def still_off() -> Step:
    """The adapter must be off at this moment."""
    return {"do": "expect-off"}


def value(*indexes: int, since: str, within: float = RECOVERY_SECONDS_MAX) -> Step:
    """A value of each of these straps must arrive after the mark; how soon is in the table."""
    return {"do": "await", "sensors": [sensor(index) for index in indexes or (0,)],
            "since": since, "within": within}


def holdings(name: str) -> Step:
    """Counts what the client holds; the last time must be as the first."""
    return {"do": "holdings", "name": name}


def up(*indexes: int) -> list[Step]:
    """Every scenario's beginning: the client starts and has a value of each strap."""
    return [start_client(), value(*indexes or (0,), since="start")]


# --- Scenarios ----------------------------------------------------------------------------


def connect() -> Scenario:
    """a sensor is found and connected"""
    return Scenario("connect", "", [*up(), pause(5)])


def stream() -> Scenario:
    """five minutes of a recording at 4 Hz"""
    return Scenario("stream", "", [*up(), pause(300)], rate_hz=4)


def vanish() -> Scenario:
    """out of range for 5 s"""
    return Scenario("vanish", "", [
        *up(0, 1), pause(3), gym("vanish 0"), pause(5), gym("return 0", "return"),
        value(0, since="return"), pause(10)], straps=2)


def absence() -> Scenario:
    """away for a minute: BlueZ has forgotten it"""
    return Scenario("absence", "", [
        *up(0, 1), pause(3), gym("vanish 0"), pause(ABSENCE_SECONDS),
        gym("return 0", "return"), value(0, since="return"), pause(10)], straps=2)


def hangup() -> Scenario:
    """the sensor hangs up (reason 0x13) and is there again"""
    return Scenario("hangup", "", [
        *up(), pause(3), gym("disconnect 0 0x13", "hangs up"),
        value(0, since="hangs up"), pause(5)])


def mute() -> Scenario:
    """connected and silent for 20 s, then speaks again"""
    return Scenario("mute", "", [
        *up(), pause(3), gym("mute 0 on"), pause(20), gym("mute 0 off", "speaks"),
        value(0, since="speaks"), pause(5)])


# No heart rate, each for another reason: nothing; flags alone; a 16-bit value cut short; 20 and
# 26 bytes of which nothing is right; RR-Intervals cut short behind a wide zero.
MALFORMED = ("00", "10", "0148", "ff" * 20, "00" * 26, "110000ff")


def malformed() -> Scenario:
    """malformed values between good ones"""
    raw = [step for text in MALFORMED for step in (gym(f"raw 0 {text}"), pause(0.7))]
    return Scenario("malformed", "", [
        *up(), pause(2), *raw, gym("state", "after"), value(0, since="after"), pause(5)])


def off_skin() -> Scenario:
    """off the skin for 10 s: a value, and no contact"""
    return Scenario("off-skin", "", [
        *up(), pause(3), gym("off-skin 0 on"), pause(10), gym("off-skin 0 off", "worn"),
        value(0, since="worn"), pause(5)])


def frozen() -> Scenario:
    """the same heart rate for three minutes, a minute being the limit"""
    return Scenario("frozen", "", [
        *up(), pause(3), gym("frozen 0 on", "frozen"), pause(FROZEN_SECONDS + 120),
        gym("frozen 0 off", "thaws"), value(0, since="thaws"), pause(5)])


def rotate() -> Scenario:
    """hangs up and comes back under another private address, twice"""
    turn = [gym("disconnect 0"), gym("rotate 0", "rotated"), value(0, since="rotated"), pause(5)]
    return Scenario("rotate", "", [*up(), pause(3), *turn, *turn], by_name=True,
                    gym=["--private-addresses"])


def daemon_killed() -> Scenario:
    """bluetoothd is killed and started again after 2 s"""
    return Scenario("daemon-killed", "", [
        *up(0, 1), pause(3), daemon("kill"), pause(2), daemon("start"),
        value(0, 1, since="bluetoothd start"), pause(5)],
        straps=2, loses=("bluetoothd kill",))


def adapter_off() -> Scenario:
    """the adapter is off for 5 s"""
    return Scenario("adapter-off", "", [
        *up(0, 1), pause(3), adapter("off"), pause(5), adapter("on"),
        value(0, 1, since="adapter on"), pause(5)], straps=2, loses=("adapter off",))


def radio_blocked() -> Scenario:
    """rfkill blocks the radio for 5 s"""
    return Scenario("radio-blocked", "", [
        *up(), pause(3), radio("block"), pause(5), radio("unblock"),
        value(0, since="radio unblock"), pause(5)], loses=("radio block",))


def controller_pulled() -> Scenario:
    """the controller is pulled out and plugged in after 5 s"""
    return Scenario("controller-pulled", "", [
        *up(0, 1), pause(3), gym("die", "pulled"), pause(5), gym("plug", "plugged"),
        value(0, 1, since="plugged"), pause(5)], straps=2, loses=("pulled",))


def eight() -> Scenario:
    """eight sensors at once, one of which comes and goes"""
    others = tuple(range(1, 8))
    return Scenario("eight", "", [
        *up(*range(8)), pause(10), gym("vanish 0"), pause(5), gym("return 0", "return"),
        value(0, since="return"), gym("state", "then"), value(*others, since="then"), pause(20)],
        straps=8)


def bedside() -> Scenario:
    """blood pressure and temperature by indications, pulse oximeter, heart rate; one vanishes"""
    return Scenario("bedside", "", [
        *up(*range(4)), pause(60), gym("vanish 0"), pause(5), gym("return 0", "return"),
        value(0, since="return"), pause(20)], straps=4, for_gateway=True,
        services=("blood_pressure", "thermometer", "pulse_oximeter", "heart_rate"),
        gym=["--profiles", "heart-rate,battery,blood-pressure,thermometer,pulse-oximeter"])


def weak() -> Scenario:
    """received at -95 dBm, the limit being -85: left alone until it is nearer"""
    return Scenario("weak", "", [
        gym("rssi 0 -95"), *up(1), pause(60), apart(0), gym("rssi 0 -70", "nearer"),
        value(0, since="nearer"), pause(5)], straps=2, rssi_limit_dbm=-85, for_gateway=True)


def left_off() -> Scenario:
    """off for 30 s, then blocked for 30 s, and to be left so"""
    return Scenario("left-off", "", [
        *up(), pause(3), adapter("off"), pause(30), still_off(), adapter("on"),
        value(0, since="adapter on"), pause(3), radio("block"), pause(30), still_off(),
        radio("unblock"), value(0, since="radio unblock"), pause(5)],
        loses=("adapter off", "radio block"), switches_on=False, for_gateway=True)


SCENARIOS: dict[str, Callable[[], Scenario]] = {
    scenario.__name__.replace("_", "-"): scenario for scenario in (
        connect, stream, vanish, absence, hangup, mute, malformed, off_skin, frozen, rotate,
        daemon_killed, adapter_off, radio_blocked, controller_pulled, eight, bedside, weak,
        left_off)}


def make(name: str) -> Scenario:
    scenario = SCENARIOS[name]()
    scenario.title = (SCENARIOS[name].__doc__ or "").splitlines()[0]
    return scenario


# --- A day --------------------------------------------------------------------------------

HOUR = 3600


def day(seed: int, hours: float, straps: int = 2) -> Scenario:
    """A simulated day of a gym: seeded faults at seeded moments, one after the other."""
    chance = random.Random(seed)
    faults: Sequence[Callable[[int], list[Step]]] = (
        lambda one: [gym(f"vanish {one}"), pause(chance.uniform(2, 600)),
                     gym(f"return {one}", "over")],
        lambda one: [gym(f"disconnect {one}", "over")],
        lambda one: [gym(f"mute {one} on"), pause(chance.uniform(2, 120)),
                     gym(f"mute {one} off", "over")],
        lambda one: [gym(f"raw {one} {chance.choice(MALFORMED)}", "over")],
        lambda one: [daemon("kill"), pause(chance.uniform(0.5, 30)),
                     daemon("start") | {"mark": "over"}],
        lambda one: [adapter("off"), pause(chance.uniform(1, 60)),
                     adapter("on") | {"mark": "over"}],
        lambda one: [gym("die", "pulled"), pause(chance.uniform(1, 60)), gym("plug", "over")],
    )
    # Half a minute later nothing of the beginning is under way any more.
    steps, seconds = [*up(*range(straps)), pause(30), holdings("first")], 0.0
    while True:
        quiet = chance.expovariate(1 / (HOUR / 4))
        seconds += quiet + 60
        if seconds > hours * HOUR:
            break
        steps += [pause(quiet), *chance.choice(faults)(chance.randrange(straps)),
                  value(*range(straps), since="over", within=180)]
    return Scenario("day", f"{hours:g} simulated hours, seed {seed}", [
        *steps, pause(60), holdings("last")],
        straps=straps, gym=["--advertising-milliseconds", "1000"],
        loses=("bluetoothd kill", "adapter off", "pulled"))
