/// What a ring file held when it was opened.
public struct RecoveredRing: Equatable, Sendable {
    public let cursor: RingCursor
    /// The younger of the two head records; nil in a new file.
    public let head: RingHead?
    /// Whole records. When not every slot was read, what there should be: the sequences from the
    /// oldest to the head without the broken slots that were seen.
    public let recordCount: UInt64
    /// Slots with a record that was damaged after it had been synced, among those that were read.
    public let damagedCount: UInt64
    /// Slots that the power cut has torn while they were being written: nothing was promised of
    /// them.
    public let tornCount: UInt64
    /// Every slot was read; otherwise a few, which is as sure and takes less time.
    public let isScannedInFull: Bool
}
