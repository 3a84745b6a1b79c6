import Bytes

/// An error that somebody else has posted: what other services call an `error_message`. The
/// record has the time at which it came.
///
/// ```
/// payload of kind 12
///  76   2  status code
///  78   2  number of bytes of the message, 65,535 for more
///  80   2  number of bytes of its payload, 65,535 for more
///  82   1  number of bytes below that are of the message
///  83   1  number of bytes behind them that are of the payload
///  84  44  the rest of the message, then the payload, zeros behind them
/// ```
///
/// The message begins in the place of the sensor's name: up to 23 bytes there, up to 20 more here.
/// What the message leaves is the payload's: 24 bytes at least, 44 at most. Both are cut between
/// characters.
public struct PostedError: Equatable, Sendable {
    static let kind: UInt8 = 12
    private static let room = 44
    private static let messageRoom = 20

    public private(set) var status: UInt16
    /// Bytes before they were cut.
    public private(set) var messageBytes: Int
    public private(set) var payloadBytes: Int
    private var messageCount: Int
    private var payloadCount: Int
    private var text = InlineArray<44, UInt8>(repeating: 0)

    /// Both are UTF-8. Answers the record's name beside the payload.
    public static func make(
        status: UInt16, message: Span<UInt8>, payload: Span<UInt8>
    ) -> (error: PostedError, head: SensorName) {
        let cut = whole(message, SensorName.limit)
        guard let head = SensorName(message.extracting(0..<cut)) else {
            preconditionFailure("a posted error is UTF-8")
        }
        let rest = message.extracting(cut..<message.count)
        return (PostedError(status, message.count, rest, payload), head)
    }

    private init(_ status: UInt16, _ messageBytes: Int, _ rest: Span<UInt8>, _ payload: Span<UInt8>)
    {
        self.status = status
        self.messageBytes = min(messageBytes, Int(UInt16.max))
        payloadBytes = min(payload.count, Int(UInt16.max))
        messageCount = Self.whole(rest, Self.messageRoom)
        payloadCount = Self.whole(payload, Self.room - messageCount)
        for index in 0..<messageCount { text[index] = rest[index] }
        for index in 0..<payloadCount { text[messageCount + index] = payload[index] }
    }

    /// Bytes of whole characters that `limit` bytes hold.
    private static func whole(_ text: Span<UInt8>, _ limit: Int) -> Int {
        var end = min(text.count, limit)
        while end < text.count, end > 0, text[end] & 0xC0 == 0x80 { end -= 1 }
        return end
    }

    /// What the payload has of the message, behind the record's name.
    public var messageRest: Span<UInt8> {
        @_lifetime(borrow self)
        borrowing get { text.span.extracting(0..<messageCount) }
    }

    public var payload: Span<UInt8> {
        @_lifetime(borrow self)
        borrowing get { text.span.extracting(messageCount..<messageCount + payloadCount) }
    }

    public var isPayloadCut: Bool { payloadBytes > payloadCount }

    /// Not all of the message is here; `record` is the one with this payload.
    public func isMessageCut(in record: Record) -> Bool {
        messageBytes > record.sensor.count + messageCount
    }

    public static func == (one: PostedError, other: PostedError) -> Bool {
        one.status == other.status && one.messageBytes == other.messageBytes
            && one.payloadBytes == other.payloadBytes
            && one.messageRest.isEqual(to: other.messageRest)
            && one.payload.isEqual(to: other.payload)
    }
}

extension PostedError {
    @_lifetime(slot: copy slot)
    func encode(into slot: inout MutableSpan<UInt8>) {
        slot.store(status, at: 76)
        slot.store(UInt16(messageBytes), at: 78)
        slot.store(UInt16(payloadBytes), at: 80)
        slot[82] = UInt8(messageCount)
        slot[83] = UInt8(payloadCount)
        for index in 0..<messageCount + payloadCount { slot[84 + index] = text[index] }
    }

    init(decoding slot: Span<UInt8>) throws(RecordError) {
        status = slot.loadUInt16(at: 76)
        messageBytes = Int(slot.loadUInt16(at: 78))
        payloadBytes = Int(slot.loadUInt16(at: 80))
        messageCount = Int(slot[82])
        payloadCount = Int(slot[83])
        guard messageCount <= Self.messageRoom, messageCount + payloadCount <= Self.room,
            messageCount <= messageBytes, payloadCount <= payloadBytes
        else { throw .field(.post) }
        for index in 0..<messageCount + payloadCount { text[index] = slot[84 + index] }
        guard messageRest.isUTF8, payload.isUTF8 else { throw .field(.post) }
    }
}
