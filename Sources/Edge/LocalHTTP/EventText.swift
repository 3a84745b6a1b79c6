internal import Bytes

/// An endless text of which the last `capacity` bytes are kept: byte `n` is at `n % capacity`.
struct EventText: ~Copyable {
    private var ring: FixedBuffer
    /// Bytes of the text so far.
    private(set) var end: UInt64 = 0

    init(capacity: Int) {
        ring = FixedBuffer(capacity: capacity)
        ring.resize(to: capacity)
    }

    /// Everything from `position` to the end is kept.
    func holds(_ position: UInt64) -> Bool { end - position <= UInt64(ring.capacity) }

    /// Appends `bytes`, at most as many as are kept.
    mutating func append(_ bytes: Span<UInt8>) {
        precondition(bytes.count <= ring.capacity, "an event fits into what is kept")
        let start = Int(end % UInt64(ring.capacity))
        let first = min(bytes.count, ring.capacity - start)
        write(bytes.extracting(0..<first), at: start)
        write(bytes.extracting(first..<bytes.count), at: 0)
        end += UInt64(bytes.count)
    }

    private mutating func write(_ bytes: Span<UInt8>, at start: Int) {
        var target = ring.mutableBytes(in: start..<start + bytes.count)
        for index in bytes.indices { target[index] = bytes[index] }
    }

    /// Copies what `piece` has room for; answers the position behind it.
    func copy(from position: UInt64, into piece: inout HTTPPiece) -> UInt64 {
        precondition(holds(position), "only what is kept is copied")
        let capacity = UInt64(ring.capacity)
        var position = position
        while position < end, piece.room > 0 {
            let start = position % capacity
            let count = min(end - position, capacity - start, UInt64(piece.room))
            piece.append(ring.bytes.extracting(Int(start)..<Int(start + count)))
            position += count
        }
        return position
    }
}
