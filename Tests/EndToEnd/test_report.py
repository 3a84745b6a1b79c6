"""What a technician reads of the card: in the log of a gateway that runs, and in `ring stat`."""

import re
import subprocess

from gateway import BINARY, environment, file_sink, hex_lines, play, wait_until

CARD = (r"ring: [0-9.]+ (bytes|kB|MB) written in \d+ writes?, \d+ fdatasyncs?: p50 [0-9.]+ ms, "
        r"p99 [0-9.]+ ms, longest [0-9.]+ ms; card life not known in the first hour$")
TIMES = (r"^ +half of them within [0-9.]+ ms, 99 % within [0-9.]+ ms: "
         r"\d+ within [0-9.]+ ms(, \d+ within [0-9.]+ ms)*$")


def stat(desk):
    done = subprocess.run([BINARY, "ring", "stat", "--data", str(desk.data)], env=environment(),
                          capture_output=True, text=True, timeout=60, check=True)
    return done.stdout


def test_a_run_says_at_its_end_what_the_card_had_to_do(desk, run_47min):
    desk.configure(play(run_47min.path), file_sink())
    run = desk.run()
    assert run.status == 0, run.log
    assert re.search(CARD, run.lines[-1]), run.lines[-1]
    written = re.search(r"ring: ([0-9.]+) kB written in (\d+) writes?, (\d+) fd", run.lines[-1])
    # 2808 slots of 128 bytes, and a head record of 1 KiB with each write.
    assert float(written[1]) * 1000 >= 2808 * 128
    assert abs(float(written[1]) * 1000 - 2808 * 128 - int(written[2]) * 1024) <= 50
    assert 1 <= int(written[3]) <= int(written[2])


def test_a_gateway_says_how_it_goes_while_it_runs_and_ring_stat_says_it_beside_it(desk):
    desk.configure(hex_lines(), file_sink(), gateway={"status_interval": "1s"},
                   ring={"sync": "each"})
    run = desk.start(stdin=subprocess.PIPE)
    run.write("00 48\n00 49\n")
    run.wait_for_log("running: 2 notifications, 2 recorded, 0 malformed, 0 off skin, 0 alarms")
    run.wait_for_log("sink local: 2 delivered, 0 lost")
    line = run.wait_for_log("; card life not known in the first hour")
    assert re.search(CARD, line), line
    # A head record says what was before it.
    run.write("00 50\n")
    text = wait_until(lambda: re.search(TIMES, stat(desk), re.MULTILINE) and stat(desk), "times")
    assert re.search(r"^wear +[0-9.]+ kB written, \d+ fdatasyncs?, the longest [0-9.]+ ms$", text,
                     re.MULTILINE), text
    assert not any("stopped:" in line for line in run.lines)
    run.terminate()
    assert run.wait() == 0, run.log
    assert "stopped: 3 notifications, 3 recorded" in run.log


def test_nothing_is_said_while_a_gateway_runs_less_than_an_interval(desk):
    desk.configure(hex_lines(), file_sink())
    run = desk.run(text="00 48\n")
    assert run.status == 0, run.log
    assert "running:" not in run.log
    assert "stopped: 1 notification, 1 recorded, 0 malformed, 0 off skin, 0 alarms" in run.log
