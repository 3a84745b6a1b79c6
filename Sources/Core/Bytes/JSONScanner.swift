/// Why bytes are not one JSON value (RFC 8259).
public struct JSONError: Error, Equatable {
    /// The rule that was broken.
    public enum Reason: Equatable, Sendable {
        case endOfInput, unexpectedByte, nestedTooDeeply, badEscape, badNumber, controlCharacter
        /// JSON, and not the value that its reader asked for.
        case unexpectedToken
    }
    public let reason: Reason
    /// Offset of the byte at which it shows.
    public let offset: Int

    public init(reason: Reason, offset: Int) {
        self.reason = reason
        self.offset = offset
    }
}

/// One step through a JSON text. Ranges are offsets into the scanned bytes; a string's range
/// lies between its quotes, and its escapes are checked but not replaced.
public enum JSONToken: Equatable, Sendable {
    case beginObject, endObject, beginArray, endArray
    case key(Range<Int>)
    case string(Range<Int>)
    case number(Range<Int>)
    case boolean(Bool)
    case null
    case end
}

/// Reads JSON token by token from borrowed bytes, with no memory of its own: what the cloud
/// answers is walked once and never becomes a tree.
///
/// It accepts the grammar of RFC 8259 and nothing else, except that bytes inside strings are
/// not checked to be UTF-8 (they are compared, not shown) and that nesting ends at 64 levels.
public struct JSONScanner: ~Escapable {
    private enum Expectation { case value, valueOrEnd, key, keyOrEnd, separator, nothing }

    private let bytes: Span<UInt8>
    /// Offset of the next byte to be read.
    public private(set) var position = 0
    private var expectation = Expectation.value
    /// Bit k says whether level k is an object; level 0 is the outermost.
    private var objects: UInt64 = 0
    private var depth = 0

    @_lifetime(copy bytes)
    public init(_ bytes: Span<UInt8>) {
        self.bytes = bytes
    }

    /// The next token; `end` for ever once the one value is complete.
    @_lifetime(self: copy self)
    public mutating func next() throws(JSONError) -> JSONToken {
        skipBlanks()
        if expectation == .separator { try readSeparator() }
        guard position < bytes.count else {
            if expectation == .nothing { return .end }
            throw JSONError(reason: .endOfInput, offset: position)
        }
        let byte = bytes[position]
        switch expectation {
        case .nothing: throw unexpected()
        case .key, .keyOrEnd:
            if byte == UInt8(ascii: "}") && expectation == .keyOrEnd { return close(.endObject) }
            return try readKey()
        case .valueOrEnd where byte == UInt8(ascii: "]"): return close(.endArray)
        case .value, .valueOrEnd, .separator: return try readValue(byte)
        }
    }

    /// Reads the next token, which has to be this one.
    @_lifetime(self: copy self)
    public mutating func expect(_ token: JSONToken) throws(JSONError) {
        let start = position
        guard try next() == token else {
            throw JSONError(reason: .unexpectedToken, offset: start)
        }
    }

    /// Passes over the rest of the value that `token` began, so that what a reader does not know
    /// costs it nothing.
    @_lifetime(self: copy self)
    public mutating func skipRest(of token: JSONToken) throws(JSONError) {
        guard token == .beginObject || token == .beginArray else { return }
        precondition(depth > 0, "only what is open is passed over")
        let outer = depth - 1
        while depth > outer { _ = try next() }
    }

    /// Between elements: a comma and another one, or the end of what is open.
    @_lifetime(self: copy self)
    private mutating func readSeparator() throws(JSONError) {
        guard position < bytes.count else {
            throw JSONError(reason: .endOfInput, offset: position)
        }
        let inObject = isInObject
        if bytes[position] == UInt8(ascii: ",") {
            position += 1
            expectation = inObject ? .key : .value
            skipBlanks()
        } else if bytes[position] == UInt8(ascii: inObject ? "}" : "]") {
            expectation = inObject ? .keyOrEnd : .valueOrEnd
        } else {
            throw unexpected()
        }
    }

    @_lifetime(self: copy self)
    private mutating func readKey() throws(JSONError) -> JSONToken {
        guard bytes[position] == UInt8(ascii: "\"") else { throw unexpected() }
        let range = try readString()
        skipBlanks()
        guard position < bytes.count else {
            throw JSONError(reason: .endOfInput, offset: position)
        }
        guard bytes[position] == UInt8(ascii: ":") else { throw unexpected() }
        position += 1
        expectation = .value
        return .key(range)
    }

    @_lifetime(self: copy self)
    private mutating func readValue(_ byte: UInt8) throws(JSONError) -> JSONToken {
        switch byte {
        case UInt8(ascii: "{"): return try open(object: true)
        case UInt8(ascii: "["): return try open(object: false)
        case UInt8(ascii: "\""): return finish(.string(try readString()))
        case UInt8(ascii: "t"): return try readWord("true", .boolean(true))
        case UInt8(ascii: "f"): return try readWord("false", .boolean(false))
        case UInt8(ascii: "n"): return try readWord("null", .null)
        default: return finish(.number(try readNumber()))
        }
    }

    @_lifetime(self: copy self)
    private mutating func open(object: Bool) throws(JSONError) -> JSONToken {
        guard depth < 64 else { throw JSONError(reason: .nestedTooDeeply, offset: position) }
        let bit = UInt64(1) << UInt64(depth)
        objects = object ? objects | bit : objects & ~bit
        depth += 1
        position += 1
        expectation = object ? .keyOrEnd : .valueOrEnd
        return object ? .beginObject : .beginArray
    }

    @_lifetime(self: copy self)
    private mutating func close(_ token: JSONToken) -> JSONToken {
        depth -= 1
        position += 1
        return finish(token)
    }

    /// What may follow a complete value depends on where it stands only.
    @_lifetime(self: copy self)
    private mutating func finish(_ token: JSONToken) -> JSONToken {
        expectation = depth == 0 ? .nothing : .separator
        return token
    }

    private var isInObject: Bool { objects >> UInt64(depth - 1) & 1 == 1 }

    @_lifetime(self: copy self)
    private mutating func readWord(
        _ word: StaticString, _ token: JSONToken
    ) throws(JSONError) -> JSONToken {
        let length = word.utf8CodeUnitCount
        guard position + length <= bytes.count else {
            throw JSONError(reason: .endOfInput, offset: bytes.count)
        }
        guard bytes.extracting(position..<position + length).isEqual(to: word) else {
            throw unexpected()
        }
        position += length
        return finish(token)
    }

    /// Reads from the opening quote to the closing one; answers what lies between.
    @_lifetime(self: copy self)
    private mutating func readString() throws(JSONError) -> Range<Int> {
        position += 1
        let start = position
        while true {
            position = bytes.plainPrefix(from: position)
            guard position < bytes.count else {
                throw JSONError(reason: .endOfInput, offset: position)
            }
            switch bytes[position] {
            case UInt8(ascii: "\""):
                position += 1
                return start..<position - 1
            case UInt8(ascii: "\\"): try readEscape()
            default: throw JSONError(reason: .controlCharacter, offset: position)
            }
        }
    }

    @_lifetime(self: copy self)
    private mutating func readEscape() throws(JSONError) {
        guard position + 1 < bytes.count else {
            throw JSONError(reason: .endOfInput, offset: bytes.count)
        }
        switch bytes[position + 1] {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"),
            UInt8(ascii: "f"), UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            position += 2
        case UInt8(ascii: "u"):
            guard position + 6 <= bytes.count else {
                throw JSONError(reason: .endOfInput, offset: bytes.count)
            }
            for index in position + 2..<position + 6 where hexValue(bytes[index]) == nil {
                throw JSONError(reason: .badEscape, offset: index)
            }
            position += 6
        default: throw JSONError(reason: .badEscape, offset: position)
        }
    }

    /// `-? (0 | [1-9][0-9]*) (. [0-9]+)? ([eE] [+-]? [0-9]+)?`
    @_lifetime(self: copy self)
    private mutating func readNumber() throws(JSONError) -> Range<Int> {
        let start = position
        if peek(UInt8(ascii: "-")) { position += 1 }
        let first = position
        guard readDigits() else {
            throw position == start
                ? unexpected() : JSONError(reason: .badNumber, offset: position)
        }
        if bytes[first] == UInt8(ascii: "0") && position > first + 1 {
            throw JSONError(reason: .badNumber, offset: first)
        }
        if peek(UInt8(ascii: ".")) {
            position += 1
            guard readDigits() else { throw JSONError(reason: .badNumber, offset: position) }
        }
        if peek(UInt8(ascii: "e")) || peek(UInt8(ascii: "E")) {
            position += 1
            if peek(UInt8(ascii: "+")) || peek(UInt8(ascii: "-")) { position += 1 }
            guard readDigits() else { throw JSONError(reason: .badNumber, offset: position) }
        }
        return start..<position
    }

    @_lifetime(self: copy self)
    private mutating func readDigits() -> Bool {
        let start = position
        while position < bytes.count, bytes[position] &- UInt8(ascii: "0") <= 9 { position += 1 }
        return position > start
    }

    private func peek(_ byte: UInt8) -> Bool {
        position < bytes.count && bytes[position] == byte
    }

    @_lifetime(self: copy self)
    private mutating func skipBlanks() {
        while position < bytes.count {
            switch bytes[position] {
            case 0x20, 0x09, 0x0A, 0x0D: position += 1
            default: return
            }
        }
    }

    private func unexpected() -> JSONError {
        JSONError(reason: .unexpectedByte, offset: position)
    }
}
