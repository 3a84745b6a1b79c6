public import Bytes

/// The bytes that `fill` appends to an empty buffer of `capacity` bytes.
public func appended(
    capacity: Int = 4096, _ fill: (inout FixedBuffer) -> Void
) -> [UInt8] {
    var buffer = FixedBuffer(capacity: capacity)
    fill(&buffer)
    precondition(!buffer.overflowed, "a test offers room for what it expects")
    return [UInt8](copying: buffer.bytes)
}

/// The text that `fill` appends to an empty buffer of `capacity` bytes.
public func appendedText(
    capacity: Int = 4096, _ fill: (inout FixedBuffer) -> Void
) -> String {
    String(decoding: appended(capacity: capacity, fill), as: UTF8.self)
}

extension [UInt8] {
    /// A copy, because a span cannot outlive what it looks at.
    public init(copying span: Span<UInt8>) {
        self = []
        reserveCapacity(span.count)
        for index in span.indices { append(span[index]) }
    }
}
