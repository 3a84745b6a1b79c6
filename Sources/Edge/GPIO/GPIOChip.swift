internal import CGPIO
internal import Glibc

/// A GPIO chip that the kernel shows (/dev/gpiochipN).
public struct GPIOChip: Equatable, Sendable {
    public let path: String
    /// The kernel's name, which depends on the order of drivers: `gpiochip0`.
    public let name: String
    /// The driver's label, which does not: `pinctrl-bcm2835`.
    public let label: String
    public let lineCount: UInt32

    /// Chips that a machine may have; a Raspberry Pi 5 has 14.
    private static let chipsMax = 64

    /// What is known of one line.
    public struct Line: Equatable, Sendable {
        public let offset: UInt32
        public let name: String
        /// Who holds it; nil when it is free.
        public let consumer: String?
    }

    /// The version of libgpiod, and whether the kernel debounces inputs through it.
    public static var library: (version: String, debounces: Bool) {
        (unsafe String(cString: pulsegate_gpio_version()), pulsegate_gpio_debounces() != 0)
    }

    /// Every chip that can be opened, and the path of one that may not be.
    public static func all() -> (chips: [GPIOChip], denied: String?) {
        var chips: [GPIOChip] = []
        var denied: String?
        for number in 0..<chipsMax {
            let path = "/dev/gpiochip\(number)"
            var chip = pulsegate_gpio_chip()
            switch unsafe pulsegate_gpio_look_at_chip(path, &chip) {
            case 0:
                chips.append(
                    GPIOChip(
                        path: path, name: text(&chip.name), label: text(&chip.label),
                        lineCount: chip.line_count))
            case EACCES, EPERM: denied = denied ?? path
            default: break
            }
        }
        return (chips, denied)
    }

    /// The chip with this label, or else of this name.
    public static func find(_ wanted: String) throws(GPIOError) -> GPIOChip {
        let (chips, denied) = all()
        if let chip = chips.first(where: { $0.label == wanted })
            ?? chips.first(where: { $0.name == wanted })
        {
            return chip
        }
        if let denied { throw .denied(path: denied) }
        if chips.isEmpty { throw .noChips }
        throw .noSuchChip(wanted: wanted, found: chips.map { "\($0.label) (\($0.name))" })
    }

    /// One line; nil where the chip has none, or has gone.
    public func line(_ offset: UInt32) -> Line? {
        var info = pulsegate_gpio_info()
        guard unsafe pulsegate_gpio_look_at_line(path, offset, &info) == 0 else { return nil }
        let holder = Self.text(&info.consumer)
        return Line(
            offset: offset, name: Self.text(&info.name),
            consumer: info.is_used == 0 ? nil : holder.isEmpty ? "the kernel" : holder)
    }

    /// The number of a line that is written as one, or of the first line with this name.
    func offset(of line: String) throws(GPIOError) -> UInt32 {
        if let number = UInt32(line) {
            guard number < lineCount else {
                throw .outOfRange(line: number, chip: label, lineCount: lineCount)
            }
            return number
        }
        for offset in 0..<lineCount where self.line(offset)?.name == line { return offset }
        throw .noSuchLine(name: line, chip: label)
    }

    /// A name in an array of C.
    private static func text<Name>(_ name: inout Name) -> String {
        unsafe withUnsafeBytes(of: &name) { bytes in
            unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
    }
}
