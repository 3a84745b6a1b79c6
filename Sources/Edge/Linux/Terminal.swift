internal import CLinux
internal import Glibc

/// Questions about the terminal behind a descriptor.
public enum Terminal {
    /// Whether a person looks at this descriptor.
    public static func isTerminal(_ number: Int32) -> Bool { isatty(number) == 1 }

    /// Waits until there is something on standard input; false when the time is over.
    public static func waitForInput(nanoseconds: Int64) -> Bool {
        var input = pollfd(fd: 0, events: Int16(POLLIN), revents: 0)
        return unsafe poll(&input, 1, Int32(clamping: nanoseconds / 1_000_000)) > 0
    }

    /// Forgets what was typed.
    public static func dropInput() { tcflush(0, TCIFLUSH) }

    /// A line that is typed on standard input and not shown, without its end; nil when nothing
    /// comes any more. What it was before, the terminal is again afterwards.
    public static func readHidden(prompt: String) -> String? {
        var shown = termios()
        guard unsafe tcgetattr(0, &shown) == 0 else { return nil }
        var hidden = shown
        hidden.c_lflag &= ~tcflag_t(ECHO)
        hidden.c_lflag |= tcflag_t(ICANON | ISIG)
        hidden.c_iflag |= tcflag_t(ICRNL)
        guard unsafe tcsetattr(0, TCSADRAIN, &hidden) == 0 else { return nil }
        defer {
            unsafe tcsetattr(0, TCSADRAIN, &shown)
            write("\n")
        }
        write(prompt)
        var line: [UInt8] = []
        var byte: UInt8 = 0
        // A line of a terminal in canonical mode has at most 4,096 bytes (termios(3)).
        while line.count < 4_096, unsafe Glibc.read(0, &byte, 1) == 1 {
            if byte == UInt8(ascii: "\n") { return String(decoding: line, as: UTF8.self) }
            line.append(byte)
        }
        return nil
    }

    private static func write(_ text: String) {
        do throws(SystemError) {
            try FileDescriptor.write(Array(text.utf8).span, to: 1, subject: "standard output")
        } catch {
            // Who cannot be asked answers nothing.
        }
    }

    /// Columns and rows; nil when it is no terminal or does not say (serial lines say 0 × 0).
    public static func size(_ number: Int32) -> (columns: Int, rows: Int)? {
        var size = winsize()
        guard unsafe pulsegate_terminal_size(number, &size) == 0, size.ws_col > 0, size.ws_row > 0
        else { return nil }
        return (Int(size.ws_col), Int(size.ws_row))
    }
}

/// What the program is told by its surroundings.
public enum Environment {
    /// The value of an environment variable; nil when it is not set.
    public static func value(_ name: String) -> String? {
        guard let value = unsafe getenv(name) else { return nil }
        return unsafe String(cString: value)
    }

    /// The machine's name (gethostname(2)), up to its first dot.
    public static func hostName() -> String {
        var name = [CChar](repeating: 0, count: 256)
        guard unsafe gethostname(&name, 255) == 0 else { return "pulsegate" }
        let bytes = name.prefix { $0 != 0 && $0 != CChar(UInt8(ascii: ".")) }
        return String(decoding: bytes.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

/// Ends the process at once with `status`; buffers of the C library are not used here.
public func endProcess(_ status: Int32) -> Never { exit(status) }
