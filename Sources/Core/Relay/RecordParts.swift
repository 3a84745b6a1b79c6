import Bytes

/// Takes the data of one record apart into JSON documents: most have one; who writes lines may put
/// several into one record.
public enum RecordParts {
    /// Where the documents lie, without the blanks around them; none for nothing but blanks. What
    /// ends within a line is cut there: a JSON text over several lines is one document.
    public static func documents(of data: Span<UInt8>) -> [Range<Int>] {
        let whole = trimmed(data, 0..<data.count)
        guard !whole.isEmpty else { return [] }
        var lines: [Range<Int>] = []
        var start = whole.lowerBound
        for index in whole where data[index] == UInt8(ascii: "\n") {
            let line = trimmed(data, start..<index)
            if !line.isEmpty { lines.append(line) }
            start = index + 1
        }
        guard !lines.isEmpty else { return [whole] }
        lines.append(trimmed(data, start..<whole.upperBound))
        // Lines of JSON each begin and end with a brace; a text over lines has others in between.
        for line in lines
        where data[line.lowerBound] != UInt8(ascii: "{")
            || data[line.upperBound - 1] != UInt8(ascii: "}")
        {
            return [whole]
        }
        return lines
    }

    private static func trimmed(_ data: Span<UInt8>, _ range: Range<Int>) -> Range<Int> {
        var start = range.lowerBound
        var end = range.upperBound
        while start < end, isBlank(data[start]) { start += 1 }
        while end > start, isBlank(data[end - 1]) { end -= 1 }
        return start..<end
    }

    /// White space of JSON (RFC 8259 section 2).
    private static func isBlank(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D
    }
}
