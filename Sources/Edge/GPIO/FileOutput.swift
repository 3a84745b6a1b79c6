internal import Bytes
public import Linux

/// An LED that the kernel drives (/sys/class/leds, Documentation/leds/leds-class.rst): the board's
/// own, or one of a device tree overlay.
public final class LEDOutput {
    private let brightness: FileDescriptor
    private let path: String
    private let texts: SwitchTexts

    /// Takes the LED from its trigger. `folder` is another place of /sys/class/leds, for tests.
    public init(name: String, folder: String = "/sys/class/leds") throws(SystemError) {
        path = "\(folder)/\(name)/brightness"
        try SysfsFile.write("none", to: "\(folder)/\(name)/trigger")
        texts = SwitchTexts(on: try SysfsFile.line(of: "\(folder)/\(name)/max_brightness"))
        brightness = try FileDescriptor.open(path, .readWrite)
        try set(false)
    }

    public func set(_ isOn: Bool) throws(SystemError) {
        try texts.write(isOn, to: brightness, subject: path)
    }

    deinit { do throws(SystemError) { try set(false) } catch {} }
}

/// A buzzer that plays a note: a channel of /sys/class/pwm (Documentation/driver-api/pwm.rst).
public final class PWMOutput {
    private let enable: FileDescriptor
    private let channel: String
    private let texts = SwitchTexts(on: [UInt8(ascii: "1")])

    /// `place` is `pwmchip0/0`. `folder` is another place of /sys/class/pwm, for tests.
    public init(place: String, folder: String = "/sys/class/pwm") throws(SystemError) {
        let parts = place.split(separator: "/")
        let number = parts.count == 2 ? String(parts[1]) : "0"
        let chip = "\(folder)/\(parts.first.map { String($0) } ?? place)"
        channel = "\(chip)/pwm\(number)"
        if !Path.exists(channel) { try SysfsFile.write(number, to: "\(chip)/export") }
        try Self.tune(channel, hertz: 440)
        enable = try FileDescriptor.open("\(channel)/enable", .readWrite)
        try set(false)
    }

    /// A duty cycle longer than the period is refused, so it is 0 in between.
    private static func tune(_ channel: String, hertz: Int) throws(SystemError) {
        let period = 1_000_000_000 / max(1, hertz)
        try SysfsFile.write("0", to: "\(channel)/duty_cycle")
        try SysfsFile.write("\(period)", to: "\(channel)/period")
        try SysfsFile.write("\(period / 2)", to: "\(channel)/duty_cycle")
    }

    /// The next pulses have this note.
    public func play(hertz: Int) throws(SystemError) { try Self.tune(channel, hertz: hertz) }

    public func set(_ isOn: Bool) throws(SystemError) {
        try texts.write(isOn, to: enable, subject: channel)
    }

    deinit { do throws(SystemError) { try set(false) } catch {} }
}

/// A file or a pipe that is told every change, one line each: `on` or `off`, what it is for, and
/// the monotonic time in nanoseconds. For a desk and for tests.
public final class FileOutput {
    private let file: FileDescriptor
    private let path: String
    private var line = FixedBuffer(capacity: 96)

    public init(path: String) throws(SystemError) {
        self.path = path
        file = try FileDescriptor.open(path, .createAppend)
        try set(false, at: 0)
    }

    public func set(_ isOn: Bool, at time: Int64) throws(SystemError) {
        line.removeAll()
        line.append(isOn ? "on " : "off ")
        line.append(decimal: UInt64(max(0, time)))
        line.append(UInt8(ascii: "\n"))
        try line.withBytes { (bytes: Span<UInt8>) throws(SystemError) in
            try file.write(bytes, subject: path)
        }
    }

    deinit { do throws(SystemError) { try set(false, at: 0) } catch {} }
}

/// The bell of a terminal, for desks: one ring for each pulse.
public final class BellOutput {
    private let terminal: FileDescriptor
    private let path: String

    public init(path: String = "/dev/tty") throws(SystemError) {
        self.path = path
        terminal = try FileDescriptor.open(path, .createAppend)
    }

    public func set(_ isOn: Bool) throws(SystemError) {
        guard isOn else { return }
        // BEL of ASCII.
        let bell = InlineArray<1, UInt8>(repeating: 7)
        try terminal.write(bell.span, subject: path)
    }
}

/// What switches an attribute on and off, made once: a level is set without an allocation.
private struct SwitchTexts: ~Copyable {
    private var on = FixedBuffer(capacity: 64)
    private var off = FixedBuffer(capacity: 1)

    init(on text: [UInt8]) {
        on.append(text.span)
        off.append(UInt8(ascii: "0"))
    }

    borrowing func write(
        _ isOn: Bool, to file: borrowing FileDescriptor, subject: String
    ) throws(SystemError) {
        if isOn {
            try file.write(on.bytes, subject: subject)
        } else {
            try file.write(off.bytes, subject: subject)
        }
    }
}

/// Attributes of sysfs: one short text each.
enum SysfsFile {
    static func write(_ text: String, to path: String) throws(SystemError) {
        let file = try FileDescriptor.open(path, .readWrite)
        try file.write(Array(text.utf8).span, subject: path)
    }

    /// The text without its line feed.
    static func line(of path: String) throws(SystemError) -> [UInt8] {
        try Path.contents(of: path, atMost: 64).filter { $0 != UInt8(ascii: "\n") }
    }
}
