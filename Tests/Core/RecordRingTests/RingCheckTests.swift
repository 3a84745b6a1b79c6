import RecordRing
import TestSupport
import Testing

/// A ring of a few slots in memory, and what the check says of it.
private struct SmallRing {
    let geometry: RingGeometry
    var slots: [[UInt8]]
    var headA = HeadContent.blank
    /// Damaged, because a ring whose second head record is blank has never been synced.
    var headB = HeadContent.damaged

    /// A ring of `slotCount` slots after the records 0 to `head` - 1.
    init(slotCount: Int, head: UInt64) throws {
        geometry = RingGeometry(slotCount: UInt64(slotCount))
        slots = Array(repeating: [UInt8](repeating: 0, count: 128), count: slotCount)
        for sequence in 0..<head {
            slots[Int(sequence % UInt64(slotCount))] = slot(try exampleRecord(sequence: sequence))
        }
    }

    mutating func tear(_ index: Int) {
        for byte in 64..<128 { slots[index][byte] = 0xA5 }
    }

    mutating func wipe(_ index: Int) { slots[index] = [UInt8](repeating: 0, count: 128) }

    var survey: RingSurvey {
        var survey = RingSurvey(geometry: geometry, headA: headA, headB: headB)
        for (index, bytes) in slots.enumerated() {
            survey.examine(bytes.span, slot: UInt64(index))
        }
        return survey
    }

    /// As a gateway leaves it that had synced up to here and then written up to `head`.
    mutating func synced(upTo synced: UInt64, head: UInt64) {
        headA = .whole(RingHead(generation: 3, head: head, synced: synced))
    }

    /// Every finding as text, `KIND SLOT+COUNT SEQUENCE`, and the check after the last slot.
    func check() -> ([String], RingCheck) {
        var check = RingCheck(survey: survey)
        var findings: [RingFinding] = []
        for index in slots.indices {
            let bytes = slots[index]
            let content = SlotContent(of: bytes.span, slot: UInt64(index), geometry: geometry)
            if let finding = check.examine(content, slot: UInt64(index)) {
                findings.append(finding)
            }
        }
        if let finding = check.finish() { findings.append(finding) }
        let lines = findings.map { finding in
            let sequence = finding.firstSequence.map { "\($0)" } ?? "none"
            return "\(finding.kind) \(finding.firstSlot)+\(finding.count) \(sequence)"
        }
        return (lines, check)
    }
}

@Suite struct RingCheckTests {
    @Test func aNewRingIsClean() throws {
        let (findings, check) = try SmallRing(slotCount: 8, head: 0).check()
        #expect(findings == [])
        #expect(check.wholeCount == 0)
        #expect(check.oldest == nil)
    }

    @Test func wholeRingsAreCleanBeforeAndAfterTheyHaveWrapped() throws {
        for head in [1, 7, 8, 9, 20] as [UInt64] {
            let (findings, check) = try SmallRing(slotCount: 8, head: head).check()
            #expect(findings == [])
            #expect(check.wholeCount == min(head, 8))
            #expect(check.oldest?.sequence == (head > 8 ? head - 8 : 0))
            #expect(check.newest?.sequence == head - 1)
        }
    }

    @Test func aTornLastRecordIsNoCorruption() throws {
        var ring = try SmallRing(slotCount: 8, head: 6)
        ring.synced(upTo: 4, head: 6)
        ring.tear(5)
        let (findings, check) = ring.check()
        #expect(findings == ["torn 5+1 5"])
        #expect(check.tornCount == 1)
        #expect(check.damagedCount == 0)
        #expect(check.wholeCount == 5)
    }

    @Test func aTornWriteMayGoRoundTheEndOfTheRing() throws {
        var ring = try SmallRing(slotCount: 8, head: 10)
        ring.synced(upTo: 6, head: 10)
        for index in [6, 7, 0, 1] { ring.tear(index) }
        let (findings, check) = ring.check()
        #expect(findings == ["torn 0+2 8", "torn 6+2 6"])
        #expect(check.wholeCount == 4)
        #expect(check.newest?.sequence == 5)
    }

    @Test func whatHadBeenSyncedIsNoTornWrite() throws {
        var ring = try SmallRing(slotCount: 8_000, head: 2_990)
        ring.synced(upTo: 2_980, head: 2_990)
        ring.tear(2_979)
        ring.tear(2_980)
        #expect(
            ring.check().0 == [
                "damaged(RecordRing.SlotFault.checksum) 2979+1 2979", "torn 2980+1 2980",
            ])
    }

    /// The head record that was written with it is torn too, or never came.
    @Test(arguments: [.blank, .damaged] as [HeadContent])
    func tornFirstWriteIsNoCorruption(_ first: HeadContent) throws {
        var ring = try SmallRing(slotCount: 3_000, head: 6)
        (ring.headA, ring.headB) = (first, .blank)
        ring.tear(5)
        ring.tear(2_048)
        #expect(
            ring.check().0 == [
                "torn 5+1 5", "damaged(RecordRing.SlotFault.checksum) 2048+1 none",
            ])
    }

    @Test func withoutAHeadRecordNothingIsKnownToBeTorn() throws {
        var ring = try SmallRing(slotCount: 8, head: 6)
        ring.tear(5)
        #expect(ring.check().0 == ["damaged(RecordRing.SlotFault.checksum) 5+1 none"])
    }

    @Test func anUnreadableSlotBetweenWholeOnesIsDamage() throws {
        var ring = try SmallRing(slotCount: 8, head: 12)
        ring.tear(1)
        ring.tear(2)
        let (findings, check) = ring.check()
        #expect(
            findings == ["damaged(RecordRing.SlotFault.checksum) 1+2 9"])
        #expect(check.damagedCount == 2)
    }

    @Test func aFlippedBitInTheLastRecordIsNoTornWrite() throws {
        var ring = try SmallRing(slotCount: 8, head: 6)
        ring.synced(upTo: 4, head: 6)
        ring.slots[5][88] ^= 8
        let (findings, check) = ring.check()
        #expect(
            findings == [
                "damaged(RecordRing.SlotFault.flippedBit(byte: 88, bit: 3)) 5+1 5"
            ])
        #expect(check.tornCount == 0)
    }

    @Test func eachFlippedBitIsAFindingOfItsOwn() throws {
        var ring = try SmallRing(slotCount: 8, head: 8)
        ring.slots[3][88] ^= 8
        ring.slots[4][88] ^= 8
        #expect(ring.check().0.count == 2)
    }

    @Test func aWipedSlotIsAMissingRecord() throws {
        var ring = try SmallRing(slotCount: 8, head: 12)
        ring.wipe(1)
        ring.wipe(2)
        ring.wipe(6)
        let (findings, check) = ring.check()
        #expect(findings == ["missing 1+2 9", "missing 6+1 6"])
        #expect(check.missingCount == 3)
        #expect(check.damagedCount == 0)
    }

    @Test func aRecordThatNeverReplacedItsForerunnerIsMissing() throws {
        var ring = try SmallRing(slotCount: 8, head: 12)
        ring.slots[2] = slot(try exampleRecord(sequence: 2))
        let (findings, check) = ring.check()
        #expect(findings == ["missing 2+1 10"])
        #expect(check.wholeCount == 7)
    }

    @Test func whatTheHeadRecordCountsAndTheSlotsLackIsNotWritten() throws {
        var ring = try SmallRing(slotCount: 8, head: 5)
        ring.headA = .whole(RingHead(generation: 3, head: 7))
        let (findings, check) = ring.check()
        #expect(findings == ["unwritten 5+2 5"])
        #expect(check.unwrittenCount == 2)
        #expect(check.missingCount == 0)
    }

    @Test func slotsThatWereNeverUsedHaveNoSequence() throws {
        var ring = try SmallRing(slotCount: 8, head: 2)
        ring.tear(6)
        #expect(ring.check().0 == ["damaged(RecordRing.SlotFault.checksum) 6+1 none"])
    }

    @Test func recordsOfANewerVersionAreCountedApart() throws {
        var ring = try SmallRing(slotCount: 8, head: 8)
        ring.slots[3][4] = 2
        ring.slots[3] = sealed(ring.slots[3])
        for slot in 5...6 {
            ring.slots[slot][5] = 99
            ring.slots[slot] = sealed(ring.slots[slot])
        }
        let (findings, check) = ring.check()
        #expect(
            findings == [
                "unknown(layout: 2, kind: 1) 3+1 3", "unknown(layout: 1, kind: 99) 5+2 5",
            ])
        #expect(check.unknownCount == 3)
        #expect(check.damagedCount == 0)
        #expect(check.wholeCount == 5)
    }

    /// Bytes from outside: any sequence that a checksum can be put over, any head record.
    @Test func extremeSequencesDoNotTrap() throws {
        for sequence in [RingCursor.sequenceLimit - 1, RingCursor.sequenceLimit - 8] {
            var ring = try SmallRing(slotCount: 8, head: 0)
            ring.slots[Int(sequence % 8)] = slot(try exampleRecord(sequence: sequence))
            ring.tear(Int((sequence + 1) % 8))
            #expect(ring.check().1.wholeCount == 1)
        }
        var ring = try SmallRing(slotCount: 8, head: 3)
        ring.headB = .whole(RingHead(generation: 2, head: RingCursor.sequenceLimit))
        #expect(ring.check().1.newest == nil)
        #expect(ring.check().1.unwrittenCount == 8)
    }

    /// Whatever is in the slots, each is counted once.
    @Test func everySlotIsCountedOnceWhateverItHolds() throws {
        var random = SeededRandom()
        for _ in 0..<300 {
            let count = Int.random(in: 1...40, using: &random)
            let head = UInt64.random(in: 0...100, using: &random)
            var ring = try SmallRing(slotCount: count, head: head)
            for index in 0..<count {
                switch Int.random(in: 0..<8, using: &random) {
                case 0: ring.tear(index)
                case 1: ring.wipe(index)
                case 2: ring.slots[index] = random.bytes(128)
                case 3: ring.slots[index][Int.random(in: 0..<128, using: &random)] ^= 0x40
                case 4:
                    ring.slots[index][5] = UInt8.random(in: 8...255, using: &random)
                    ring.slots[index] = sealed(ring.slots[index])
                default: break
                }
            }
            let (_, check) = ring.check()
            let unused = UInt64(count) - min(UInt64(count), ring.survey.cursor.head)
            let counted =
                check.wholeCount + check.missingCount + check.unwrittenCount + check.tornCount
                + check.damagedCount + check.unknownCount
            #expect(counted >= UInt64(count) - unused)
            #expect(counted <= UInt64(count))
        }
    }
}
