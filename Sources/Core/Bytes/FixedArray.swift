/// A list with a capacity that is taken at start-up: the bookkeeping of requests under way.
///
/// Invariant: `count <= capacity`; an append to a full list is a bug of the caller, who knows
/// the limit and asks `isFull` first.
@safe
public struct FixedArray<Element: BitwiseCopyable>: ~Copyable {
    private let base: UnsafeMutablePointer<Element>
    public let capacity: Int
    public private(set) var count: Int = 0

    public init(capacity: Int) {
        precondition(capacity > 0, "a list holds at least one element")
        unsafe base = .allocate(capacity: capacity)
        self.capacity = capacity
    }

    deinit { unsafe base.deallocate() }

    public var isEmpty: Bool { count == 0 }
    public var isFull: Bool { count == capacity }

    public subscript(index: Int) -> Element {
        get {
            precondition(index >= 0 && index < count, "an index lies within the list")
            return unsafe base[index]
        }
        set {
            precondition(index >= 0 && index < count, "an index lies within the list")
            unsafe base[index] = newValue
        }
    }

    /// The elements.
    public var elements: Span<Element> {
        @_lifetime(borrow self)
        borrowing get {
            let span = unsafe Span(_unsafeStart: UnsafePointer(base), count: count)
            return unsafe _overrideLifetime(span, borrowing: self)
        }
    }

    public mutating func append(_ element: Element) {
        precondition(count < capacity, "a full list takes no more; ask isFull first")
        unsafe (base + count).initialize(to: element)
        count += 1
    }

    public mutating func removeAll() { count = 0 }

    /// Keeps the first `length` elements.
    public mutating func truncate(to length: Int) {
        precondition(length >= 0 && length <= count, "a list is cut to a length that it had")
        count = length
    }

    /// Takes the first `length` elements away and moves the others to the front.
    public mutating func removeFirst(_ length: Int) {
        precondition(length >= 0 && length <= count, "no more is removed than is there")
        unsafe base.update(from: base + length, count: count - length)
        count -= length
    }
}
