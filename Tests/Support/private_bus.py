"""A dbus-daemon of one's own: a system bus for tests, in a folder of theirs."""

import subprocess
from pathlib import Path

CONFIGURATION = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>unix:path={socket}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow own="*"/>
    <allow send_destination="*"/>
    <allow receive_type="method_call"/>
    <allow receive_type="method_return"/>
    <allow receive_type="error"/>
    <allow receive_type="signal"/>
  </policy>
  <limit name="max_replies_per_connection">128</limit>
</busconfig>
"""


class PrivateBus:
    """One dbus-daemon, which can be stopped and started again at the same address."""

    def __init__(self, folder):
        self.socket = Path(folder) / "bus"
        self.address = f"unix:path={self.socket}"
        self.configuration = Path(folder) / "bus.conf"
        self.configuration.write_text(CONFIGURATION.format(socket=self.socket))
        self.process = None

    def start(self):
        """Starts the daemon; it listens when this returns."""
        self.socket.unlink(missing_ok=True)
        self.process = subprocess.Popen(
            ["dbus-daemon", f"--config-file={self.configuration}", "--nofork",
             "--nopidfile", "--print-address"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, text=True)
        if not self.process.stdout.readline():
            raise RuntimeError("dbus-daemon does not start")

    def send_signal(self, signal):
        self.process.send_signal(signal)

    def stop(self):
        """Ends the daemon as a crash would: every connection ends."""
        if self.process is None:
            return
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.process = None
