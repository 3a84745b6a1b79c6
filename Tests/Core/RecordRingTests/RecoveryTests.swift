import RecordRing
import TestSupport
import Testing

/// A ring file without a file: its slots, written as the gateway would.
struct Disk {
    static let empty = [UInt8](repeating: 0, count: Record.slotBytes)
    var slots: [[UInt8]]

    init(slotCount: Int) { slots = [[UInt8]](repeating: Self.empty, count: slotCount) }

    /// A record in the slot of its sequence.
    mutating func write(_ sequence: UInt64) throws {
        slots[place(of: sequence)] = slot(try exampleRecord(sequence: sequence))
    }

    mutating func write(_ sequences: Range<UInt64>) throws {
        for sequence in sequences { try write(sequence) }
    }

    func place(of sequence: UInt64) -> Int { Int(sequence % UInt64(slots.count)) }

    func recovery() -> RingRecovery {
        var recovery = RingRecovery(geometry: RingGeometry(slotCount: UInt64(slots.count)))
        for (index, slot) in slots.enumerated() {
            recovery.examine(slot.span, slot: UInt64(index))
        }
        return recovery
    }

    func cursor(head: UInt64? = nil) -> RingCursor {
        recovery().cursor(head: head.map { RingHead(generation: 1, head: $0) })
    }
}

/// What is found again after a power cut.
struct RecoveryTests {
    private func expect(
        _ disk: Disk, records: UInt64, empty: UInt64, damaged: UInt64,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let recovery = disk.recovery()
        let found = [recovery.recordCount, recovery.emptyCount, recovery.damagedCount]
        #expect(found == [records, empty, damaged], sourceLocation: sourceLocation)
    }

    private func ring(_ oldest: UInt64, _ head: UInt64, slotCount: UInt64 = 8) -> RingCursor {
        RingCursor(slotCount: slotCount, oldest: oldest, head: head)
    }

    @Test func emptyRingBeginsAtZero() {
        let disk = Disk(slotCount: 8)
        expect(disk, records: 0, empty: 8, damaged: 0)
        #expect(disk.cursor() == ring(0, 0))
    }

    @Test func emptyRingWithAHeadRecordGoesOnWhereItSays() {
        let disk = Disk(slotCount: 8)
        #expect(disk.cursor(head: 3) == ring(0, 3))
        #expect(disk.cursor(head: 500) == ring(492, 500))
    }

    @Test func ringThatIsHalfFullIsFoundWhole() throws {
        var disk = Disk(slotCount: 8)
        try disk.write(0..<5)
        expect(disk, records: 5, empty: 3, damaged: 0)
        #expect(disk.cursor() == ring(0, 5))
    }

    @Test func fullRingIsFoundWhole() throws {
        var disk = Disk(slotCount: 8)
        try disk.write(0..<8)
        expect(disk, records: 8, empty: 0, damaged: 0)
        #expect(disk.cursor() == ring(0, 8))
    }

    @Test(arguments: 9...40 as ClosedRange<UInt64>)
    func wrappedRingIsFoundWholeWhereverItStands(_ head: UInt64) throws {
        var disk = Disk(slotCount: 8)
        try disk.write(0..<head)
        expect(disk, records: 8, empty: 0, damaged: 0)
        #expect(disk.cursor() == ring(head - 8, head))
    }

    @Test func ringOfOneSlotHoldsTheYoungestRecord() throws {
        var disk = Disk(slotCount: 1)
        try disk.write(0..<3)
        #expect(disk.cursor() == ring(2, 3, slotCount: 1))
    }

    @Test func tornYoungestRecordIsWrittenAgain() throws {
        var disk = Disk(slotCount: 8)
        try disk.write(0..<12)
        disk.slots[disk.place(of: 11)][100] ^= 1
        expect(disk, records: 7, empty: 0, damaged: 1)
        #expect(disk.cursor() == ring(3, 11))
    }

    @Test func tornRecordInTheMiddleLeavesTheOthers() throws {
        var disk = Disk(slotCount: 8)
        try disk.write(0..<12)
        disk.slots[disk.place(of: 7)][0] ^= 1
        expect(disk, records: 7, empty: 0, damaged: 1)
        #expect(disk.cursor() == ring(4, 12))
    }

    /// It is one of the records that the ring should have, and a sink is told that it has not.
    @Test func tornOldestRecordIsStillTheOldest() throws {
        var disk = Disk(slotCount: 8)
        try disk.write(0..<5)
        disk.slots[0][9] ^= 1
        #expect(disk.cursor() == ring(0, 5))
    }

    @Test func ringInWhichEverySlotIsTornBeginsAtTheHeadRecord() throws {
        var disk = Disk(slotCount: 4)
        try disk.write(0..<9)
        for index in 0..<4 { disk.slots[index][50] ^= 0x80 }
        expect(disk, records: 0, empty: 0, damaged: 4)
        #expect(disk.cursor(head: 9) == ring(5, 9, slotCount: 4))
        #expect(disk.cursor() == ring(0, 0, slotCount: 4))
    }

    @Test func recordInTheSlotOfAnotherIsDamage() throws {
        var disk = Disk(slotCount: 8)
        try disk.write(0..<5)
        disk.slots[6] = slot(try exampleRecord(sequence: 99))
        disk.slots[7] = slot(try exampleRecord(sequence: 6))
        expect(disk, records: 5, empty: 1, damaged: 2)
        #expect(disk.cursor() == ring(0, 5))
    }

    @Test func recordOfTheLastRoundIsBelowTheOldest() throws {
        // 14 was claimed and its write never reached the card, 15 did: slot 6 still holds 6.
        var disk = Disk(slotCount: 8)
        try disk.write(0..<14)
        try disk.write(15)
        #expect(disk.cursor() == ring(8, 16))
        #expect(decode(disk.slots[6]) == .success(try exampleRecord(sequence: 6)))
    }

    @Test func slotsDecideWhenTheHeadRecordIsOlder() throws {
        var disk = Disk(slotCount: 8)
        try disk.write(0..<5)
        #expect(disk.cursor(head: 2) == ring(0, 5))
    }

    @Test func headRecordDecidesWhenItIsYoungerSoThatNoSequenceIsUsedTwice() throws {
        var disk = Disk(slotCount: 8)
        try disk.write(0..<5)
        #expect(disk.cursor(head: 7) == ring(0, 7))
        #expect(disk.cursor(head: 11) == ring(3, 11))
        #expect(disk.cursor(head: 100) == ring(92, 100))
    }

    @Test func slotsMayBeExaminedInAnyOrder() throws {
        var random = SeededRandom()
        var disk = Disk(slotCount: 8)
        try disk.write(0..<21)
        var recovery = RingRecovery(geometry: RingGeometry(slotCount: 8))
        for index in (0..<8).shuffled(using: &random) {
            let slot = disk.slots[index]
            recovery.examine(slot.span, slot: UInt64(index))
        }
        #expect(recovery.cursor(head: nil) == disk.cursor(), "seed \(random.seed)")
    }

    /// Such a record can only be made up, and the ring that believed it could claim no more.
    @Test(arguments: [1 << 63, UInt64.max - 1, UInt64.max] as [UInt64])
    func sequenceThatLeavesNoRoomToCountIsDamage(_ sequence: UInt64) throws {
        var disk = Disk(slotCount: 8)
        try disk.write(0..<3)
        try disk.write(sequence)
        let stands = disk.place(of: sequence)
        expect(disk, records: stands < 3 ? 2 : 3, empty: stands < 3 ? 5 : 4, damaged: 1)
        var cursor = disk.cursor()
        #expect(cursor.claim() == 3)
    }
}
