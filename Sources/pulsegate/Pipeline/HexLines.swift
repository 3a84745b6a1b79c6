import Bytes
import Linux

/// Notifications as lines of hexadecimal on standard input: what `bluetoothctl`, `gatttool` and a
/// person at a bench can produce.
final class HexLines {
    /// What a line was.
    enum Line { case notification, malformed(HexError), tooLong }

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
        notification.removeAll()
        do throws(HexError) {
            try line.withBytes { (text) throws(HexError) in
                try notification.append(decodingHex: text)
            }
            notification.withBytes { body(.notification, $0) }
        } catch {
            line.withBytes { body(.malformed(error), $0) }
        }
    }
}
