/// Where a server listens, and what it takes of memory and patience. Every number is a bound: a
/// client that goes beyond it is refused or cut off.
public struct HTTPServerSettings: Equatable, Sendable {
    /// Numeric, IPv4 or IPv6, without brackets.
    public var address: String
    /// 0: a free one.
    public var port: UInt16
    public var connectionsMax = 64
    /// From one address.
    public var connectionsPerAddressMax = 16
    /// Request line, header and a piece of the body together, a connection.
    public var connectionBytes = 16 << 10
    /// Bodies that are received at a time.
    public var bodyBuffers = 4
    public var bodyBytesMax = 64 << 10
    /// Answers that are on their way at a time, beside those that are fixed, short or streamed.
    public var answerBuffers = 8
    public var answerBytesMax = 64 << 10
    /// From the beginning of a connection, or the end of an answer, to the end of a header.
    public var headNanoseconds: Int64 = 10_000_000_000
    /// From the end of the header to the end of the body.
    public var bodyNanoseconds: Int64 = 10_000_000_000
    /// From the end of the request to an answer; without one by then it is 503.
    public var answerNanoseconds: Int64 = 30_000_000_000
    /// From the answer to its last byte, where it is not streamed.
    public var sendNanoseconds: Int64 = 20_000_000_000
    /// Seconds for which an answer may not get on at all.
    public var idleSeconds = 15

    public init(address: String, port: UInt16) {
        self.address = address
        self.port = port
    }
}
