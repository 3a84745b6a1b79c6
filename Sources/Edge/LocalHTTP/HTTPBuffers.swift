internal import Bytes

/// A buffer of a pool.
final class PooledBuffer {
    var bytes: FixedBuffer

    init(capacity: Int) { bytes = FixedBuffer(capacity: capacity) }
}

/// Buffers of one size that are taken at the start, lent and given back.
final class BufferPool {
    private var free: [PooledBuffer]
    let bytesEach: Int

    init(count: Int, bytesEach: Int) {
        self.bytesEach = bytesEach
        free = (0..<count).map { _ in PooledBuffer(capacity: bytesEach) }
    }

    var freeCount: Int { free.count }

    /// An empty one; nil when all are lent.
    func take() -> PooledBuffer? {
        guard let buffer = free.popLast() else { return nil }
        buffer.bytes.removeAll()
        return buffer
    }

    func giveBack(_ buffer: PooledBuffer) { free.append(buffer) }
}
