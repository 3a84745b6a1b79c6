import Bytes
import Linux
import Vitals

/// Notifications as lines of hexadecimal on standard input: what `bluetoothctl`, `gatttool` and a
/// person at a bench can produce. A line is a heart rate, or of the characteristic that stands in
/// front: `2A35=1E 78 00 …`.
final class HexLines {
    /// What a line was.
    enum Line {
        case notification(Characteristic), malformed(HexError), tooLong
        /// What stands before the "=" is no measurement.
        case noMeasurement
    }

    /// The longest line: a notification of 512 bytes with separators.
    private static let lineBytesMax = 4_096

    private var input = FixedBuffer(capacity: 65_536)
    private var line = FixedBuffer(capacity: lineBytesMax)
    private var notification = FixedBuffer(capacity: 512)
    /// Number of the last line handed over, from 1.
    private(set) var number = 0
    private(set) var isAtEnd = false
    let descriptor: Int32 = 0

    /// Reads what is there and hands over each complete line: the bytes that it spells, or its
    /// text when it spells none. Blank lines and lines that begin with # are comments.
    func read(_ body: (Line, Span<UInt8>) -> Void) throws(SystemError) {
        input.removeAll()
        let count = try FileDescriptor.read(
            from: descriptor, atMost: input.capacity, into: &input, subject: "standard input")
        for index in 0..<input.count {
            let byte = input.withBytes { $0[index] }
            if byte == UInt8(ascii: "\n") {
                finishLine(body)
            } else if byte != UInt8(ascii: "\r") {
                line.append(byte)
            }
        }
        if count == 0 {
            isAtEnd = true
            if line.count > 0 { finishLine(body) }
        }
    }

    private func finishLine(_ body: (Line, Span<UInt8>) -> Void) {
        number += 1
        defer { line.removeAll() }
        if line.overflowed { return line.withBytes { body(.tooLong, $0) } }
        if line.withBytes({ $0.isEmpty || $0[0] == UInt8(ascii: "#") }) { return }
        let equals = line.withBytes { $0.firstIndex(of: "=") }
        guard let kind = line.withBytes({ Self.characteristic($0, equals) }) else {
            return line.withBytes { body(.noMeasurement, $0) }
        }
        notification.removeAll()
        do throws(HexError) {
            try line.withBytes { (text) throws(HexError) in
                let start = equals.map { $0 + 1 } ?? 0
                try notification.append(decodingHex: text.extracting(start..<text.count))
            }
            notification.withBytes { body(.notification(kind), $0) }
        } catch {
            line.withBytes { body(.malformed(error), $0) }
        }
    }

    /// The measurement that is named in front of the "="; a heart rate without one.
    private static func characteristic(_ line: Span<UInt8>, _ equals: Int?) -> Characteristic? {
        guard let equals else { return .heartRateMeasurement }
        guard equals == 4, let number = UInt16(String(decoding: line.extracting(0..<4)), radix: 16),
            let characteristic = Characteristic(rawValue: number), characteristic.isMeasurement
        else { return nil }
        return characteristic
    }
}
