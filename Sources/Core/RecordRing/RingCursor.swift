/// The ring's sequence arithmetic; it owns no memory and touches no disk.
///
/// ```
///   oldest ──────── synced ─────────── head
///      │  on the card  │  in memory only │ next to write
/// ```
///
/// Invariant: `oldest <= synced <= head` and `head - oldest <= slotCount`. Sequence s lies in
/// slot s mod slotCount for ever, so a reader needs no map.
public struct RingCursor: Equatable, Sendable {
    /// A file that tells of a sequence beyond this one is not believed, so that there is always
    /// room to count: 1,000 records a second take 292 million years to get here.
    public static let sequenceLimit: UInt64 = 1 << 63

    /// Slots in the ring file.
    public let slotCount: UInt64
    /// The sequence that the next record gets.
    public private(set) var head: UInt64
    /// Records below this one have survived an fdatasync.
    public private(set) var synced: UInt64
    /// The oldest record that the ring still has, or has a slot for.
    public private(set) var oldest: UInt64

    /// A ring in which the records from `oldest` to `head` (not included) are on the card.
    public init(slotCount: UInt64, oldest: UInt64, head: UInt64) {
        precondition(slotCount > 0, "a ring has slots")
        precondition(oldest <= head && head - oldest <= slotCount, "a ring holds its slots at most")
        self.slotCount = slotCount
        self.head = head
        self.oldest = oldest
        synced = head
    }

    /// The cursor of a ring that is opened: everything that `head` has not overwritten is there, or
    /// was meant to be.
    public init(slotCount: UInt64, head: UInt64) {
        self.init(
            slotCount: slotCount, oldest: head > slotCount ? head - slotCount : 0, head: head)
    }

    /// The slot of `sequence`, 0 to `slotCount` - 1.
    public func slot(of sequence: UInt64) -> UInt64 { sequence % slotCount }

    /// Records that are in memory only.
    public var unsyncedCount: UInt64 { head - synced }

    /// Takes the next sequence. A full ring gives up its oldest record for it.
    public mutating func claim() -> UInt64 {
        let sequence = head
        head += 1
        if head - oldest > slotCount { oldest = head - slotCount }
        if synced < oldest { synced = oldest }
        return sequence
    }

    /// Everything below `sequence` has been synced.
    public mutating func markSynced(upTo sequence: UInt64) {
        precondition(sequence <= head, "only what was written can be synced")
        synced = max(synced, sequence)
    }

    /// What was synced from `sequence` on is not on the card any more.
    public mutating func markUnsynced(from sequence: UInt64) {
        precondition(sequence >= oldest, "only what has a slot can be written again")
        synced = min(synced, sequence)
    }
}
