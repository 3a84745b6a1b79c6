public import Bytes
public import RecordRing
import Vitals
import WireFormat

/// Why a post is refused, with what a person needs to mend it: which field, what stands there, and
/// what should.
public struct PostRefusal: Equatable, Sendable {
    public let problem: PostProblem
    public let field: PostField
    /// Where the name of a field stands that no form has.
    let key: Range<Int>?
    /// Where the value stands that is refused.
    let value: Range<Int>?
    /// Where the text stops being JSON, and why.
    let syntax: JSONError?

    init(
        _ problem: PostProblem, _ field: PostField = .none, key: Range<Int>? = nil,
        value: Range<Int>? = nil, syntax: JSONError? = nil
    ) {
        self.problem = problem
        self.field = field
        self.key = key
        self.value = value
        self.syntax = syntax
    }

    /// In the words of HTTP: 400 for what is no JSON text at all, 422 for what says the wrong
    /// things (RFC 9110 sections 15.5.1 and 15.5.21).
    public var status: UInt16 {
        switch problem {
        case .notUTF8, .notJSON: 400
        default: 422
        }
    }
}

extension FixedBuffer {
    /// Bytes of a client's text that an answer repeats.
    private static let echoBytes = 48

    /// Appends the JSON pointer (RFC 6901) of what is refused in `post`; answers false when it is
    /// the post as a whole.
    public mutating func append(pointerOf refusal: PostRefusal, in post: Span<UInt8>) -> Bool {
        if let name = refusal.field.name {
            append("/")
            append(name)
            return true
        }
        guard let key = refusal.key else { return false }
        append("/")
        let text = post.extracting(key)
        for index in 0..<text.whole(Self.echoBytes) {
            switch text[index] {
            case UInt8(ascii: "~"): append("~0")
            case UInt8(ascii: "/"): append("~1")
            case let byte: append(byte)
            }
        }
        return true
    }

    /// Appends what is wrong, and what would be right: `heart_rate is 999; write a number from …`.
    public mutating func append(detailOf refusal: PostRefusal, in post: Span<UInt8>) {
        switch refusal.problem {
        case .notUTF8: return append("the body is not UTF-8; write UTF-8")
        case .notJSON: return append(syntax: refusal.syntax)
        case .notAnObject:
            return append("the body is not a JSON object; write {\"field\":value}")
        case .unknownField:
            if let key = refusal.key { append(echo: post.extracting(key)) }
            return append(" is no field of this form; leave it out")
        default: break
        }
        if let name = refusal.field.name { append(name) }
        switch refusal.problem {
        case .missing: append(" is missing; write ")
        case .repeated: return append(" is there twice; write it once")
        default:
            append(" is ")
            if let value = refusal.value { append(echo: post.extracting(value)) }
            append("; write ")
        }
        switch refusal.problem {
        case .tooLong: append("at most 36 bytes of UTF-8")
        case .pressuresSwapped:
            append("less than blood_pressure_systolic, after rounding to 4 decimals")
        default: append(remedyOf: refusal.field)
        }
    }

    private mutating func append(remedyOf field: PostField) {
        if let quantity = field.quantity {
            append("a number from ")
            return append(rangeOf: quantity)
        }
        switch field {
        case .patient: append("a string of 1 to 36 bytes without control characters")
        case .time: append("a time of RFC 3339 from 1970 on, such as 2025-07-15T17:10:33Z")
        case .statusCode: append("a whole number from 100 to 599")
        case .payload: append("a string")
        default: append("a string that says something")
        }
    }

    private mutating func append(syntax error: JSONError?) {
        append("the body is not JSON")
        guard let error else { return }
        append(" at byte ")
        append(decimal: error.offset)
        switch error.reason {
        case .endOfInput: append(": it ends too early")
        case .unexpectedByte, .unexpectedToken: append(": this is not expected here")
        case .nestedTooDeeply: append(": nested too deeply")
        case .badEscape: append(": no such escape")
        case .badNumber: append(": no number of JSON")
        case .controlCharacter: append(": a control character in a string")
        }
    }

    /// Appends a client's text, cut.
    private mutating func append(echo text: Span<UInt8>) {
        let length = text.whole(Self.echoBytes)
        // Between the tokens of JSON there may be line ends.
        for index in 0..<length { append(text[index] < 0x20 ? 0x20 : text[index]) }
        if length < text.count { append("...") }
    }
}

extension Span<UInt8> {
    /// Bytes of whole characters that `limit` bytes hold.
    func whole(_ limit: Int) -> Int {
        var end = Swift.min(count, limit)
        while end < count, end > 0, self[end] & 0xC0 == 0x80 { end -= 1 }
        return end
    }
}
