/// Why a line cannot be had, or is lost: chip, line, who holds it, and what to do.
public enum GPIOError: Error, Equatable, Sendable, CustomStringConvertible {
    /// This machine shows no chip at all.
    case noChips
    /// No chip has this label or name; these are there.
    case noSuchChip(wanted: String, found: [String])
    /// Chips are there that this user may not open.
    case denied(path: String)
    /// The chip has no line of this name.
    case noSuchLine(name: String, chip: String)
    case outOfRange(line: UInt32, chip: String, lineCount: UInt32)
    /// Somebody else holds the line: a program, or a driver of the kernel.
    case busy(line: String, chip: String, consumer: String)
    /// The chip's driver cannot do what is asked of the line.
    case notSupported(line: String, chip: String)
    /// The chip has gone while the line was held.
    case gone(line: String, chip: String)
    case failed(line: String, chip: String, reason: String)

    public var description: String {
        switch self {
        case .noChips:
            "no GPIO chip on this machine (/dev/gpiochip*); load the board's driver, or remove "
                + "the output"
        case .noSuchChip(let wanted, let found):
            "no GPIO chip is called \(wanted); there is \(found.joined(separator: ", ")); write "
                + "`chip = ` with one of them"
        case .denied(let path):
            "no permission for \(path); add the user to the group of the file (`usermod -aG gpio "
                + "pulsegate`, or SupplementaryGroups=gpio in the unit)"
        case .noSuchLine(let name, let chip):
            "chip \(chip) has no line named \(name); `pulsegate board detect` lists its lines"
        case .outOfRange(let line, let chip, let count):
            "chip \(chip) has no line \(line): its lines are 0 to \(Int(count) - 1)"
        case .busy(let line, let chip, let consumer):
            "line \(line) of \(chip) is held by \(consumer); end that, take its overlay out of "
                + "config.txt, or choose another line"
        case .notSupported(let line, let chip):
            "line \(line) of \(chip) cannot do what is asked of it; leave `drive` and `bias` out, "
                + "and use a resistor"
        case .gone(let line, let chip):
            "chip \(chip) has gone with line \(line); plug it in again, it is looked for"
        case .failed(let line, let chip, let reason):
            "line \(line) of \(chip): \(reason)"
        }
    }
}
