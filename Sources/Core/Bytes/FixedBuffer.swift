/// Bytes that are appended to one allocation of a size known at start-up.
///
/// Encoders append a whole item and look at `overflowed` once at its end: an append that does
/// not fit writes nothing and sets the flag, and `truncate(to:)` takes the half-written item
/// back. So a full buffer is an ordinary outcome and never a trap, and the hot path has one
/// check an item instead of one a byte.
///
/// Invariant: `count <= capacity`; bytes below `count` are initialised.
@safe
public struct FixedBuffer: ~Copyable {
    @usableFromInline let base: UnsafeMutablePointer<UInt8>
    /// Bytes that fit, fixed for life.
    public let capacity: Int
    @usableFromInline var filled: Int = 0
    @usableFromInline var hasOverflowed = false

    public init(capacity: Int) {
        precondition(capacity > 0, "a buffer holds at least one byte")
        unsafe base = .allocate(capacity: capacity)
        unsafe base.initialize(repeating: 0, count: capacity)
        self.capacity = capacity
    }

    deinit { unsafe base.deallocate() }

    /// Bytes that are in the buffer now.
    @inlinable
    public var count: Int { filled }

    /// An append since the last `truncate` or `removeAll` did not fit.
    @inlinable
    public var overflowed: Bool { hasOverflowed }

    /// The bytes appended so far.
    public var bytes: Span<UInt8> {
        @_lifetime(borrow self)
        borrowing get {
            let span = unsafe Span(_unsafeStart: UnsafePointer(base), count: filled)
            return unsafe _overrideLifetime(span, borrowing: self)
        }
    }

    /// Lends the bytes to `body`: what the property of a class needs, whose span would outlive the
    /// access to it.
    public borrowing func withBytes<Result: ~Copyable, Failure: Error>(
        _ body: (Span<UInt8>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(bytes)
    }

    /// Some of the bytes appended so far, to be changed in place.
    @_lifetime(&self)
    public mutating func mutableBytes(in range: Range<Int>) -> MutableSpan<UInt8> {
        precondition(
            range.lowerBound >= 0 && range.upperBound <= filled, "only what is there is changed")
        let span = unsafe MutableSpan(_unsafeStart: base + range.lowerBound, count: range.count)
        return unsafe _overrideLifetime(span, mutating: &self)
    }

    /// Bytes that still fit.
    @inlinable
    public var room: Int { capacity - filled }

    /// Empties the buffer and forgets an overflow.
    public mutating func removeAll() {
        filled = 0
        hasOverflowed = false
    }

    /// Takes back what was appended after the buffer held `mark` bytes, and forgets an overflow.
    public mutating func truncate(to mark: Int) {
        precondition(mark >= 0 && mark <= filled, "a buffer is cut to a length that it had")
        filled = mark
        hasOverflowed = false
    }

    /// Says that something did not fit.
    mutating func overflow() { hasOverflowed = true }

    /// Makes the buffer `length` bytes long; new bytes are zero.
    public mutating func resize(to length: Int) {
        precondition(length >= 0 && length <= capacity, "a buffer grows within its capacity")
        if length > filled {
            unsafe (base + filled).update(repeating: 0, count: length - filled)
        }
        filled = length
    }

    // What encoders append is inlined into their modules: with a constant length, a copy is a
    // few moves instead of two calls.

    @inlinable
    @_noAllocation
    public mutating func append(_ byte: UInt8) {
        guard filled < capacity else {
            hasOverflowed = true
            return
        }
        unsafe base[filled] = byte
        filled += 1
    }

    @inlinable
    public mutating func append(_ more: Span<UInt8>) {
        guard more.count <= room else {
            hasOverflowed = true
            return
        }
        unsafe more.withUnsafeBufferPointer { source in
            guard let start = source.baseAddress else { return }
            unsafe (base + filled).update(from: start, count: source.count)
        }
        filled += more.count
    }

    /// Appends literal text: what is constant in a request costs a copy and nothing else.
    @inlinable
    @inline(__always)
    public mutating func append(_ text: StaticString) {
        guard text.utf8CodeUnitCount <= room else {
            hasOverflowed = true
            return
        }
        unsafe (base + filled).update(from: text.utf8Start, count: text.utf8CodeUnitCount)
        filled += text.utf8CodeUnitCount
    }

    /// Appends the UTF-8 of a string: for set-up and answers to people, not for the hot path.
    public mutating func append(text: String) {
        guard text.utf8.count <= room else {
            hasOverflowed = true
            return
        }
        for byte in text.utf8 { append(byte) }
    }

    /// Lets `fill` write at most `length` bytes behind what is there; it answers how many it
    /// wrote. This is how an edge reads from a file descriptor without a second copy.
    @unsafe
    public mutating func appendBytes<Failure: Error>(
        atMost length: Int,
        _ fill: (UnsafeMutableBufferPointer<UInt8>) throws(Failure) -> Int
    ) throws(Failure) {
        let offered = min(length, room)
        let target = unsafe UnsafeMutableBufferPointer(start: base + filled, count: offered)
        let written = try unsafe fill(target)
        precondition(written >= 0 && written <= offered, "a fill writes what was offered at most")
        filled += written
    }
}

extension String {
    /// The UTF-8 text in `bytes`; what is not UTF-8 becomes U+FFFD. It allocates: for logs and
    /// errors.
    public init(decoding bytes: Span<UInt8>) {
        self = unsafe bytes.withUnsafeBufferPointer { unsafe String(decoding: $0, as: UTF8.self) }
    }
}
