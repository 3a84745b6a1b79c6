extension FixedBuffer {
    /// Makes what follows `start`, which is JSON, the inside of a JSON string, in its place: a
    /// backslash before every quote and every backslash. JSON itself has no control characters
    /// in a line (RFC 8259 sections 2 and 7).
    public mutating func escapeJSON(from start: Int) {
        guard !overflowed else { return }
        var escapes = 0
        for index in start..<count where Self.needsBackslash(bytes[index]) { escapes += 1 }
        guard escapes <= room else { return overflow() }
        var source = count
        resize(to: count + escapes)
        var target = count
        var place = mutableBytes(in: 0..<count)
        while source > start, target > source {
            source -= 1
            target -= 1
            place[target] = place[source]
            if Self.needsBackslash(place[source]) {
                target -= 1
                place[target] = UInt8(ascii: "\\")
            }
        }
    }

    private static func needsBackslash(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
    }

    /// Appends `text` as a JSON string with its quotes: quotes, backslashes and control
    /// characters escaped (RFC 8259 section 7), other UTF-8 as it is.
    public mutating func append(jsonString text: Span<UInt8>) {
        append(UInt8(ascii: "\""))
        append(jsonCharacters: text)
        append(UInt8(ascii: "\""))
    }

    /// Appends what stands between the quotes of such a string.
    public mutating func append(jsonCharacters text: Span<UInt8>) {
        let plain = text.plainPrefix(from: 0)
        append(text.extracting(0..<plain))
        for index in plain..<text.count {
            let byte = text[index]
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                append(UInt8(ascii: "\\"))
                append(byte)
            case 0..<0x20:
                append("\\u")
                append(hex: UInt64(byte), digits: 4)
            default: append(byte)
            }
        }
    }
}

extension Span<UInt8> {
    /// The end of the run from `start` that a JSON string holds as it is: where the first quote,
    /// backslash or control character stands, or the end of all bytes.
    ///
    /// Eight bytes a step. A byte is zero where `word - ones` borrows into its top bit and the
    /// byte itself had none; the lowest such byte is exact, those above it may not be (H. Warren,
    /// "Hacker's Delight", section 6-1).
    func plainPrefix(from start: Int) -> Int {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let tops: UInt64 = 0x8080_8080_8080_8080
        var index = start
        while index + 8 <= count {
            let word = loadUInt64(at: index)
            let quotes = word ^ (ones &* UInt64(UInt8(ascii: "\"")))
            let slashes = word ^ (ones &* UInt64(UInt8(ascii: "\\")))
            let found =
                ((quotes &- ones) & ~quotes) | ((slashes &- ones) & ~slashes)
                | ((word &- ones &* 0x20) & ~word)
            if found & tops != 0 { return index + (found & tops).trailingZeroBitCount / 8 }
            index += 8
        }
        while index < count {
            let byte = self[index]
            if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") || byte < 0x20 { break }
            index += 1
        }
        return index
    }
}
