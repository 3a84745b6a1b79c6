extension SinkTail {
    /// Whether the sink does not have the record of this sequence yet.
    public func lacks(_ sequence: UInt64) -> Bool {
        sequence >= tail && !hasBehindTail(sequence)
    }

    /// Records that the sink still waits for, and those that the ring gave up before it had them.
    public func owed(by cursor: RingCursor) -> (waiting: UInt64, lost: UInt64) {
        guard tail < cursor.head else { return (0, 0) }
        let first = max(tail, cursor.oldest)
        let hasBefore = acknowledgedCount(below: first)
        let has = acknowledgedCount(below: cursor.head)
        return (cursor.head - first - (has - hasBefore), first - tail - hasBefore)
    }
}
