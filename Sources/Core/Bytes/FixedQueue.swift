/// First in, first out, in memory taken at start-up: actions and reports on their way out.
public struct FixedQueue<Element>: ~Copyable {
    private var elements: [Element?]
    private var first = 0
    public private(set) var count = 0

    public init(capacity: Int) {
        precondition(capacity > 0, "a queue holds at least one element")
        elements = Array(repeating: nil, count: capacity)
    }

    public var isEmpty: Bool { count == 0 }

    /// False when the queue is full; the element is not taken then.
    public mutating func append(_ element: Element) -> Bool {
        guard count < elements.count else { return false }
        elements[(first + count) % elements.count] = element
        count += 1
        return true
    }

    /// The oldest element; nil when there is none.
    public mutating func popFirst() -> Element? {
        guard count > 0 else { return nil }
        defer {
            elements[first] = nil
            first = (first + 1) % elements.count
            count -= 1
        }
        return elements[first]
    }
}
