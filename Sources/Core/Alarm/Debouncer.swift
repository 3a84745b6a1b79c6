/// Makes one press of the many edges of a button's contact.
///
/// The first edge counts at once, so that the answer to a finger does not wait; further ones
/// count again when the contact has been quiet for the debounce time.
public struct Debouncer: Sendable {
    private let quietNanoseconds: Int64
    private var lastEdge: Int64?

    public init(quietNanoseconds: Int64) { self.quietNanoseconds = quietNanoseconds }

    /// An edge at `time` (monotonic nanoseconds); `isPress`: towards pressed. Answers whether it
    /// is a press.
    @_noAllocation
    public mutating func note(isPress: Bool, at time: Int64) -> Bool {
        let isQuiet = lastEdge.map { time - $0 >= quietNanoseconds } ?? true
        lastEdge = time
        return isPress && isQuiet
    }
}
