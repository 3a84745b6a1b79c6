import Bytes

/// What a posted form calls its patient: 1 to 36 bytes of UTF-8 without control characters. 36 is
/// the length of a UUID (RFC 9562 section 4).
///
/// A record keeps the beginning in the place of its sensor's name, and what is left in its payload:
///
/// ```
/// 6f9619ff-8b86-d011-b42d-00c04fc964ff
/// └── sensor's name, ≤ 23 ┘└─ tail, ≤ 16 ┘    cut between characters
/// ```
public struct PatientName: Equatable, Sendable {
    /// Bytes that fit.
    public static let limit = 36
    /// Bytes that fit behind the beginning. A character has up to four, so at least 20 stand in
    /// front of the cut.
    static let tailLimit = limit - (SensorName.limit - 3)

    private var text = InlineArray<36, UInt8>(repeating: 0)
    public private(set) var count = 0

    /// nil for an empty text, one that is too long or no UTF-8, and one with a control character:
    /// nobody's name has one, and a zero ends the tail on disk.
    public init?(_ text: Span<UInt8>) {
        guard text.count > 0, text.count <= Self.limit, text.isUTF8 else { return nil }
        for index in text.indices {
            guard text[index] >= 0x20, text[index] != 0x7F else { return nil }
            self.text[index] = text[index]
        }
        count = text.count
    }

    /// A name that lies in two parts, as in a record; nil when they are no name.
    init?(head: SensorName, tail: Span<UInt8>) {
        guard head.count + tail.count <= Self.limit else { return nil }
        var whole = InlineArray<36, UInt8>(repeating: 0)
        let start = head.bytes
        for index in start.indices { whole[index] = start[index] }
        for index in tail.indices { whole[start.count + index] = tail[index] }
        let name = PatientName(whole.span.extracting(0..<start.count + tail.count))
        guard let name else { return nil }
        self = name
    }

    public var bytes: Span<UInt8> {
        @_lifetime(borrow self)
        borrowing get { text.span.extracting(0..<count) }
    }

    /// The beginning, as the name in a record: as many whole characters as that holds.
    public var head: SensorName {
        guard let head = SensorName(text.span.extracting(0..<cut)) else {
            preconditionFailure("the beginning of a name is a short name")
        }
        return head
    }

    /// What is left behind the beginning.
    var tail: Span<UInt8> {
        @_lifetime(borrow self)
        borrowing get { text.span.extracting(cut..<count) }
    }

    /// Where the beginning ends.
    private var cut: Int {
        var end = min(count, SensorName.limit)
        // A byte that is no first one of a character (RFC 3629 section 3): the cut is within it.
        while end < count, text[end] & 0xC0 == 0x80 { end -= 1 }
        return end
    }

    public static func == (one: PatientName, other: PatientName) -> Bool {
        one.bytes.isEqual(to: other.bytes)
    }
}
