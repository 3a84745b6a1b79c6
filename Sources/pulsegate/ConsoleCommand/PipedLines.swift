import Bytes
import Linux

/// Lines of standard input, of at most 240 bytes: a longer one is cut there, as at a terminal.
struct PipedLines {
    private static let lineBytesMax = 240
    private var waiting: [UInt8] = []
    private var isAtEnd = false

    /// Waits for the next line; nil at the end.
    mutating func next() -> String? {
        while true {
            if let end = waiting.firstIndex(of: UInt8(ascii: "\n")) {
                let line = text(waiting[..<end])
                waiting.removeFirst(end + 1)
                return line
            }
            if isAtEnd {
                if waiting.isEmpty { return nil }
                defer { waiting = [] }
                return text(waiting[...])
            }
            read()
        }
    }

    private mutating func read() {
        var buffer = FixedBuffer(capacity: 4_096)
        do throws(SystemError) {
            let got = try FileDescriptor.read(
                from: 0, atMost: 4_096, into: &buffer, subject: "standard input")
            if got == 0 { isAtEnd = true }
        } catch {
            isAtEnd = true
        }
        buffer.withBytes { bytes in
            for index in bytes.indices { waiting.append(bytes[index]) }
        }
        // Without a line end this is no console's input: the rest of it is of no use.
        if waiting.count > 65_536, !waiting.contains(UInt8(ascii: "\n")) {
            waiting = Array(waiting.prefix(Self.lineBytesMax))
        }
    }

    private func text(_ bytes: ArraySlice<UInt8>) -> String {
        let plain = bytes.filter { $0 >= 0x20 && $0 < 0x7F }
        return String(decoding: plain.prefix(Self.lineBytesMax), as: UTF8.self)
    }
}
