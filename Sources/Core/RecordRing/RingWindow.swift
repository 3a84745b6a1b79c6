import Bytes

/// The youngest records in memory, in slot form: what has not been written yet, and what the
/// sinks most often want. Both are copied from here without encoding again.
///
/// Invariant: it holds the sequences `start ..< end`, each in place `sequence % capacity`.
public struct RingWindow: ~Copyable {
    private var slots: FixedBuffer
    /// Records that fit.
    public let capacity: Int
    public private(set) var start: UInt64
    public private(set) var end: UInt64

    /// An empty window whose first record will be `head`.
    public init(capacity: Int, head: UInt64) {
        slots = FixedBuffer(capacity: capacity * Record.slotBytes)
        slots.resize(to: capacity * Record.slotBytes)
        self.capacity = capacity
        start = head
        end = head
    }

    public func contains(_ sequence: UInt64) -> Bool { sequence >= start && sequence < end }

    /// Adds the next record; the oldest one leaves a full window.
    public mutating func append(_ record: Record) {
        precondition(record.sequence == end, "records enter the window in order")
        if end - start == UInt64(capacity) { start += 1 }
        var slot = slots.mutableBytes(in: range(of: record.sequence))
        record.encode(into: &slot)
        end += 1
    }

    /// The slot of a record that is in the window.
    @_lifetime(borrow self)
    public borrowing func slot(of sequence: UInt64) -> Span<UInt8> {
        precondition(contains(sequence), "only a record in the window is read from it")
        return slots.bytes.extracting(range(of: sequence))
    }

    private func range(of sequence: UInt64) -> Range<Int> {
        let place = Int(sequence % UInt64(capacity)) * Record.slotBytes
        return place..<place + Record.slotBytes
    }
}
