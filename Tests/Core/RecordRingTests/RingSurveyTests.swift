import RecordRing
import TestSupport
import Testing

private func page(_ head: RingHead) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: RingHead.byteCount)
    var span = bytes.mutableSpan
    head.encode(into: &span)
    return bytes
}

private func head(_ generation: UInt64, tail: UInt64 = 3) throws -> RingHead {
    var head = RingHead(generation: generation, head: 9)
    head.append(SinkTail(sink: try name("local"), tail: tail))
    return head
}

private func survey(_ a: HeadContent, _ b: HeadContent) -> RingSurvey {
    RingSurvey(geometry: RingGeometry(slotCount: 8), headA: a, headB: b)
}

@Suite struct RingSurveyTests {
    @Test func aHeadRecordIsWholeInItsOwnPlaceAlone() throws {
        func content(_ bytes: [UInt8], place: UInt64) -> HeadContent {
            HeadContent(of: bytes.span, place: place)
        }
        let odd = page(try head(5))
        #expect(content(odd, place: 1) == .whole(try head(5)))
        #expect(content(odd, place: 2) == .damaged)
        var broken = odd
        broken[70] ^= 1
        #expect(content(broken, place: 1) == .damaged)
        #expect(content([UInt8](repeating: 0, count: 1_024), place: 1) == .blank)
        #expect(content(page(RingHead(generation: 0, head: 0)), place: 2) == .damaged)
    }

    @Test func theYoungerHeadRecordHolds() throws {
        #expect(survey(.whole(try head(5)), .whole(try head(4))).head?.generation == 5)
        #expect(survey(.whole(try head(5)), .whole(try head(6))).head?.generation == 6)
        #expect(survey(.damaged, .whole(try head(4))).head?.generation == 4)
        #expect(survey(.whole(try head(5)), .blank).head?.generation == 5)
        #expect(survey(.damaged, .blank).head == nil)
    }

    @Test func aBlankHeadRecordIsDamageInAnOldRingAlone() throws {
        func damage(_ a: HeadContent, _ b: HeadContent) -> [Bool] {
            let damaged = survey(a, b).isHeadDamaged
            return [damaged.a, damaged.b]
        }
        #expect(damage(.blank, .blank) == [false, false])
        #expect(damage(.whole(try head(1)), .blank) == [false, false])
        #expect(damage(.whole(try head(3)), .blank) == [false, false])
        var synced = try head(3)
        synced.wear.syncs = 1
        #expect(damage(.whole(synced), .blank) == [false, true])
        #expect(damage(.damaged, .blank) == [true, false])
        #expect(damage(.blank, .whole(try head(2))) == [true, false])
        #expect(damage(.damaged, .damaged) == [true, true])
        #expect(damage(.whole(try head(3)), .whole(try head(2))) == [false, false])
    }

    @Test func aDamagedHeadRecordBecomesACopyOfTheOther() throws {
        #expect(survey(.damaged, .whole(try head(4))).headRepairs == [try head(5)])
        #expect(survey(.whole(try head(5)), .damaged).headRepairs == [try head(6)])
        #expect(survey(.whole(try head(5)), .whole(try head(4))).headRepairs == [])
        #expect(survey(.blank, .blank).headRepairs == [])
    }

    @Test func withoutAnyHeadRecordTheRepairKnowsNoTails() throws {
        var survey = survey(.damaged, .damaged)
        let bytes = slot(try exampleRecord(sequence: 4))
        survey.examine(bytes.span, slot: 4)
        #expect(
            survey.headRepairs
                == [RingHead(generation: 1, head: 5), RingHead(generation: 2, head: 5)])
    }

    @Test func theExpectedSequenceIsTheHighestThatBelongsThere() {
        func expected(_ head: UInt64) -> [UInt64?] {
            let oldest = head > 4 ? head - 4 : 0
            let cursor = RingCursor(slotCount: 4, oldest: oldest, head: head)
            return (0..<4).map { cursor.expectedSequence(inSlot: $0) }
        }
        #expect(expected(0) == [nil, nil, nil, nil])
        #expect(expected(3) == [0, 1, 2, nil])
        #expect(expected(4) == [0, 1, 2, 3])
        #expect(expected(6) == [4, 5, 2, 3])
        #expect(
            expected(UInt64.max) == [
                UInt64.max - 3, UInt64.max - 2, UInt64.max - 1, UInt64.max - 4,
            ])
    }
}

@Suite struct CardLifeTests {
    private func wear(bytes: UInt64, syncs: UInt64) -> WearStatistics {
        var wear = WearStatistics()
        wear.bytesWritten = bytes
        wear.syncs = syncs
        return wear
    }

    @Test func aSyncCostsTwoPagesBesideItsBytes() {
        #expect(CardLife.bytesOnCard(wear(bytes: 1_152, syncs: 1)) == 1_152 + 8_192)
    }

    /// One record and one sync a second: 9,344 bytes, 807 MB a day, and 30 TB last 101.7 years.
    @Test func aYearOfOneSensorIsProjected() throws {
        let day: UInt64 = 86_400
        let life = try #require(
            CardLife(
                wear: wear(bytes: 1_152 * day, syncs: day), seconds: 86_400, terabytesWritten: 30))
        #expect(life.bytesPerDay == 807_321_600)
        #expect((life.years * 10).rounded() == 1_017)
        #expect((life.used * 1e8).rounded() == 2_691)
    }

    @Test func aYoungOrUnusedRingIsNotProjected() {
        let used = wear(bytes: 1, syncs: 1)
        #expect(CardLife(wear: used, seconds: 3_599, terabytesWritten: 30) == nil)
        #expect(CardLife(wear: used, seconds: 3_600, terabytesWritten: 30) != nil)
        #expect(CardLife(wear: WearStatistics(), seconds: 9_999, terabytesWritten: 30) == nil)
    }

    @Test func capacityIsSharedByTheSensors() throws {
        let ring = try #require(RingGeometry(fileBytes: 64 << 20))
        #expect(ring.slotCount == 524_160)
        #expect(ring.capacitySeconds(sensors: 1) == 524_160)
        #expect(ring.capacitySeconds(sensors: 50) == 10_483)
    }
}
