extension SinkTail {
    /// Whether the sink does not have the record of this sequence yet.
    public func lacks(_ sequence: UInt64) -> Bool {
        guard sequence >= tail else { return false }
        let distance = sequence - tail
        return distance >= UInt64(AcknowledgedSet.limit) || !acknowledged[Int(distance)]
    }

    /// Records that the sink still waits for, and those that the ring gave up before it had them.
    public func owed(by cursor: RingCursor) -> (waiting: UInt64, lost: UInt64) {
        guard tail < cursor.head else { return (0, 0) }
        let first = max(tail, cursor.oldest)
        var waiting = cursor.head - first
        var lost = first - tail
        for distance in 0..<AcknowledgedSet.limit where acknowledged[distance] {
            let sequence = tail + UInt64(distance)
            if sequence < first { lost -= 1 } else if sequence < cursor.head { waiting -= 1 }
        }
        return (waiting, lost)
    }
}
