import Bytes

/// One of the two places for head records.
public enum HeadContent: Equatable, Sendable {
    /// Zeros: never written.
    case blank
    case whole(RingHead)
    case damaged

    /// Judges the 1,024 bytes at the place that `generation` has (odd ones A, even ones B).
    public init(of bytes: Span<UInt8>, place generation: UInt64) {
        if bytes.isZero {
            self = .blank
        } else if let head = RingHead(decoding: bytes), head.generation > 0,
            head.generation % 2 == generation % 2
        {
            self = .whole(head)
        } else {
            self = .damaged
        }
    }
}

/// What one look at every slot and at both head records has found: everything that the tools
/// need to know before they go through the records one by one.
public struct RingSurvey: Sendable {
    public private(set) var recovery: RingRecovery
    /// The head records of odd and of even generations.
    public let headA: HeadContent
    public let headB: HeadContent

    public init(geometry: RingGeometry, headA: HeadContent, headB: HeadContent) {
        self.headA = headA
        self.headB = headB
        recovery = RingRecovery(
            geometry: geometry, head: Self.younger(headA, headB), isUnsynced: headB == .blank)
    }

    public var geometry: RingGeometry { recovery.geometry }

    /// Takes the slot with this index into account.
    public mutating func examine(_ bytes: Span<UInt8>, slot: UInt64) {
        recovery.examine(bytes, slot: slot)
    }

    /// The younger head record; nil when there is none.
    public var head: RingHead? { Self.younger(headA, headB) }

    private static func younger(_ headA: HeadContent, _ headB: HeadContent) -> RingHead? {
        switch (headA, headB) {
        case (.whole(let one), .whole(let other)):
            one.generation > other.generation ? one : other
        case (.whole(let one), _), (_, .whole(let one)): one
        default: nil
        }
    }

    /// Where the ring stands, as a gateway would find it.
    public var cursor: RingCursor { recovery.cursor(head: head) }

    /// One more than the sequence of the last whole record. The head may lie behind it: a power
    /// cut can take the last records and leave the head record that was written with them.
    public var wholeEnd: UInt64 { recovery.cursor(head: nil).head }

    /// Whether the head records are damaged or were wiped. A goes first, and the one that was
    /// synced last is not written over before the other has been synced: so where B is, A was; and
    /// where A knows of a sync, B was.
    public var isHeadDamaged: (a: Bool, b: Bool) {
        switch (headA, headB) {
        case (.blank, .whole): (true, false)
        case (.whole(let head), .blank): (false, head.wear.syncs > 0)
        default: (headA == .damaged, headB == .damaged)
        }
    }

    /// What a repair writes over damaged head records, each at the place of its generation.
    ///
    /// A single damaged one becomes a copy of the other. Where both are gone nobody knows what
    /// the sinks have: without tails every record is sent again, and none is lost.
    public var headRepairs: [RingHead] {
        let damaged = isHeadDamaged
        guard damaged.a || damaged.b else { return [] }
        if var copy = head {
            copy.generation += 1
            return [copy]
        }
        let end = cursor.head
        return [1, 2].map { RingHead(generation: $0, head: end, synced: end) }
    }
}

extension RingCursor {
    /// The sequence that should lie in a slot: the highest one below the head that belongs there;
    /// nil when the ring has not come so far yet.
    public func expectedSequence(inSlot slot: UInt64) -> UInt64? {
        guard head > slot else { return nil }
        return head - 1 - (head - 1 - slot) % slotCount
    }
}
