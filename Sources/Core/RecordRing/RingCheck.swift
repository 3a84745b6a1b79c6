/// Slots side by side that have the same thing wrong with them.
public struct RingFinding: Equatable, Sendable {
    /// What is wrong.
    public enum Kind: Equatable, Sendable {
        /// A record should be here and is not: it never reached the card, or it was wiped. There
        /// is nothing left to repair.
        case missing
        /// The head record counts sequences behind the last whole record: the power went before
        /// they were written, or a gateway runs and has not written them yet.
        case unwritten
        /// Among the writes of the last moments (`RingRecovery`): what a power cut leaves.
        case torn
        /// A whole record that only a newer version can read.
        case unknown(layout: UInt8, kind: UInt8)
        case damaged(SlotFault)
    }

    public let kind: Kind
    public let firstSlot: UInt64
    public fileprivate(set) var count: UInt64
    /// The sequence that belongs in the first slot, the next ones in the following slots; nil
    /// where the ring has never been.
    public let firstSequence: UInt64?

    fileprivate mutating func extend(by other: RingFinding) -> Bool {
        // Each flipped bit has a place of its own.
        if case .damaged(.flippedBit) = kind { return false }
        guard kind == other.kind, firstSlot + count == other.firstSlot,
            firstSequence.map({ $0 + count }) == other.firstSequence
        else { return false }
        count += 1
        return true
    }
}

/// Goes through a ring slot by slot and says what is wrong, with no more memory for a larger
/// ring: a finding is handed out when the next slot has something else.
public struct RingCheck: Sendable {
    private let recovery: RingRecovery
    private let cursor: RingCursor
    private let wholeEnd: UInt64
    private let synced: UInt64
    private var current: RingFinding?
    /// Records that can be read.
    public private(set) var wholeCount: UInt64 = 0
    /// Those of the lowest and of the highest sequence.
    public private(set) var oldest: Record?
    public private(set) var newest: Record?
    public private(set) var missingCount: UInt64 = 0
    public private(set) var unwrittenCount: UInt64 = 0
    public private(set) var tornCount: UInt64 = 0
    public private(set) var damagedCount: UInt64 = 0
    /// Whole records that a newer version wrote: they are not damaged.
    public private(set) var unknownCount: UInt64 = 0
    /// Those of the damaged that are whole and belong in another slot.
    public private(set) var misplacedCount: UInt64 = 0

    public init(survey: RingSurvey) {
        recovery = survey.recovery
        cursor = survey.cursor
        wholeEnd = survey.wholeEnd
        synced = survey.head?.synced ?? 0
    }

    /// Takes the next slot. Answers a finding that has ended with it.
    public mutating func examine(_ content: SlotContent, slot: UInt64) -> RingFinding? {
        guard let finding = judge(content, slot: slot) else { return finish() }
        switch finding.kind {
        case .missing: missingCount += 1
        case .unwritten: unwrittenCount += 1
        case .torn: tornCount += 1
        case .unknown: unknownCount += 1
        case .damaged(.misplaced):
            damagedCount += 1
            misplacedCount += 1
        case .damaged: damagedCount += 1
        }
        if current?.extend(by: finding) ?? false { return nil }
        defer { current = finding }
        return current
    }

    /// The last finding, if one has not been handed out yet.
    public mutating func finish() -> RingFinding? {
        defer { current = nil }
        return current
    }

    private mutating func judge(_ content: SlotContent, slot: UInt64) -> RingFinding? {
        let expected = cursor.expectedSequence(inSlot: slot)
        switch content {
        case .empty:
            guard let expected else { return nil }
            return finding(expected < wholeEnd ? .missing : .unwritten, slot, expected)
        case .record(let record):
            // A gateway that runs may have written a later one since the survey.
            if let expected, record.sequence < expected {
                return finding(expected < wholeEnd ? .missing : .unwritten, slot, expected)
            }
            note(record)
            return nil
        case .unreadable(let fault):
            // A cut mixes bytes of two records: it never flips one bit, nor moves a record.
            if fault == .checksum && recovery.isUnsettled(slot: slot) {
                let distance = slot + cursor.slotCount - cursor.slot(of: synced)
                return finding(.torn, slot, synced + distance % cursor.slotCount)
            }
            if case .unknown(let layout, let kind) = fault {
                return finding(.unknown(layout: layout, kind: kind), slot, expected)
            }
            return finding(.damaged(fault), slot, expected)
        }
    }

    private mutating func note(_ record: Record) {
        wholeCount += 1
        if record.sequence <= oldest?.sequence ?? record.sequence { oldest = record }
        if record.sequence >= newest?.sequence ?? record.sequence { newest = record }
    }

    private func finding(
        _ kind: RingFinding.Kind, _ slot: UInt64, _ sequence: UInt64?
    ) -> RingFinding {
        RingFinding(kind: kind, firstSlot: slot, count: 1, firstSequence: sequence)
    }
}
