#!/usr/bin/env python3
"""Draws what a terminal shows as a picture.

    terminal_png.py --columns 100 --rows 30 --after 20 --output live.png -- pulsegate demo

Runs the command in a pseudo-terminal of the given size, keeps the screen as a terminal would
(pyte), and draws it after so many seconds, or when a text appears, or when the command ends.
The command is then asked to end (SIGTERM).

Exit status: 0 a picture was written, 1 the text never appeared, 2 wrong arguments.
"""

import argparse
import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios
import time
from pathlib import Path

import pyte
from PIL import Image, ImageDraw, ImageFont

FONTS = Path("/usr/share/fonts/truetype/dejavu")

# A dark terminal; pyte's names, in which brown is yellow. Its own table spells bright magenta
# with a typing error.
BACKGROUND = "#11151c"
FOREGROUND = "#d5dae3"
COLOURS = {
    "black": "#11151c",
    "red": "#ff5c66",
    "green": "#5fd38d",
    "brown": "#f0c060",
    "blue": "#6aa7ff",
    "magenta": "#c792ea",
    "cyan": "#58cbe4",
    "white": "#d5dae3",
    "brightblack": "#6f7a8c",
    "brightred": "#ff7a82",
    "brightgreen": "#7fe3a7",
    "brightbrown": "#ffd98a",
    "brightblue": "#8cbcff",
    "brightmagenta": "#d9aef5",
    "bfightmagenta": "#d9aef5",
    "brightcyan": "#80dcf0",
    "brightwhite": "#ffffff",
}
# A badge has a stronger colour behind it than a word is written in.
BEHIND = {"red": "#c9303e"}


def colour(name: str, default: str, behind: bool = False) -> str:
    """The colour of a pyte name: a word, six hexadecimal digits, or `default`."""
    if name == "default":
        return default
    if behind and name in BEHIND:
        return BEHIND[name]
    return COLOURS.get(name, f"#{name}")


class Terminal:
    """A command in a pseudo-terminal, and the screen that it draws."""

    def __init__(self, command: list[str], columns: int, rows: int):
        self.screen = pyte.Screen(columns, rows)
        self.stream = pyte.ByteStream(self.screen)
        self.pid, self.descriptor = pty.fork()
        if self.pid == 0:
            os.environ["TERM"] = "xterm-256color"
            os.environ.pop("NO_COLOR", None)
            # The child waits for its size: a program asks for it when it starts.
            size = struct.pack("HHHH", rows, columns, 0, 0)
            fcntl.ioctl(0, termios.TIOCSWINSZ, size)
            try:
                os.execvp(command[0], command)
            except OSError as error:
                print(f"{command[0]}: {error.strerror}", flush=True)
                os._exit(127)

    def read(self, seconds: float) -> bool:
        """Feeds what arrives within `seconds` to the screen; false when the command ended."""
        ready, _, _ = select.select([self.descriptor], [], [], max(0.0, seconds))
        if not ready:
            return True
        try:
            data = os.read(self.descriptor, 65536)
        except OSError:  # EIO: the other end is closed
            return False
        self.stream.feed(data)
        return bool(data)

    def watch(self, seconds: float, text: str | None = None) -> bool:
        """Reads for `seconds`, or until `text` is on the screen or the command ends; answers
        whether `text` is there."""
        end = time.monotonic() + seconds
        running = True
        while running and (left := end - time.monotonic()) > 0:
            running = self.read(min(left, 0.1))
            if text and self.shows(text):
                self.settle()
                return True
        return bool(text) and self.shows(text)

    def settle(self) -> None:
        """Reads on until nothing has come for a moment, so that a frame is whole."""
        end = time.monotonic() + 1
        while time.monotonic() < end:
            ready, _, _ = select.select([self.descriptor], [], [], 0.05)
            if not ready or not self.read(0):
                return

    def shows(self, text: str) -> bool:
        return any(text in line for line in self.screen.display)

    def end(self) -> None:
        """Asks the command to end; after two seconds it has to."""
        for request, patience in ((signal.SIGTERM, 2.0), (signal.SIGKILL, 2.0)):
            try:
                os.kill(self.pid, request)
            except ProcessLookupError:
                break
            end = time.monotonic() + patience
            while time.monotonic() < end:
                if os.waitpid(self.pid, os.WNOHANG)[0]:
                    os.close(self.descriptor)
                    return
                self.read(0.05)


class Painter:
    """Draws a screen, cell by cell."""

    def __init__(self, size: int):
        self.regular = ImageFont.truetype(str(FONTS / "DejaVuSansMono.ttf"), size)
        self.bold = ImageFont.truetype(str(FONTS / "DejaVuSansMono-Bold.ttf"), size)
        ascent, descent = self.regular.getmetrics()
        self.width = round(self.regular.getlength("M"))
        self.height = ascent + descent
        self.margin = size

    def paint(self, screen: pyte.Screen) -> Image.Image:
        image = Image.new(
            "RGB",
            (
                screen.columns * self.width + 2 * self.margin,
                screen.lines * self.height + 2 * self.margin,
            ),
            BACKGROUND,
        )
        draw = ImageDraw.Draw(image)
        for row in range(screen.lines):
            for column in range(screen.columns):
                self.cell(draw, screen.buffer[row][column], column, row)
        return image

    def cell(self, draw: ImageDraw.ImageDraw, cell, column: int, row: int) -> None:
        left = self.margin + column * self.width
        top = self.margin + row * self.height
        front = colour(cell.fg, FOREGROUND)
        back = colour(cell.bg, BACKGROUND, behind=True)
        if cell.reverse:
            front, back = back, front
        box = (left, top, left + self.width - 1, top + self.height - 1)
        if back != BACKGROUND:
            draw.rectangle(box, fill=back)
        if cell.data == "█":  # the font's own block leaves seams between cells
            draw.rectangle(box, fill=front)
        elif "\u2800" <= cell.data[:1] <= "\u28ff":  # DejaVu Sans Mono has no braille
            self.braille(draw, ord(cell.data[0]) - 0x2800, left, top, front)
        elif cell.data.strip():
            font = self.bold if cell.bold and ord(cell.data[0]) < 0x2500 else self.regular
            draw.text((left, top), cell.data, font=font, fill=front)

    def braille(self, draw: ImageDraw.ImageDraw, bits: int, left: int, top: int, fill: str) -> None:
        """Dots as in Unicode's chart U+2800: bits 0-2 and 6 left, 3-5 and 7 right."""
        across, down = self.width / 2, self.height / 4
        radius = min(across, down) * 0.36
        places = [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (0, 3), (1, 3)]
        for bit, (column, line) in enumerate(places):
            if bits >> bit & 1:
                x, y = left + (column + 0.5) * across, top + (line + 0.5) * down
                draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=fill)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description="Draws what a terminal shows as a picture.",
        usage="%(prog)s [options] --output FILE.png -- COMMAND...",
    )
    parser.add_argument("--columns", type=int, default=80)
    parser.add_argument("--rows", type=int, default=24)
    moment = parser.add_mutually_exclusive_group()
    moment.add_argument("--after", type=float, metavar="SECONDS", default=5.0)
    moment.add_argument("--until", metavar="TEXT", help="draw when TEXT is on the screen")
    parser.add_argument(
        "--timeout", type=float, metavar="SECONDS", default=60.0, help="patience with --until"
    )
    parser.add_argument("--font-size", type=int, metavar="PIXELS", default=20)
    parser.add_argument("--output", required=True, metavar="FILE.png")
    parser.add_argument("command", nargs="+", metavar="COMMAND")
    return parser.parse_args()


def main() -> int:
    wanted = arguments()
    terminal = Terminal(wanted.command, wanted.columns, wanted.rows)
    found = terminal.watch(wanted.timeout if wanted.until else wanted.after, wanted.until)
    image = Painter(wanted.font_size).paint(terminal.screen)
    terminal.end()
    image.save(wanted.output, optimize=True)
    if wanted.until and not found:
        print(
            f"terminal_png.py: {wanted.until!r} did not appear within {wanted.timeout:g} s; "
            f"{wanted.output} shows the screen at the end",
            file=sys.stderr,
        )
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
