/// Writes an archive that any tar reads (POSIX.1-1988, ustar): headers of 512 bytes, contents
/// padded to 512, two blocks of zeros at the end.
///
///     0 name 100 | 100 mode 8 | 108 uid 8 | 116 gid 8 | 124 size 12 | 136 mtime 12 | 148 sum 8
///     156 type 1 | 257 "ustar\0" 6 | 263 "00" 2 | 265 user 32 | 297 group 32
public struct TarWriter: Sendable {
    private static let block = 512
    public private(set) var bytes: [UInt8] = []

    public init() {}

    /// Adds a file; its name is 1 to 99 bytes of ours, its time in seconds since 1970.
    public mutating func add(_ name: String, _ contents: [UInt8], seconds: Int64) {
        precondition((1...99).contains(name.utf8.count), "a name fits into the header")
        var header = [UInt8](repeating: 0, count: Self.block)
        Self.put(Array(name.utf8), at: 0, in: &header)
        Self.put(Self.octal(0o640, digits: 7), at: 100, in: &header)
        Self.put(Self.octal(0, digits: 7), at: 108, in: &header)
        Self.put(Self.octal(0, digits: 7), at: 116, in: &header)
        Self.put(Self.octal(UInt64(contents.count), digits: 11), at: 124, in: &header)
        Self.put(Self.octal(UInt64(max(0, seconds)), digits: 11), at: 136, in: &header)
        header[156] = UInt8(ascii: "0")
        Self.put(Array("ustar\u{0}00".utf8), at: 257, in: &header)
        // The sum is taken with blanks in its own place.
        Self.put(Array("        ".utf8), at: 148, in: &header)
        let sum = header.reduce(UInt64(0)) { $0 + UInt64($1) }
        Self.put(Self.octal(sum, digits: 6) + [0, UInt8(ascii: " ")], at: 148, in: &header)
        bytes += header
        bytes += contents
        pad()
    }

    /// The whole archive.
    public consuming func finish() -> [UInt8] {
        bytes += [UInt8](repeating: 0, count: 2 * Self.block)
        return bytes
    }

    private mutating func pad() {
        let rest = bytes.count % Self.block
        if rest > 0 { bytes += [UInt8](repeating: 0, count: Self.block - rest) }
    }

    private static func put(_ part: [UInt8], at place: Int, in header: inout [UInt8]) {
        for (index, byte) in part.enumerated() { header[place + index] = byte }
    }

    private static func octal(_ value: UInt64, digits: Int) -> [UInt8] {
        let text = String(min(value, (1 << UInt64(3 * digits)) - 1), radix: 8)
        return [UInt8](repeating: UInt8(ascii: "0"), count: digits - text.utf8.count)
            + Array(text.utf8)
    }
}
